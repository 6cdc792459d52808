//! Stopping all work, of one account or altogether. Workers of every instance look at this several times a second.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{audit::AuditEntry, clock::Timestamp, id::AccountId, topic::Topic};
use std::time::Duration;

impl Store {
    /// Stops the work of an account, or lets it go on: its connections are then due at once.
    pub async fn pause_account(
        &self,
        id: AccountId,
        paused: bool,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE accounts SET paused_at = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind(paused.then_some(now.millis()))
            .execute(tx.conn())
            .await?;
        let sql = if paused {
            "UPDATE checks SET cancelled = 1 WHERE outcome IS NULL AND account_id = $1"
        } else {
            "UPDATE connections SET due_at = $2 WHERE account_id = $1 AND due_at IS NOT NULL"
        };
        let query = sqlx::query(sql).bind(id.to_string());
        let query = if paused {
            query
        } else {
            query.bind(now.millis())
        };
        query.execute(tx.conn()).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(id).await?;
        Ok(tx.commit().await?)
    }

    /// Lets nothing sign in with an account before `until`; `None` lets it go on.
    pub async fn hold_account(
        &self,
        id: AccountId,
        until: Option<Timestamp>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE accounts SET held_until = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind(until.map(Timestamp::millis))
            .execute(tx.conn())
            .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(id).await?;
        Ok(tx.commit().await?)
    }

    /// Asks whoever works through an account's sync runs to give it back.
    pub async fn want_account(
        &self,
        id: AccountId,
        now: Timestamp,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE accounts SET wanted_until = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind((now + patience).millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Stops all work with every Exchange, checks under way included, or lets it go on.
    pub async fn pause_everything(
        &self,
        paused: bool,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if paused {
            sqlx::query(
                "INSERT INTO global_pause (id, paused_at) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
            )
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
            sqlx::query("UPDATE checks SET cancelled = 1 WHERE outcome IS NULL")
                .execute(tx.conn())
                .await?;
        } else {
            sqlx::query("DELETE FROM global_pause")
                .execute(tx.conn())
                .await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Everything]);
        Ok(tx.commit().await?)
    }

    /// Since when all work has been stopped.
    pub async fn global_pause(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT paused_at FROM global_pause")
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::instant(&row, "paused_at")).transpose()
    }

    /// Whether an admin has stopped all work of an account, or everything.
    pub async fn is_paused(&self, id: AccountId) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT id FROM accounts WHERE id = $1 AND (paused_at IS NOT NULL OR EXISTS (SELECT 1 FROM global_pause))",
        )
        .bind(id.to_string())
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }
}
