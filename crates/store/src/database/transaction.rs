//! A change under way: kept as a whole or not at all, and told to those who follow once it is kept.

use super::{announced, file::OpenedFile};
use crate::announcements::Announcements;
use kalends_core::topic::Topic;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{sync::OwnedMutexGuard, time::Instant};

/// A change under way.
#[derive(Debug)]
pub struct Transaction {
    inner: sqlx::Transaction<'static, sqlx::Any>,
    file: OpenedFile,
    /// Other instances work with the same database.
    is_shared: bool,
    announcements: Option<Announcements>,
    /// What is told once it is kept.
    changed: BTreeSet<Topic>,
    _turn: Option<WriterTurn>,
}

/// The one writer's turn on SQLite.
#[derive(Debug)]
pub(super) struct WriterTurn {
    turns: Arc<AtomicU64>,
    _guard: OwnedMutexGuard<()>,
}

impl WriterTurn {
    pub(super) fn new(guard: OwnedMutexGuard<()>, turns: &Arc<AtomicU64>) -> Self {
        turns.fetch_add(1, Ordering::Relaxed);
        Self {
            turns: Arc::clone(turns),
            _guard: guard,
        }
    }
}

impl Drop for WriterTurn {
    fn drop(&mut self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }
}

impl Transaction {
    pub(super) fn new(
        inner: sqlx::Transaction<'static, sqlx::Any>,
        file: OpenedFile,
        (is_shared, announcements): (bool, Option<Announcements>),
        turn: Option<WriterTurn>,
    ) -> Self {
        Self {
            inner,
            file,
            is_shared,
            announcements,
            changed: BTreeSet::new(),
            _turn: turn,
        }
    }

    /// The connection to run statements on.
    pub fn conn(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.inner
    }

    /// Announces that something changes: whoever follows it, on any instance, is told once this is kept, and only then.
    pub fn changed(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.changed.extend(topics);
    }

    /// Keeps the change; nothing is kept in a file that was taken from its place meanwhile.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.file.in_place()?;
        let Some(announcements) = self.announcements.take() else {
            return self.inner.commit().await;
        };
        if self.changed.contains(&Topic::Everything) {
            self.changed.retain(|topic| *topic == Topic::Everything);
        }
        let changes = self.changed.iter();
        let mut changes: Vec<_> = changes.map(|topic| announcements.change(*topic)).collect();
        if self.is_shared {
            announced::write(&mut self.inner, &changes).await?;
        }
        self.inner.commit().await?;
        for change in &mut changes {
            change.at = Instant::now();
            announcements.tell(*change);
        }
        Ok(())
    }
}
