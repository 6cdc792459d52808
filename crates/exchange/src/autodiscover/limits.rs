//! How long a search may take, how far it goes, and how much of it is told.

use std::time::Duration;

/// How long all of it may take; less than a check, so that what was tried is told.
pub const SEARCH_TIMEOUT: Duration = Duration::from_mins(4);
/// How long one host may take to be probed.
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of an answer.
pub(super) const RESPONSE_LIMIT: usize = 512 * 1024;
/// How many times answers may send us on, all together.
pub(super) const MAX_HOPS: usize = 10;
/// The most hosts that are probed at a time.
pub(super) const MAX_HOSTS: usize = 6;
/// The most addresses that are told about.
pub(super) const MAX_REPORTED_ATTEMPTS: usize = 12;
/// The most hints that are told about.
pub(super) const MAX_REPORTED_HINTS: usize = 6;
