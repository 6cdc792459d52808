//! The line of the audit trail that was last seen in its place, authenticated by a key that is derived from the vault's:
//! whoever can write to both databases and holds no key cannot make another one.

use super::{
    endings::Tally,
    sealing::{Vault, VaultError},
};
use crate::database::Transaction;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kalends_core::{audit::Ending, clock::Timestamp};
use sha2::Sha256;
use sqlx::{AnyConnection, Row, any::AnyRow};

/// A line that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: String,
    pub at: Timestamp,
}

impl Anchor {
    /// Before the first line.
    pub const fn start(now: Timestamp) -> Self {
        Self {
            seq: 0,
            hash: String::new(),
            at: now,
        }
    }

    fn code(&self, key: &[u8; 32], endings: &Tally) -> Option<Hmac<Sha256>> {
        let derived = keyed(key, b"kalends audit anchor")?.finalize().into_bytes();
        let text = format!(
            "{};{};{};{};{}",
            self.seq,
            self.hash,
            self.at.millis(),
            endings.count,
            endings.hash
        );
        keyed(&derived, text.as_bytes())
    }
}

/// `None` never comes: HMAC takes a key of any length.
fn keyed(key: &[u8], text: &[u8]) -> Option<Hmac<Sha256>> {
    Some(Hmac::new_from_slice(key).ok()?.chain_update(text))
}

impl Vault {
    /// `None` where there is none, which is so in no vault that was paired.
    ///
    /// # Errors
    /// [`VaultError::AnchorForged`] if it was not signed as it is, [`VaultError::AnchorKey`] if the key that it was signed with
    /// is not held here.
    pub async fn anchor(&self) -> Result<Option<Anchor>, VaultError> {
        let mut on = self.pool().acquire().await?;
        let signed = self.signed(&mut on).await?;
        Ok(signed.map(|(anchor, _)| anchor))
    }

    /// The anchor, and the endings that were signed with it.
    pub(super) async fn signed(
        &self,
        on: &mut AnyConnection,
    ) -> Result<Option<(Anchor, Tally)>, VaultError> {
        let sql = "SELECT seq, hash, at, key_id, mac, tombstones, tombstones_hash FROM audit_anchors WHERE id = 1";
        let row = sqlx::query(sql).fetch_optional(on).await?;
        let Some(row) = row else { return Ok(None) };
        let (anchor, endings, key_id, mac) = read(&row).map_err(|_| VaultError::AnchorForged)?;
        let Some(key) = self.keys.get(&key_id) else {
            return Err(VaultError::AnchorKey(key_id));
        };
        let code = anchor.code(key, &endings).ok_or(VaultError::Seal)?;
        let mac = hex::decode(mac).map_err(|_| VaultError::AnchorForged)?;
        code.verify_slice(&mac)
            .map_err(|_| VaultError::AnchorForged)?;
        Ok(Some((anchor, endings)))
    }

    /// Moves the anchor on from where it was seen, with what was ended in between. Changes nothing where it is not there
    /// any more: another instance was quicker, or somebody took it away, which is to be found; nor where the endings are not
    /// those that were signed.
    pub async fn move_anchor(
        &self,
        from: &Anchor,
        to: &Anchor,
        endings: &[Ending],
    ) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        let there = sqlx::query(
            "UPDATE audit_anchors SET seq = seq WHERE id = 1 AND seq = $1 AND hash = $2",
        )
        .bind(from.seq)
        .bind(&from.hash)
        .execute(tx.conn())
        .await?;
        if there.rows_affected() == 0 || !self.are_as_signed(tx.conn()).await? {
            return Ok(());
        }
        let key_id = self.memory_key(tx.conn()).await?;
        self.keep_endings(&mut tx, &key_id, endings).await?;
        self.sign(&mut tx, &key_id, to).await?;
        Ok(tx.commit().await?)
    }

    /// The key that signs what is remembered: the one that signed it last, which whoever shares the vault holds, until
    /// a rotation. A key that is only just being given to all signs nothing.
    pub(super) async fn memory_key(&self, on: &mut AnyConnection) -> Result<String, VaultError> {
        let sql = "SELECT key_id FROM audit_anchors WHERE id = 1";
        let row = sqlx::query(sql).fetch_optional(on).await?;
        let signed_with = row.and_then(|row| row.try_get::<String, _>("key_id").ok());
        let held = signed_with.filter(|id| self.keys.get(id).is_some());
        Ok(held.unwrap_or_else(|| self.keys.newest().0.clone()))
    }

    /// Puts an anchor where there is none: a vault begins.
    pub async fn begin_anchor(&self, now: Timestamp) -> Result<(), VaultError> {
        if self.anchor().await?.is_none() {
            self.set_anchor(&Anchor::start(now), &[]).await?;
        }
        Ok(())
    }

    /// Puts the anchor to a line, whatever was there, because somebody said so, and forgets endings that are
    /// of another trail.
    pub async fn set_anchor(&self, anchor: &Anchor, lost: &[Ending]) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        for ending in lost {
            sqlx::query("DELETE FROM tombstones WHERE seq = $1")
                .bind(ending.seq)
                .execute(tx.conn())
                .await?;
        }
        let key_id = self.memory_key(tx.conn()).await?;
        self.sign(&mut tx, &key_id, anchor).await?;
        Ok(tx.commit().await?)
    }

    /// Signs a line, with the endings as they are now.
    pub(super) async fn sign(
        &self,
        tx: &mut Transaction,
        key_id: &str,
        anchor: &Anchor,
    ) -> Result<(), VaultError> {
        let key = self.keys.get(key_id).ok_or(VaultError::Seal)?;
        let endings = Tally::read(tx.conn()).await?;
        let code = anchor.code(key, &endings).ok_or(VaultError::Seal)?;
        sqlx::query(
            "INSERT INTO audit_anchors (id, seq, hash, at, key_id, mac, tombstones, tombstones_hash) VALUES (1, $1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, at = excluded.at, key_id = excluded.key_id, \
             mac = excluded.mac, tombstones = excluded.tombstones, tombstones_hash = excluded.tombstones_hash",
        )
        .bind(anchor.seq)
        .bind(&anchor.hash)
        .bind(anchor.at.millis())
        .bind(key_id)
        .bind(hex::encode(code.finalize().into_bytes()))
        .bind(endings.count)
        .bind(&endings.hash)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// The anchor, the endings that were signed with it, the id of the key and the code.
fn read(row: &AnyRow) -> Result<(Anchor, Tally, String, String), sqlx::Error> {
    let anchor = Anchor {
        seq: row.try_get("seq")?,
        hash: row.try_get("hash")?,
        at: Timestamp::from_millis(row.try_get("at")?),
    };
    let endings = Tally {
        count: row.try_get("tombstones")?,
        hash: row.try_get("tombstones_hash")?,
    };
    Ok((anchor, endings, row.try_get("key_id")?, row.try_get("mac")?))
}
