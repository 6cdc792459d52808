//! A call to Exchange as it is told and counted.

use std::time::Duration;

/// How long a server may take to answer one call.
pub const CALL_LIMIT: Duration = Duration::from_secs(100);

/// A call that was made, for whoever looks it up in the logs of Exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub operation: &'static str,
    pub millis: u64,
    /// The id under which Exchange's logs have it.
    pub request_id: Option<String>,
    pub is_answered: bool,
}
