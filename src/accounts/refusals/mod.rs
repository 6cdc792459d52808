//! The refusal rule: a locked service account takes the whole organisation down, so a refused password is never
//! sent in a loop, whoever caused it.
//!
//! Each proof of a password takes a place in the store before it goes out. A refused one keeps it for an hour, and so
//! does one that was never answered; at most four stand for one account name, three of them typed. The first refusal of
//! a saved password stops all work of its account; probes follow ever more seldom.

mod method;
mod person;
mod probes;
mod saved;
mod typed;
mod vouching;

pub use saved::{PermitEvents, SavedGate, Sending, full_until};
pub use typed::TypedGate;

use crate::{services::Services, worker::watch_clock};
use kalends_core::{call::CALL_LIMIT, id::RecordId, problem::Problem};
use kalends_store::{CountedUnder, NoPlace, Sent, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// How long one waits for a place that another one's answer may free, and how often it looks.
const WAIT_FOR_OTHERS: Duration = CALL_LIMIT.saturating_add(Duration::from_secs(10));
const LOOK: Duration = Duration::from_millis(100);

/// Takes a place, waiting for one that is on its way to being free. `Err`: none is, until then.
async fn reserve(
    services: &Services,
    under: &CountedUnder,
    sent: Sent,
) -> Result<Result<RecordId, NoPlace>, StoreError> {
    let begun = Instant::now();
    loop {
        // Where the clock was set ahead since, no place is free for that.
        watch_clock(services).await?;
        let now = services.clock.now();
        match services.store.reserve_sign_in(under, sent, now).await? {
            Err(none) if none.is_open && begun.elapsed() < WAIT_FOR_OTHERS => {
                tokio::time::sleep(LOOK).await;
            }
            reserved => return Ok(reserved),
        }
    }
}

/// Where the count cannot be read, no password goes out.
fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "the count of refused sign-ins could not be read");
    Problem::Interrupted
}
