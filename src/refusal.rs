//! The refusal rule: a locked service account takes the whole organisation down, so a refused password is never
//! sent in a loop, whoever caused it.
//!
//! Each proof of a password takes a place in the store before it goes out. A refused one keeps it for an hour, and so
//! does one that was never answered; at most four stand for one account name, three of them typed. The first refusal of
//! a saved password stops all work of its account; probes follow ever more seldom.

mod key;
mod method;
mod person;
mod probes;
mod saved;
mod typed;
mod vouching;

pub use saved::{SavedGate, Sending, Told, full_until};
pub use typed::TypedGate;

use crate::{
    clock::Timestamp,
    id::RecordId,
    outbound::CALL_LIMIT,
    policy::Probes,
    problem::Problem,
    services::Services,
    store::{CountedUnder, NoPlace, Sent, StoreError},
    worker::watch_clock,
};
use std::time::Duration;
use tokio::time::Instant;

/// How long one waits for a place that another one's answer may free, and how often it looks.
const WAIT_FOR_OTHERS: Duration = CALL_LIMIT.saturating_add(Duration::from_secs(10));
const LOOK: Duration = Duration::from_millis(100);

/// When a saved password that was refused `refusals` times in a row is sent again by itself: after a quarter of an
/// hour, since single refusals happen under load and in outages; then after one hour, four hours, and once a day.
pub fn next_probe(refusals: i64, probes: Probes, now: Timestamp) -> Option<Timestamp> {
    let wait = match (refusals, probes) {
        (..=1, _) => Duration::from_mins(15),
        (_, Probes::FirstOnly) => return None,
        (2, Probes::GoOn) => Duration::from_hours(1),
        (3, Probes::GoOn) => Duration::from_hours(4),
        (_, Probes::GoOn) => Duration::from_hours(24),
    };
    Some(now + wait)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_ever_further_apart_and_end_after_the_first_where_that_is_set() {
        let now = Timestamp::from_seconds(0);
        let hours = |refusals, probes| {
            next_probe(refusals, probes, now).map(|at| at.since(now).as_secs_f64() / 3600.0)
        };
        let going_on = [1, 2, 3, 4, 50].map(|refusals| hours(refusals, Probes::GoOn));
        assert_eq!(going_on, [0.25, 1.0, 4.0, 24.0, 24.0].map(Some));
        let first_only = [1, 2, 50].map(|refusals| hours(refusals, Probes::FirstOnly));
        assert_eq!(first_only, [Some(0.25), None, None]);
    }
}
