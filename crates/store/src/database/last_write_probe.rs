//! What the last look at a database found, for all who ask within a second.

use std::sync::Arc;
use tokio::{sync::Mutex, time::Instant};

/// The last look, one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct LastWriteProbe(pub(super) Arc<Mutex<Option<WriteProbe>>>);

#[derive(Debug)]
pub(super) struct WriteProbe {
    pub(super) at: Instant,
    pub(super) found: Result<(), String>,
}
