//! One connection's sync run: read whole over its window and stored in one transaction.

use super::{
    clients::{Clients, Origin, RunFailure},
    plan,
};
use crate::{
    connect::{certificate, context::zone_of},
    services::Services,
};
use jiff::tz::TimeZone;
use kalends_core::{
    call::Call, clock::Timestamp, connection::Connection, exchange_version::RequestSchema,
    policy::PrivacyLevel, problem::Problem,
};
use kalends_exchange::{
    auth::Credentials,
    autodiscover::{Autodiscover, is_elsewhere},
    diagnose::{Evidence, diagnose},
    ews::{Client, DamagedPeriods, EwsError, MailboxAccess, WindowEvents, read_window},
};
use kalends_store::{Account, CompletedRun, Failed, RequestedPause, StoreError};

/// Reads and stores; a failure is written down and is no error.
#[tracing::instrument(name = "sync.run", skip_all, fields(connection.id = %connection.id))]
pub async fn run(
    services: &Services,
    account: &Account,
    connection: &Connection,
    clients: &Clients<'_>,
) -> Result<(), StoreError> {
    let started_at = services.clock.now();
    let read = read(services, account, connection, clients).await;
    let now = services.clock.now();
    match read {
        Ok((mut reading, calls)) => {
            if services.clock_watch.behind().await.is_some() {
                // What a wrong window leaves out may be what the right one holds.
                let window = plan::window(started_at);
                let outside = services.store.events_outside(connection, window).await?;
                reading.events.extend(outside);
            }
            let run = CompletedRun {
                events: &reading.events,
                calls: &calls,
                started_at,
                now,
                next: plan::after_success(now, &services.random),
            };
            if account.busy_times > 0 {
                services.store.end_requested_pauses(account.id, now).await?;
            }
            match &reading.damaged {
                None => keep(services, connection, &run).await,
                Some(damaged) => keep_readable(services, connection, &run, damaged).await,
            }
        }
        Err(failure) => {
            fail(
                services,
                (account, connection),
                clients,
                failure,
                started_at,
            )
            .await
        }
    }
}

/// Writes down why nothing was read, and when to try again.
async fn fail(
    services: &Services,
    (account, connection): (&Account, &Connection),
    clients: &Clients<'_>,
    failure: RunFailure,
    started_at: Timestamp,
) -> Result<(), StoreError> {
    let RunFailure {
        problem,
        is_refusal,
        request_id,
        calls,
    } = failure;
    let now = services.clock.now();
    services.metrics.run_ended(Some(problem.code()));
    if !is_refusal && is_held_back(&problem) {
        return hold_back(services, connection, &problem).await;
    }
    let problem = paused(services, account, connection, problem, now).await?;
    let (state, next) = plan::after_failure(&problem, now, &services.random);
    let request_id = request_id.as_deref();
    tracing::warn!(code = problem.code(), request_id, "sync failed");
    let failed = Failed {
        problem: &problem,
        request_id,
        calls: &calls,
        state,
        started_at,
        now,
        next,
    };
    if is_refusal || clients.is_stopped() {
        return services.store.note_refused_run(connection, &failed).await;
    }
    services.store.fail_run(connection, &failed).await?;
    if clients.is_doubted() {
        let until = now + plan::IN_DOUBT;
        services.store.put_off(account.id, &failed, until).await?;
    }
    Ok(())
}

async fn keep(
    services: &Services,
    connection: &Connection,
    run: &CompletedRun<'_>,
) -> Result<(), StoreError> {
    let changes = services.store.save_run(connection, run).await?;
    services.metrics.run_ended(None);
    tracing::debug!(?changes, entries = run.events.len(), "sync ended");
    Ok(())
}

/// All but some entries was read: the rest is kept up to date, and the connection tells where they lie.
async fn keep_readable(
    services: &Services,
    connection: &Connection,
    run: &CompletedRun<'_>,
    damaged: &DamagedPeriods,
) -> Result<(), StoreError> {
    let unread = &damaged.periods;
    services
        .store
        .keep_readable(connection, run, unread)
        .await?;
    let url = connection.endpoint.to_string();
    let evidence = Evidence {
        url: &url,
        mailbox: &connection.mailbox,
    };
    let problem = diagnose(&damaged.error, &evidence).lying_in(unread);
    services.metrics.run_ended(Some(problem.code()));
    let (state, next) = plan::after_failure(&problem, run.now, &services.random);
    let request_id = damaged.error.ids.shown();
    tracing::warn!(
        code = problem.code(),
        request_id,
        "some entries could not be read"
    );
    let failed = Failed {
        problem: &problem,
        request_id,
        calls: &[],
        state,
        started_at: run.started_at,
        now: run.now,
        next,
    };
    services.store.fail_run(connection, &failed).await
}

/// Where the server asked for a pause, its account gets one, and the problem tells how long it is.
async fn paused(
    services: &Services,
    account: &Account,
    connection: &Connection,
    problem: Problem,
    now: Timestamp,
) -> Result<Problem, StoreError> {
    let Some(asked) = problem.asked_pause() else {
        return Ok(problem);
    };
    let busy = RequestedPause {
        account: account.id,
        connection: Some(connection.id),
        problem: &problem,
        asked,
        now,
    };
    let pause = services.store.note_requested_pause(&busy).await?;
    Ok(problem.with_pause(pause))
}

/// The account's gate shut before anything was asked: how its connections stand was written down by whoever shut it.
const fn is_held_back(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::SignInPaused { .. }
            | Problem::PasswordRefused { .. }
            | Problem::PasswordChanging { .. }
            | Problem::AccountPaused
    )
}

/// Where no place is free the sync run waits for one. How the others stand was written down by whoever shut the gate.
async fn hold_back(
    services: &Services,
    connection: &Connection,
    problem: &Problem,
) -> Result<(), StoreError> {
    match problem {
        Problem::SignInPaused { .. } => {
            let now = services.clock.now();
            services.store.hold_back(connection, problem, now).await
        }
        _ => Ok(()),
    }
}

async fn read(
    services: &Services,
    account: &Account,
    connection: &Connection,
    clients: &Clients<'_>,
) -> Result<(WindowEvents, Vec<Call>), RunFailure> {
    let mailbox = &connection.mailbox;
    let whose = whose(connection);
    let (zone, level) = of_owner(services, connection).await?;
    let window = plan::window(services.clock.now());
    let known = known_schema(services, connection).await;
    let (mut client, mut origin) = clients.take(mailbox).await?;
    client.set_schema(mailbox, known.unwrap_or_default());
    let mut read = read_window(&mut client, &whose, window, level, &zone).await;
    if read.as_ref().is_err_and(EwsError::needs_the_password) {
        (client, origin) = (clients.open(mailbox).await?, Origin::New);
        client.set_schema(mailbox, known.unwrap_or_default());
        read = read_window(&mut client, &whose, window, level, &zone).await;
    }
    let calls = client.take_calls();
    match read {
        Ok(reading) => {
            if origin == Origin::New {
                let shown = client.connection().facts().certificate.as_ref();
                certificate::keep(services, &account.endpoint, shown).await;
            }
            keep_build(services, account, &client).await;
            keep_schema(services, connection, known, client.schema(mailbox)).await;
            clients.give_back(client);
            Ok((reading, calls))
        }
        Err(error) => {
            let mut trouble = clients.trouble(&error, &client, mailbox).await;
            trouble.calls = calls;
            if connection.mode.impersonates() {
                let narrowed = clients.narrowed(trouble.problem, &mut client, mailbox);
                trouble.problem = narrowed.await;
            }
            if is_elsewhere(&trouble.problem)
                && let Some(moved) = moved(services, account, connection, clients).await?
            {
                trouble.problem = moved;
            }
            Err(trouble)
        }
    }
}

/// Whether the account's own server knows where a mailbox is that it does not hold. The password goes nowhere else.
async fn moved(
    services: &Services,
    account: &Account,
    connection: &Connection,
    clients: &Clients<'_>,
) -> Result<Option<Problem>, RunFailure> {
    let credentials = Credentials {
        account: account.name.clone(),
        password: clients.password(&connection.mailbox).await?,
    };
    let autodiscover = Autodiscover {
        outbound: &services.outbound,
        random: &services.random,
        credentials: &credentials,
        gate: clients.gate(),
        confirmed: &[],
    };
    let moved = autodiscover.moved(&account.host, &connection.mailbox, &account.endpoint);
    Ok(moved.await)
}

/// What the server said it runs.
async fn keep_build(services: &Services, account: &Account, client: &Client) {
    let Some(build) = client.greeting().build else {
        return;
    };
    let kept = services.store.keep_build(&account.host, build).await;
    if let Err(error) = kept {
        tracing::error!(%error, "a server's build could not be remembered");
    }
}

/// How the mailbox's server is asked, where that was found out some time ago.
async fn known_schema(services: &Services, connection: &Connection) -> Option<RequestSchema> {
    let now = services.clock.now();
    let known = services.store.request_schema(connection.id, now).await;
    known.unwrap_or_else(|error| {
        tracing::error!(%error, "how a mailbox is asked could not be read");
        None
    })
}

async fn keep_schema(
    services: &Services,
    connection: &Connection,
    known: Option<RequestSchema>,
    now_used: RequestSchema,
) {
    if known.unwrap_or_default() == now_used {
        return;
    }
    let now = services.clock.now();
    let kept = services
        .store
        .keep_request_schema(connection.id, now_used, now);
    if let Err(error) = kept.await {
        tracing::error!(%error, "how a mailbox is asked could not be remembered");
    }
}

fn whose(connection: &Connection) -> MailboxAccess {
    let mailbox = connection.mailbox.clone();
    if connection.mode.impersonates() {
        MailboxAccess::impersonated(mailbox)
    } else {
        MailboxAccess::own(mailbox)
    }
}

/// The zone of all-day entries that name none, and how much is kept: both by one look at the owner, so that neither is
/// known without the other.
async fn of_owner(
    services: &Services,
    connection: &Connection,
) -> Result<(TimeZone, PrivacyLevel), Problem> {
    let unreadable = |error| {
        tracing::error!(%error, "the owner's time zone and level of privacy could not be read");
        Problem::Interrupted
    };
    let store = &services.store;
    let owner = store.user(connection.user_id).await.map_err(unreadable)?;
    let owner = owner.ok_or(Problem::Interrupted)?;
    let policy = store.policy().await.map_err(unreadable)?;
    let level = policy.privacy.lowered_by(owner.privacy);
    Ok((zone_of(&owner), level))
}
