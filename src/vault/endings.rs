//! Lines of the audit trail that took something away, sealed: a main database that is set back forgets them, and what
//! was ended comes back unseen.

use super::{Destination, Vault, VaultError};
use crate::{audit::Ending, clock::Timestamp, database::Writing};
use sqlx::Row;

impl Vault {
    /// Keeps lines within the change that moves the anchor behind them.
    pub(super) async fn keep_endings(
        &self,
        writing: &mut Writing,
        endings: &[Ending],
    ) -> Result<(), VaultError> {
        for ending in endings {
            let text = serde_json::to_vec(ending).map_err(|_| VaultError::Seal)?;
            let sealed = self.sealed(&ending.seq.to_string(), &text, &Destination::ending())?;
            sqlx::query(
                "INSERT INTO endings (seq, at, key_id, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT (seq) DO UPDATE \
                 SET at = excluded.at, key_id = excluded.key_id, sealed = excluded.sealed",
            )
            .bind(ending.seq)
            .bind(ending.at.millis())
            .bind(self.keys.newest().0)
            .bind(sealed)
            .execute(writing.on())
            .await?;
        }
        Ok(())
    }

    /// What is remembered, in its order. A row that does not open is left out: it is no line of
    /// ours.
    pub async fn endings(&self) -> Result<Vec<Ending>, VaultError> {
        let found = sqlx::query("SELECT seq, key_id, sealed FROM endings ORDER BY seq")
            .fetch_all(&self.database.pool)
            .await?;
        let mut endings = Vec::new();
        for row in &found {
            let seq: i64 = row.try_get("seq")?;
            match self.opened(&seq.to_string(), row, &Destination::ending()) {
                Ok(text) => {
                    endings.extend(
                        serde_json::from_slice(&text)
                            .ok()
                            .filter(|it: &Ending| it.seq == seq),
                    );
                }
                Err(VaultError::Missing) => {
                    tracing::error!(seq, "a remembered line of the trail does not open");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(endings)
    }

    /// Forgets what was ended before an instant.
    pub async fn forget_endings(&self, before: Timestamp) -> Result<(), VaultError> {
        let mut writing = self.database.begin().await?;
        sqlx::query("DELETE FROM endings WHERE at < $1")
            .bind(before.millis())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    /// Seals everything that is remembered of the trail anew with the newest key, and signs the anchor with it.
    pub async fn rotate_memory(&self) -> Result<(), VaultError> {
        let endings = self.endings().await?;
        let anchor = self.anchor().await?;
        let mut writing = self.database.begin().await?;
        sqlx::query("DELETE FROM endings WHERE key_id <> $1")
            .bind(self.keys.newest().0)
            .execute(writing.on())
            .await?;
        self.keep_endings(&mut writing, &endings).await?;
        if let Some(anchor) = anchor {
            self.sign(&mut writing, &anchor).await?;
        }
        Ok(writing.commit().await?)
    }
}
