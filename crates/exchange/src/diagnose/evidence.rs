//! What is known beside a failure itself.

use kalends_core::mailbox::SmtpAddress;

/// What is known beside the failure itself.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The address called.
    pub url: &'a str,
    /// The mailbox meant.
    pub mailbox: &'a SmtpAddress,
}
