//! How long a server may take until it has asked for a sign-in.

use std::time::Duration;
use tokio::time::Instant;

/// How long it may take from the look-up of a name until the server has asked for a sign-in.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
