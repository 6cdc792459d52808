//! The line of the audit trail that was last seen in its place.

use super::{Vault, VaultError};
use crate::clock::Timestamp;
use sqlx::Row;

/// A line that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: String,
    pub at: Timestamp,
}

impl Vault {
    pub async fn anchor(&self) -> Result<Option<Anchor>, VaultError> {
        let row = sqlx::query("SELECT seq, hash, at FROM anchors WHERE id = 1")
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| {
            Ok(Anchor {
                seq: row.try_get("seq")?,
                hash: row.try_get("hash")?,
                at: Timestamp::from_millis(row.try_get("at")?),
            })
        })
        .transpose()
    }

    /// Remembers a line; an earlier one than is remembered already changes nothing.
    pub async fn keep_anchor(
        &self,
        seq: i64,
        hash: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        let mut writing = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO anchors (id, seq, hash, at) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO UPDATE \
             SET seq = excluded.seq, hash = excluded.hash, at = excluded.at WHERE anchors.seq <= excluded.seq",
        )
        .bind(seq)
        .bind(hash)
        .bind(now.millis())
        .execute(writing.on())
        .await?;
        Ok(writing.commit().await?)
    }
}
