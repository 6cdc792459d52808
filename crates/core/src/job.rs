//! Work that outlives a request, as it is stored: what it is, how far it is, and why it waits or failed. Any instance
//! takes it up.

use crate::{
    clock::Timestamp,
    id::{JobId, UserId},
    problem::Problem,
};
use serde::{Deserialize, Serialize};

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::VariantArray)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// One action for many connections.
    BulkAction,
    /// Which mailboxes an account reaches.
    MailboxScope,
    /// A notice by mail.
    Mail,
    /// A notice to a webhook.
    Webhook,
    /// People from a table.
    Import,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Nobody has said yet that it is to be done.
    Draft,
    /// To be done, or being done.
    Waiting,
    Done,
    /// Given up.
    Failed,
    /// Somebody has ended it, or what it was for is over.
    Cancelled,
}

/// Why it waits or was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobError {
    /// Exchange or an account there.
    Problem(Box<Problem>),
    /// What came of handing a notice over.
    Delivery(String),
    /// Whoever began it may not do this any more.
    NotAllowed,
    /// Kalends could not carry it out, however often it tried.
    Internal,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// `None`: Kalends by itself.
    pub made_by: Option<UserId>,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    /// How often it was taken up since it last got on.
    pub attempts: i64,
    /// How many of its steps are done.
    pub done: i64,
    pub total: i64,
    pub error: Option<JobError>,
    /// Until when an instance works on it, unless it goes on for longer.
    pub leased_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl Job {
    /// Whether an instance works on it.
    pub fn is_running(&self, now: Timestamp) -> bool {
        self.state == JobState::Waiting && self.leased_until.is_some_and(|until| until > now)
    }
}

/// What becomes of a job after somebody worked on it for a while.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    Done,
    /// There is more to do, after others had their turn.
    Continue,
    /// It waits for something that is no failure of its own.
    Wait {
        until: Timestamp,
        error: Option<JobError>,
    },
    /// It failed, and is tried again.
    Retry {
        at: Timestamp,
        error: JobError,
    },
    /// It is given up.
    Failed(JobError),
}
