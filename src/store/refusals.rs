//! Refused sign-ins, counted per user name, whoever caused them and by whatever name the server was called: one Exchange
//! answers under several, and locks the account all the same.

use super::{Store, StoreError, rows};
use crate::{
    clock::Timestamp,
    database::{Engine, Writing},
    id::RecordId,
};
use std::time::Duration;

/// For how long a try takes a place while nobody knows its answer: longer than any answer is waited for.
const PENDING: Duration = Duration::from_mins(1);

impl Store {
    /// The instants of the refusals since `since`, oldest first.
    pub async fn refusals_since(
        &self,
        name_key: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let found = sqlx::query(
            "SELECT at FROM refusals WHERE name_key = $1 AND at > $2 AND pending = 0 ORDER BY at",
        )
        .bind(name_key)
        .bind(since.millis())
        .fetch_all(self.pool())
        .await?;
        found.iter().map(|row| rows::instant(row, "at")).collect()
    }

    /// Takes a place for a try ahead of its answer, unless `most` are taken by refusals since `since` and by tries of
    /// the last minute: then the instants of those refusals come back, oldest first. [`Store::take_back_try`] gives
    /// the place back, [`Store::confirm_refusal`] makes a refusal of it.
    pub async fn reserve_try(
        &self,
        name_key: &str,
        (most, since): (usize, Timestamp),
        now: Timestamp,
    ) -> Result<Result<RecordId, Vec<Timestamp>>, StoreError> {
        let mut writing = self.begin().await?;
        if self.engine() == Engine::Postgres {
            // Two instances must not both see the last free place.
            sqlx::query(
                "SELECT COUNT(*) FROM (SELECT pg_advisory_xact_lock(hashtext($1))) AS locked",
            )
            .bind(name_key)
            .fetch_one(writing.on())
            .await?;
        }
        let found = sqlx::query(
            "SELECT at, pending FROM refusals WHERE name_key = $1 \
             AND at > CASE WHEN pending = 0 THEN $2 ELSE $3 END ORDER BY at",
        )
        .bind(name_key)
        .bind(since.millis())
        .bind((now - PENDING).millis())
        .fetch_all(writing.on())
        .await?;
        let taken = found.len();
        let mut recent = Vec::new();
        for row in &found {
            if rows::number(row, "pending")? == 0 {
                recent.push(rows::instant(row, "at")?);
            }
        }
        if taken >= most {
            return Ok(Err(recent));
        }
        let id = self.count_refusal_in(&mut writing, name_key, now).await?;
        sqlx::query("UPDATE refusals SET pending = 1 WHERE id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
        writing.commit().await?;
        Ok(Ok(id))
    }

    pub async fn take_back_try(&self, id: RecordId) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query("DELETE FROM refusals WHERE id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    /// A try was refused.
    pub async fn confirm_refusal(&self, id: RecordId) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query("UPDATE refusals SET pending = 0 WHERE id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    pub(super) async fn count_refusal_in(
        &self,
        writing: &mut Writing,
        name_key: &str,
        now: Timestamp,
    ) -> Result<RecordId, StoreError> {
        let id = RecordId::new(now, self.random.bytes());
        sqlx::query("INSERT INTO refusals (id, host, name_key, at) VALUES ($1, '', $2, $3)")
            .bind(id.to_string())
            .bind(name_key)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        Ok(id)
    }
}
