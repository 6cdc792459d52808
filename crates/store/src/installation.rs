//! Which installation the main database belongs to, its running instances, and what a set-back state may have brought back.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    audit::{AuditEntry, Ending},
    clock::Timestamp,
    id::InstallationId,
};
use sqlx::any::AnyRow;

/// A running instance, as it last told of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: String,
    /// Where it runs, for people: host and process.
    pub name: String,
    /// Ids of the vault keys that it holds.
    pub key_ids: Vec<String>,
    pub seen_at: Timestamp,
}

fn ending(row: &AnyRow) -> Result<Ending, StoreError> {
    Ok(Ending {
        seq: rows::number(row, "seq")?,
        hash: rows::text(row, "hash")?,
        at: rows::instant(row, "at")?,
        who: rows::maybe_parsed(row, "actor_email")?,
        action: rows::text(row, "action")?,
        subject: rows::text(row, "subject")?,
    })
}

impl Store {
    pub async fn installation(&self) -> Result<Option<InstallationId>, StoreError> {
        let row = sqlx::query("SELECT installation_id FROM installation WHERE id = 1")
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::parsed(&row, "installation_id"))
            .transpose()
    }

    /// When somebody last said that this pair of databases belongs together.
    pub async fn adopted_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT adopted_at FROM installation WHERE id = 1")
            .fetch_optional(self.pool())
            .await?;
        row.map_or(Ok(None), |row| rows::maybe_instant(&row, "adopted_at"))
    }

    /// Writes the id if there is none, and returns the one that stands there then.
    pub async fn found_installation(
        &self,
        new: InstallationId,
    ) -> Result<InstallationId, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO installation (id, installation_id) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
        )
        .bind(new.to_string())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        let found = self.installation().await?;
        found.ok_or(StoreError::Corrupt("installation id"))
    }

    /// Gives the database another installation's id, because somebody said so, with the line of the trail and what was
    /// ended since the state that it was set back to.
    pub async fn adopt(
        &self,
        id: InstallationId,
        endings: &[Ending],
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO installation (id, installation_id, adopted_at) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE \
             SET installation_id = excluded.installation_id, adopted_at = excluded.adopted_at",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        for ending in endings {
            sqlx::query(
                "INSERT INTO tombstones_to_review (seq, hash, at, adopted_at, actor_email, action, subject) \
                 SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS \
                 (SELECT 1 FROM tombstones_to_review WHERE seq = $1 AND hash = $2)",
            )
            .bind(ending.seq)
            .bind(&ending.hash)
            .bind(ending.at.millis())
            .bind(now.millis())
            .bind(&ending.who)
            .bind(&ending.action)
            .bind(&ending.subject)
            .execute(tx.conn())
            .await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    /// What may be back since a restore, the newest first, until somebody has reviewed it.
    pub async fn endings_to_review(&self, limit: i64) -> Result<Vec<Ending>, StoreError> {
        let found = sqlx::query(
            "SELECT seq, hash, at, actor_email, action, subject FROM tombstones_to_review ORDER BY at DESC, seq DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found.iter().map(ending).collect()
    }

    /// An administrator has gone through what may be back.
    pub async fn endings_are_reviewed(
        &self,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM tombstones_to_review")
            .execute(tx.conn())
            .await?;
        self.audit_in(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    /// Whether nobody and nothing has ever stood in it: no person, no line of the trail, no pointer to a secret.
    pub async fn is_blank(&self) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM audit) + (SELECT seq FROM audit_head WHERE id = 1) \
             + (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM webhooks) + (SELECT COUNT(*) FROM announced_secrets) \
             AS found",
        )
        .fetch_one(self.pool())
        .await?;
        Ok(rows::number(&row, "found")? == 0)
    }

    /// An instance tells that it runs, and which keys it holds; those that were silent for too long are forgotten.
    pub async fn instance_runs(
        &self,
        instance: &Instance,
        silent_since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM instances WHERE seen_at < $1")
            .bind(silent_since.millis())
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "INSERT INTO instances (id, name, key_ids, seen_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE \
             SET key_ids = excluded.key_ids, seen_at = excluded.seen_at, cleared_at = NULL",
        )
        .bind(&instance.id)
        .bind(&instance.name)
        .bind(instance.key_ids.join(" "))
        .bind(instance.seen_at.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Instances that told of themselves after an instant.
    pub async fn instances(&self, seen_after: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let found = sqlx::query(
            "SELECT id, name, key_ids, seen_at FROM instances WHERE seen_at > $1 ORDER BY name, id",
        )
        .bind(seen_after.millis())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(Instance {
                    id: rows::text(row, "id")?,
                    name: rows::text(row, "name")?,
                    key_ids: rows::text(row, "key_ids")?
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                    seen_at: rows::instant(row, "seen_at")?,
                })
            })
            .collect()
    }
}
