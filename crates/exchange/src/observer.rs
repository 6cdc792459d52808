//! Whoever counts what leaves for Exchange is handed in: the client knows no metrics.

use std::{fmt::Debug, time::Duration};

/// Told of each call as it ends. Implementations return at once.
pub trait CallObserver: Debug + Send + Sync {
    /// A call of an operation ended with a response code, or with the code of what came in its place.
    fn call_ended(&self, operation: &'static str, code: &str, took: Duration);

    /// An Exchange refused a password.
    fn sign_in_refused(&self);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoObserver;

impl CallObserver for NoObserver {
    fn call_ended(&self, _operation: &'static str, _code: &str, _took: Duration) {}

    fn sign_in_refused(&self) {}
}
