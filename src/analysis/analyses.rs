//! The analyses of this process: those under way, and what the latest found.

use super::result::Analysis;
use kalends_core::{
    clock::Timestamp,
    id::{CheckId, UserId},
};
use kalends_store::User;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// For how long an ended analysis can still be read.
const KEEP_FOR: Duration = Duration::from_mins(30);

/// The most that are kept; the oldest that has ended goes first.
const MAX_KEPT: usize = 50;

/// The analyses of this process. Clones share them.
#[derive(Clone, Default)]
pub struct Analyses(Arc<Mutex<HashMap<CheckId, Kept>>>);

struct Kept {
    by: UserId,
    analysis: Analysis,
    stop: CancellationToken,
}

impl Analyses {
    /// Keeps a new one, and makes room for it.
    pub(super) fn begin(
        &self,
        by: UserId,
        analysis: Analysis,
        stop: CancellationToken,
        now: Timestamp,
    ) {
        let kept = Kept { by, analysis, stop };
        self.with(|all| {
            all.retain(|_, kept| kept.analysis.ended_at.is_none_or(|at| at + KEEP_FOR > now));
            let ended = all.values().filter(|kept| kept.analysis.ended_at.is_some());
            if all.len() >= MAX_KEPT
                && let Some(oldest) = ended.map(|kept| kept.analysis.id).min()
            {
                all.remove(&oldest);
            }
            all.insert(kept.analysis.id, kept);
        });
    }

    /// Changes one that is still kept.
    pub(super) fn update(&self, id: CheckId, change: impl FnOnce(&mut Analysis)) {
        self.with(|all| {
            if let Some(kept) = all.get_mut(&id) {
                change(&mut kept.analysis);
            }
        });
    }

    /// An analysis of this person's own.
    pub fn get(&self, id: CheckId, by: &User) -> Option<Analysis> {
        self.with(|all| {
            let kept = all.get(&id).filter(|kept| kept.by == by.id)?;
            Some(kept.analysis.clone())
        })
    }

    pub fn cancel(&self, id: CheckId, by: &User) {
        self.with(|all| {
            if let Some(kept) = all.get(&id).filter(|kept| kept.by == by.id) {
                kept.stop.cancel();
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<CheckId, Kept>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
