//! Lines of the audit trail that took something away, sealed: a main database that is set back forgets them, and what
//! was ended comes back unseen.

use super::{
    destination::Destination,
    sealing::{Vault, VaultError},
};
use crate::database::Transaction;
use kalends_core::{audit::Ending, clock::Timestamp};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Row, any::AnyRow};

/// How often endings are looked at that change all the while.
const MAX_ATTEMPTS: usize = 5;

/// The endings as a whole: how many rows there are, and a hash over all that they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub count: i64,
    pub hash: String,
}

impl Tally {
    pub async fn read(on: &mut AnyConnection) -> Result<Self, VaultError> {
        let sql = "SELECT seq, at, key_id, sealed FROM tombstones ORDER BY seq";
        let rows = sqlx::query(sql).fetch_all(on).await?;
        let mut hash = Sha256::new();
        for row in &rows {
            for column in ["seq", "at", "key_id", "sealed"] {
                let bytes = bytes_of(row, column);
                hash.update(bytes.len().to_be_bytes());
                hash.update(bytes);
            }
        }
        Ok(Self {
            count: i64::try_from(rows.len()).unwrap_or(i64::MAX),
            hash: hex::encode(hash.finalize()),
        })
    }
}

/// What a column holds, of whatever type: `SQLite` lets anybody put anything there.
fn bytes_of(row: &AnyRow, column: &str) -> Vec<u8> {
    let of = |kind: u8, bytes: &[u8]| [&[kind], bytes].concat();
    if let Ok(text) = row.try_get::<String, _>(column) {
        of(b't', text.as_bytes())
    } else if let Ok(number) = row.try_get::<i64, _>(column) {
        of(b'n', &number.to_be_bytes())
    } else if let Ok(bytes) = row.try_get::<Vec<u8>, _>(column) {
        of(b'b', &bytes)
    } else {
        of(b'?', &[])
    }
}

impl Vault {
    /// Whether the endings are those that were signed with the anchor. `false` where the anchor itself does not hold.
    pub(super) async fn are_as_signed(&self, on: &mut AnyConnection) -> Result<bool, VaultError> {
        match self.signed(on).await {
            Ok(Some((_, signed))) => Ok(signed == Tally::read(on).await?),
            Ok(None) => Ok(true),
            Err(VaultError::AnchorForged | VaultError::AnchorKey(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// As a look from outside any change: whether somebody took endings away, changed them or put some in.
    pub async fn endings_are_whole(&self) -> Result<bool, VaultError> {
        let mut on = self.pool().acquire().await?;
        for _ in 0..MAX_ATTEMPTS {
            let before = self.signed(&mut on).await?;
            let there = Tally::read(&mut on).await?;
            let Some((_, signed)) = &before else {
                return Ok(true);
            };
            if *signed == there {
                return Ok(true);
            }
            // Else another instance moved the two on between the looks.
            if self.signed(&mut on).await? == before {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps lines within the change that moves the anchor behind them.
    pub(super) async fn keep_endings(
        &self,
        tx: &mut Transaction,
        key_id: &str,
        endings: &[Ending],
    ) -> Result<(), VaultError> {
        for ending in endings {
            let text = serde_json::to_vec(ending).map_err(|_| VaultError::Seal)?;
            let sealed = self.sealed(
                key_id,
                &ending.seq.to_string(),
                &text,
                &Destination::ending(),
            )?;
            sqlx::query(
                "INSERT INTO tombstones (seq, at, key_id, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT (seq) DO UPDATE \
                 SET at = excluded.at, key_id = excluded.key_id, sealed = excluded.sealed",
            )
            .bind(ending.seq)
            .bind(ending.at.millis())
            .bind(key_id)
            .bind(sealed)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    /// What is remembered, in its order. A row that does not open is left out: it is no line of
    /// ours.
    pub async fn endings(&self) -> Result<Vec<Ending>, VaultError> {
        let found = sqlx::query("SELECT seq, key_id, sealed FROM tombstones ORDER BY seq")
            .fetch_all(&self.database.pool)
            .await?;
        let mut endings = Vec::new();
        for row in &found {
            match self.ending(row) {
                Ok(ending) => endings.push(ending),
                Err(error) => {
                    tracing::error!(%error, "a remembered line of the trail does not open, and is left out");
                }
            }
        }
        Ok(endings)
    }

    fn ending(&self, row: &AnyRow) -> Result<Ending, VaultError> {
        let seq: i64 = row.try_get("seq")?;
        let text = self.opened(&seq.to_string(), row, &Destination::ending())?;
        let ending: Ending = serde_json::from_slice(&text).map_err(|_| VaultError::Missing)?;
        (ending.seq == seq)
            .then_some(ending)
            .ok_or(VaultError::Missing)
    }

    /// Forgets what was ended before an instant, and signs what is left. Where it was changed by somebody else it stays, to
    /// be found.
    pub async fn forget_endings(&self, before: Timestamp) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        sqlx::query("UPDATE audit_anchors SET seq = seq WHERE id = 1")
            .execute(tx.conn())
            .await?;
        if !self.are_as_signed(tx.conn()).await? {
            return Ok(());
        }
        sqlx::query("DELETE FROM tombstones WHERE at < $1")
            .bind(before.millis())
            .execute(tx.conn())
            .await?;
        if let Some((anchor, _)) = self.signed(tx.conn()).await? {
            let key_id = self.memory_key(tx.conn()).await?;
            self.sign(&mut tx, &key_id, &anchor).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Seals everything that is remembered of the trail anew with the newest key, and signs the anchor with it.
    ///
    /// # Errors
    /// [`VaultError::EndingsChanged`], with nothing changed, where what is there is not what was signed.
    pub async fn rotate_memory(&self) -> Result<(), VaultError> {
        let anchor = self.anchor().await?;
        if !self.endings_are_whole().await? {
            return Err(VaultError::EndingsChanged);
        }
        let endings = self.endings().await?;
        let mut tx = self.database.begin().await?;
        sqlx::query("DELETE FROM tombstones WHERE key_id <> $1")
            .bind(self.keys.newest().0)
            .execute(tx.conn())
            .await?;
        let newest = &self.keys.newest().0;
        self.keep_endings(&mut tx, newest, &endings).await?;
        if let Some(anchor) = anchor {
            self.sign(&mut tx, newest, &anchor).await?;
        }
        Ok(tx.commit().await?)
    }
}
