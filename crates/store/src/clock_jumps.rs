//! Times at which the clock of an instance was found set.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{clock::Timestamp, id::RecordId, topic::Topic};
use std::time::Duration;

/// For how long a jump is told.
const TOLD: Duration = Duration::from_hours(24);
/// A clock that jumps again and again is told by its last jumps.
const MAX_KEPT: i64 = 5;

/// A clock that was found set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockJump {
    /// The machine and process whose clock it is, in words.
    pub instance: String,
    /// By how much it was set ahead; negative: back.
    pub seconds: i64,
    /// When it was found, by the clock after it was set.
    pub at: Timestamp,
}

impl Store {
    /// Notes that a clock was found set; the last few are kept.
    pub async fn note_clock_jump(&self, jump: &ClockJump) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO clock_jumps (id, instance, seconds, at) VALUES ($1, $2, $3, $4)")
            .bind(RecordId::new(jump.at, self.random.bytes()).to_string())
            .bind(&jump.instance)
            .bind(jump.seconds)
            .bind(jump.at.millis())
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "DELETE FROM clock_jumps WHERE id NOT IN (SELECT id FROM clock_jumps ORDER BY at DESC, id DESC LIMIT $1)",
        )
        .bind(MAX_KEPT)
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Overview]);
        Ok(tx.commit().await?)
    }

    /// The jumps of the last day, newest first.
    pub async fn clock_jumps(&self, now: Timestamp) -> Result<Vec<ClockJump>, StoreError> {
        let found = sqlx::query(
            "SELECT instance, seconds, at FROM clock_jumps WHERE at > $1 ORDER BY at DESC, id DESC",
        )
        .bind((now - TOLD).millis())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(ClockJump {
                    instance: rows::text(row, "instance")?,
                    seconds: rows::number(row, "seconds")?,
                    at: rows::instant(row, "at")?,
                })
            })
            .collect()
    }

    /// When any other instance was last heard of, by its own clock.
    pub async fn last_heartbeat_of_others(
        &self,
        instance: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let found = sqlx::query("SELECT MAX(at) AS at FROM heartbeats WHERE instance <> $1")
            .bind(instance)
            .fetch_one(self.pool())
            .await?;
        rows::maybe_instant(&found, "at")
    }
}
