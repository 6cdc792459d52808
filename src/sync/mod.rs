//! Keeping stored calendars in step: a worker takes accounts that have connections due, alone in all instances, and
//! gives each connection a sync run.
//!
//! Rounds of one account share a few signed-in connections, which sign in one after another, so that a changed password
//! is refused once. How a failure changes the plan is decided in [`plan`] and nowhere else.

mod account_run;
mod clients;
mod idle_connections;
mod lease;
pub mod plan;
mod run;
mod slots;

pub(crate) use clients::Clients;
pub use clients::open_secret;
pub use idle_connections::IdleConnections;
pub use lease::LEASE;
pub(crate) use lease::while_held;

use crate::{services::Services, worker::WorkerContext};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    connection::{Connection, ConnectionState},
};
use kalends_store::{StoreError, User};
use slots::Slots;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Gives sync runs without end: whenever an account's turn ends, the account that has waited longest of those that there is
/// room for gets one.
pub(crate) async fn run(worker: &WorkerContext) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut turns = RunningAccounts::default();
    while !stop.is_cancelled() {
        worker.alive();
        services.idle_connections.purge(services.clock.now());
        if let Err(error) = turns.begin(services, stop).await {
            tracing::error!(%error, "due connections could not be read");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.wake.notified() => {}
            Some(_) = turns.next() => {}
            () = worker.pause() => {}
        }
    }
    while turns.next().await.is_some() {}
}

/// The turns that go on in this instance.
#[derive(Default)]
struct RunningAccounts {
    tasks: JoinSet<account_run::AccountRunOutcome>,
    slots: Slots,
}

impl RunningAccounts {
    /// Begins turns for as long as there is room and something due.
    async fn begin(
        &mut self,
        services: &Services,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        while let Some(room) = self.slots.room(Instant::now()) {
            let now = services.clock.now();
            let leased = services.store.lease_due_account(now, &room, LEASE).await?;
            let Some(leased) = leased else { break };
            let account = leased.account.clone();
            let (services, stop) = (services.clone(), stop.clone());
            let task = self
                .tasks
                .spawn(async move { account_run::turn(&services, leased, &stop).await });
            self.slots.begun(task.id(), &account, Instant::now());
        }
        Ok(())
    }

    /// Waits for the end of a turn, and returns how many sync runs were given in it; `None`: none goes on.
    async fn next(&mut self) -> Option<usize> {
        let ended: Result<(Id, account_run::AccountRunOutcome), JoinError> =
            self.tasks.join_next_with_id().await?;
        let (task, turned) = match ended {
            Ok((task, turned)) => (task, Some(turned)),
            Err(error) => (error.id(), None),
        };
        self.slots.ended(task, turned.as_ref(), Instant::now());
        Some(turned.map_or(0, |turned| turned.sync_runs))
    }
}

/// Gives the connections that are due now one sync run each, and returns how many that were.
pub async fn run_due(services: &Services) -> Result<usize, StoreError> {
    let stop = CancellationToken::new();
    let mut turns = RunningAccounts::default();
    let mut sync_runs = 0;
    loop {
        turns.begin(services, &stop).await?;
        match turns.next().await {
            Some(ended) => sync_runs += ended,
            None => return Ok(sync_runs),
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
    let entry =
        AuditEntry::by(by.id, AuditAction::RebuildRequested).about(connection.mailbox.as_str());
    let now = services.clock.now();
    services.store.rebuild(connection.id, &entry, now).await?;
    services.wake.notify_one();
    Ok(true)
}

/// What came of asking for a sync run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncRequest {
    /// It starts within a second, and its sync run signs in anew: who asks wants to know whether it works.
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
) -> Result<SyncRequest, StoreError> {
    if connection.state == ConnectionState::Paused {
        return Ok(SyncRequest::Paused);
    }
    let account = services.store.account(connection.account_id).await?;
    let Some(account) = account.filter(|account| account.saved_refusals == 0) else {
        return Ok(SyncRequest::AccountStopped);
    };
    let entry =
        AuditEntry::by(by.id, AuditAction::SyncRequested).about(connection.mailbox.as_str());
    services
        .store
        .make_due(connection.id, &entry, services.clock.now())
        .await?;
    services.idle_connections.close(connection.account_id);
    services.wake.notify_one();
    let now = services.clock.now();
    Ok(match account.busy_until {
        Some(until) if until > now => SyncRequest::Waiting,
        _ => SyncRequest::Started,
    })
}
