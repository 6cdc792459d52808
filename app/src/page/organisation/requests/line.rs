//! A request for a mailbox as pages show it.

use crate::{moment::Moment, request};
use kalends_store::RequestState;

/// The longest reason or answer, in characters.
pub const MAX_TEXT: usize = 500;

/// A request as a page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestLine {
    pub id: String,
    pub person: String,
    pub mailbox: String,
    pub reason: String,
    /// Where it stands, in words.
    pub state: String,
    pub when: Moment,
    pub answer: String,
    /// Others who have connected the mailbox.
    pub holders: Vec<String>,
    pub is_waiting: bool,
    pub is_approved: bool,
}

pub async fn line_of(
    it: kalends_store::MailboxRequest,
    words: &crate::moment::Formatter,
    for_admin: bool,
) -> Result<RequestLine, crate::AppError> {
    let store = request::services().store;
    let (mut person, mut holders) = (String::new(), Vec::new());
    if for_admin {
        let user = store.user(it.user_id).await.map_err(request::internal)?;
        person = user.map(|user| user.name).unwrap_or_default();
        let held = store.holders_of(&it.mailbox).await;
        let others = held.map_err(request::internal)?.into_iter();
        let others = others.filter(|user| user.id != it.user_id);
        holders = others.map(|user| user.name).collect();
    }
    let decider = match it.decided_by {
        Some(id) => store.user(id).await.map_err(request::internal)?,
        None => None,
    };
    let by = decider.map_or(String::new(), |user| format!(" by {}", user.name));
    Ok(RequestLine {
        id: it.id.to_string(),
        person,
        mailbox: it.mailbox.to_string(),
        reason: it.reason,
        state: match it.state {
            RequestState::Waiting => "Waits for an administrator".to_owned(),
            RequestState::Approved => format!("Approved{by}"),
            RequestState::Refused => format!("Refused{by}"),
            RequestState::Withdrawn => "Withdrawn".to_owned(),
            RequestState::Revoked => format!("Approval taken back{by}"),
        },
        when: words.moment(it.decided_at.unwrap_or(it.asked_at)),
        answer: it.answer,
        holders,
        is_waiting: it.state == RequestState::Waiting,
        is_approved: it.state == RequestState::Approved,
    })
}
