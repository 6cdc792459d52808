//! Secrets that were just made, for the admin who made them to read once more. They lie in memory alone.

use kalends_core::{clock::Timestamp, id::UserId};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// For how long one can be read.
pub const SHOWN_FOR: Duration = Duration::from_mins(15);

/// Secrets by what they belong to.
#[derive(Clone)]
pub struct OneTimeSecrets<K>(Arc<Mutex<HashMap<K, Secret>>>);

struct Secret {
    by: UserId,
    text: String,
    until: Timestamp,
}

impl<K> Default for OneTimeSecrets<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Copy + Eq + Hash> OneTimeSecrets<K> {
    /// Keeps one, in place of an earlier one.
    pub fn keep(&self, of: K, by: UserId, text: String, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, secret| secret.until > now);
        let until = now + SHOWN_FOR;
        all.insert(of, Secret { by, text, until });
    }

    /// One that this admin made a moment ago.
    pub fn get(&self, of: K, by: UserId, now: Timestamp) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = all.get(&of)?;
        (secret.by == by && secret.until > now).then(|| secret.text.clone())
    }

    /// All that this admin made a moment ago.
    pub fn all(&self, by: UserId, now: Timestamp) -> Vec<(K, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|(_, secret)| secret.by == by && secret.until > now)
            .map(|(of, secret)| (*of, secret.text.clone()))
            .collect()
    }

    pub fn forget(&self, of: K) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&of);
    }
}
