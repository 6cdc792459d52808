//! Takes a place for a password that is about to be sent.

use crate::{services::Services, worker::watch_clock};
use kalends_core::{call::CALL_LIMIT, id::RecordId, problem::Problem};
use kalends_store::{CountedUnder, NoPlace, PasswordSource, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// How long one waits for a place that another one's answer may free, and how often it looks.
pub(super) const WAIT_FOR_OTHERS: Duration = CALL_LIMIT.saturating_add(Duration::from_secs(10));

pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Takes a place, waiting for one that is on its way to being free. `Err`: none is, until then.
pub(super) async fn reserve(
    services: &Services,
    under: &CountedUnder,
    sent: PasswordSource,
) -> Result<Result<RecordId, NoPlace>, StoreError> {
    let begun = Instant::now();
    loop {
        // Where the clock was set ahead since, no place is free for that.
        watch_clock(services).await?;
        let now = services.clock.now();
        match services.store.reserve_sign_in(under, sent, now).await? {
            Err(none) if none.is_open && begun.elapsed() < WAIT_FOR_OTHERS => {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            reserved => return Ok(reserved),
        }
    }
}

/// Where the count cannot be read, no password goes out.
pub(super) fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "the count of refused sign-ins could not be read");
    Problem::Interrupted
}
