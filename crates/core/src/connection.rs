//! A user's connection to a mailbox and the states it can be in.

use crate::{
    account_name::AccountName,
    advice::Names,
    clock::Timestamp,
    endpoint::EwsUrl,
    id::{AccountId, ConnectionId, UserId},
    mailbox::SmtpAddress,
    problem::{Problem, Retry},
};
use serde::{Deserialize, Serialize};

/// How a connection signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An account that an admin holds for everybody impersonates the mailbox's owner.
    Organisation,
    /// A service account whose password somebody typed impersonates the mailbox's owner.
    ServiceAccount,
    /// The owner's own account.
    Personal,
}

impl Mode {
    /// Whether the account acts for the mailbox's owner by `ApplicationImpersonation`.
    pub const fn impersonates(self) -> bool {
        match self {
            Self::Organisation | Self::ServiceAccount => true,
            Self::Personal => false,
        }
    }
}

/// How an account's password goes to Exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// The best that is offered; never less than a host has offered before.
    #[default]
    Automatic,
    /// By Basic, which sends the password itself: somebody who answers for the account said so.
    Basic,
}

/// The states of a connection, as people read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    Connected,
    /// It will pass by itself.
    Delayed,
    /// Somebody must act; the problem says who.
    ActionNeeded,
    Paused,
}

impl ConnectionState {
    pub const ALL: [Self; 4] = [
        Self::ActionNeeded,
        Self::Delayed,
        Self::Paused,
        Self::Connected,
    ];

    /// The stable code in rows and addresses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Delayed => "delayed",
            Self::ActionNeeded => "action_needed",
            Self::Paused => "paused",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The state that a problem puts a connection into.
    pub fn after(problem: &Problem) -> Self {
        match problem.retry() {
            Retry::After(_) => Self::Delayed,
            Retry::Never | Retry::WhenChanged => Self::ActionNeeded,
        }
    }
}

/// A user's connection to one mailbox through one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub user_id: UserId,
    pub account_id: AccountId,
    pub mode: Mode,
    pub mailbox: SmtpAddress,
    pub account: AccountName,
    pub endpoint: EwsUrl,
    pub state: ConnectionState,
    pub problem: Option<Problem>,
    /// Since when it has been in this state.
    pub since: Timestamp,
    pub connected_at: Timestamp,
    /// The end of the last sync run, whatever came of it.
    pub last_run_at: Option<Timestamp>,
    /// The last sync run that reached the end.
    pub last_synced_at: Option<Timestamp>,
    /// When the next sync run is due; `None` when none is planned.
    pub due_at: Option<Timestamp>,
    pub entries: i64,
    /// The admin who connected it in the organisation's name.
    pub made_by: Option<UserId>,
    /// Since when an admin has paused this one alone.
    pub paused_at: Option<Timestamp>,
}

impl Connection {
    /// The names for words about its problem, to a reader so many seconds east of UTC.
    pub fn names(&self, utc_offset: Option<i32>) -> Names {
        Names {
            mailbox: self.mailbox.to_string(),
            account: self.account.to_string(),
            endpoint: self.endpoint.to_string(),
            utc_offset,
            held: self.mode == Mode::Organisation,
            is_own: self.mode == Mode::Personal,
            tells_addresses: false,
            probe_at: self.due_at,
        }
    }
}
