//! Actions for many connections, as far as they are.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{bulk_action::Bulk, clock::Timestamp, id::BulkId, topic::Topic};
use sqlx::any::AnyRow;
use std::time::Duration;

/// For how long what came of an action can be read.
const RETENTION: Duration = Duration::from_hours(24 * 30);

fn bulk(row: &AnyRow) -> Result<Bulk, StoreError> {
    Ok(Bulk {
        id: rows::parsed(row, "id")?,
        made_by: rows::parsed(row, "created_by")?,
        at: rows::instant(row, "at")?,
        action: rows::named(row, "action")?,
        finished_at: rows::maybe_instant(row, "finished_at")?,
        lines: rows::json(row, "results")?,
    })
}

impl Store {
    /// Writes an action down, and forgets those that ended long ago.
    pub async fn put_bulk(&self, bulk: &Bulk) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM bulk_actions WHERE finished_at < $1")
            .bind((bulk.at - RETENTION).millis())
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "INSERT INTO bulk_actions (id, created_by, at, touched_at, action, results, instance_id) VALUES ($1, $2, $3, $3, $4, $5, $6)",
        )
        .bind(bulk.id.to_string())
        .bind(bulk.made_by.to_string())
        .bind(bulk.at.millis())
        .bind(rows::to_name(&bulk.action, "action")?)
        .bind(rows::to_json(&bulk.lines, "results")?)
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    pub async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, StoreError> {
        let row = sqlx::query(
            "SELECT id, created_by, at, action, finished_at, results FROM bulk_actions WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(bulk).transpose()
    }

    /// Writes down how far an action is; false, with nothing written, if another process goes on with it by now.
    pub async fn keep_bulk(&self, bulk: &Bulk, now: Timestamp) -> Result<bool, StoreError> {
        self.write_bulk(bulk, now, false).await
    }

    /// As [`Store::keep_bulk`], at its end.
    pub async fn finish_bulk(&self, bulk: &Bulk, now: Timestamp) -> Result<bool, StoreError> {
        self.write_bulk(bulk, now, true).await
    }

    async fn write_bulk(
        &self,
        bulk: &Bulk,
        now: Timestamp,
        ends: bool,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let written = sqlx::query("UPDATE bulk_actions SET results = $2, touched_at = $3, finished_at = $4 WHERE id = $1 AND instance_id = $5")
            .bind(bulk.id.to_string())
            .bind(rows::to_json(&bulk.lines, "results")?)
            .bind(now.millis())
            .bind(ends.then_some(now.millis()))
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(written.rows_affected() > 0)
    }

    /// Takes an action that nobody has gone on with since `before`.
    pub async fn take_abandoned_bulk(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Bulk>, StoreError> {
        let found = sqlx::query(
            "SELECT id, created_by, at, touched_at, action, finished_at, results FROM bulk_actions \
             WHERE finished_at IS NULL AND touched_at < $1 ORDER BY touched_at LIMIT 1",
        )
        .bind(before.millis())
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = found else { return Ok(None) };
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE bulk_actions SET touched_at = $3, instance_id = $4 WHERE id = $1 AND touched_at = $2 AND finished_at IS NULL",
        )
        .bind(rows::text(&row, "id")?)
        .bind(rows::number(&row, "touched_at")?)
        .bind(now.millis())
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        if taken.rows_affected() == 0 {
            return Ok(None);
        }
        bulk(&row).map(Some)
    }
}
