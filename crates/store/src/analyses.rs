//! Analyses of a server, as text that whoever analyses writes and reads. None of it is secret: the password lives in the
//! process that works on it alone, so that an analysis ends with its process.

use crate::{
    database::Transaction, error::StoreError, interrupted::end_interrupted, rows, store::Store,
};
use kalends_core::{
    clock::Timestamp,
    id::{CheckId, UserId},
    topic::Topic,
};
use serde::{Deserialize, Serialize};
use sqlx::{Any, Encode, Type, any::AnyRow};
use std::time::Duration;

/// For how long an ended analysis can still be read.
const KEEP_FOR: Duration = Duration::from_mins(30);

/// The most of one person that are kept beside a new one; the oldest that have ended go first.
const MAX_KEPT: i64 = 19;

/// How an analysis ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnalysisEnd {
    Finished,
    Cancelled,
    /// Its process is gone, and the password with it.
    Interrupted,
}

/// An analysis as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnalysis {
    pub id: CheckId,
    pub user_id: UserId,
    /// What was typed, without the password, and the steps so far.
    pub content: String,
    pub started_at: Timestamp,
    pub ended: Option<(AnalysisEnd, Timestamp)>,
}

fn analysis(row: &AnyRow) -> Result<StoredAnalysis, StoreError> {
    let end: Option<AnalysisEnd> = rows::maybe_named(row, "outcome")?;
    Ok(StoredAnalysis {
        id: rows::parsed(row, "id")?,
        user_id: rows::parsed(row, "user_id")?,
        content: rows::text(row, "content")?,
        started_at: rows::instant(row, "started_at")?,
        ended: end.zip(rows::maybe_instant(row, "finished_at")?),
    })
}

macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT id, user_id, content, outcome, started_at, finished_at FROM analyses ",
            $more
        )
    };
}

impl Store {
    /// Keeps a new one, and makes room for it.
    pub async fn start_analysis(&self, new: &StoredAnalysis) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "DELETE FROM analyses WHERE user_id = $1 AND outcome IS NOT NULL AND id NOT IN \
             (SELECT id FROM analyses WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2)",
        )
        .bind(new.user_id.to_string())
        .bind(MAX_KEPT)
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "INSERT INTO analyses (id, user_id, content, instance_id, started_at, touched_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(new.id.to_string())
        .bind(new.user_id.to_string())
        .bind(&new.content)
        .bind(&*self.instance)
        .bind(new.started_at.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Analysis(new.id)]);
        Ok(tx.commit().await?)
    }

    /// An analysis of this person's own.
    pub async fn analysis(
        &self,
        id: CheckId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<StoredAnalysis>, StoreError> {
        let sql =
            select!("WHERE id = $1 AND user_id = $2 AND (finished_at IS NULL OR finished_at > $3)");
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .bind(user.to_string())
            .bind((now - KEEP_FOR).millis())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(analysis).transpose()
    }

    /// Whatever is kept of a person, the newest first.
    pub async fn analyses_of(&self, user: UserId) -> Result<Vec<StoredAnalysis>, StoreError> {
        let found = sqlx::query(select!(
            "WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT 100"
        ))
        .bind(user.to_string())
        .fetch_all(self.pool())
        .await?;
        found.iter().map(analysis).collect()
    }

    /// Shows how far an analysis is.
    pub async fn update_analysis(
        &self,
        id: CheckId,
        content: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE analyses SET content = $2, touched_at = $3 WHERE id = $1 AND outcome IS NULL",
        )
        .bind(id.to_string())
        .bind(content)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Analysis(id)]);
        Ok(tx.commit().await?)
    }

    /// Ends an analysis; one that has ended stays as it is.
    pub async fn finish_analysis(
        &self,
        id: CheckId,
        content: &str,
        end: AnalysisEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE analyses SET content = $2, outcome = $3, finished_at = $4 WHERE id = $1 AND outcome IS NULL",
        )
        .bind(id.to_string())
        .bind(content)
        .bind(rows::to_name(&end, "outcome")?)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Analysis(id)]);
        Ok(tx.commit().await?)
    }

    /// Asks a running analysis of this person's own to stop, whichever instance works on it.
    pub async fn cancel_analysis(&self, id: CheckId, user: UserId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE analyses SET cancelled = 1 WHERE id = $1 AND user_id = $2 AND outcome IS NULL",
        )
        .bind(id.to_string())
        .bind(user.to_string())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Whether whoever works on an analysis is to stop: it was cancelled, ended because its process was not heard of, or
    /// is not there any more.
    pub async fn is_analysis_to_stop(&self, id: CheckId) -> Result<bool, StoreError> {
        let sql = "SELECT id FROM analyses WHERE id = $1 AND cancelled = 0 AND outcome IS NULL";
        let goes_on = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        Ok(goes_on.is_none())
    }

    /// Ends analyses that were last heard of before `before` and never ended: their process is gone.
    pub async fn end_interrupted_analyses(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        end_analyses(&mut tx, ("touched_at < $3", before.millis()), now).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets analyses that ended long enough ago.
    pub async fn forget_analyses(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM analyses WHERE finished_at <= $1")
            .bind((now - KEEP_FOR).millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

/// Ends analyses for which a condition holds, in which `$3` stands for a value: their process is gone.
pub(crate) async fn end_analyses<T>(
    tx: &mut Transaction,
    which: (&str, T),
    now: Timestamp,
) -> Result<(), StoreError>
where
    T: for<'q> Encode<'q, Any> + Type<Any> + Send,
{
    let outcome = rows::to_name(&AnalysisEnd::Interrupted, "outcome")?;
    let ended = end_interrupted(tx, ("analyses", outcome), which, now).await?;
    tx.changed(ended.into_iter().map(Topic::Analysis));
    Ok(())
}
