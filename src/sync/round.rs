//! One account's turn: its due connections one after another, each read whole over its window and stored in one
//! transaction.

use super::plan;
use crate::{
    account_name::Password,
    auth::Credentials,
    autodiscover::{Autodiscover, is_elsewhere},
    calendar::Event,
    clock::Timestamp,
    connect::{certificate, control_of},
    connection::{Connection, Mode},
    diagnose::{
        Evidence,
        control::{is_ambiguous, narrowed},
        diagnose,
    },
    ews::{Cause, Client, EwsError, Whose, read_window},
    problem::Problem,
    refusal::SavedGate,
    services::Services,
    store::{Account, Failed, Leased, ReadRound, StoreError},
    vault::{Destination, VaultError},
};
use jiff::tz::TimeZone;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The longest that one connection may take.
const ROUND_LIMIT: Duration = Duration::from_mins(1);
/// After this long an account is given back, so that its lease never runs out under a round.
const TURN_LIMIT: Duration = Duration::from_secs(90);

/// Why a round did not reach the end.
struct Trouble {
    problem: Problem,
    request_id: Option<String>,
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            request_id: None,
        }
    }
}

/// Works through an account's due connections until told to stop, and returns how many rounds were given.
#[tracing::instrument(name = "sync.turn", skip_all, fields(account.id = %leased.account.id))]
pub async fn turn(services: &Services, leased: Leased, stop: &CancellationToken) -> usize {
    let mut rounds = 0;
    let rounds_of = Box::pin(rounds_of(services, &leased.account, &mut rounds));
    let worked = stop.run_until_cancelled(rounds_of);
    if let Some(Err(error)) = worked.await {
        tracing::error!(%error, "an account's rounds were broken off");
    }
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    rounds
}

async fn rounds_of(
    services: &Services,
    account: &Account,
    rounds: &mut usize,
) -> Result<(), StoreError> {
    let begun = Instant::now();
    let due_by = services.clock.now();
    let mut client = services.kept.take(account, due_by);
    let worked = rounds_over(services, account, rounds, &mut client, due_by, begun).await;
    if let Some(client) = client {
        services.kept.put(account, client, services.clock.now());
    }
    worked
}

async fn rounds_over(
    services: &Services,
    account: &Account,
    rounds: &mut usize,
    client: &mut Option<Client>,
    due_by: Timestamp,
    begun: Instant,
) -> Result<(), StoreError> {
    let mut password = None;
    while begun.elapsed() < TURN_LIMIT {
        let Some(connection) = services.store.next_due(account.id, due_by).await? else {
            return Ok(());
        };
        // Closed again by a refusal within this turn, or never opened.
        let now_account = services.store.account(account.id).await?;
        let Some(now_account) = now_account.filter(|now| now.secret_id == account.secret_id) else {
            return Ok(());
        };
        if let Some(problem) =
            SavedGate::closed(&services.store, &services.clock, &now_account).await?
        {
            services
                .store
                .hold_back(&connection, &problem, services.clock.now())
                .await?;
            continue;
        }
        *rounds += 1;
        round(services, &now_account, &connection, &mut password, client).await?;
    }
    Ok(())
}

#[tracing::instrument(name = "sync.round", skip_all, fields(connection.id = %connection.id))]
async fn round(
    services: &Services,
    account: &Account,
    connection: &Connection,
    password: &mut Option<Password>,
    client: &mut Option<Client>,
) -> Result<(), StoreError> {
    let started_at = services.clock.now();
    let reading = read(services, account, connection, password, client);
    let read = match timeout(ROUND_LIMIT, reading).await {
        Ok(read) => read,
        Err(_) => Err(Problem::AnswerTimedOut {
            seconds: ROUND_LIMIT.as_secs(),
        }
        .into()),
    };
    let now = services.clock.now();
    match read {
        Ok(events) => {
            let next = plan::after_success(now, &services.random);
            let round = ReadRound {
                events: &events,
                started_at,
                now,
                next,
            };
            let changes = services.store.keep_round(connection, &round).await?;
            tracing::debug!(?changes, entries = events.len(), "round ended");
            Ok(())
        }
        Err(Trouble {
            problem,
            request_id,
        }) => {
            // A connection that failed is not trusted with the next mailbox.
            *client = None;
            let refused = matches!(problem, Problem::SignInRefused { .. });
            let (state, next) = plan::after_failure(&problem, now, &services.random);
            let request_id = request_id.as_deref();
            tracing::warn!(code = problem.code(), request_id, "round failed");
            let failed = Failed {
                problem: &problem,
                request_id,
                state,
                started_at,
                now,
                next,
            };
            if refused {
                services.store.note_refused_round(connection, &failed).await
            } else {
                services.store.fail_round(connection, &failed).await
            }
        }
    }
}

async fn read(
    services: &Services,
    account: &Account,
    connection: &Connection,
    password: &mut Option<Password>,
    client: &mut Option<Client>,
) -> Result<Vec<Event>, Trouble> {
    let url = account.endpoint.to_string();
    let evidence = Evidence {
        url: &url,
        mailbox: &connection.mailbox,
    };
    let trouble = |error: EwsError| Trouble {
        problem: diagnose(&error, &evidence),
        request_id: error.ids.shown().map(ToOwned::to_owned),
    };
    let whose = whose(connection);
    let zone = owner_zone(services, connection).await;
    let window = plan::window(services.clock.now());
    let mut is_new = client.is_none();
    let mut ready = match client.take() {
        Some(ready) => ready,
        None => open(services, account, connection, password, &trouble).await?,
    };
    let mut read = read_window(&mut ready, &whose, window, &zone).await;
    if matches!(&read, Err(error) if *error.cause == Cause::PasswordForgotten) {
        ready = open(services, account, connection, password, &trouble).await?;
        is_new = true;
        read = read_window(&mut ready, &whose, window, &zone).await;
    }
    match read {
        Ok(events) => {
            if is_new {
                let shown = ready.connection().facts().certificate.as_ref();
                certificate::keep(services, &account.endpoint, shown).await;
            }
            *client = Some(ready);
            Ok(events)
        }
        Err(error) => {
            let mut trouble = trouble(error);
            if connection.mode == Mode::ServiceAccount
                && is_ambiguous(&trouble.problem)
                && let Some(control) =
                    control_of(services, &account.name, &connection.mailbox).await
            {
                trouble.problem = narrowed(trouble.problem, &mut ready, &control).await;
            }
            if is_elsewhere(&trouble.problem)
                && let Some(moved) = moved(services, account, connection).await
            {
                trouble.problem = moved;
            }
            Err(trouble)
        }
    }
}

/// A signed-in client of the account's endpoint; the password is opened once a turn.
async fn open(
    services: &Services,
    account: &Account,
    connection: &Connection,
    password: &mut Option<Password>,
    trouble: &impl Fn(EwsError) -> Trouble,
) -> Result<Client, Trouble> {
    let password = match password {
        Some(password) => password.clone(),
        None => password
            .insert(open_secret(services, connection, account).await?)
            .clone(),
    };
    let credentials = Credentials {
        account: account.name.clone(),
        password,
    };
    let gate = Arc::new(SavedGate::new(
        services.store.clone(),
        services.clock.clone(),
        account.clone(),
    ));
    let opened = Client::open(
        &services.outbound,
        &services.random,
        account.endpoint.clone(),
        credentials,
        gate,
    )
    .await;
    match opened {
        Ok(opened) => Ok(opened),
        Err(error) => {
            let mut trouble = trouble(error);
            certificate::tell_change(services, &mut trouble.problem).await;
            Err(trouble)
        }
    }
}

/// Whether the account's own server knows where a mailbox is that it does not hold. The password goes nowhere else.
async fn moved(services: &Services, account: &Account, connection: &Connection) -> Option<Problem> {
    let credentials = Credentials {
        account: account.name.clone(),
        password: open_secret(services, connection, account).await.ok()?,
    };
    let gate = SavedGate::new(
        services.store.clone(),
        services.clock.clone(),
        account.clone(),
    );
    let autodiscover = Autodiscover {
        outbound: &services.outbound,
        random: &services.random,
        credentials: &credentials,
        gate: Arc::new(gate),
        confirmed: &[],
    };
    autodiscover
        .moved(&account.host, &connection.mailbox, &account.endpoint)
        .await
}

/// Opens the saved password for one use and writes that down.
pub async fn open_secret(
    services: &Services,
    connection: &Connection,
    account: &Account,
) -> Result<Password, Problem> {
    let to = Destination::new(&account.host, &account.name);
    let opened = services
        .vault
        .open_secret(account.secret_id, &to)
        .await
        .map_err(|error| {
            tracing::error!(%error, account.id = %account.id, "a saved password does not open");
            match error {
                VaultError::Missing => Problem::SecretMissing,
                VaultError::Database(_)
                | VaultError::Sql(_)
                | VaultError::Key(_)
                | VaultError::Seal => Problem::Interrupted,
            }
        })?;
    if let Err(error) = services
        .store
        .audit_opened(connection, services.clock.now())
        .await
    {
        // What is not on record does not happen.
        tracing::error!(%error, "the opening of a password could not be written down");
        return Err(Problem::Interrupted);
    }
    Ok(opened)
}

fn whose(connection: &Connection) -> Whose {
    match connection.mode {
        Mode::ServiceAccount => Whose::impersonated(connection.mailbox.clone()),
        Mode::Personal => Whose::own(connection.mailbox.clone()),
    }
}

/// The zone of all-day entries that name none: the owner's.
async fn owner_zone(services: &Services, connection: &Connection) -> TimeZone {
    let user = services.store.user(connection.user_id).await.ok().flatten();
    user.and_then(|user| TimeZone::get(&user.time_zone).ok())
        .unwrap_or(TimeZone::UTC)
}
