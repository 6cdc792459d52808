//! A saved connection checked again, with its saved password and under its account's lease.

use super::{
    attempt::level_of,
    certificate,
    check_run::{failed, finish, new_check, run_test},
    connection_test::{self, Controls, Failure, Success},
    context::{controls_of, tools, zone_of},
    limits::POLL_INTERVAL,
    running,
};
use crate::{
    accounts::{
        permission::Forbidden,
        refusals::{SavedGate, Sending},
    },
    services::Services,
    sync::{self, LEASE},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Outcome, TestSteps, Typed},
    connection::{Connection, Mode},
    id::{AccountId, CheckId},
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    problem::Problem,
};
use kalends_store::{Account, Leased, RequestedPause, StoreError, User};
use std::{sync::Arc, time::Duration};

/// For how long one who waits for an account keeps new sync runs of it from beginning; told anew with every look.
const WANTED: Duration = Duration::from_secs(2);

/// Checks a saved connection again with its saved password, for its user or an admin. Where as many tests of its user
/// run as may, that is the latest of them. `once_more`: an admin will not wait for the next probe.
pub async fn check_again(
    services: &Services,
    by: &User,
    connection: &Connection,
    once_more: bool,
) -> Result<CheckId, StoreError> {
    let account = services.store.account(connection.account_id).await?;
    let sending = match account {
        Some(account) if once_more => Sending::once_more(&account),
        _ => Sending::Planned,
    };
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
            &AuditEntry::by(by.id, AuditAction::CheckStarted).about(subject),
        )
        .await?;
    let (id, services, connection) = (check.id, services.clone(), connection.clone());
    services.running.begin(id, place);
    services.tasks.clone().spawn(async move {
        let (ladder, outcome) = match check_saved(&services, id, &owner, &connection, sending).await
        {
            Ok(ended) => ended,
            Err(problem) => {
                let outcome = Outcome::Failed {
                    problem: Box::new(problem),
                    request_id: None,
                };
                (TestSteps::held_back(), outcome)
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
    sending: Sending,
) -> Result<(TestSteps, Outcome), Problem> {
    let leased = wait_for_account(services, connection.account_id, Patience::OfTest).await?;
    let whose = (connection.mode, &connection.mailbox);
    let testing = test_saved(services, id, owner, &leased, whose, sending);
    let tested = sync::while_held(services, &leased, testing).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    let (ladder, ended) = tested.unwrap_or(Err(Problem::AccountInUse))?;
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
pub(super) async fn test_saved(
    services: &Services,
    id: CheckId,
    owner: &User,
    leased: &Leased,
    (mode, mailbox): (Mode, &SmtpAddress),
    sending: Sending,
) -> Result<(TestSteps, Option<Result<Success, Failure>>), Problem> {
    let account = &leased.account;
    // Before the secret is opened: a closed gate needs none.
    let closed = SavedGate::closed(services, account, sending).await;
    if let Some(problem) = closed.map_err(|error| unreadable(&error))? {
        // What stopped the account says more than when it is tried again.
        return Err(match problem {
            Problem::SignInPaused { .. }
                if account.saved_refusals > 0 && sending == Sending::Planned =>
            {
                account.stopped_problem()
            }
            other => other,
        });
    }
    let gate = SavedGate::new(services, account.clone()).sending(sending);
    // An administrator sees that it can be read, and not what is in it.
    let level = match sending {
        Sending::OnceMore { .. } => PrivacyLevel::FreeBusy,
        Sending::Planned | Sending::Probe => level_of(services, owner).await,
    };
    let testing = connection_test::TestRequest {
        mode,
        mailbox: mailbox.clone(),
        account: account.name.clone(),
        password: sync::open_secret(services, account, mailbox).await?,
        endpoint: Some(account.endpoint.clone()),
        fallback_zone: zone_of(owner),
        level,
        controls: controls_of(services, &account.name, mailbox).await,
        remembered: None,
        confirmed: Vec::new(),
    };
    let (ladder, mut ended) =
        run_test(services, id, tools(services, Arc::new(gate)), testing).await;
    if let Some(ended) = &mut ended {
        certificate::compare(services, ended).await;
        if let Err(failure) = ended {
            failure.problem = failure.problem.clone().of_saved();
            note_pause(services, account, &failure.problem).await;
        }
    }
    Ok((ladder, ended))
}

/// A server that asks somebody who waits for a pause asks for it all the same.
async fn note_pause(services: &Services, account: &Account, problem: &Problem) {
    let Some(asked) = problem.asked_pause() else {
        return;
    };
    let busy = RequestedPause {
        account: account.id,
        connection: None,
        problem,
        asked,
        now: services.clock.now(),
    };
    if let Err(error) = services.store.note_requested_pause(&busy).await {
        tracing::error!(%error, "a pause that was asked for could not be written down");
    }
}

/// Whether the saved password of an account still opens a mailbox, asked once, whether or not the account is paused.
pub(crate) async fn probe(
    services: &Services,
    account: &Account,
    mailbox: &SmtpAddress,
) -> Result<(), Problem> {
    let leased = wait_for_account(services, account.id, Patience::OfForm).await?;
    let gate = SavedGate::new(services, leased.account.clone()).sending(Sending::Probe);
    let probed = async {
        let request = connection_test::TestRequest {
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
        let tools = tools(services, Arc::new(gate));
        let tested = Box::pin(connection_test::run(&tools, request, drop)).await;
        tested.map(drop).map_err(|failure| failure.problem)
    };
    let probed = sync::while_held(services, &leased, probed).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    probed.unwrap_or(Err(Problem::AccountInUse))
}

/// How long one waits for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A page shows meanwhile that it waits: for as long as a call may take.
    OfTest,
    /// Whoever pressed a button sees nothing until it is answered.
    OfForm,
}

impl Patience {
    const fn looks(self) -> u32 {
        match self {
            Self::OfTest => 480,
            Self::OfForm => 60,
        }
    }
}

/// Holds an account as soon as whoever works with it has given it back, or is found to be gone.
///
/// # Errors
/// [`Problem::AccountInUse`] after two minutes, or 15 seconds; [`Problem::PermissionGone`] if there is no such account any
/// more.
pub(crate) async fn wait_for_account(
    services: &Services,
    id: AccountId,
    patience: Patience,
) -> Result<Leased, Problem> {
    let store = &services.store;
    for _ in 0..patience.looks() {
        let now = services.clock.now();
        let leased = store.lease_account(id, now, LEASE).await;
        if let Some(leased) = leased.map_err(|error| unreadable(&error))? {
            return Ok(leased);
        }
        let known = store.account(id).await;
        if known.map_err(|error| unreadable(&error))?.is_none() {
            return Err(Problem::PermissionGone);
        }
        let wanted = store.want_account(id, now, WANTED).await;
        wanted.map_err(|error| unreadable(&error))?;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(Problem::AccountInUse)
}

fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "an account could not be leased");
    Problem::Interrupted
}
