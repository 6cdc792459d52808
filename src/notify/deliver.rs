//! Handing notices over: each is tried with growing pauses for about a day, and each try is written down.

use super::delivery_error::DeliveryError;
use super::{mail::Letter, webhook, words};
use crate::{services::Services, worker::WorkerContext};
use kalends_core::notice::{Channel, DeliveryAttempt, Notice, NoticeKind, NoticeState, Recipient};
use kalends_core::{
    clock::Timestamp,
    id::{NoticeId, WebhookId},
};
use kalends_store::{StoreError, User};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long to wait after each try that failed; after the last one the notice is given up.
const PAUSES: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(12),
];
/// For how long one instance holds a notice; longer than a try can take.
const LEASE: Duration = Duration::from_mins(2);

/// How many notices are under way at the same time: the mail server gets one after another, so that a refused
/// password goes out once; each webhook has its own server, and there are at most this many.
const fn max_at_once(channel: Channel) -> usize {
    match channel {
        Channel::Mail => 1,
        Channel::Webhook => kalends_store::MAX_WEBHOOKS,
    }
}

/// Hands over what is due by one way until told to stop; what is under way then is tried again later.
pub(crate) async fn deliver(worker: &WorkerContext, channel: Channel) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut under_way = JoinSet::new();
    while !stop.is_cancelled() {
        worker.alive();
        while under_way.len() < max_at_once(channel) {
            match next(services, channel).await {
                Ok(Some(notice)) => {
                    let services = services.clone();
                    under_way.spawn(async move { hand_over(&services, &notice).await });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "notices could not be read");
                    break;
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = under_way.join_next() => {
                if let Ok(Err(error)) = ended {
                    tracing::error!(%error, "what came of a notice could not be written down");
                }
            }
            () = worker.pause() => {}
        }
    }
}

/// Hands over what is due, one after another, and returns how many were tried.
pub async fn deliver_due(services: &Services) -> Result<usize, StoreError> {
    let mut tried = 0;
    for channel in [Channel::Webhook, Channel::Mail] {
        while let Some(notice) = next(services, channel).await? {
            hand_over(services, &notice).await?;
            tried += 1;
        }
    }
    Ok(tried)
}

/// Takes a notice that is due.
async fn next(services: &Services, channel: Channel) -> Result<Option<Notice>, StoreError> {
    // A refused password is not sent again by itself: what waits for mail waits for a person.
    let mail = services.channels.mail();
    if channel == Channel::Mail && mail.is_none_or(super::Mailer::is_sign_in_refused) {
        return Ok(None);
    }
    let now = services.clock.now();
    services.store.lease_notice(channel, now, LEASE).await
}

async fn hand_over(services: &Services, notice: &Notice) -> Result<(), StoreError> {
    let place = usize::try_from(notice.attempts).unwrap_or(usize::MAX);
    let at = services.clock.now();
    let came_of_it = handed(services, notice, Pace::Patient).await;
    write_down(services, notice, at, &came_of_it, PAUSES.get(place)).await
}

/// Writes down what came of a try that began at `at`; `pause` is how long to wait if it failed, and nothing if it was the
/// last one.
pub(super) async fn write_down(
    services: &Services,
    notice: &Notice,
    at: Timestamp,
    came_of_it: &Result<String, DeliveryError>,
    pause: Option<&Duration>,
) -> Result<(), StoreError> {
    let now = services.clock.now();
    let (outcome, next) = match (came_of_it, pause) {
        (Ok(said), _) => (said.clone(), (NoticeState::Sent, now)),
        (Err(refused @ (DeliveryError::ForNow(_) | DeliveryError::SignIn(_))), Some(pause)) => {
            (refused.to_string(), (NoticeState::Waiting, now + *pause))
        }
        (Err(refused), _) => (refused.to_string(), (NoticeState::Failed, now)),
    };
    if let Err(refused) = came_of_it {
        tracing::warn!(notice.id = %notice.id, %refused, "a notice was not taken");
    }
    let tried = DeliveryAttempt {
        at,
        took: now.since(at),
        outcome,
    };
    services.store.end_attempt(notice.id, &tried, next).await
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
            let letter = Letter {
                id: notice.id.to_string(),
                to: &notice.recipient.to,
                subject: &notice.subject,
                text: &notice.body,
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
    let mut notice = made(services, NoticeKind::Test, None, recipient, &told, now);
    let came_of_it = handed(services, &notice, Pace::AtOnce).await;
    // Over as it is written down: nothing is left for the worker.
    notice.state = if came_of_it.is_ok() {
        NoticeState::Sent
    } else {
        NoticeState::Failed
    };
    services.store.put_notice(&notice).await?;
    write_down(services, &notice, now, &came_of_it, None).await?;
    Ok(came_of_it.map_err(|refused| refused.to_string()))
}

/// A notice that waits to be sent.
pub(super) fn made(
    services: &Services,
    kind: NoticeKind,
    incident: Option<kalends_core::id::IncidentId>,
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
        subject,
        body,
        state: NoticeState::Waiting,
        made_at: now,
        due_at: now,
        attempts: 0,
        ended_at: None,
    }
}
