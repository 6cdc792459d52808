//! Links that were just made, for the admin who made them to read once more. They lie in memory alone.

use kalends_core::{clock::Timestamp, id::UserId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// For how long one can be read.
pub const SHOWN_FOR: Duration = Duration::from_mins(15);

/// Links by whom they are for.
#[derive(Clone, Default)]
pub struct OneTimeLinks(Arc<Mutex<HashMap<UserId, Link>>>);

struct Link {
    by: UserId,
    text: String,
    until: Timestamp,
}

impl OneTimeLinks {
    /// Keeps one, in place of an earlier one.
    pub fn keep(&self, of: UserId, by: UserId, text: String, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, link| link.until > now);
        let until = now + SHOWN_FOR;
        all.insert(of, Link { by, text, until });
    }

    /// One that was made a moment ago, for its mail.
    pub fn of(&self, of: UserId) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&of).map(|link| link.text.clone())
    }

    /// One that this admin made a moment ago.
    pub fn get(&self, of: UserId, by: UserId, now: Timestamp) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let link = all.get(&of)?;
        (link.by == by && link.until > now).then(|| link.text.clone())
    }

    /// All that this admin made a moment ago.
    pub fn all(&self, by: UserId, now: Timestamp) -> Vec<(UserId, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|(_, link)| link.by == by && link.until > now)
            .map(|(of, link)| (*of, link.text.clone()))
            .collect()
    }

    pub fn forget(&self, of: UserId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&of);
    }
}
