//! What a loop of the worker is handed: the services, when to stop, and how to tell that it goes on.

use super::loops::Loop;
use crate::services::Services;
use futures::future::BoxFuture;
use kalends_core::clock::Clock;
use std::{fmt::Display, time::Duration};
use tokio_util::sync::CancellationToken;

/// One loop at work.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub services: Services,
    pub stop: CancellationToken,
    pub(super) which: Loop,
}

impl WorkerContext {
    /// Tells that the loop goes on.
    pub fn alive(&self) {
        let Services {
            heartbeats, clock, ..
        } = &self.services;
        heartbeats.alive(self.which, clock);
    }

    /// Ends when it is time for the next look.
    pub async fn pause(&self) {
        sleep(&self.services.clock, self.which.pause()).await;
    }

    /// Does something again and again until told to stop; a step under way is then given up.
    pub(super) async fn repeat<E: Display>(
        &self,
        step: fn(Services) -> BoxFuture<'static, Result<(), E>>,
    ) {
        let repeated = async {
            loop {
                self.alive();
                if let Err(error) = step(self.services.clone()).await {
                    tracing::error!(%error, worker = self.which.name(), "a step failed");
                }
                self.pause().await;
            }
        };
        self.stop.run_until_cancelled(repeated).await;
    }
}

/// Returns once so much time went by, however the system's clock is set.
pub(super) async fn sleep(clock: &Clock, time: Duration) {
    /// How often a held clock is looked at.
    const POLL_INTERVAL: Duration = Duration::from_millis(5);
    if !clock.is_held() {
        return tokio::time::sleep(time).await;
    }
    let end = clock.passed() + time;
    while clock.passed() < end {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
