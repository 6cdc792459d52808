//! Rows that cannot be read, such as after a change by hand, as this process has met them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are remembered.
pub(crate) const MAX_REMEMBERED: usize = 50;

/// A table whose rows are read in lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Listed {
    Accounts,
    Connections,
    Users,
}

/// The rows that were met and could not be read. Clones are of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unreadable(Arc<Mutex<BTreeSet<(Listed, String)>>>);

impl Unreadable {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut BTreeSet<(Listed, String)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
