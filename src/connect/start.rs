//! Starts checks of typed credentials. A check outlives the request that asked for it.

use super::attempt::{try_once, wait};
use super::connection_test::{Failure, Success};
use super::running_checks::Submission;
use super::{
    check_run::{failed, finish, may_save, new_check, unsaved},
    form::ConnectRequest,
    limits::{KEEP_TRYING_FOR, RETRY_INTERVAL},
    purpose::SavePurpose,
    running, save,
};
use crate::{
    accounts::permission::{Forbidden, may_type},
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Goal, Outcome, TestSteps, Waiting},
    id::CheckId,
    problem::Problem,
};
use kalends_store::User;

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
    let until = services.clock.now() + KEEP_TRYING_FOR;
    let mut attempts = 0;
    loop {
        let (ladder, ended) = try_once(services, id, user, request).await;
        attempts += 1;
        let next_at = services.clock.now() + RETRY_INTERVAL;
        match &ended {
            Some(Err(failure))
                if request.keep_trying && failure.problem.may_take_effect() && next_at <= until =>
            {
                let mut waiting = Waiting {
                    problem: failure.problem.clone(),
                    attempts,
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
                    waiting.next_at = services.clock.now() + RETRY_INTERVAL;
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
