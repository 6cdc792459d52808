//! Whether the worker goes on, and whether both databases still take changes: a full or read-only disk shows within
//! half a minute.

use super::Loop;
use crate::services::Services;
use kalends_core::clock::Clock;
use std::{
    collections::HashMap,
    convert::Infallible,
    fmt::Display,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

/// After this long without a heartbeat in a database, Kalends is not ready.
const SILENCE: Duration = Duration::from_secs(30);
/// How long one database may take for a heartbeat; less than the pause between two.
const LIMIT: Duration = Duration::from_secs(9);
/// A loop that is not heard of for this long is told in the log. A step of it may take minutes.
const LOST: Duration = Duration::from_mins(15);

/// The database that took no heartbeat for half a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Silent {
    #[error("the main database takes no changes; its disk may be full or read-only")]
    Main,
    #[error("the vault takes no changes; its disk may be full or read-only")]
    Vault,
}

/// When each loop of this process was last heard of. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Heartbeats(Arc<Mutex<Inner>>);

/// Instants as [`Clock::passed`] tells them: a clock that is set makes nothing old.
#[derive(Debug, Default)]
struct Inner {
    loops: HashMap<Loop, Duration>,
    main: Option<Duration>,
    vault: Option<Duration>,
}

impl Heartbeats {
    /// A loop goes on.
    pub fn alive(&self, which: Loop, clock: &Clock) {
        let now = clock.passed();
        self.with(|inner| inner.loops.insert(which, now));
    }

    /// How long ago each loop that began was last heard of.
    pub fn silences(&self, clock: &Clock) -> Vec<(Loop, Duration)> {
        let now = clock.passed();
        self.with(|inner| {
            let silences = inner.loops.iter();
            silences
                .map(|(which, at)| (*which, now.saturating_sub(*at)))
                .collect()
        })
    }

    /// An error where a database took no heartbeat within the last 30 seconds.
    pub fn recent(&self, clock: &Clock) -> Result<(), Silent> {
        let now = clock.passed();
        let (main, vault) = self.with(|inner| (inner.main, inner.vault));
        let is_recent =
            |at: Option<Duration>| at.is_some_and(|at| now.saturating_sub(at) < SILENCE);
        match (is_recent(main), is_recent(vault)) {
            (true, true) => Ok(()),
            (false, _) => Err(Silent::Main),
            (true, false) => Err(Silent::Vault),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes a heartbeat into both databases; one that takes none keeps the other from nothing.
pub async fn beat(services: &Services) -> Result<(), Infallible> {
    let Services {
        store,
        vault,
        heartbeats,
        clock,
        instance,
        ..
    } = services;
    let now = clock.now();
    let silences = heartbeats.silences(clock);
    for (which, silence) in &silences {
        if *silence > which.pause() + LOST {
            let minutes = silence.as_secs() / 60;
            tracing::error!(worker = which.name(), minutes, "a loop was not heard of");
        }
    }
    let loops: Vec<_> = silences
        .iter()
        .map(|(which, silence)| (which.name(), now - *silence))
        .collect();
    let (main, vault) = tokio::join!(
        written("main", store.beat(instance, &loops, now)),
        written("vault", vault.beat(instance, now)),
    );
    let passed = clock.passed();
    heartbeats.with(|inner| {
        if main {
            inner.main = Some(passed);
        }
        if vault {
            inner.vault = Some(passed);
        }
    });
    Ok(())
}

async fn written<E: Display>(database: &str, writing: impl Future<Output = Result<(), E>>) -> bool {
    match timeout(LIMIT, writing).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, database, "a heartbeat could not be written");
            false
        }
        Err(_) => {
            tracing::error!(database, "a heartbeat was not written in time");
            false
        }
    }
}
