//! The network that a request comes from.

use sha2::{Digest as _, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// The network of a client address: of IPv6 whoever has one address has all of its /64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientNetwork(pub(super) String);

impl ClientNetwork {
    pub fn of(address: &str) -> Self {
        Self(match address.parse() {
            Ok(IpAddr::V6(address)) => {
                Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string()
            }
            _ => address.to_owned(),
        })
    }
}

impl ClientNetwork {
    /// As rows of strangers name it.
    pub fn hashed(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}
