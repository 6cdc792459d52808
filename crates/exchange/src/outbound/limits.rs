//! How long each part of a connection may take.

use kalends_core::call::CALL_LIMIT;
use std::time::Duration;
use tokio::time::Instant;

/// How long it may take from the look-up of a name until the server has asked for a sign-in.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long one of several addresses may take to accept a connection.
pub const TCP_LIMIT: Duration = Duration::from_secs(4);

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// See [`CONNECT_LIMIT`].
    pub connect: Duration,
    /// See [`CALL_LIMIT`].
    pub call: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            call: CALL_LIMIT,
        }
    }
}

/// What is left until an instant; zero once it has passed.
pub(super) fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
