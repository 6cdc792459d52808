//! People who sign in.

use crate::database::Transaction;
use crate::{
    error::StoreError,
    rows,
    store::{LockedTable, Store},
    unreadable::Listed,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::UserId,
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    preferences::Preferences,
    rights::{Right, Role},
    topic::Topic,
};
use sqlx::any::AnyRow;

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: SmtpAddress,
    pub name: String,
    pub role: Role,
    /// An argon2id hash in PHC form; empty until an invitation is taken up.
    pub password_hash: String,
    /// An IANA name.
    pub time_zone: String,
    /// How much of their calendar may be kept, where they lowered it.
    pub privacy: Option<PrivacyLevel>,
    pub calendar: Preferences,
    /// Since when they may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// When somebody else ended their last connection; means nothing while they have one.
    pub ended_at: Option<Timestamp>,
}

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: SmtpAddress,
    pub name: String,
    pub role: Role,
    pub password_hash: String,
    pub time_zone: String,
}

impl User {
    pub const fn has(&self, right: Right) -> bool {
        self.role.has(right)
    }

    /// Whether they are invited and have not set a password as yet.
    pub const fn is_invited(&self) -> bool {
        self.password_hash.is_empty()
    }
}

const COLUMNS: &str = "SELECT id, email, name, role, password_hash, time_zone, privacy, first_day, clock, disabled_at, disconnected_at FROM users";

pub(crate) fn user(row: &AnyRow) -> Result<User, StoreError> {
    Ok(User {
        id: rows::parsed(row, "id")?,
        email: rows::parsed(row, "email")?,
        name: rows::text(row, "name")?,
        role: rows::named(row, "role")?,
        password_hash: rows::text(row, "password_hash")?,
        time_zone: rows::text(row, "time_zone")?,
        privacy: rows::maybe_named(row, "privacy")?,
        calendar: Preferences {
            first_day: rows::named(row, "first_day")?,
            clock: rows::named(row, "clock")?,
        },
        disabled_at: rows::maybe_instant(row, "disabled_at")?,
        ended_at: rows::maybe_instant(row, "disconnected_at")?,
    })
}

impl Store {
    /// Adds a person. Fails with [`StoreError::EmailTaken`] if the address has an account.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        self.insert_user(new, now, false)
            .await?
            .ok_or(StoreError::Corrupt("user"))
    }

    /// Adds the first person; `None` if there is somebody already.
    pub async fn create_first_user(
        &self,
        new: NewUser,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.insert_user(new, now, true).await
    }

    async fn insert_user(
        &self,
        new: NewUser,
        now: Timestamp,
        first: bool,
    ) -> Result<Option<User>, StoreError> {
        let mut tx = if first {
            self.begin_with_table_lock(LockedTable::Users).await?
        } else {
            self.begin().await?
        };
        let id = UserId::new(now, self.random.bytes());
        let user = self.insert_user_in(&mut tx, (id, new), first).await?;
        if let Some(user) = &user {
            let entry = if first {
                sqlx::query("DELETE FROM setup_codes")
                    .execute(tx.conn())
                    .await?;
                AuditEntry::by(user.id, AuditAction::UserCreated)
            } else {
                AuditEntry::by_kalends(AuditAction::UserCreated)
            };
            let entry = entry.about(user.email.as_str());
            self.audit_in(&mut tx, &entry, now).await?;
            tx.changed([Topic::People]);
            tx.commit().await?;
        }
        Ok(user)
    }

    pub(crate) async fn insert_user_in(
        &self,
        tx: &mut Transaction,
        (id, new): (UserId, NewUser),
        first: bool,
    ) -> Result<Option<User>, StoreError> {
        let sql = if first {
            "INSERT INTO users (id, email, name, name_key, role, password_hash, time_zone) \
             SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM users)"
        } else {
            "INSERT INTO users (id, email, name, name_key, role, password_hash, time_zone) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)"
        };
        let inserted = sqlx::query(sql)
            .bind(id.to_string())
            .bind(new.email.as_str())
            .bind(&new.name)
            .bind(new.name.to_lowercase())
            .bind(rows::to_name(&new.role, "role")?)
            .bind(&new.password_hash)
            .bind(&new.time_zone)
            .execute(tx.conn())
            .await
            .map_err(|error| match error.as_database_error() {
                Some(database) if database.is_unique_violation() => {
                    StoreError::EmailTaken(new.email.to_string())
                }
                _ => error.into(),
            })?;
        if inserted.rows_affected() == 0 {
            return Ok(None);
        }
        self.index_user_in(tx, id).await?;
        let NewUser {
            email,
            name,
            role,
            password_hash,
            time_zone,
        } = new;
        Ok(Some(User {
            id,
            email,
            name,
            role,
            password_hash,
            time_zone,
            privacy: None,
            calendar: Preferences::default(),
            disabled_at: None,
            ended_at: None,
        }))
    }

    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(user).transpose()
    }

    /// Somebody who may sign in: `None` also for who is disabled.
    pub async fn enabled_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let user = self.user(id).await?;
        Ok(user.filter(|user| user.disabled_at.is_none()))
    }

    pub async fn user_by_email(&self, email: &SmtpAddress) -> Result<Option<User>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE email = $1"));
        let row = sqlx::query(sql)
            .bind(email.as_str())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(user).transpose()
    }

    /// Everybody, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY name_key, id"));
        let rows = sqlx::query(sql).fetch_all(self.pool()).await?;
        Ok(self.readable(Listed::Users, &rows, user))
    }

    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query("SELECT id FROM users LIMIT 1")
            .fetch_optional(self.pool())
            .await?
            .is_some())
    }

    pub async fn update_profile(
        &self,
        id: UserId,
        name: &str,
        time_zone: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET name = $2, name_key = $3, time_zone = $4 WHERE id = $1")
            .bind(id.to_string())
            .bind(name)
            .bind(name.to_lowercase())
            .bind(time_zone)
            .execute(tx.conn())
            .await?;
        self.index_user_in(&mut tx, id).await?;
        tx.changed_person(id).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps how a person reads calendars.
    pub async fn set_preferences(
        &self,
        id: UserId,
        preferences: Preferences,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET first_day = $2, clock = $3 WHERE id = $1")
            .bind(id.to_string())
            .bind(rows::to_name(&preferences.first_day, "first_day")?)
            .bind(rows::to_name(&preferences.clock, "clock")?)
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Person(id), Topic::Calendar(id)]);
        Ok(tx.commit().await?)
    }

    /// Sets a new password hash, ends every session of the user and writes it down, all or nothing.
    pub async fn set_password_hash(
        &self,
        id: UserId,
        hash: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind(hash)
            .execute(tx.conn())
            .await?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        self.forget_devices_in(&mut tx, id).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(id), Topic::People]);
        Ok(tx.commit().await?)
    }
}
