//! A saved connection checked again, with its saved password and under its account's lease.

use super::{
    LOOK,
    attempt::level_of,
    certificate, climb, controls_of, failed, finish,
    ladder::{self, Controls, Failure, Success},
    new_check, running, tools, zone_of,
};
use crate::{
    audit::{Action, Entry},
    check::{Ladder, Outcome, Typed},
    connection::{Connection, Mode},
    id::{AccountId, CheckId},
    mailbox::SmtpAddress,
    permission::Forbidden,
    policy::PrivacyLevel,
    problem::Problem,
    refusal::SavedGate,
    services::Services,
    store::{Account, Leased, StoreError, User},
    sync,
};
use std::{sync::Arc, time::Duration};

/// For how long one who waits for an account keeps new rounds of it from beginning; told anew with every look.
const WANTED: Duration = Duration::from_secs(2);

/// Checks a saved connection again with its saved password, for its user or an admin. Where as many tests of its user
/// run as may, that is the latest of them.
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
        endpoint: connection.endpoint.to_string(),
        ..Typed::default()
    };
    let place = match running::take_place(services, owner.id).await {
        Ok(place) => place,
        Err(Forbidden::Store(error)) => return Err(error),
        // It is being tested already.
        Err(Forbidden::Refused(_)) => {
            let last = services.store.last_check(owner.id).await?;
            return last.map(|last| last.id).ok_or(StoreError::NotAllowed);
        }
    };
    let mut check = new_check(services, &owner, connection.mode, typed);
    check.account_id = Some(connection.account_id);
    let subject = format!("{} through {}", connection.mailbox, connection.account);
    services
        .store
        .start_check(
            &check,
            &Entry::by(by.id, Action::CheckStarted).about(subject),
        )
        .await?;
    let (id, services, connection) = (check.id, services.clone(), connection.clone());
    services.running.begin(id, place);
    services.tasks.clone().spawn(async move {
        let (ladder, outcome) = match check_saved(&services, id, &owner, &connection).await {
            Ok(ended) => ended,
            Err(problem) => {
                let outcome = Outcome::Failed {
                    problem: Box::new(problem),
                    request_id: None,
                };
                (Ladder::held_back(), outcome)
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
    let leased = wait_for_account(services, connection.account_id).await?;
    let whose = (connection.mode, &connection.mailbox);
    let climbed = climb_saved(services, id, owner, &leased, whose).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    let (ladder, ended) = climbed?;
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

/// Climbs the ladder with the saved password of an account that the caller holds alone.
pub(super) async fn climb_saved(
    services: &Services,
    id: CheckId,
    owner: &User,
    leased: &Leased,
    (mode, mailbox): (Mode, &SmtpAddress),
) -> Result<(Ladder, Option<Result<Success, Failure>>), Problem> {
    let account = &leased.account;
    // Before the secret is opened: a closed gate needs none.
    let closed = SavedGate::closed(&services.store, &services.clock, account).await;
    if let Some(problem) = closed.map_err(|error| unreadable(&error))? {
        // Waiting does not mend it: the password that is saved was refused.
        return Err(match problem {
            Problem::SignInPaused { .. } if account.saved_refusals > 0 => {
                let told = services.store.refusal_of(account.id).await;
                told.map_err(|error| unreadable(&error))?
            }
            other => other,
        });
    }
    let gate = Arc::new(SavedGate::new(
        services.store.clone(),
        services.clock.clone(),
        account.clone(),
    ));
    let climbing = ladder::Request {
        mode,
        mailbox: mailbox.clone(),
        account: account.name.clone(),
        password: sync::open_secret(services, account, mailbox).await?,
        endpoint: Some(account.endpoint.clone()),
        fallback_zone: zone_of(owner),
        level: level_of(services, owner).await,
        controls: controls_of(services, &account.name, mailbox).await,
        remembered: None,
        confirmed: Vec::new(),
    };
    let (ladder, mut ended) = climb(services, id, tools(services, gate), climbing).await;
    if let Some(ended) = &mut ended {
        certificate::compare(services, ended).await;
        if let Err(failure) = ended {
            failure.problem = failure.problem.clone().of_saved();
        }
    }
    Ok((ladder, ended))
}

/// Whether the saved password of an account still opens a mailbox, asked once, whether or not the account is paused.
pub(crate) async fn probe(
    services: &Services,
    account: &Account,
    mailbox: &SmtpAddress,
) -> Result<(), Problem> {
    let leased = wait_for_account(services, account.id).await?;
    let gate = SavedGate::new(
        services.store.clone(),
        services.clock.clone(),
        leased.account.clone(),
    );
    let probed = async {
        let request = ladder::Request {
            mode: account.mode,
            mailbox: mailbox.clone(),
            account: leased.account.name.clone(),
            password: sync::open_secret(services, &leased.account, mailbox).await?,
            endpoint: Some(leased.account.endpoint.clone()),
            fallback_zone: jiff::tz::TimeZone::UTC,
            level: PrivacyLevel::FreeBusy,
            controls: Controls::named(None),
            remembered: None,
            confirmed: Vec::new(),
        };
        let tools = tools(services, Arc::new(gate.for_a_probe()));
        let climbed = ladder::climb(&tools, request, drop).await;
        climbed.map(drop).map_err(|failure| failure.problem)
    };
    let probed = probed.await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    probed
}

/// Holds an account as soon as whoever works through its rounds has given it back: a minute at most.
pub(crate) async fn wait_for_account(
    services: &Services,
    id: AccountId,
) -> Result<Leased, Problem> {
    let store = &services.store;
    for _ in 0..240 {
        let now = services.clock.now();
        let leased = store.lease_account(id, now, sync::LEASE).await;
        if let Some(leased) = leased.map_err(|error| unreadable(&error))? {
            return Ok(leased);
        }
        let wanted = store.want_account(id, now, WANTED).await;
        wanted.map_err(|error| unreadable(&error))?;
        tokio::time::sleep(LOOK).await;
    }
    Err(Problem::Interrupted)
}

fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "an account could not be leased");
    Problem::Interrupted
}
