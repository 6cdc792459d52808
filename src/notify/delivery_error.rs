//! Why a notice was not taken, and whether it may be later.

use std::fmt;

/// Why a notice was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DeliveryError {
    /// The mail server refuses the name or password of `KALENDS_SMTP_URL`: no mail leaves until that is changed.
    SignIn(String),
    /// It will never be taken.
    ForGood(String),
    /// It may be taken later.
    ForNow(String),
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn(said) => write!(
                f,
                "the mail server refused the name or password in KALENDS_SMTP_URL: {said}"
            ),
            Self::ForGood(said) | Self::ForNow(said) => f.write_str(said),
        }
    }
}
