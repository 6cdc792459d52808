//! Links to set a password with, by mail. A link opens an account, so that it is never written down: what is kept is
//! that a mail left, and whether it was taken.

use super::{
    Channel, Kind, Notice, Recipient, State, Try,
    deliver::Refused,
    mail::{Letter, Mailer},
    words,
};
use crate::{
    id::NoticeId,
    services::Services,
    store::{StoreError, User},
};
use std::time::Duration;

/// Pauses between the tries.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(20),
    Duration::from_mins(1),
    Duration::from_mins(3),
];

/// Mails somebody their link in the background, if there is a mail server; what came of it stands among the notices.
pub async fn send_link(
    services: &Services,
    admin: &User,
    user: &User,
    token: &str,
) -> Result<(), StoreError> {
    let Some(mailer) = services.channels.mail().cloned() else {
        return Ok(());
    };
    let now = services.clock.now();
    let path = format!("/invitation?link={token}");
    let told = words::link(&services.channels, &admin.name, user, &path);
    let notice = Notice {
        id: NoticeId::new(now, services.random.bytes()),
        occasion: None,
        kind: Kind::Link,
        recipient: Recipient {
            channel: Channel::Mail,
            to: user.email.to_string(),
            shown: user.email.to_string(),
        },
        subject: told.subject.clone(),
        body: "The text is not kept, because the link in it opens an account.".to_owned(),
        state: State::Waiting,
        made_at: now,
        // Never due for the worker, which does not have the text.
        due_at: crate::clock::Timestamp::from_millis(i64::MAX),
        tries: 0,
        ended_at: None,
    };
    services.store.put_notice(&notice).await?;
    let services = services.clone();
    services.tasks.clone().spawn(async move {
        let sent = tokio::select! {
            sent = send(&services, &mailer, &notice, &told.text) => sent,
            () = services.stopping.cancelled() => {
                let tried = now_tried(&services, "Kalends ended before it was sent; make a new link");
                services.store.end_try(notice.id, &tried, (State::Failed, tried.at)).await
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
        let refused = if mailer.is_sign_in_refused() {
            Refused::SignIn("earlier, and it is not sent again by itself".to_owned())
        } else {
            match mailer.send(&letter).await {
                Ok(()) => {
                    let tried = now_tried(services, &format!("taken by {}", mailer.host()));
                    let end = (State::Sent, tried.at);
                    return services.store.end_try(notice.id, &tried, end).await;
                }
                Err(refused) => refused,
            }
        };
        let tried = now_tried(services, &refused.to_string());
        let (Refused::ForNow(_), Some(pause)) = (&refused, pause) else {
            let end = (State::Failed, tried.at);
            return services.store.end_try(notice.id, &tried, end).await;
        };
        let waits = (State::Waiting, notice.due_at);
        services.store.end_try(notice.id, &tried, waits).await?;
        tokio::time::sleep(*pause).await;
    }
    Ok(())
}

fn now_tried(services: &Services, outcome: &str) -> Try {
    Try {
        at: services.clock.now(),
        took: Duration::ZERO,
        outcome: outcome.to_owned(),
    }
}
