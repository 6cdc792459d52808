//! Who did what, in words that a filter can find.

use crate::id::UserId;
use serde::{Deserialize, Serialize};

/// What was done. The serialised name is what the trail holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    UserCreated,
    SignedIn,
    SignInRefused,
    SignedOutEverywhere,
    PasswordChanged,
    CheckStarted,
    Connected,
    Disconnected,
    /// A sealed password was opened.
    SecretOpened,
    SyncRequested,
    /// An Exchange was looked at closely, with a typed password.
    ExchangeChecked,
    PolicyChanged,
    PrivacyChanged,
    DataExported,
    DataPurged,
    AccountAdded,
    AccountChanged,
    /// The second slot was filled, emptied, or took the place of the first.
    PasswordTested,
    PasswordDropped,
    PasswordSwitched,
    AccountHeld,
    AccountReleased,
    AccountPaused,
    AccountResumed,
    AccountEnded,
    EverythingPaused,
    EverythingResumed,
    MailboxRequested,
    RequestWithdrawn,
    RequestApproved,
    RequestRefused,
    ApprovalRevoked,
    AddressVerified,
    MailboxesMapped,
    MailboxesChosen,
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `None`: Kalends itself.
    pub actor: Option<UserId>,
    pub action: Action,
    /// What it was done to, such as a mailbox and an account name. Never a secret.
    pub subject: String,
}

impl Entry {
    pub const fn by(actor: UserId, action: Action) -> Self {
        Self {
            actor: Some(actor),
            action,
            subject: String::new(),
        }
    }

    pub const fn by_kalends(action: Action) -> Self {
        Self {
            actor: None,
            action,
            subject: String::new(),
        }
    }

    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }
}
