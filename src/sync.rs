//! Keeping stored calendars in step: a worker claims connections that are due and gives each a round.
//!
//! Rounds of one account share its signed-in connections; how a failure changes the plan is decided in
//! [`plan`], where it is understood, and nowhere else.

pub mod plan;
mod round;

use crate::{
    audit::{Action, Entry},
    connection::Connection,
    custody,
    services::Services,
    store::{StoreError, User},
};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the worker looks for due rows when nothing wakes it.
const LOOK: Duration = Duration::from_secs(1);
/// Rounds at work at the same time in one instance.
const AT_ONCE: usize = 8;
/// A round that takes longer is given to somebody else.
pub const LEASE: Duration = Duration::from_secs(180);
/// How often forgotten secrets are looked for.
const SWEEP: Duration = Duration::from_secs(3600);

/// Works through due rows until told to stop; rounds under way are then given up, their leases run out.
pub async fn work(services: Services, stop: CancellationToken) {
    let mut swept = services.clock.now();
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => return,
            worked = tend(&services) => match worked {
                Ok(0) => {}
                Ok(rounds) => {
                    tracing::debug!(rounds, "rounds ended");
                    continue;
                }
                Err(error) => tracing::error!(%error, "due connections could not be read"),
            },
        }
        if services.clock.now().since(swept) > SWEEP {
            swept = services.clock.now();
            if let Err(error) = custody::sweep(&services.store, &services.vault, &services.clock).await {
                tracing::error!(%error, "forgotten secrets could not be looked for");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = services.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Gives every connection that is due now one round, and returns how many that were.
pub async fn tend(services: &Services) -> Result<usize, StoreError> {
    let mut rounds = JoinSet::new();
    let mut count = 0;
    loop {
        let free = AT_ONCE.saturating_sub(rounds.len());
        let due = services.store.claim_due(services.clock.now(), free, LEASE).await?;
        count += due.len();
        for claimed in due {
            let services = services.clone();
            rounds.spawn(async move { round::run(&services, claimed).await });
        }
        if rounds.join_next().await.is_none() {
            return Ok(count);
        }
    }
}
