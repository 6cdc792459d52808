//! What the administrator set about outgoing connections, read and refused with the cure.

use super::{
    config_error::OutboundConfigError,
    guard::{AllowedHosts, ConnectTo},
    limits::TimeLimits,
};
use std::path::PathBuf;

/// What the administrator set about outgoing connections.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// `KALENDS_EXCHANGE_HOSTS`
    pub allowed_hosts: AllowedHosts,
    /// `KALENDS_EXCHANGE_CONNECT_TO`
    pub connect_to: Vec<ConnectTo>,
    /// `KALENDS_EXCHANGE_CA_FILE`: PEM, added to the system's roots.
    pub ca_file: Option<PathBuf>,
    /// How long a server may take; tests shorten it.
    pub limits: TimeLimits,
}

impl OutboundConfig {
    /// Reads the texts of the two lists; empty texts are empty lists.
    pub fn parse(
        hosts: &str,
        connect_to: &str,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, OutboundConfigError> {
        Ok(Self {
            allowed_hosts: AllowedHosts::parse(hosts)?,
            connect_to: ConnectTo::parse_list(connect_to)?,
            ca_file,
            limits: TimeLimits::default(),
        })
    }
}
