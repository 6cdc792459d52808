//! Connecting: a check is a row that a task works on, outliving the request that asked for it; only a check that
//! reached the end is saved.

pub mod form;
pub mod ladder;

pub use form::{Form, FormField, Request};

use crate::{
    account_name::{AccountName, Password},
    audit::{Action, Entry},
    autodiscover,
    check::{Check, Ladder, Outcome, StepReport, Typed},
    connection::Connection,
    custody::{CustodyError, Ended},
    endpoint::EwsUrl,
    id::{CheckId, ConnectionId},
    mailbox::SmtpAddress,
    problem::Problem,
    refusal::{SavedGate, TypedGate},
    services::Services,
    store::{Leased, NewConnection, StoreError, User},
    sync,
    vault::Destination,
};
use jiff::tz::TimeZone;
use ladder::{Failure, Success, Tools};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet};

/// A check that has not ended after this long was cut off by the end of its process.
const LONGEST: Duration = Duration::from_mins(2);
/// How often a running check looks whether it was cancelled, or whether its account is free.
const LOOK: Duration = Duration::from_millis(250);

/// Starts the check of what was typed and returns at once; the password lives in the check's task alone.
pub async fn start(
    services: &Services,
    user: &User,
    request: Request,
) -> Result<CheckId, StoreError> {
    let check = new_check(services, user, request.mode, request.typed.clone());
    let subject = format!("{} through {}", request.mailbox, request.account);
    services
        .store
        .start_check(
            &check,
            &Entry::by(user.id, Action::CheckStarted).about(subject),
        )
        .await?;
    let id = check.id;
    let (services, user) = (services.clone(), user.clone());
    tokio::spawn(async move {
        let gate = Arc::new(TypedGate::new(
            services.store.clone(),
            services.clock.clone(),
        ));
        let climbing = ladder::Request {
            mode: request.mode,
            mailbox: request.mailbox.clone(),
            account: request.account.clone(),
            password: request.password.clone(),
            endpoint: request.endpoint.clone(),
            fallback_zone: zone_of(&user),
            control: match request.control.clone() {
                Some(typed) => Some(typed),
                None => control_of(&services, &request.account, &request.mailbox).await,
            },
            remembered: match request.endpoint {
                Some(_) => None,
                None => remembered(&services, request.mailbox.domain()).await,
            },
            confirmed: request.confirmed.clone(),
        };
        let remembered = climbing.remembered.clone();
        let tools = tools(&services, gate.clone());
        let (ladder, ended) = climb(&services, id, tools, climbing).await;
        // A cancelled password may have gone out: it stays counted, so that cancelling is no way around the limit.
        if ended.is_some()
            && let Err(error) = gate.settle().await
        {
            tracing::error!(%error, check.id = %id, "an unanswered sign-in stays counted");
        }
        if let Some(ended) = &ended {
            learn(&services, &request, remembered.as_ref(), ended).await;
        }
        let outcome = match ended {
            Some(Ok(success)) => match save(&services, &user, &request, &success).await {
                Ok(connection_id) => Outcome::Connected {
                    connection_id,
                    proof: success.proof,
                },
                Err(error) => {
                    tracing::error!(%error, check.id = %id, "a tested connection could not be saved");
                    Outcome::Failed {
                        problem: Box::new(Problem::Interrupted),
                        request_id: None,
                    }
                }
            },
            Some(Err(failure)) => failed(failure),
            None => Outcome::Cancelled,
        };
        finish(&services, id, &ladder, &outcome).await;
    });
    Ok(id)
}

/// Checks a saved connection again with its saved password, for its user or an admin.
pub async fn check_again(
    services: &Services,
    by: &User,
    connection: &Connection,
) -> Result<CheckId, StoreError> {
    let owner = services
        .store
        .user(connection.user_id)
        .await?
        .ok_or(StoreError::Corrupt("user"))?;
    let typed = Typed {
        mailbox: connection.mailbox.to_string(),
        account: connection.account.to_string(),
        domain: String::new(),
        endpoint: connection.endpoint.to_string(),
    };
    let check = new_check(services, &owner, connection.mode, typed);
    let subject = format!("{} through {}", connection.mailbox, connection.account);
    services
        .store
        .start_check(
            &check,
            &Entry::by(by.id, Action::CheckStarted).about(subject),
        )
        .await?;
    let (id, services, connection) = (check.id, services.clone(), connection.clone());
    tokio::spawn(async move {
        let (ladder, outcome) = match check_saved(&services, id, &owner, &connection).await {
            Ok(ended) => ended,
            Err(problem) => {
                let outcome = Outcome::Failed {
                    problem: Box::new(problem),
                    request_id: None,
                };
                (Ladder::new(), outcome)
            }
        };
        finish(&services, id, &ladder, &outcome).await;
    });
    Ok(id)
}

async fn check_saved(
    services: &Services,
    id: CheckId,
    owner: &User,
    connection: &Connection,
) -> Result<(Ladder, Outcome), Problem> {
    let leased = wait_for_account(services, connection).await?;
    let ended = check_leased(services, id, owner, connection, &leased).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    ended
}

async fn check_leased(
    services: &Services,
    id: CheckId,
    owner: &User,
    connection: &Connection,
    leased: &Leased,
) -> Result<(Ladder, Outcome), Problem> {
    let account = &leased.account;
    let gate = Arc::new(SavedGate::new(
        services.store.clone(),
        services.clock.clone(),
        account.clone(),
    ));
    let climbing = ladder::Request {
        mode: connection.mode,
        mailbox: connection.mailbox.clone(),
        account: account.name.clone(),
        password: sync::open_secret(services, connection, account).await?,
        endpoint: Some(account.endpoint.clone()),
        fallback_zone: zone_of(owner),
        control: control_of(services, &account.name, &connection.mailbox).await,
        remembered: None,
        confirmed: Vec::new(),
    };
    let (ladder, ended) = climb(services, id, tools(services, gate), climbing).await;
    let outcome = match ended {
        Some(Ok(success)) => {
            if let Err(error) = services
                .store
                .make_due_now(connection.id, services.clock.now())
                .await
            {
                tracing::error!(%error, "a checked connection was not made due");
            }
            services.wake.notify_one();
            Outcome::Connected {
                connection_id: connection.id,
                proof: success.proof,
            }
        }
        Some(Err(failure)) => failed(failure),
        None => Outcome::Cancelled,
    };
    Ok((ladder, outcome))
}

/// Rounds hold the account for a minute at most; after that something else is wrong.
async fn wait_for_account(services: &Services, connection: &Connection) -> Result<Leased, Problem> {
    let busy = |error: StoreError| {
        tracing::error!(%error, "an account could not be leased");
        Problem::Interrupted
    };
    for _ in 0..240 {
        let leased = services
            .store
            .lease_account(connection.account_id, services.clock.now(), sync::LEASE)
            .await;
        if let Some(leased) = leased.map_err(busy)? {
            return Ok(leased);
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Problem::Interrupted)
}

/// Asks a running check to stop, whichever instance runs it.
pub async fn cancel(services: &Services, id: CheckId) -> Result<(), StoreError> {
    services.store.cancel_check(id).await
}

/// Ends a user's connection: the copy goes at once, the secret with the last connection that uses it.
pub async fn disconnect(services: &Services, user: &User) -> Result<Option<Ended>, CustodyError> {
    services
        .custody()
        .end(user.id, &Entry::by(user.id, Action::Disconnected))
        .await
}

/// Ends checks whose process is gone.
pub async fn end_interrupted(services: &Services) -> Result<(), StoreError> {
    let now = services.clock.now();
    services
        .store
        .end_interrupted_checks(now - LONGEST, now)
        .await
}

fn new_check(
    services: &Services,
    user: &User,
    mode: crate::connection::Mode,
    typed: Typed,
) -> Check {
    let now = services.clock.now();
    Check {
        id: CheckId::new(now, services.random.bytes()),
        user_id: user.id,
        mode,
        typed,
        ladder: Ladder::new(),
        outcome: None,
        started_at: now,
        finished_at: None,
    }
}

fn tools(services: &Services, gate: Arc<dyn crate::auth::Gate>) -> Tools {
    Tools {
        outbound: services.outbound.clone(),
        clock: services.clock.clone(),
        random: services.random.clone(),
        gate,
    }
}

async fn remembered(services: &Services, domain: &str) -> Option<EwsUrl> {
    let found = services.store.remembered_endpoint(domain).await;
    found
        .inspect_err(|error| tracing::error!(%error, "no remembered endpoint could be looked up"))
        .ok()
        .flatten()
}

/// Remembers where Autodiscover found EWS for a mail domain, and forgets what led nowhere. What one person vouched for
/// is for that person alone.
async fn learn(
    services: &Services,
    request: &Request,
    remembered: Option<&EwsUrl>,
    ended: &Result<Success, Failure>,
) {
    let domain = request.mailbox.domain();
    let learnt = match (ended, remembered) {
        (Ok(success), _) if success.is_discovered => {
            let endpoint = &success.endpoint;
            let is_ours = autodiscover::is_within(endpoint.host(), domain)
                || services
                    .outbound
                    .is_vouched_for(endpoint.host(), endpoint.port());
            if !is_ours {
                return;
            }
            let now = services.clock.now();
            services
                .store
                .remember_endpoint(domain, endpoint, now)
                .await
        }
        (Err(failure), Some(remembered)) if ladder::is_stale(failure) => {
            let forgotten = services.store.forget_endpoint(domain, remembered).await;
            forgotten.map(drop)
        }
        _ => Ok(()),
    };
    if let Err(error) = learnt {
        tracing::error!(%error, "what Autodiscover found could not be kept");
    }
}

/// A mailbox that the account is known to reach; its lack costs no more than an exact word.
pub async fn control_of(
    services: &Services,
    account: &AccountName,
    mailbox: &SmtpAddress,
) -> Option<SmtpAddress> {
    let found = services.store.control_mailbox(account, mailbox).await;
    found
        .inspect_err(|error| tracing::error!(%error, "no control mailbox could be looked up"))
        .ok()
        .flatten()
}

fn zone_of(user: &User) -> TimeZone {
    TimeZone::get(&user.time_zone).unwrap_or(TimeZone::UTC)
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        problem: Box::new(failure.problem),
        request_id: failure.request_id,
    }
}

/// Climbs the ladder while writing down how far it is; `None` when it was cancelled.
async fn climb(
    services: &Services,
    id: CheckId,
    tools: Tools,
    request: ladder::Request,
) -> (Ladder, Option<Result<Success, Failure>>) {
    let (tell, mut told) = mpsc::unbounded_channel::<StepReport>();
    let mut ladder = Ladder::new();
    let mut look = tokio::time::interval(LOOK);
    // In a task of its own: while a step is written down here, the climb may be waiting for the same writer.
    let mut climbing = JoinSet::new();
    climbing.spawn(async move {
        ladder::climb(&tools, request, move |report| {
            let _ = tell.send(report);
        })
        .await
    });
    let ended = loop {
        tokio::select! {
            Some(ended) = climbing.join_next() => match ended {
                Ok(ended) => break Some(ended),
                Err(error) => {
                    tracing::error!(%error, check.id = %id, "a check broke");
                    break Some(Err(Problem::Interrupted.into()));
                }
            },
            Some(report) = told.recv() => {
                ladder.set(report);
                while let Ok(report) = told.try_recv() {
                    ladder.set(report);
                }
                if let Err(error) = services.store.update_ladder(id, &ladder).await {
                    tracing::error!(%error, check.id = %id, "a step could not be shown");
                }
            }
            _ = look.tick() => {
                if services.store.is_cancelled(id).await.unwrap_or(false) {
                    break None;
                }
            }
        }
    };
    while let Ok(report) = told.try_recv() {
        ladder.set(report);
    }
    (ladder, ended)
}

async fn save(
    services: &Services,
    user: &User,
    request: &Request,
    success: &Success,
) -> Result<ConnectionId, CustodyError> {
    let endpoint: &EwsUrl = &success.endpoint;
    let to = Destination::new(endpoint.host(), &request.account);
    let subject = format!(
        "{} through {} at {endpoint}",
        request.mailbox, request.account
    );
    let entry = Entry::by(user.id, Action::Connected).about(subject);
    let password: &Password = &request.password;
    let connection = |secret_id| NewConnection {
        user_id: user.id,
        mode: request.mode,
        mailbox: request.mailbox.clone(),
        account: request.account.clone(),
        endpoint: endpoint.clone(),
        secret_id,
        control: request.control.clone(),
        folder_id: success.folder.id.clone(),
        folder_name: success.folder.display_name.clone(),
    };
    let id = services
        .custody()
        .save(password, connection, &entry, &to)
        .await?;
    services.wake.notify_one();
    Ok(id)
}

async fn finish(services: &Services, id: CheckId, ladder: &Ladder, outcome: &Outcome) {
    if let Err(error) = services
        .store
        .finish_check(id, ladder, outcome, services.clock.now())
        .await
    {
        tracing::error!(%error, check.id = %id, "a check's end could not be written");
    }
}
