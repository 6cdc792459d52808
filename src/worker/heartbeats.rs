//! When each loop of this process was last heard of, and whether both databases still take changes.

use super::loops::Loop;
use kalends_core::clock::Clock;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// After this long without a heartbeat in a database, Kalends is not ready.
const SILENCE: Duration = Duration::from_secs(30);

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
pub(super) struct Inner {
    pub(super) loops: HashMap<Loop, Duration>,
    pub(super) main: Option<Duration>,
    pub(super) vault: Option<Duration>,
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

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
