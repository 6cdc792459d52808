//! Refused sign-ins, counted per host and lower-cased account name, whoever caused them.

use super::{Store, StoreError, rows};
use crate::{clock::Timestamp, id::RecordId};

impl Store {
    /// The instants of the refusals since `since`, oldest first.
    pub async fn refusals_since(&self, host: &str, name_key: &str, since: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        let found = sqlx::query("SELECT at FROM refusals WHERE host = $1 AND name_key = $2 AND at > $3 ORDER BY at")
            .bind(host)
            .bind(name_key)
            .bind(since.millis())
            .fetch_all(self.pool())
            .await?;
        found.iter().map(|row| rows::instant(row, "at")).collect()
    }

    pub async fn count_refusal(&self, host: &str, name_key: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        self.count_refusal_in(&mut writing, host, name_key, now).await?;
        Ok(writing.commit().await?)
    }

    pub(super) async fn count_refusal_in(
        &self,
        writing: &mut crate::database::Writing,
        host: &str,
        name_key: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO refusals (id, host, name_key, at) VALUES ($1, $2, $3, $4)")
            .bind(RecordId::new(now, self.random.bytes()).to_string())
            .bind(host)
            .bind(name_key)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        Ok(())
    }
}
