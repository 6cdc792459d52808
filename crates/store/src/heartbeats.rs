//! When each loop of each running instance was last heard of.

use crate::{error::StoreError, store::Store};
use kalends_core::clock::Timestamp;
use std::time::Duration;

/// For how long the last heartbeat of an instance that ended can be read.
const RETENTION: Duration = Duration::from_hours(24);

impl Store {
    /// Writes down that an instance runs, and when its loops were last heard of.
    pub async fn beat(
        &self,
        instance: &str,
        loops: &[(&str, Timestamp)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (name, at) in loops.iter().copied().chain([("", now)]) {
            sqlx::query(
                "INSERT INTO heartbeats (instance, loop, at) VALUES ($1, $2, $3) \
                 ON CONFLICT (instance, loop) DO UPDATE SET at = excluded.at",
            )
            .bind(instance)
            .bind(name)
            .bind(at.millis())
            .execute(tx.conn())
            .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets instances that were not heard of for a day.
    pub async fn forget_heartbeats(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "DELETE FROM heartbeats WHERE instance IN (SELECT instance FROM heartbeats GROUP BY instance HAVING MAX(at) < $1)",
        )
        .bind((now - RETENTION).millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }
}
