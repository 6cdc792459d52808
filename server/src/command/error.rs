//! Why a command ended without having done what it was asked.

use crate::setting_error::SettingError;

/// Why a command ended early, in words for whoever runs Kalends.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Outbound(#[from] kalends_exchange::outbound::OutboundConfigError),
    #[error("{0}")]
    Refused(String),
    /// The look came to its end, and something is wrong; all words are said.
    #[error("not in order")]
    Unhealthy,
}

impl CommandError {
    /// 3 for a look that found something wrong, 1 for a command that could not be carried out.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unhealthy => 3,
            Self::Setting(_) | Self::Outbound(_) | Self::Refused(_) => 1,
        }
    }

    pub fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused(error.to_string())
    }
}
