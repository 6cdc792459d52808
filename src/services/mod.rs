//! What the parts that act are handed: both databases, the way out, the time, and what only this process knows.

pub mod instance;
mod other_instances;
pub mod peers;

use crate::{
    accounts::custody::{Custody, CustodyError, DatabaseComparison},
    connect::RunningChecks,
    notify::Channels,
    people::hashing::Hashing,
    reports::metrics::Metrics,
    services::{other_instances::OtherInstances, peers::Peers},
    sync::IdleConnections,
    worker::{ClockWatch, Heartbeats},
};
use kalends_core::{clock::Clock, random::Random};
use kalends_exchange::outbound::Outbound;
use kalends_store::{Store, vault::Vault};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// One running Kalends. Clones share everything.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub vault: Vault,
    pub outbound: Outbound,
    pub clock: Clock,
    pub random: Random,
    pub metrics: Metrics,
    /// What the clock showed last.
    pub clock_watch: Arc<ClockWatch>,
    /// What was last heard of the other instances.
    pub others: Arc<OtherInstances>,
    /// When the loops of this process were last heard of.
    pub heartbeats: Heartbeats,
    /// The name of this process among those that share the databases.
    pub instance: Arc<str>,
    pub hashing: Hashing,
    /// Whom requests came from, where a proxy must stand in between.
    pub peers: Peers,
    /// The tests of connections that are under way.
    pub running: RunningChecks,
    /// The ways out for notices; none but webhooks until the program sets more.
    pub channels: Channels,
    /// Signed-in connections between sync runs.
    pub idle_connections: IdleConnections,
    /// Checks under way; cancelled when the process ends, which waits for them to write down their end.
    pub tasks: TaskTracker,
    pub stopping: CancellationToken,
    /// How the two databases stood to each other at the last look.
    standing: Arc<Mutex<Option<Arc<DatabaseComparison>>>>,
    /// Wakes the worker before its next look at the due rows.
    pub wake: Arc<Notify>,
    /// Wakes it before its next look at the queue.
    pub wake_jobs: Arc<Notify>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

impl Services {
    pub fn new(
        store: Store,
        vault: Vault,
        outbound: Outbound,
        clock: Clock,
        random: Random,
    ) -> Self {
        let metrics = Metrics::new(&clock);
        let outbound = outbound.observed_by(metrics.calls());
        Self {
            metrics,
            heartbeats: Heartbeats::default(),
            instance: store.instance(),
            hashing: Hashing::new(random.clone()),
            clock_watch: Arc::default(),
            others: Arc::default(),
            peers: Peers::default(),
            running: RunningChecks::default(),
            channels: Channels::new(None, outbound.clone(), String::new()),
            idle_connections: IdleConnections::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            standing: Arc::default(),
            wake: Arc::new(Notify::new()),
            wake_jobs: Arc::new(Notify::new()),
            store,
            vault,
            outbound,
            clock,
            random,
        }
    }

    /// The same services, writing through another handle of the main database.
    #[must_use]
    pub fn with_store(&self, store: Store) -> Self {
        let mut services = self.clone();
        services.store = store;
        services
    }

    pub fn custody(&self) -> Custody {
        Custody {
            store: self.store.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
        }
    }

    /// How the two databases stood to each other when they were last compared; `None` before the first time.
    pub fn standing(&self) -> Option<Arc<DatabaseComparison>> {
        let latest = self.standing.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the two databases.
    pub async fn compare_databases(&self) -> Result<Arc<DatabaseComparison>, CustodyError> {
        let standing = Arc::new(self.custody().standing().await?);
        let mut latest = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Some(Arc::clone(&standing));
        Ok(standing)
    }
}
