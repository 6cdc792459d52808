//! What the administrator set about outgoing connections, read and refused with the cure.

use super::{
    connect_limit::CONNECT_LIMIT,
    guard::{AllowedHosts, ConnectTo},
    setting_error::SettingError,
};
use kalends_core::call::CALL_LIMIT;
use std::{path::PathBuf, time::Duration};

/// What the administrator set about outgoing connections.
#[derive(Debug, Clone, Default)]
pub struct OutboundConfig {
    /// `KALENDS_EXCHANGE_HOSTS`
    pub allowed_hosts: AllowedHosts,
    /// `KALENDS_EXCHANGE_CONNECT_TO`
    pub connect_to: Vec<ConnectTo>,
    /// `KALENDS_EXCHANGE_CA_FILE`: PEM, added to the system's roots.
    pub ca_file: Option<PathBuf>,
    /// How patient it is; tests are less so.
    pub limits: Limits,
}

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// See [`CONNECT_LIMIT`].
    pub connect: Duration,
    /// See [`CALL_LIMIT`].
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            call: CALL_LIMIT,
        }
    }
}

impl OutboundConfig {
    /// Reads the texts of the two lists; empty texts are empty lists.
    pub fn parse(
        hosts: &str,
        connect_to: &str,
        ca_file: Option<PathBuf>,
    ) -> Result<Self, SettingError> {
        Ok(Self {
            allowed_hosts: AllowedHosts::parse(hosts)?,
            connect_to: ConnectTo::parse_list(connect_to)?,
            ca_file,
            limits: Limits::default(),
        })
    }
}
