//! Where Autodiscover found EWS, by mail domain.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::endpoint::EwsUrl;

impl Store {
    pub async fn remembered_endpoint(&self, domain: &str) -> Result<Option<EwsUrl>, StoreError> {
        let row = sqlx::query("SELECT endpoint FROM discovered_endpoints WHERE domain = $1")
            .bind(domain)
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::parsed(&row, "endpoint")).transpose()
    }

    pub async fn remember_endpoint(
        &self,
        domain: &str,
        endpoint: &EwsUrl,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO discovered_endpoints (domain, endpoint) VALUES ($1, $2) \
             ON CONFLICT (domain) DO UPDATE SET endpoint = excluded.endpoint",
        )
        .bind(domain)
        .bind(endpoint.to_string())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets an endpoint that does not work any more; false if another one is remembered by now.
    pub async fn forget_endpoint(
        &self,
        domain: &str,
        endpoint: &EwsUrl,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let forgotten =
            sqlx::query("DELETE FROM discovered_endpoints WHERE domain = $1 AND endpoint = $2")
                .bind(domain)
                .bind(endpoint.to_string())
                .execute(tx.conn())
                .await?;
        tx.commit().await?;
        Ok(forgotten.rows_affected() > 0)
    }
}
