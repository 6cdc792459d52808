//! Addresses that notices are posted to; what is secret of them lies in the vault.

use crate::{error::StoreError, limits::RowsKey, rows, secrets, store::Store};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{SecretId, WebhookId},
    notice::Webhook,
    topic::Topic,
};
use sqlx::any::AnyRow;

/// The most webhooks.
pub const MAX_WEBHOOKS: usize = 20;

/// All webhooks: the rows are the places.
struct AllWebhooks;

impl RowsKey for AllWebhooks {
    fn name(&self) -> String {
        "webhooks".to_owned()
    }
}

const COLUMNS: &str = "SELECT id, name, host, secret_id, created_by, created_at FROM webhooks";

fn webhook(row: &AnyRow) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: rows::parsed(row, "id")?,
        name: rows::text(row, "name")?,
        host: rows::text(row, "host")?,
        secret_id: rows::parsed(row, "secret_id")?,
        made_by: rows::parsed(row, "created_by")?,
        made_at: rows::instant(row, "created_at")?,
    })
}

impl Store {
    /// All of them, the oldest first.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY created_at, id"));
        let found = sqlx::query(sql).fetch_all(self.pool()).await?;
        found.iter().map(webhook).collect()
    }

    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(webhook).transpose()
    }

    /// Fails with [`StoreError::TooMany`] if there are as many as may be.
    pub async fn add_webhook(&self, new: &Webhook, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin_with_key_lock(&AllWebhooks).await?;
        let there = sqlx::query("SELECT COUNT(*) AS found FROM webhooks")
            .fetch_one(tx.conn())
            .await?;
        if usize::try_from(rows::number(&there, "found")?).unwrap_or(0) >= MAX_WEBHOOKS {
            return Err(StoreError::TooMany);
        }
        secrets::point_to(&mut tx, new.secret_id).await?;
        sqlx::query(
            "INSERT INTO webhooks (id, name, host, secret_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id.to_string())
        .bind(&new.name)
        .bind(&new.host)
        .bind(new.secret_id.to_string())
        .bind(new.made_by.to_string())
        .bind(new.made_at.millis())
        .execute(tx.conn())
        .await?;
        self.audit_in(&mut tx, entry, new.made_at).await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    /// Removes one with what waits for it, and returns the secret that is to be forgotten.
    pub async fn remove_webhook(
        &self,
        webhook: &Webhook,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_at = $2 WHERE serial_key = $1 AND kind = 'webhook' AND state = 'waiting'",
        )
        .bind(webhook.id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        let removed = sqlx::query("DELETE FROM webhooks WHERE id = $1 AND secret_id = $2")
            .bind(webhook.id.to_string())
            .bind(webhook.secret_id.to_string())
            .execute(tx.conn())
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(None);
        }
        secrets::let_go(&mut tx, &[webhook.secret_id], now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(Some(webhook.secret_id))
    }

    /// Points a webhook to its secret sealed anew, if it still points to the one it did. Returns the secret that is to
    /// be deleted.
    pub async fn replace_webhook_secret(
        &self,
        webhook: &Webhook,
        fresh: SecretId,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        let mut tx = self.begin().await?;
        let replaced =
            sqlx::query("UPDATE webhooks SET secret_id = $3 WHERE id = $1 AND secret_id = $2")
                .bind(webhook.id.to_string())
                .bind(webhook.secret_id.to_string())
                .bind(fresh.to_string())
                .execute(tx.conn())
                .await?;
        let secrets = (webhook.secret_id, fresh);
        self.replaced(tx, secrets, replaced.rows_affected() > 0, now)
            .await
    }
}
