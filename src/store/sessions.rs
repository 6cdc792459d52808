//! Sessions, known by the hash of their id.

use super::{Store, StoreError, rows};
use crate::{clock::Timestamp, id::UserId};
use sqlx::Row;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the id, in hex.
    pub id_hash: String,
    pub user_id: Option<UserId>,
    /// What the session holds, in JSON.
    pub data: String,
    /// Pushed on by use.
    pub idle_expires_at: Timestamp,
    /// Never pushed on.
    pub absolute_expires_at: Timestamp,
    pub touched_at: Timestamp,
}

impl Store {
    /// A session that has not ended.
    pub async fn session(
        &self,
        id_hash: &str,
        now: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id_hash, user_id, data, idle_expires_at, absolute_expires_at, touched_at FROM sessions \
             WHERE id_hash = $1 AND idle_expires_at > $2 AND absolute_expires_at > $2",
        )
        .bind(id_hash)
        .bind(now.millis())
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| {
            Ok(SessionRow {
                id_hash: row.try_get("id_hash")?,
                user_id: rows::maybe_parsed(&row, "user_id")?,
                data: row.try_get("data")?,
                idle_expires_at: rows::instant(&row, "idle_expires_at")?,
                absolute_expires_at: rows::instant(&row, "absolute_expires_at")?,
                touched_at: rows::instant(&row, "touched_at")?,
            })
        })
        .transpose()
    }

    /// Writes a session; an existing one keeps its absolute end. Ended ones are cleared away on the way.
    pub async fn save_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query(
            "INSERT INTO sessions (id_hash, user_id, data, idle_expires_at, absolute_expires_at, touched_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id_hash) DO UPDATE SET user_id = excluded.user_id, \
             data = excluded.data, idle_expires_at = excluded.idle_expires_at, touched_at = excluded.touched_at",
        )
        .bind(&session.id_hash)
        .bind(session.user_id.map(|id| id.to_string()))
        .bind(&session.data)
        .bind(session.idle_expires_at.millis())
        .bind(session.absolute_expires_at.millis())
        .bind(session.touched_at.millis())
        .execute(writing.on())
        .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE idle_expires_at <= $1 OR absolute_expires_at <= $1",
        )
        .bind(session.touched_at.millis())
        .execute(writing.on())
        .await?;
        Ok(writing.commit().await?)
    }

    /// Notes that a session is used.
    pub async fn touch_session(
        &self,
        id_hash: &str,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query("UPDATE sessions SET touched_at = $2, idle_expires_at = $3 WHERE id_hash = $1")
            .bind(id_hash)
            .bind(now.millis())
            .bind(idle.millis())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    pub async fn delete_session(&self, id_hash: &str) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE id_hash = $1")
            .bind(id_hash)
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    /// Signs a user out everywhere.
    pub async fn delete_sessions_of(&self, user: UserId) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(user.to_string())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }
}
