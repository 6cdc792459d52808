//! A setting that stops the start, with its name, its value and its cure.

/// A setting that stops the start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

impl SettingError {
    pub fn new(name: &'static str, value: &str, cure: impl AsRef<str>) -> Self {
        Self(format!("{name} is {value:?}: {}.", cure.as_ref()))
    }

    /// An error that names setting and cure itself.
    pub fn told(error: &impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }

    /// A setting whose value is never shown.
    pub fn hidden(name: &'static str, cure: impl AsRef<str>) -> Self {
        Self(format!("{name}: {}.", cure.as_ref()))
    }
}

/// A setting of the environment; empty counts as not set.
pub fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}
