//! Who may see and do what: one table. Pages, downloads and words about failures ask it, and nothing else decides.

use serde::{Deserialize, Serialize};

/// What a person is in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Member,
}

/// Something that may be seen or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// One's own calendar, connection, settings and data.
    OwnPages,
    /// Tests that others have started.
    ChecksOfOthers,
    /// Everybody's connections; people, accounts, rules, notices and the audit trail.
    Organisation,
    /// Addresses within the network, in words about failures.
    NetworkAddresses,
}

impl Role {
    pub const fn has(self, right: Right) -> bool {
        match (self, right) {
            (Self::Admin, _) | (Self::Member, Right::OwnPages) => true,
            (
                Self::Member,
                Right::ChecksOfOthers | Right::Organisation | Right::NetworkAddresses,
            ) => false,
        }
    }
}

impl Right {
    /// Whether administrators must have set up the second factor that the organisation wants of them.
    pub const fn needs_second_factor(self) -> bool {
        match self {
            Self::ChecksOfOthers | Self::Organisation => true,
            Self::OwnPages | Self::NetworkAddresses => false,
        }
    }
}
