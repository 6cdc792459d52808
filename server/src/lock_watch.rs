//! The locks of the databases while the server runs: a lock file that somebody takes away would let a second server in.

use kalends::database::{DatabaseLock, LockState};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often the lock files are looked at.
const LOOK: Duration = Duration::from_secs(5);

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
    pub async fn keep_looking(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.look();
            stop.run_until_cancelled(tokio::time::sleep(LOOK)).await;
        }
    }
}
