//! Why a test ends at the step under way.

use super::request::Failure;

/// Why the test ends at the step under way.
pub(super) struct Stop {
    pub(super) failure: Box<Failure>,
    pub(super) seen: String,
}
