//! When each running instance last wrote into the vault, so that a vault which takes no changes is seen.

use super::sealing::{Vault, VaultError};
use kalends_core::clock::Timestamp;
use std::time::Duration;

/// For how long the last heartbeat of an instance that ended is kept.
const RETENTION: Duration = Duration::from_hours(24);

impl Vault {
    /// Writes down that an instance runs.
    pub async fn beat(&self, instance: &str, now: Timestamp) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO heartbeats (instance, at) VALUES ($1, $2) \
             ON CONFLICT (instance) DO UPDATE SET at = excluded.at",
        )
        .bind(instance)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets instances that were not heard of for a day.
    pub async fn forget_heartbeats(&self, now: Timestamp) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        sqlx::query("DELETE FROM heartbeats WHERE at < $1")
            .bind((now - RETENTION).millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}
