//! One account's turn: its due connections, the oldest first, a few at the same time.

use super::{clients::Clients, lease::while_held, run::run};
use crate::{
    accounts::refusals::{SavedGate, Sending},
    services::Services,
};
use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use kalends_core::{clock::Timestamp, connection::Connection, id::ConnectionId, problem::Problem};
use kalends_store::{Account, Leased, StoreError};
use std::{collections::HashSet, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// After this long no further sync run begins, so that others get their turn.
const TURN_LIMIT: Duration = Duration::from_secs(90);
/// How often a turn looks whether its account was paused.
const POLL_INTERVAL: Duration = Duration::from_millis(400);

/// What came of a turn.
#[derive(Debug, Clone, Copy)]
pub struct AccountRunOutcome {
    /// How many sync runs were given.
    pub sync_runs: usize,
    /// An error ended it before its time.
    pub is_broken_off: bool,
}

/// Works through an account's due connections until told to stop.
#[tracing::instrument(name = "sync.account", skip_all, fields(account.id = %leased.account.id))]
pub async fn turn(
    services: &Services,
    leased: Leased,
    stop: &CancellationToken,
) -> AccountRunOutcome {
    let account = &leased.account;
    let mut sync_runs = 0;
    let working = Box::pin(runs_of(services, &leased, &mut sync_runs));
    let worked = tokio::select! {
        worked = while_held(services, &leased, working) => worked,
        () = stop.cancelled() => None,
        () = paused(services, account) => None,
    };
    let is_broken_off =
        matches!(&worked, Some(Err(error)) if !matches!(error, StoreError::LeaseLost));
    match worked {
        Some(Err(StoreError::LeaseLost)) => {
            tracing::warn!(
                "the account is gone, or somebody else holds it: what was read of it is thrown away"
            );
        }
        Some(Err(error)) => tracing::error!(%error, "the syncs of an account were broken off"),
        Some(Ok(())) | None => {}
    }
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    AccountRunOutcome {
        sync_runs,
        is_broken_off,
    }
}

/// Ends when an admin has paused the account, or everything.
async fn paused(services: &Services, account: &Account) {
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        match services.store.is_paused(account.id).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "whether an account is paused could not be read"),
        }
    }
}

async fn runs_of(
    services: &Services,
    leased: &Leased,
    sync_runs: &mut usize,
) -> Result<(), StoreError> {
    let account = &leased.account;
    let clients = Clients::new(services, account);
    let work = Work {
        services,
        leased,
        account,
        due_by: services.clock.now(),
        until: Instant::now() + TURN_LIMIT,
    };
    let worked = work.through(&clients, sync_runs).await;
    clients.keep();
    worked
}

struct Work<'a> {
    services: &'a Services,
    leased: &'a Leased,
    account: &'a Account,
    due_by: Timestamp,
    until: Instant,
}

impl Work<'_> {
    async fn through(
        &self,
        clients: &Clients<'_>,
        sync_runs: &mut usize,
    ) -> Result<(), StoreError> {
        // What a sync run reads is written only while the account is held; the verdict on a password always is.
        let mut held = self.services.clone();
        held.store = held.store.under(&self.leased.lease);
        let services = &held;
        let mut under_way = FuturesUnordered::new();
        let mut ids = HashSet::new();
        loop {
            while under_way.len() < clients.at_once() {
                let Some((account, connection)) = self.next(&ids).await? else {
                    break;
                };
                ids.insert(connection.id);
                under_way.push(
                    async move { run(services, &account, &connection, clients).await }.boxed(),
                );
            }
            let Some(ended) = under_way.next().await else {
                return Ok(());
            };
            *sync_runs += 1;
            ended?;
        }
    }

    /// The next connection that is due and may be read, with its account as it is now. `None`: this turn begins no more.
    async fn next(
        &self,
        begun: &HashSet<ConnectionId>,
    ) -> Result<Option<(Account, Connection)>, StoreError> {
        let store = &self.services.store;
        while Instant::now() < self.until {
            let due = store
                .next_due(self.account.id, self.due_by, begun.len() + 1)
                .await?;
            let Some(connection) = due.into_iter().find(|due| !begun.contains(&due.id)) else {
                return Ok(None);
            };
            // Closed again by a refusal within this turn, or wanted by a person.
            let account = store.account(self.account.id).await?;
            let Some(account) = account.filter(|now| now.secret_id == self.account.secret_id)
            else {
                return Ok(None);
            };
            let now = self.services.clock.now();
            let is_later = |until: Option<Timestamp>| until.is_some_and(|until| until > now);
            if is_later(account.wanted_until) || is_later(account.busy_until) {
                return Ok(None);
            }
            match SavedGate::closed(self.services, &account, Sending::Planned).await? {
                None => return Ok(Some((account, connection))),
                Some(Problem::AccountPaused | Problem::PasswordChanging { .. }) => return Ok(None),
                Some(problem) => store.hold_back(&connection, &problem, now).await?,
            }
        }
        Ok(None)
    }
}
