//! A notice to one recipient, from the words about its cause.

use super::words;
use crate::services::Services;
use kalends_core::{
    clock::Timestamp,
    id::{IncidentId, NoticeId},
    job::JobState,
    notice::{Channel, Notice, NoticeKind, Recipient},
};

/// A notice that waits to be sent.
pub(super) fn new_notice(
    services: &Services,
    kind: NoticeKind,
    incident: Option<IncidentId>,
    recipient: Recipient,
    told: &words::NoticeContext,
    now: Timestamp,
) -> Notice {
    let (subject, body) = (
        told.subject.clone(),
        match recipient.channel {
            Channel::Mail => told.text.clone(),
            Channel::Webhook => {
                let mut json = told.json.clone();
                // The same in all notices of one cause, so that its end is told apart from another's.
                if let Some(id) = incident {
                    json["data"]["incident"] = id.to_string().into();
                }
                json.to_string()
            }
        },
    );
    Notice {
        id: NoticeId::new(now, services.random.bytes()),
        incident,
        kind,
        recipient,
        person: None,
        subject,
        body,
        state: JobState::Waiting,
        made_at: now,
        due_at: now,
        attempts: 0,
        ended_at: None,
    }
}
