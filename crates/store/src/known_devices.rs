//! Devices on which people have signed in before, known by the hash of a cookie.

use crate::database::Transaction;
use crate::{error::StoreError, store::Store};
use kalends_core::{clock::Timestamp, id::UserId};

/// How many devices of one person are known; the one that ends first makes room.
const MAX_DEVICES: i64 = 20;

impl Store {
    /// Whether a person has signed in on a device before.
    pub async fn is_known_device(
        &self,
        user: UserId,
        hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT hash FROM known_devices WHERE user_id = $1 AND hash = $2 AND expires_at > $3",
        )
        .bind(user.to_string())
        .bind(hash)
        .bind(now.millis())
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }

    /// Knows a device of a person from now on by the hash `new`. Whoever was known on it by `old` is known by the new
    /// one instead.
    pub async fn know_device(
        &self,
        user: UserId,
        (old, new): (Option<&str>, &str),
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Some(old) = old {
            sqlx::query("UPDATE known_devices SET hash = $2 WHERE hash = $1")
                .bind(old)
                .bind(new)
                .execute(tx.conn())
                .await?;
        }
        sqlx::query(
            "INSERT INTO known_devices (user_id, hash, expires_at) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id, hash) DO UPDATE SET expires_at = excluded.expires_at",
        )
        .bind(user.to_string())
        .bind(new)
        .bind(ends_at.millis())
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "DELETE FROM known_devices WHERE user_id = $1 AND (expires_at <= $2 OR hash NOT IN \
             (SELECT hash FROM known_devices WHERE user_id = $1 ORDER BY expires_at DESC, hash LIMIT $3))",
        )
        .bind(user.to_string())
        .bind(now.millis())
        .bind(MAX_DEVICES)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// A person has to sign in anew everywhere, as on a device that was never seen.
    pub(crate) async fn forget_devices_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM known_devices WHERE user_id = $1")
            .bind(user.to_string())
            .execute(tx.conn())
            .await?;
        Ok(())
    }
}
