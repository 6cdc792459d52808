//! Pages, components and server functions of Kalends.
//!
//! A page is one file: what it loads and the server functions that its forms post to on top, then the page, then its parts
//! in the order in which they are called. All of it is the server's: every change is a form that works without script.
//!
//! ```text
//! routes         every page on one screen
//! page           one file per page, with its parts in a folder beside it
//! component      what more than one page uses: the frame around a page, fields, notices, times
//! request        what server functions ask of the request: who is it, in which session, and where to send them on
//! draft          a refused form until it is shown again
//! moment, percent, time_zone, device    how instants, addresses, zones and browsers are worded
//! shell          the document around it all; the islands in it are a crate of their own, `app/islands`
//! ```

#![recursion_limit = "256"]

mod component;
mod device;
mod draft;
mod moment;
mod page;
mod percent;
pub mod request;
mod routes;
mod shell;
mod site_manifest;
pub mod time_zone;
mod viewer;

pub use islands::error::AppError;
pub use moment::Formatter;
pub use page::audit::{AuditQuery, filter_of as audit_filter};
pub use page::connections::filter::{ConnectionsQuery, asked as asked_connections};
pub use routes::App;
pub use shell::shell;
pub use site_manifest::SiteManifest;
