//! A saved connection checked again, with its saved password and under its account's lease.

use super::{
    LOOK, certificate, climb, control_of, failed, finish, ladder, new_check, tools, zone_of,
};
use crate::{
    audit::{Action, Entry},
    check::{Ladder, Outcome, Typed},
    connection::Connection,
    id::CheckId,
    problem::Problem,
    refusal::SavedGate,
    services::Services,
    store::{Leased, StoreError, User},
    sync,
};
use std::sync::Arc;

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
    services.tasks.clone().spawn(async move {
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
        password: sync::open_secret(services, account, &connection.mailbox).await?,
        endpoint: Some(account.endpoint.clone()),
        fallback_zone: zone_of(owner),
        control: control_of(services, &account.name, &connection.mailbox).await,
        remembered: None,
        confirmed: Vec::new(),
    };
    let (ladder, mut ended) = climb(services, id, tools(services, gate), climbing).await;
    if let Some(ended) = &mut ended {
        certificate::compare(services, ended).await;
    }
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
        // Waiting does not mend it: the password that is saved was refused.
        Some(Err(failure))
            if account.saved_refusals > 0
                && matches!(failure.problem, Problem::SignInPaused { .. }) =>
        {
            failed(Problem::PasswordRefused.into())
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
