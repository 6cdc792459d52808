//! Connecting: a check is a row that a task works on, outliving the request that asked for it; only a check that
//! reached the end is saved.

mod attempt;
pub mod certificate;
pub mod connection_test;
pub mod form;
mod one_click;
pub(crate) mod recheck;
mod replace_password;
mod resend;
pub(crate) mod running;
mod save;

pub use form::{ConnectRequest, Form, FormField};
pub use one_click::connect_through;
pub use recheck::check_again;
pub use replace_password::{Mine, replace_mine};
pub use resend::send_once_more;
pub use running::Running;

use crate::{
    accounts::{
        custody::{CustodyError, Ended},
        permission::{Forbidden, may_type},
    },
    services::Services,
};
use attempt::{try_once, wait};
use connection_test::{Controls, Failure, Success, Tools};
use jiff::tz::TimeZone;
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    check::{Check, Goal, Outcome, StepReport, TestSteps, Typed, Waiting},
    clock::Timestamp,
    connection::Mode,
    id::{AccountId, CheckId, ConnectionId},
    mailbox::SmtpAddress,
    problem::Problem,
};
use kalends_store::{StoreError, Terms, User, database::Engine};
use running::Submission;
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet};

/// A check that has not ended after this long was cut off by the end of its process: it takes five minutes at most,
/// and two before, while others hold its account.
const LONGEST: Duration = Duration::from_mins(8);
/// For how long a check goes on trying while a role is not in effect, if told to, and how often.
const KEEP_TRYING: Duration = Duration::from_hours(2);
const BETWEEN_TRIES: Duration = Duration::from_mins(5);
/// How often a running check looks whether it was cancelled, or whether its account is free.
const LOOK: Duration = Duration::from_millis(250);

/// What a check of typed credentials saves once it has reached the end.
#[derive(Debug, Clone)]
pub(crate) enum SavePurpose {
    Connection,
    NewAccount(Terms),
    NextPassword {
        account_id: AccountId,
        expires_at: Option<Timestamp>,
    },
    MoveAccount {
        account_id: AccountId,
        terms: Terms,
    },
    /// Another password for an account that is saved already, used as soon as it has passed.
    Password {
        account_id: AccountId,
        /// The connection that it is tested with; `None` for an account of the organisation.
        connection_id: Option<ConnectionId>,
    },
}

impl SavePurpose {
    const fn goal(&self) -> Goal {
        match self {
            Self::Connection
            | Self::Password {
                connection_id: Some(_),
                ..
            } => Goal::Connection,
            Self::Password {
                account_id,
                connection_id: None,
            } => Goal::ReplacePassword {
                account_id: *account_id,
            },
            Self::NewAccount(_) => Goal::NewAccount,
            Self::NextPassword { account_id, .. } => Goal::NextPassword {
                account_id: *account_id,
            },
            Self::MoveAccount { account_id, .. } => Goal::MoveAccount {
                account_id: *account_id,
            },
        }
    }
}

/// Starts the check of what was typed and returns at once; the password lives in the check's task alone.
pub async fn start(
    services: &Services,
    user: &User,
    request: ConnectRequest,
) -> Result<CheckId, Forbidden> {
    may_type(services, user, request.mode, &request.mailbox).await?;
    begin(services, user, request, SavePurpose::Connection).await
}

/// Starts a check of typed credentials that were allowed.
pub(crate) async fn begin(
    services: &Services,
    user: &User,
    mut request: ConnectRequest,
    purpose: SavePurpose,
) -> Result<CheckId, Forbidden> {
    request.typed.goal = purpose.goal();
    let starting = services.running.starting().await;
    let submission = Submission::of(user.id, &request);
    if let Some(id) = services.running.of(&submission) {
        return Ok(id);
    }
    let place = running::take_place(services, user.id).await?;
    let patient = if request.keep_trying {
        Some(running::take_patient_place(services, user.id).await?)
    } else {
        None
    };
    let mut check = new_check(services, user, request.mode, request.typed.clone());
    if let SavePurpose::NextPassword { account_id, .. }
    | SavePurpose::MoveAccount { account_id, .. }
    | SavePurpose::Password { account_id, .. } = &purpose
    {
        check.account_id = Some(*account_id);
    }
    let subject = format!("{} through {}", request.mailbox, request.account);
    services
        .store
        .start_check(
            &check,
            &AuditEntry::by(user.id, AuditAction::CheckStarted).about(subject),
        )
        .await?;
    let id = check.id;
    services.running.begin_of(submission, id, place);
    drop(starting);
    let (services, user) = (services.clone(), user.clone());
    services.tasks.clone().spawn(async move {
        let (ladder, ended) = try_and_keep_trying(&services, id, &user, &request).await;
        let outcome = match ended {
            Some(Ok(success)) if may_save(&services, id).await => {
                save::keep(&services, &user, &request, purpose, success)
                    .await
                    .unwrap_or_else(|error| unsaved(id, &error))
            }
            Some(Err(failure)) => failed(failure),
            Some(Ok(_)) | None => Outcome::Cancelled,
        };
        finish(&services, id, &ladder, &outcome).await;
        drop(patient);
    });
    Ok(id)
}

/// Tries once, or for two hours where that was asked for and may help.
async fn try_and_keep_trying(
    services: &Services,
    id: CheckId,
    user: &User,
    request: &ConnectRequest,
) -> (TestSteps, Option<Result<Success, Failure>>) {
    let until = services.clock.now() + KEEP_TRYING;
    let mut tries = 0;
    loop {
        let (ladder, ended) = try_once(services, id, user, request).await;
        tries += 1;
        let next_at = services.clock.now() + BETWEEN_TRIES;
        match &ended {
            Some(Err(failure))
                if request.keep_trying && failure.problem.may_take_effect() && next_at <= until =>
            {
                let mut waiting = Waiting {
                    problem: failure.problem.clone(),
                    tries,
                    next_at,
                    until,
                };
                services.running.end(id);
                loop {
                    if !wait(services, id, &ladder, &waiting).await {
                        return (ladder, None);
                    }
                    if let Ok(place) = running::take_place(services, user.id).await {
                        services.running.begin(id, place);
                        break;
                    }
                    // Others of theirs run: this one waits for the next time.
                    waiting.next_at = services.clock.now() + BETWEEN_TRIES;
                    if waiting.next_at > until {
                        return (ladder, ended);
                    }
                }
                if request.typed.goal == Goal::Connection {
                    match may_type(services, user, request.mode, &request.mailbox).await {
                        Ok(()) => {}
                        Err(Forbidden::Refused(_)) => {
                            return (ladder, Some(Err(Problem::PermissionGone.into())));
                        }
                        Err(Forbidden::Store(error)) => {
                            tracing::error!(%error, check.id = %id, "a permission could not be looked at");
                            return (ladder, ended);
                        }
                    }
                }
            }
            _ => return (ladder, ended),
        }
    }
}

/// Whether what a test proved may be saved. A process that was not heard of for a while has had its tests ended, and people
/// were told so.
async fn may_save(services: &Services, id: CheckId) -> bool {
    let ended = services.store.check(id).await.map(|found| {
        let outcome = found.map(|check| check.outcome.is_some());
        outcome.unwrap_or(true)
    });
    ended.is_ok_and(|ended| !ended)
}

/// A test that went well and could not be saved.
fn unsaved(id: CheckId, error: &CustodyError) -> Outcome {
    if matches!(error, CustodyError::Store(StoreError::MailboxTaken)) {
        return failed(Problem::MailboxTaken.into());
    }
    if matches!(error, CustodyError::Store(StoreError::NotAllowed)) {
        return failed(Problem::PermissionGone.into());
    }
    tracing::error!(%error, check.id = %id, "what a check tested could not be saved");
    failed(Problem::Interrupted.into())
}

/// Asks a running check to stop, whichever instance runs it.
pub async fn cancel(services: &Services, id: CheckId) -> Result<(), StoreError> {
    services.running.cancel(id);
    services.store.cancel_check(id).await
}

/// Ends a user's connection: the copy goes at once, the secret with the last connection that uses it.
pub async fn disconnect(services: &Services, user: &User) -> Result<Option<Ended>, CustodyError> {
    services
        .custody()
        .end(user.id, &AuditEntry::by(user.id, AuditAction::Disconnected))
        .await
}

/// Ends a person's connection, in an admin's name, if nothing allows its mailbox any more.
pub async fn end_if_not_allowed(
    services: &Services,
    admin: &User,
    person: &User,
) -> Result<(), CustodyError> {
    let store = &services.store;
    let Some(connection) = store.connection_of(person.id).await? else {
        return Ok(());
    };
    let mailbox = &connection.mailbox;
    if connection.mode == Mode::Personal
        || store.owns(person.id, mailbox).await?
        || store.is_approved(person.id, mailbox).await?
    {
        return Ok(());
    }
    let entry = AuditEntry::by(admin.id, AuditAction::Disconnected).about(mailbox.as_str());
    services.custody().end(person.id, &entry).await?;
    Ok(())
}

/// At the start: a file has one process, so that what others hold in it is left over. Others may run on a server that
/// instances share: [`crate::services::instance`] looks after them.
pub async fn end_orphans(services: &Services) -> Result<(), StoreError> {
    let now = services.clock.now();
    if services.store.engine() == Engine::Sqlite {
        services.store.forget_other_processes(now).await?;
    }
    end_interrupted(services).await
}

/// Ends checks whose process is gone.
pub async fn end_interrupted(services: &Services) -> Result<(), StoreError> {
    let now = services.clock.now();
    services
        .store
        .end_interrupted_checks(now - LONGEST, now)
        .await
}

fn new_check(services: &Services, user: &User, mode: Mode, typed: Typed) -> Check {
    let now = services.clock.now();
    Check {
        id: CheckId::new(now, services.random.bytes()),
        user_id: user.id,
        mode,
        typed,
        account_id: None,
        ladder: TestSteps::new(),
        outcome: None,
        waiting: None,
        started_at: now,
        finished_at: None,
    }
}

fn tools(services: &Services, gate: Arc<dyn kalends_exchange::auth::Gate>) -> Tools {
    Tools {
        outbound: services.outbound.clone(),
        clock: services.clock.clone(),
        random: services.random.clone(),
        gate,
    }
}

/// Mailboxes that the account is known to reach; their lack costs no more than an exact word.
pub async fn controls_of(
    services: &Services,
    account: &AccountName,
    mailbox: &SmtpAddress,
) -> Controls {
    let found = services.store.control_mailboxes(account, mailbox).await;
    let known =
        found.inspect_err(|error| tracing::error!(%error, "no control mailbox could be looked up"));
    Controls::Known(known.unwrap_or_default())
}

/// The zone of entries that name none: that of whoever reads them.
pub(crate) fn zone_of(user: &User) -> TimeZone {
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
    request: connection_test::TestRequest,
) -> (TestSteps, Option<Result<Success, Failure>>) {
    let (tell, mut told) = mpsc::unbounded_channel::<StepReport>();
    let mut ladder = TestSteps::new();
    let mut look = tokio::time::interval(LOOK);
    // In a task of its own: while a step is written down here, the climb may be waiting for the same writer.
    let mut climbing = JoinSet::new();
    let held = services.running.held(id);
    climbing.spawn(async move {
        let _held = held;
        connection_test::climb(&tools, request, move |report| {
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
            () = services.stopping.cancelled() => {
                break Some(Err(Problem::Interrupted.into()));
            }
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
                if services.store.is_to_stop(id).await.unwrap_or(false) {
                    // A password that was sent has its verdict awaited all the same.
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

async fn finish(services: &Services, id: CheckId, ladder: &TestSteps, outcome: &Outcome) {
    if let Err(error) = services
        .store
        .finish_check(id, ladder, outcome, services.clock.now())
        .await
    {
        tracing::error!(%error, check.id = %id, "a check's end could not be written");
    }
    services.running.end(id);
}
