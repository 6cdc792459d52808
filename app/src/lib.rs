//! Pages, components and server functions of Kalends.
//!
//! A page is one file: its server functions on top, then the page, then its parts in the order in which they are
//! called. Every change is a form that works before wasm arrives; hydration only adds.
//!
//! ```text
//! routes         every page on one screen
//! page           one file per page, with its parts in a folder beside it
//! component      what more than one page uses: the frame around a page, fields, notices, times
//! request        what server functions ask of the request: who is it, in which session, and where to send them on
//! draft, error   a refused form until it is shown again; what a server function answers when it cannot
//! moment, percent, time_zone, device    how instants, addresses, zones and browsers are worded
//! shell          the document around it all
//! send           posts forms from an island; all that the browser compiles starts in `app/islands`
//! ```

#![recursion_limit = "256"]

mod component;
#[cfg(feature = "ssr")]
mod device;
mod draft;
mod error;
mod moment;
mod page;
mod percent;
#[cfg(feature = "ssr")]
pub mod request;
mod routes;
mod send;
mod shell;
#[cfg(feature = "ssr")]
pub mod time_zone;
mod viewer;

pub use error::AppError;
#[cfg(feature = "ssr")]
pub use moment::Formatter;
#[cfg(feature = "ssr")]
pub use page::audit::{AuditQuery as AuditWanted, filter_of as audit_filter};
#[cfg(feature = "ssr")]
pub use page::connections::filter::{
    ConnectionsQuery as ConnectionsWanted, asked as asked_connections,
};
pub use routes::App;
pub use shell::{SiteManifest, shell};
