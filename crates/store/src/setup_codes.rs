//! The one-time codes for the first administrator, as hashes: each instance prints its own, and any of them is good.

use crate::{error::StoreError, store::Store};
use kalends_core::clock::Timestamp;

/// So many of the latest are good: those of instances that run, and of some that ended.
const MAX_CODES: i64 = 20;

impl Store {
    /// Keeps a code's hash beside those of other instances.
    pub async fn keep_setup_code(&self, hash: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO setup_codes (code_hash, created_at) VALUES ($1, $2)")
            .bind(hash)
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "DELETE FROM setup_codes WHERE code_hash NOT IN \
             (SELECT code_hash FROM setup_codes ORDER BY created_at DESC, code_hash LIMIT $1)",
        )
        .bind(MAX_CODES)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Whether an instance printed the code with this hash.
    pub async fn is_setup_code(&self, hash: &str) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT code_hash FROM setup_codes WHERE code_hash = $1")
            .bind(hash)
            .fetch_optional(self.pool())
            .await?;
        Ok(found.is_some())
    }
}
