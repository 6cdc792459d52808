//! Sessions, known by the hash of their id.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{audit::AuditEntry, clock::Timestamp, id::UserId, topic::Topic};
use sha2::{Digest, Sha256};
use sqlx::Row;
use std::fmt::Write as _;

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
    /// On what a person signed in, in few words.
    pub device: Option<String>,
    /// The network that one of nobody is counted under, hashed; for a new one alone.
    pub network: Option<String>,
}

/// Sessions of nobody that are kept in all, and of one network; the longest unused go.
const MAX_OF_NOBODY: i64 = 2000;
const MAX_OF_NETWORK: i64 = 20;

/// A signed-in device of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The hash of the session's id: whoever knows it is not signed in by it.
    pub id_hash: String,
    /// `None`: signed in before devices were named.
    pub name: Option<String>,
    pub since: Option<Timestamp>,
    pub last_used: Timestamp,
}

/// What a row holds instead of a session's id, so that a stolen database signs nobody in.
pub fn session_hash(id: i128) -> String {
    let digest = Sha256::digest(id.to_be_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// A session that has not ended.
    pub async fn session(
        &self,
        id_hash: &str,
        now: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id_hash, user_id, data, idle_expires_at, absolute_expires_at, touched_at, device FROM sessions \
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
                device: row.try_get("device")?,
                network: None,
            })
        })
        .transpose()
    }

    /// Writes a new session; an existing one keeps its beginning and its absolute end.
    pub async fn save_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO sessions (id_hash, user_id, data, idle_expires_at, absolute_expires_at, touched_at, started_at, device, network_hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8) ON CONFLICT (id_hash) DO UPDATE SET user_id = excluded.user_id, \
             data = excluded.data, idle_expires_at = excluded.idle_expires_at, touched_at = excluded.touched_at, \
             device = excluded.device",
        )
        .bind(&session.id_hash)
        .bind(session.user_id.map(|id| id.to_string()))
        .bind(&session.data)
        .bind(session.idle_expires_at.millis())
        .bind(session.absolute_expires_at.millis())
        .bind(session.touched_at.millis())
        .bind(&session.device)
        .bind(&session.network)
        .execute(tx.conn())
        .await?;
        if session.user_id.is_none() {
            make_room(&mut tx, session).await?;
        }
        tx.changed(session.user_id.map(Topic::Person));
        Ok(tx.commit().await?)
    }

    /// Clears away sessions that have ended: those of strangers, and those of people only where `of_people`.
    pub async fn forget_sessions(&self, of_people: bool, now: Timestamp) -> Result<(), StoreError> {
        let which = if of_people {
            ""
        } else {
            " AND user_id IS NULL"
        };
        let mut tx = self.begin().await?;
        for column in ["idle_expires_at", "absolute_expires_at"] {
            let sql = format!("DELETE FROM sessions WHERE {column} <= $1{which}");
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(now.millis())
                .execute(tx.conn())
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Writes what a session holds now. One that was ended meanwhile, such as from another device, stays ended.
    pub async fn update_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE sessions SET user_id = $2, data = $3, idle_expires_at = $4, touched_at = $5, device = $6 \
             WHERE id_hash = $1",
        )
        .bind(&session.id_hash)
        .bind(session.user_id.map(|id| id.to_string()))
        .bind(&session.data)
        .bind(session.idle_expires_at.millis())
        .bind(session.touched_at.millis())
        .bind(&session.device)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Notes that a session is used.
    pub async fn touch_session(
        &self,
        id_hash: &str,
        now: Timestamp,
        idle: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sessions SET touched_at = $2, idle_expires_at = $3 WHERE id_hash = $1")
            .bind(id_hash)
            .bind(now.millis())
            .bind(idle.millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    pub async fn delete_session(&self, id_hash: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query("DELETE FROM sessions WHERE id_hash = $1 RETURNING user_id")
            .bind(id_hash)
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = ended {
            tx.changed(rows::maybe_parsed(&row, "user_id")?.map(Topic::Person));
        }
        Ok(tx.commit().await?)
    }

    /// The devices on which a person is signed in, the last used first.
    pub async fn devices_of(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Device>, StoreError> {
        let found = sqlx::query(
            "SELECT id_hash, device, started_at, touched_at FROM sessions \
             WHERE user_id = $1 AND idle_expires_at > $2 AND absolute_expires_at > $2 ORDER BY touched_at DESC, id_hash",
        )
        .bind(user.to_string())
        .bind(now.millis())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(Device {
                    id_hash: rows::text(row, "id_hash")?,
                    name: row.try_get("device")?,
                    since: rows::maybe_instant(row, "started_at")?,
                    last_used: rows::instant(row, "touched_at")?,
                })
            })
            .collect()
    }

    /// Signs a user out everywhere and writes it down.
    pub async fn delete_sessions_of(
        &self,
        user: UserId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(user.to_string())
            .execute(tx.conn())
            .await?;
        self.forget_devices_in(&mut tx, user).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user)]);
        Ok(tx.commit().await?)
    }

    /// Signs a user out on one device and writes it down; false if it is not theirs or has ended.
    pub async fn delete_session_of(
        &self,
        user: UserId,
        id_hash: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id_hash = $2";
        let ended = self.delete_written(tx, sql, (user, id_hash), entry, now);
        Ok(ended.await? > 0)
    }

    /// Signs a user out on every device but this one, writes it down if there was any, and returns how many.
    pub async fn delete_other_sessions_of(
        &self,
        user: UserId,
        id_hash: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let tx = self.begin().await?;
        let sql = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2";
        self.delete_written(tx, sql, (user, id_hash), entry, now)
            .await
    }

    async fn delete_written(
        &self,
        mut tx: Transaction,
        sql: &'static str,
        (user, id_hash): (UserId, &str),
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let ended = sqlx::query(sql)
            .bind(user.to_string())
            .bind(id_hash)
            .execute(tx.conn())
            .await?
            .rows_affected();
        if ended > 0 {
            self.audit_in(&mut tx, entry, now).await?;
            tx.changed([Topic::Person(user)]);
            tx.commit().await?;
        }
        Ok(ended)
    }
}

/// Ends the sessions of nobody that are too many beside a new one.
async fn make_room(tx: &mut Transaction, new: &SessionRow) -> Result<(), StoreError> {
    const OTHERS: &str = "FROM sessions WHERE user_id IS NULL AND id_hash <> $1";
    for (which, most) in [
        ("network_hash = $2", MAX_OF_NETWORK),
        ("CAST($2 AS TEXT) IS NOT NULL", MAX_OF_NOBODY),
    ] {
        let network = new.network.clone().unwrap_or_default();
        let sql = format!("SELECT COUNT(*) AS others {OTHERS} AND {which}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&new.id_hash)
            .bind(&network)
            .fetch_one(tx.conn())
            .await?;
        let others: i64 = row.try_get("others")?;
        if others < most {
            continue;
        }
        let sql = format!(
            "DELETE FROM sessions WHERE id_hash IN (SELECT id_hash {OTHERS} AND {which} ORDER BY touched_at, id_hash LIMIT $3)"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&new.id_hash)
            .bind(&network)
            .bind(others - most + 1)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}
