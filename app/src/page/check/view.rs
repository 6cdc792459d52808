//! A check as its page shows it, in words alone.

use crate::moment::Moment;
use kalends_core::{advice::Advice, check::TestSteps};

/// What the page shows of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckView {
    pub id: String,
    pub mailbox: String,
    pub account: String,
    /// As completed; empty when Autodiscover was to find it.
    pub endpoint: String,
    pub ladder: TestSteps,
    pub end: Option<CheckEnd>,
    /// Between two tries of a check that keeps trying.
    pub waiting: Option<WaitingView>,
    /// Whether the reader is who connects; an admin looks at other people's checks too.
    pub is_own: bool,
    /// Where the reader goes from here.
    pub back: String,
}

impl CheckView {
    pub const fn is_connected(&self) -> bool {
        matches!(self.end, Some(CheckEnd::Connected { .. }))
    }
}

/// A check that waits for its next try.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingView {
    pub title: String,
    pub attempts: u32,
    pub next: Moment,
    pub until: Moment,
}

/// How a check ended, in words.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckEnd {
    Connected {
        /// Empty for anybody but the owner.
        proof: Vec<ProofView>,
    },
    /// An account of the organisation was tested and saved; where its page is.
    Saved {
        link: String,
        used: PasswordUse,
    },
    Failed {
        advice: Advice,
        step: Option<String>,
        request_id: Option<String>,
        fix: Option<Fix>,
    },
    Cancelled,
}

/// From when on a saved password of the organisation is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordUse {
    ByWhoeverConnects,
    /// It is a password to come, which is not used before somebody switches to it.
    OnceSwitched,
    /// It took the place of a refused one.
    Already,
}

impl PasswordUse {
    pub const fn words(self) -> &'static str {
        match self {
            Self::ByWhoeverConnects => "The test has passed. The password is sealed in the vault.",
            Self::OnceSwitched => {
                "The test has passed. The new password is sealed in the vault and not used yet: switch to it on the account’s page."
            }
            Self::Already => {
                "The test has passed, and the account signs in with this password from now on. Every calendar that waited for it is due now."
            }
        }
    }
}

/// One calendar entry as proof.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofView {
    pub subject: String,
    pub when: Moment,
}

/// What one click puts into the form before it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// The address that Exchange calls the right one.
    Mailbox(String),
    /// Where the mailbox is now; empty where Autodiscover is to find it.
    Endpoint(String),
    /// A host outside the mail domain that may have the password.
    Confirm(String),
    /// Go on until a role takes effect.
    KeepTrying,
    /// The address that Exchange calls the right one, through the organisation's account.
    Through(String),
    /// Ask an admin for the mailbox.
    Ask(String),
    /// Send the password itself, by Basic, once it is typed anew.
    Basic,
}
