//! Refused sign-ins, counted per host and lower-cased account name, whoever caused them.

use super::{Store, StoreError, rows};
use crate::{
    clock::Timestamp,
    database::{Engine, Writing},
    id::RecordId,
};

impl Store {
    /// The instants of the refusals since `since`, oldest first.
    pub async fn refusals_since(
        &self,
        host: &str,
        name_key: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let found = sqlx::query(
            "SELECT at FROM refusals WHERE host = $1 AND name_key = $2 AND at > $3 ORDER BY at",
        )
        .bind(host)
        .bind(name_key)
        .bind(since.millis())
        .fetch_all(self.pool())
        .await?;
        found.iter().map(|row| rows::instant(row, "at")).collect()
    }

    /// Counts a try as a refusal ahead of its answer, unless there are `most` since `since` already: then the instants
    /// of those come back, oldest first. [`Store::take_back_try`] undoes it once the answer is known to be none.
    pub async fn reserve_try(
        &self,
        host: &str,
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
            .bind(format!("{host} {name_key}"))
            .fetch_one(writing.on())
            .await?;
        }
        let found = sqlx::query(
            "SELECT at FROM refusals WHERE host = $1 AND name_key = $2 AND at > $3 ORDER BY at",
        )
        .bind(host)
        .bind(name_key)
        .bind(since.millis())
        .fetch_all(writing.on())
        .await?;
        let recent: Vec<Timestamp> = found
            .iter()
            .map(|row| rows::instant(row, "at"))
            .collect::<Result<_, _>>()?;
        if recent.len() >= most {
            return Ok(Err(recent));
        }
        let id = self
            .count_refusal_in(&mut writing, host, name_key, now)
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

    pub(super) async fn count_refusal_in(
        &self,
        writing: &mut Writing,
        host: &str,
        name_key: &str,
        now: Timestamp,
    ) -> Result<RecordId, StoreError> {
        let id = RecordId::new(now, self.random.bytes());
        sqlx::query("INSERT INTO refusals (id, host, name_key, at) VALUES ($1, $2, $3, $4)")
            .bind(id.to_string())
            .bind(host)
            .bind(name_key)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        Ok(id)
    }
}
