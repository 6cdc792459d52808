//! Incoming connections: how many may be open, for how long one may keep a place without using it, and what becomes
//! of them when Kalends stops. hyper is driven here, because a connection that waits too long is dropped from outside.

mod activity;
mod files;
mod limits;
mod observed;
mod places;
mod serve;
mod tls;

pub use files::raise_file_limit;
pub use limits::ConnectionLimits;
pub use places::Places;
pub use serve::ConnectionServer;
pub use tls::{TlsError, acceptor};
