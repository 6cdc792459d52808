//! What became of a request for a mailbox, by mail to whoever asked.

use super::{new_notice::new_notice, words};
use crate::services::Services;
use kalends_core::notice::{Notice, NoticeKind, Recipient};
use kalends_store::{MailboxRequest, RequestState, User};

/// The mail that tells of a decision, to be written down with it; `None` where Kalends sends no mail.
pub fn decision(
    services: &Services,
    admin: &User,
    person: &User,
    request: &MailboxRequest,
    (to, answer): (RequestState, &str),
) -> Option<Notice> {
    services.channels.mail()?;
    let mailbox = &request.mailbox;
    let told = words::decision(
        &services.channels,
        &admin.name,
        person,
        mailbox,
        (to, answer),
    );
    let recipient = Recipient::mail(&person.email);
    let now = services.clock.now();
    Some(new_notice(
        services,
        NoticeKind::Decision,
        None,
        recipient,
        &told,
        now,
    ))
}
