//! A setting of outgoing connections that cannot be used, told with its cure.

/// A setting that cannot be used: its name, its value and the cure.
#[derive(Debug, thiserror::Error)]
#[error("{setting}={value}: {reason} {cure}")]
pub struct OutboundConfigError {
    /// The name of the environment variable.
    pub setting: &'static str,
    /// The value as it was given.
    pub value: String,
    /// What is wrong with it, as a sentence.
    pub reason: String,
    /// What to write instead, as a sentence.
    pub cure: &'static str,
}
