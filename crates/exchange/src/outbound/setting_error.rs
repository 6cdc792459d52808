//! Why a setting of outgoing connections cannot be used.

/// A setting that cannot be used: its name, its value and the cure.
#[derive(Debug, thiserror::Error)]
#[error("{setting}={value}: {reason} {cure}")]
pub struct SettingError {
    pub setting: &'static str,
    pub value: String,
    pub reason: String,
    pub cure: &'static str,
}
