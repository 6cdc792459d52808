//! Where Autodiscover found EWS, by mail domain.

use super::{Store, StoreError, rows};
use crate::{clock::Timestamp, endpoint::EwsUrl};

impl Store {
    pub async fn remembered_endpoint(&self, domain: &str) -> Result<Option<EwsUrl>, StoreError> {
        let row = sqlx::query("SELECT endpoint FROM endpoints WHERE domain = $1")
            .bind(domain)
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::parsed(&row, "endpoint")).transpose()
    }

    pub async fn remember_endpoint(
        &self,
        domain: &str,
        endpoint: &EwsUrl,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query(
            "INSERT INTO endpoints (domain, endpoint, found_at) VALUES ($1, $2, $3) \
             ON CONFLICT (domain) DO UPDATE SET endpoint = excluded.endpoint, found_at = excluded.found_at",
        )
        .bind(domain)
        .bind(endpoint.to_string())
        .bind(now.millis())
        .execute(writing.on())
        .await?;
        Ok(writing.commit().await?)
    }

    /// Forgets an endpoint that does not work any more; false if another one is remembered by now.
    pub async fn forget_endpoint(
        &self,
        domain: &str,
        endpoint: &EwsUrl,
    ) -> Result<bool, StoreError> {
        let mut writing = self.begin().await?;
        let forgotten = sqlx::query("DELETE FROM endpoints WHERE domain = $1 AND endpoint = $2")
            .bind(domain)
            .bind(endpoint.to_string())
            .execute(writing.on())
            .await?;
        writing.commit().await?;
        Ok(forgotten.rows_affected() > 0)
    }
}
