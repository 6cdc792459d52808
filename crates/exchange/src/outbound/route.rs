//! Where a host is reached: the addresses that were checked, and until when.

use std::net::SocketAddr;
use tokio::time::Instant;

/// Where a host is reached: addresses that may be called.
///
/// Only `Outbound::route` makes one, so that no unchecked address is ever dialled.
#[derive(Debug, Clone)]
pub struct Route {
    /// The name that the certificate must carry, without brackets.
    pub(super) host: String,
    /// The port of the URL, which `connect_to` may send elsewhere.
    pub(super) port: u16,
    pub(super) addresses: Vec<SocketAddr>,
    /// By when the server must have asked for a sign-in.
    pub(super) connect_by: Instant,
}

impl Route {
    /// The addresses in the order in which they are tried.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}
