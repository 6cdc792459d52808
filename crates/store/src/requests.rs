//! Whose a mailbox is, as far as Kalends knows: people's own addresses, and mailboxes that admins let them connect.

use crate::{error::StoreError, limits::RowsKey, notices, rows, store::Store, users::User};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{RequestId, UserId},
    mailbox::SmtpAddress,
    notice::Notice,
    topic::Topic,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::slice;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Waiting,
    Approved,
    Refused,
    /// By the person who asked, before anybody decided.
    Withdrawn,
    /// Approved once, and taken back.
    Revoked,
}

/// A mailbox that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRequest {
    pub id: RequestId,
    pub user_id: UserId,
    pub mailbox: SmtpAddress,
    pub reason: String,
    pub state: RequestState,
    pub asked_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<UserId>,
    /// What the admin wrote.
    pub answer: String,
}

/// How many requests of one person wait at the same time.
pub const MAX_WAITING: i64 = 5;

/// The requests of one person that wait: the rows are the places.
struct WaitingRequests(UserId);

impl RowsKey for WaitingRequests {
    fn name(&self) -> String {
        format!("requests {}", self.0)
    }
}

const COLUMNS: &str = "SELECT id, user_id, mailbox, reason, state, asked_at, decided_at, decided_by, answer FROM mailbox_requests";

fn request(row: &AnyRow) -> Result<MailboxRequest, StoreError> {
    Ok(MailboxRequest {
        id: rows::parsed(row, "id")?,
        user_id: rows::parsed(row, "user_id")?,
        mailbox: rows::parsed(row, "mailbox")?,
        reason: rows::text(row, "reason")?,
        state: rows::named(row, "state")?,
        asked_at: rows::instant(row, "asked_at")?,
        decided_at: rows::maybe_instant(row, "decided_at")?,
        decided_by: rows::maybe_parsed(row, "decided_by")?,
        answer: rows::text(row, "answer")?,
    })
}

impl Store {
    /// Whether an address is known to be a person's own: the one they sign in with, or one that was verified.
    pub async fn owns(&self, user: UserId, address: &SmtpAddress) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT id AS found FROM users WHERE id = $1 AND email = $2 \
             UNION ALL SELECT user_id FROM user_addresses WHERE user_id = $1 AND address = $2",
        )
        .bind(user.to_string())
        .bind(address.as_str())
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }

    /// The addresses that were verified for a person, beside the one they sign in with.
    pub async fn addresses_of(&self, user: UserId) -> Result<Vec<SmtpAddress>, StoreError> {
        let found =
            sqlx::query("SELECT address FROM user_addresses WHERE user_id = $1 ORDER BY address")
                .bind(user.to_string())
                .fetch_all(self.pool())
                .await?;
        found
            .iter()
            .map(|row| rows::parsed(row, "address"))
            .collect()
    }

    pub async fn verify_address(
        &self,
        user: UserId,
        address: &SmtpAddress,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "INSERT INTO user_addresses (user_id, address) VALUES ($1, $2) ON CONFLICT (user_id, address) DO NOTHING",
        )
        .bind(user.to_string())
        .bind(address.as_str())
        .execute(tx.conn())
        .await?;
        if added.rows_affected() > 0 {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([Topic::Person(user), Topic::People]);
        Ok(tx.commit().await?)
    }

    /// Whether an admin has let a person connect a mailbox.
    pub async fn is_approved(
        &self,
        user: UserId,
        mailbox: &SmtpAddress,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT id FROM mailbox_requests WHERE user_id = $1 AND mailbox = $2 AND state = 'approved'",
        )
        .bind(user.to_string())
        .bind(mailbox.as_str())
        .fetch_optional(self.pool())
        .await?;
        Ok(found.is_some())
    }

    /// Whether somebody else has connected a mailbox under this address. Under another spelling, that shows only once the
    /// mailbox was read.
    pub async fn is_held_by_others(
        &self,
        user: UserId,
        mailbox: &SmtpAddress,
    ) -> Result<bool, StoreError> {
        let found =
            sqlx::query("SELECT id FROM connections WHERE mailbox = $2 AND user_id <> $1 LIMIT 1")
                .bind(user.to_string())
                .bind(mailbox.as_str())
                .fetch_optional(self.pool())
                .await?;
        Ok(found.is_some())
    }

    /// Everybody who has connected a mailbox.
    pub async fn holders_of(&self, mailbox: &SmtpAddress) -> Result<Vec<User>, StoreError> {
        let found =
            sqlx::query("SELECT user_id FROM connections WHERE mailbox = $1 ORDER BY user_id")
                .bind(mailbox.as_str())
                .fetch_all(self.pool())
                .await?;
        let mut holders = Vec::new();
        for row in &found {
            holders.extend(self.user(rows::parsed(row, "user_id")?).await?);
        }
        Ok(holders)
    }

    /// The mailboxes that an admin let a person connect.
    pub async fn approved_for(&self, user: UserId) -> Result<Vec<SmtpAddress>, StoreError> {
        let found = sqlx::query(
            "SELECT DISTINCT mailbox FROM mailbox_requests WHERE user_id = $1 AND state = 'approved' ORDER BY mailbox",
        )
        .bind(user.to_string())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| rows::parsed(row, "mailbox"))
            .collect()
    }

    /// Writes down a request; one for the same mailbox that waits already takes the new reason. False if as many others
    /// of the person wait as may.
    pub async fn ask_for_mailbox(
        &self,
        user: UserId,
        mailbox: &SmtpAddress,
        reason: &str,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_with_key_lock(&WaitingRequests(user)).await?;
        let renewed = sqlx::query(
            "UPDATE mailbox_requests SET reason = $3, asked_at = $4 WHERE user_id = $1 AND mailbox = $2 AND state = 'waiting'",
        )
        .bind(user.to_string())
        .bind(mailbox.as_str())
        .bind(reason)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        if renewed.rows_affected() == 0 {
            let of_person = sqlx::query(
                "SELECT COUNT(*) AS found FROM mailbox_requests WHERE user_id = $1 AND state = 'waiting'",
            )
            .bind(user.to_string())
            .fetch_one(tx.conn())
            .await?;
            if rows::number(&of_person, "found")? >= MAX_WAITING {
                return Ok(false);
            }
            sqlx::query(
                "INSERT INTO mailbox_requests (id, user_id, mailbox, reason, state, asked_at) VALUES ($1, $2, $3, $4, 'waiting', $5)",
            )
            .bind(RequestId::new(now, self.random.bytes()).to_string())
            .bind(user.to_string())
            .bind(mailbox.as_str())
            .bind(reason)
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user), Topic::Organisation]);
        tx.commit().await?;
        Ok(true)
    }

    /// Moves a request from one state to another; false if it is not in `from` any more.
    pub async fn decide_request(
        &self,
        id: RequestId,
        (from, to): (RequestState, RequestState),
        answer: &str,
        (entry, told): (&AuditEntry, Option<&Notice>),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let decided = sqlx::query(
            "UPDATE mailbox_requests SET state = $3, answer = $4, decided_at = $5, decided_by = $6 WHERE id = $1 AND state = $2 RETURNING user_id",
        )
        .bind(id.to_string())
        .bind(rows::to_name(&from, "state")?)
        .bind(rows::to_name(&to, "state")?)
        .bind(answer)
        .bind(now.millis())
        .bind(entry.actor.map(|actor| actor.to_string()))
        .fetch_optional(tx.conn())
        .await?;
        let Some(decided) = decided else {
            return Ok(false);
        };
        let person = rows::parsed(&decided, "user_id")?;
        tx.changed([Topic::Person(person), Topic::Organisation]);
        if let Some(notice) = told {
            notices::put_all(&mut tx, slice::from_ref(notice)).await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub async fn request(&self, id: RequestId) -> Result<Option<MailboxRequest>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(request).transpose()
    }

    /// A person's requests, the newest first.
    pub async fn requests_of(&self, user: UserId) -> Result<Vec<MailboxRequest>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE user_id = $1 ORDER BY asked_at DESC, id LIMIT 20"
        ));
        let found = sqlx::query(sql)
            .bind(user.to_string())
            .fetch_all(self.pool())
            .await?;
        found.iter().map(request).collect()
    }

    /// Everybody's requests: those that wait, the oldest first, or the last ones that do not.
    pub async fn requests(&self, waiting: bool) -> Result<Vec<MailboxRequest>, StoreError> {
        let rest = if waiting {
            "WHERE state = 'waiting' ORDER BY asked_at, id LIMIT 200"
        } else {
            "WHERE state <> 'waiting' ORDER BY decided_at DESC, id LIMIT 50"
        };
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"));
        let found = sqlx::query(sql).fetch_all(self.pool()).await?;
        found.iter().map(request).collect()
    }

    pub async fn count_waiting_requests(&self) -> Result<i64, StoreError> {
        let row =
            sqlx::query("SELECT COUNT(*) AS waiting FROM mailbox_requests WHERE state = 'waiting'")
                .fetch_one(self.pool())
                .await?;
        rows::number(&row, "waiting")
    }
}
