//! Links to set a password with, by mail. A link opens an account, so that it is never written down: what is kept is
//! that a mail left, and whether it was taken.

use super::{
    deliver::{made, write_down},
    delivery_error::DeliveryError,
    mail::{Letter, Mailer},
    words,
};
use crate::services::Services;
use kalends_core::notice::{Notice, NoticeKind, Recipient};
use kalends_store::{StoreError, User};
use std::time::Duration;

/// Pauses between the tries.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(20),
    Duration::from_mins(1),
    Duration::from_mins(3),
];

/// Mails somebody their link in the background, if there is a way to a mail server on which nobody can read it; what came
/// of it stands among the notices.
pub async fn send_link(
    services: &Services,
    admin: &User,
    user: &User,
    token: &str,
) -> Result<(), StoreError> {
    let mailer = services.channels.mail().filter(|mail| mail.is_private());
    let Some(mailer) = mailer.cloned() else {
        return Ok(());
    };
    let now = services.clock.now();
    let path = format!("/invitation?link={token}");
    let told = words::link(&services.channels, &admin.name, user, &path);
    let recipient = Recipient::mail(&user.email);
    let mut notice = made(services, NoticeKind::Link, None, recipient, &told, now);
    "The text is not kept, because the link in it opens an account.".clone_into(&mut notice.body);
    services.store.put_notice(&notice).await?;
    let services = services.clone();
    services.tasks.clone().spawn(async move {
        let sent = tokio::select! {
            sent = send(&services, &mailer, &notice, &told.text) => sent,
            () = services.stopping.cancelled() => {
                let ended = DeliveryError::ForGood("Kalends ended before it was sent; make a new link".to_owned());
                write_down(&services, &notice, services.clock.now(), &Err(ended), None).await
            }
        };
        if let Err(error) = sent {
            tracing::error!(%error, "what came of a mail could not be written down");
        }
    });
    Ok(())
}

async fn send(
    services: &Services,
    mailer: &Mailer,
    notice: &Notice,
    text: &str,
) -> Result<(), StoreError> {
    let letter = Letter {
        id: notice.id.to_string(),
        to: &notice.recipient.to,
        subject: &notice.subject,
        text,
    };
    for pause in PAUSES.iter().map(Some).chain([None]) {
        let at = services.clock.now();
        let came_of_it = if mailer.is_sign_in_refused() {
            Err(DeliveryError::ForGood(
                "the mail server refused the name or password in KALENDS_SMTP_URL before"
                    .to_owned(),
            ))
        } else {
            let sent = mailer.send(&letter).await;
            sent.map(|()| format!("taken by {}", mailer.host()))
        };
        write_down(services, notice, at, &came_of_it, pause).await?;
        let (Err(DeliveryError::ForNow(_) | DeliveryError::SignIn(_)), Some(pause)) =
            (came_of_it, pause)
        else {
            break;
        };
        tokio::time::sleep(*pause).await;
    }
    Ok(())
}
