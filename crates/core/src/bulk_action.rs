//! One action for many connections, as its job holds it: what is done, to which, and what came of each.

use crate::id::{CheckId, ConnectionId, UserId};
use serde::{Deserialize, Serialize};

/// What is done to each.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum BulkAction {
    Check,
    Sync,
    Pause,
    Resume,
    Disconnect,
}

/// What came of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BulkOutcome {
    /// A check was started.
    Checking(CheckId),
    /// A sync run is due at once.
    Due,
    /// Nothing is sent: the password of its account was refused.
    AccountStopped,
    /// Nothing is sent while it is paused.
    IsPaused,
    Paused,
    Resumed,
    /// Not resumed: whose it is may not sign in.
    IsDisabled,
    Disconnected,
    /// It was ended meanwhile.
    Gone,
    /// Kalends could not carry it out; the log says why.
    Failed,
}

/// One of the connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkLine {
    pub connection: ConnectionId,
    pub user: UserId,
    pub name: String,
    pub mailbox: String,
}
