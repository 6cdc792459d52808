//! What is told to whom: notices, what they are about, and where they go.

use crate::{
    clock::Timestamp,
    id::{AccountId, IncidentId, NoticeId, SecretId, UserId, WebhookId},
    job::JobState,
    mailbox::SmtpAddress,
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why something is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// It began.
    Raised,
    /// It still lasts.
    Reminder,
    Over,
    /// An admin looks whether it arrives.
    Test,
    /// A link to set a password with; the text is kept without it.
    Link,
    /// A request for a mailbox was decided.
    Decision,
}

/// By which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Mail,
    Webhook,
}

/// Where a notice goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub channel: Channel,
    /// A mail address, or the id of a webhook.
    pub to: String,
    /// As lists show it.
    pub shown: String,
}

impl Recipient {
    pub fn mail(address: &SmtpAddress) -> Self {
        Self {
            channel: Channel::Mail,
            to: address.to_string(),
            shown: address.to_string(),
        }
    }

    pub fn webhook(webhook: &Webhook) -> Self {
        Self {
            channel: Channel::Webhook,
            to: webhook.id.to_string(),
            shown: webhook.name.clone(),
        }
    }
}

/// A notice to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: NoticeId,
    pub incident: Option<IncidentId>,
    pub kind: NoticeKind,
    pub recipient: Recipient,
    /// Whose link it carries.
    pub person: Option<UserId>,
    pub subject: String,
    /// The text of a mail, or what is posted.
    pub body: String,
    /// How its job stands.
    pub state: JobState,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub ended_at: Option<Timestamp>,
}

/// One try to hand a notice over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    pub at: Timestamp,
    pub took: Duration,
    pub outcome: String,
}

/// A problem that was told, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedProblem {
    pub problem: Problem,
    pub whose: IncidentScope,
}

/// The connections that one problem is looked for at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentScope {
    Account(AccountId),
    Host(String),
    Person(UserId),
}

/// What notices are about, from when it is told until it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub id: IncidentId,
    /// The cause and what it is the cause of: at most one of a name is open.
    pub name: String,
    pub title: String,
    /// `None` for what is no problem of connections.
    pub about: Option<ReportedProblem>,
    /// How many people it held up when it was last told.
    pub people: i64,
    pub opened_at: Timestamp,
    /// How often it was told again.
    pub reminders: i64,
    /// When it is told again, if it lasts.
    pub next_at: Option<Timestamp>,
}

/// An address that notices are posted to. The whole address is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub host: String,
    pub secret_id: SecretId,
    pub made_by: UserId,
    pub made_at: Timestamp,
}
