//! Keeping stored calendars in step: a worker takes accounts that have connections due, alone in all instances, and
//! gives each connection a round.
//!
//! Rounds of one account share a few signed-in connections, which sign in one after another, so that a changed password
//! is refused once. How a failure changes the plan is decided in [`plan`] and nowhere else.

mod clients;
mod kept;
mod lease;
pub mod plan;
mod round;
mod turn;

pub(crate) use clients::Clients;
pub use clients::open_secret;
pub use kept::Kept;
pub(crate) use lease::while_held;

use crate::{
    audit::{Action, Entry},
    connection::{Connection, ConnectionState},
    id::AccountId,
    services::Services,
    store::{StoreError, User},
    worker::Turn,
};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Accounts at work at the same time in one instance.
const AT_ONCE: usize = 8;
/// How long an account is held at most; whoever has died by then is replaced.
pub const LEASE: Duration = Duration::from_mins(3);

/// Gives rounds without end: whenever an account's turn ends, the next account that has something due gets one.
pub(crate) async fn run(worker: &Turn) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut turns = JoinSet::new();
    let mut last = None;
    while !stop.is_cancelled() {
        worker.alive();
        services.kept.purge(services.clock.now());
        let free = AT_ONCE.saturating_sub(turns.len());
        match begin_turns(services, stop, &mut turns, free, last).await {
            Ok(begun) => last = begun.or(last),
            Err(error) => tracing::error!(%error, "due connections could not be read"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.wake.notified() => {}
            Some(_) = turns.join_next() => {}
            () = worker.pause() => {}
        }
    }
    while turns.join_next().await.is_some() {}
}

/// Begins turns of up to `free` accounts behind `last`, and returns the last of them.
async fn begin_turns(
    services: &Services,
    stop: &CancellationToken,
    turns: &mut JoinSet<usize>,
    free: usize,
    last: Option<AccountId>,
) -> Result<Option<AccountId>, StoreError> {
    let now = services.clock.now();
    let store = &services.store;
    let leased = store.lease_due_accounts(now, free, LEASE, last).await?;
    let last = leased.last().map(|leased| leased.account.id);
    for leased in leased {
        let (services, stop) = (services.clone(), stop.clone());
        turns.spawn(async move { turn::turn(&services, leased, &stop).await });
    }
    Ok(last)
}

/// Gives the connections that are due now one round each, and returns how many that were.
pub async fn tend(services: &Services) -> Result<usize, StoreError> {
    let stop = CancellationToken::new();
    let mut turns = JoinSet::new();
    let mut rounds = 0;
    loop {
        let free = AT_ONCE.saturating_sub(turns.len());
        begin_turns(services, &stop, &mut turns, free, None).await?;
        match turns.join_next().await {
            Some(ended) => rounds += ended.unwrap_or(0),
            None => return Ok(rounds),
        }
    }
}

/// Deletes the copy of a connection's calendar and reads it anew at once; false, with nothing deleted, if nothing can be
/// read because the connection is paused or its account stopped.
pub async fn rebuild(
    services: &Services,
    by: &User,
    connection: &Connection,
) -> Result<bool, StoreError> {
    let account = services.store.account(connection.account_id).await?;
    let is_stopped = account.is_none_or(|account| account.saved_refusals > 0);
    if is_stopped || connection.state == ConnectionState::Paused {
        return Ok(false);
    }
    let entry = Entry::by(by.id, Action::RebuildRequested).about(connection.mailbox.as_str());
    let now = services.clock.now();
    services.store.rebuild(connection.id, &entry, now).await?;
    services.wake.notify_one();
    Ok(true)
}

/// What came of asking for a round at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It starts within a second, and its round signs in anew: who asks wants to know whether it works.
    Started,
    /// Its server has asked for a pause: it starts as soon as that is over.
    Waiting,
    /// Its account's password was refused: nothing would come of it.
    AccountStopped,
    /// It is paused, alone or with its account or everything.
    Paused,
}

/// Makes a connection due at once.
pub async fn soon(
    services: &Services,
    by: &User,
    connection: &Connection,
) -> Result<Asked, StoreError> {
    if connection.state == ConnectionState::Paused {
        return Ok(Asked::Paused);
    }
    let account = services.store.account(connection.account_id).await?;
    let Some(account) = account.filter(|account| account.saved_refusals == 0) else {
        return Ok(Asked::AccountStopped);
    };
    let entry = Entry::by(by.id, Action::SyncRequested).about(connection.mailbox.as_str());
    services
        .store
        .make_due(connection.id, &entry, services.clock.now())
        .await?;
    services.kept.close(connection.account_id);
    services.wake.notify_one();
    let now = services.clock.now();
    Ok(match account.busy_until {
        Some(until) if until > now => Asked::Waiting,
        _ => Asked::Started,
    })
}
