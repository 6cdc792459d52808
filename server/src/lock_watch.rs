//! The locks and the files of the databases while the server runs: a lock file that somebody takes away would let a second
//! server in, and what is written to a file that was taken away is lost.

use kalends::services::Services;
use kalends_store::{
    Store,
    database::{DatabaseLock, LockState},
    vault::Vault,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often the lock files are looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Shared by whoever asks whether the locks are still held.
#[derive(Debug, Clone, Default)]
pub struct LockWatch(Arc<Mutex<Vec<Watched>>>);

#[derive(Debug)]
struct Watched {
    lock: DatabaseLock,
    is_lost: bool,
}

impl LockWatch {
    pub fn new(locks: Vec<DatabaseLock>) -> Self {
        let watched = locks.into_iter().map(|lock| Watched {
            lock,
            is_lost: false,
        });
        Self(Arc::new(Mutex::new(watched.collect())))
    }

    /// What is wrong with a lock now; one whose file was taken away is taken anew where nobody was quicker. The log tells
    /// each change once.
    pub fn look(&self) -> Option<String> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wrong = None;
        for one in watched.iter_mut() {
            let state = one.lock.renew();
            let database = one.lock.database().display();
            match state {
                LockState::TakenAnew => tracing::error!(
                    "the lock file beside {database} was taken away while Kalends works with the database, and is locked anew. \
                     Delete it only while no Kalends runs"
                ),
                LockState::Lost if !one.is_lost => tracing::error!(
                    "the lock file beside {database} was taken away, and another one stands there: a second Kalends may work \
                     with the database. Stop all of them, and start one"
                ),
                LockState::Held | LockState::Lost => {}
            }
            one.is_lost = state == LockState::Lost;
            if one.is_lost {
                wrong = Some(
                    "the lock of a database was lost: a second Kalends may work with it".to_owned(),
                );
            }
        }
        wrong
    }

    /// Looks again and again until told to stop.
    pub async fn watch(self, services: Services, stop: CancellationToken) {
        let mut told = None;
        while !stop.is_cancelled() {
            let found = misplaced(&services.store, &services.vault);
            match &found {
                Some(why) if found != told => {
                    tracing::error!("{why}. Nothing is changed until then");
                }
                None if told.is_some() => {
                    tracing::warn!("the files of the databases are in their places again");
                }
                Some(_) | None => {}
            }
            told = found;
            self.look();
            stop.run_until_cancelled(tokio::time::sleep(POLL_INTERVAL))
                .await;
        }
    }
}

/// What became of a database's file, if it does not stand in its place.
pub fn misplaced(store: &Store, vault: &Vault) -> Option<String> {
    let main = store
        .in_place()
        .map_err(|it| format!("the main database {it}"));
    let vault = vault.in_place().map_err(|it| format!("the vault {it}"));
    main.and(vault).err()
}
