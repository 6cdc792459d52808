//! Handing notices over: each is tried with growing pauses for about a day, and each try is written down.

use super::{
    delivery_error::DeliveryError, link, mail::Letter, new_notice::new_notice, webhook, words,
};
use crate::services::Services;
use kalends_core::{
    clock::Timestamp,
    id::WebhookId,
    job::{JobError, JobState, Turn},
    notice::{Channel, DeliveryAttempt, Notice, NoticeKind, Recipient},
};
use kalends_store::{LeasedJob, StoreError, User};
use std::time::Duration;

/// How long to wait after each try that failed; after the last one the notice is given up.
const PAUSES: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(12),
];
/// Whoever is to set a password waits for the link.
const LINK_PAUSES: [Duration; 6] = [
    Duration::from_secs(20),
    Duration::from_mins(1),
    Duration::from_mins(3),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(4),
];

const fn pauses(kind: NoticeKind) -> [Duration; 6] {
    match kind {
        NoticeKind::Link => LINK_PAUSES,
        NoticeKind::Raised
        | NoticeKind::Reminder
        | NoticeKind::Over
        | NoticeKind::Test
        | NoticeKind::Decision => PAUSES,
    }
}

/// Whether there is a mail server that has not refused its password.
pub(crate) fn can_mail(services: &Services) -> bool {
    let mail = services.channels.mail();
    mail.is_some_and(|mailer| !mailer.is_sign_in_refused())
}

/// Hands a notice over, and writes down what came of it.
pub(crate) async fn deliver(
    services: &Services,
    job: &LeasedJob,
) -> Result<Option<Turn>, StoreError> {
    let Some(notice) = services.store.notice(job.job.id.into()).await? else {
        return Ok(Some(Turn::Done));
    };
    let at = services.clock.now();
    let came_of_it = handed(services, &notice, Pace::Patient).await;
    let now = services.clock.now();
    let place = usize::try_from(job.job.attempts - 1).unwrap_or(usize::MAX);
    let pause = pauses(notice.kind).get(place).copied();
    let turn = match (&came_of_it, pause) {
        (Ok(_), _) => Turn::Done,
        (Err(refused @ (DeliveryError::ForNow(_) | DeliveryError::SignIn(_))), Some(pause)) => {
            Turn::Retry {
                at: now + pause,
                error: JobError::Delivery(refused.to_string()),
            }
        }
        (Err(refused), _) => Turn::Failed(JobError::Delivery(refused.to_string())),
    };
    let tried = attempt(&notice, &came_of_it, (at, now));
    services
        .store
        .end_attempt(&job.lease, &tried, &turn)
        .await?;
    Ok(None)
}

fn attempt(
    notice: &Notice,
    came_of_it: &Result<String, DeliveryError>,
    (at, now): (Timestamp, Timestamp),
) -> DeliveryAttempt {
    if let Err(refused) = came_of_it {
        tracing::warn!(notice.id = %notice.id, %refused, "a notice was not taken");
    }
    DeliveryAttempt {
        at,
        took: now.since(at),
        outcome: match came_of_it {
            Ok(said) => said.clone(),
            Err(refused) => refused.to_string(),
        },
    }
}

/// Whether somebody waits for what comes of it.
#[derive(Debug, Clone, Copy)]
enum Pace {
    Patient,
    AtOnce,
}

async fn handed(services: &Services, notice: &Notice, pace: Pace) -> Result<String, DeliveryError> {
    match notice.recipient.channel {
        Channel::Mail => {
            let Some(mailer) = services.channels.mail() else {
                return Err(DeliveryError::ForNow("no mail server is set".to_owned()));
            };
            let text = match notice.kind {
                NoticeKind::Link => link::with_link(services, mailer, notice).await?,
                _ => notice.body.clone(),
            };
            let letter = Letter {
                id: notice.id.to_string(),
                to: &notice.recipient.to,
                subject: &notice.subject,
                text: &text,
            };
            match pace {
                Pace::Patient => mailer.send(&letter).await?,
                Pace::AtOnce => mailer.send_now(&letter).await?,
            }
            Ok(format!("taken by {}", mailer.host()))
        }
        Channel::Webhook => {
            let id = notice.recipient.to.parse::<WebhookId>();
            let found = match id {
                Ok(id) => services.store.webhook(id).await,
                Err(_) => Ok(None),
            };
            match found {
                Ok(Some(webhook)) => {
                    webhook::post(services, &webhook, notice.id, &notice.body).await
                }
                Ok(None) => Err(DeliveryError::ForGood("the webhook was removed".to_owned())),
                Err(error) => Err(DeliveryError::ForNow(error.to_string())),
            }
        }
    }
}

/// Sends an admin a mail at once, and says what came of it.
pub async fn test_mail(
    services: &Services,
    admin: &User,
) -> Result<Result<String, String>, StoreError> {
    test(services, Recipient::mail(&admin.email), admin).await
}

/// Posts to a webhook at once, and says what came of it. `None`: there is no such webhook.
pub async fn test_webhook(
    services: &Services,
    admin: &User,
    id: WebhookId,
) -> Result<Option<Result<String, String>>, StoreError> {
    let Some(webhook) = services.store.webhook(id).await? else {
        return Ok(None);
    };
    test(services, Recipient::webhook(&webhook), admin)
        .await
        .map(Some)
}

/// One try at once, and no other.
async fn test(
    services: &Services,
    recipient: Recipient,
    admin: &User,
) -> Result<Result<String, String>, StoreError> {
    let now = services.clock.now();
    let told = words::test(&services.channels, &admin.name, now);
    let mut notice = new_notice(services, NoticeKind::Test, None, recipient, &told, now);
    let came_of_it = handed(services, &notice, Pace::AtOnce).await;
    // Over as it is written down: nothing is left for the worker.
    notice.state = if came_of_it.is_ok() {
        JobState::Done
    } else {
        JobState::Failed
    };
    let tried = attempt(&notice, &came_of_it, (now, services.clock.now()));
    services.store.put_tried(&notice, &tried).await?;
    Ok(came_of_it.map_err(|refused| refused.to_string()))
}
