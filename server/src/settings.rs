//! Settings from the environment; a bad one stops the start with its cure.

/// A setting that stops the start.
#[derive(Debug)]
pub struct SettingError {
    name: &'static str,
    value: String,
    cure: String,
}

impl SettingError {
    pub fn new(name: &'static str, value: &str, cure: impl Into<String>) -> Self {
        Self {
            name,
            value: value.to_owned(),
            cure: cure.into(),
        }
    }
}

impl std::fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} is {:?}: {}.", self.name, self.value, self.cure)
    }
}

impl std::error::Error for SettingError {}
