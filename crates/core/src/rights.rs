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
    /// Everybody's connections, analyses of a server and what is said of all together.
    Connections,
    /// Who is in the organisation, their invitations and rights.
    People,
    /// The organisation's accounts and the mailboxes that they reach.
    Accounts,
    /// Requests for mailboxes of others.
    Requests,
    /// Notices that were sent, and webhooks.
    Notices,
    /// Who did what.
    AuditTrail,
    /// The organisation's own page and its rules.
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
                Right::ChecksOfOthers
                | Right::Connections
                | Right::People
                | Right::Accounts
                | Right::Requests
                | Right::Notices
                | Right::AuditTrail
                | Right::Organisation
                | Right::NetworkAddresses,
            ) => false,
        }
    }
}

impl Right {
    /// Whether administrators must have set up the second factor that the organisation wants of them.
    pub const fn needs_second_factor(self) -> bool {
        !matches!(self, Self::OwnPages)
    }
}
