//! For how long checks may go on, and how often they look around.

use std::time::Duration;

/// A check that has not ended after this long was cut off by the end of its process: it takes five minutes at most,
/// and two before, while others hold its account.
pub(super) const MAX_DURATION: Duration = Duration::from_mins(8);

/// For how long a check goes on trying while a role is not in effect, if told to, and how often.
pub(super) const KEEP_TRYING_FOR: Duration = Duration::from_hours(2);

pub(super) const RETRY_INTERVAL: Duration = Duration::from_mins(5);

/// How often a running check asks whether it was cancelled, or whether its account is free.
pub const POLL_INTERVAL: Duration = Duration::from_millis(250);
