//! How mailboxes are asked whose server does not take the usual schema. It is forgotten after a while, since servers are
//! renewed.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{clock::Timestamp, exchange_version::RequestSchema, id::ConnectionId};
use std::time::Duration;

/// For how long it is believed; finding it out again costs one call.
const SCHEMA_LIFETIME: Duration = Duration::from_hours(7 * 24);

impl Store {
    /// What was found out about a connection's mailbox of late.
    pub async fn request_schema(
        &self,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RequestSchema>, StoreError> {
        let row = sqlx::query(
            "SELECT request_schema FROM connections WHERE id = $1 AND request_schema IS NOT NULL AND request_schema_at > $2",
        )
        .bind(id.to_string())
        .bind((now - SCHEMA_LIFETIME).millis())
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        // One of another version of Kalends is found out anew.
        Ok(rows::text(&row, "request_schema")?.parse().ok())
    }

    pub async fn keep_request_schema(
        &self,
        id: ConnectionId,
        schema: RequestSchema,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE connections SET request_schema = $2, request_schema_at = $3 WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(schema.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }
}
