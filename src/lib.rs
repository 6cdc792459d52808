//! Kalends' domain: what an Exchange connection is, how it is tested, kept in step, and told about.
//!
//! Types, problems and advice compile for the server and for the browser; everything that does I/O stands
//! behind the feature `server`. The directions between the rooms:
//!
//! ```text
//! connect, sync ──> diagnose ──> problem ──> advice <── notice
//!       │   └──> vault, store
//!       └──> ews ──> auth ──> outbound
//! ```
//!
//! `ews` knows no store, no user, no vault and no sentence; `advice` depends on `problem` alone; `store` sees
//! sealed secrets, never a password.

pub mod account_name;
pub mod advice;
pub mod calendar;
pub mod check;
pub mod clock;
pub mod connection;
pub mod endpoint;
pub mod id;
pub mod mailbox;
pub mod policy;
pub mod preferences;
pub mod problem;

#[cfg(feature = "server")]
mod domain;
#[cfg(not(feature = "server"))]
#[path = "domain_as_typed.rs"]
mod domain;

#[cfg(feature = "server")]
pub mod analyse;
#[cfg(feature = "server")]
pub mod audit;
#[cfg(feature = "server")]
pub mod auth;
#[cfg(feature = "server")]
pub mod autodiscover;
#[cfg(feature = "server")]
pub mod bulk;
#[cfg(feature = "server")]
pub mod connect;
#[cfg(feature = "server")]
pub mod custody;
#[cfg(feature = "server")]
pub mod database;
#[cfg(feature = "server")]
pub mod desk;
#[cfg(feature = "server")]
pub mod diagnose;
#[cfg(feature = "server")]
mod elapsed;
#[cfg(feature = "server")]
pub mod ews;
#[cfg(feature = "server")]
pub mod factor;
#[cfg(feature = "server")]
pub mod fail_point;
#[cfg(feature = "server")]
pub mod fresh;
#[cfg(feature = "server")]
pub mod hashing;
#[cfg(feature = "server")]
pub mod instance;
#[cfg(feature = "server")]
pub mod limits;
#[cfg(feature = "server")]
pub mod mapping;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
pub mod notice;
#[cfg(feature = "server")]
pub mod organisation;
#[cfg(feature = "server")]
pub mod outbound;
#[cfg(feature = "server")]
pub mod pasted;
#[cfg(feature = "server")]
pub mod peers;
#[cfg(feature = "server")]
pub mod people;
#[cfg(feature = "server")]
pub mod permission;
#[cfg(feature = "server")]
pub mod random;
#[cfg(feature = "server")]
pub mod refusal;
#[cfg(feature = "server")]
pub mod services;
#[cfg(feature = "server")]
pub mod setup;
#[cfg(feature = "server")]
pub mod sign_in;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod stored;
#[cfg(feature = "server")]
pub mod sync;
#[cfg(feature = "server")]
pub mod table;
#[cfg(feature = "server")]
pub mod timeline;
#[cfg(feature = "server")]
pub mod trouble;
#[cfg(feature = "server")]
pub mod untrusted;
#[cfg(feature = "server")]
pub mod vault;
#[cfg(feature = "server")]
pub mod worker;
