//! What ending accounts of the organisation did.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    clock::Timestamp,
    endpoint::EwsUrl,
    id::{AccountId, RecordId, UserId},
    mailbox::SmtpAddress,
    problem::Problem,
    topic::Topic,
};
use serde::{Deserialize, Serialize};

/// What ending an account did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub id: RecordId,
    pub at: Timestamp,
    pub by: UserId,
    pub label: String,
    pub account: String,
    pub endpoint: EwsUrl,
    /// The mailbox that was tried.
    pub mailbox: Option<SmtpAddress>,
    pub probe: Probe,
    /// How many people were disconnected, and how many entries purged.
    pub users: i64,
    pub entries: i64,
}

/// What the password could still do, a moment before it was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "probe", rename_all = "snake_case")]
pub enum Probe {
    /// It opened the mailbox: whoever knows it can go on.
    Open,
    /// Exchange refused the sign-in: this password opens nothing.
    Closed { problem: Box<Problem> },
    /// Exchange took the password, and did not let the account act for any of the mailboxes that were tried.
    Denied { problem: Box<Problem>, tried: usize },
    /// It had been refused before and was not sent again.
    RefusedBefore,
    /// Exchange could not be asked.
    Unknown { problem: Box<Problem> },
    /// No mailbox is known to try.
    NotTried,
}

impl Store {
    pub async fn keep_revocation(&self, revocation: &Revocation) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO revocations (id, at, revocation) VALUES ($1, $2, $3)")
            .bind(revocation.id.to_string())
            .bind(revocation.at.millis())
            .bind(rows::to_json(revocation, "revocation")?)
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    pub async fn revocation(&self, id: RecordId) -> Result<Option<Revocation>, StoreError> {
        let row = sqlx::query("SELECT revocation FROM revocations WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::json(&row, "revocation")).transpose()
    }

    /// The newest first, a few.
    pub async fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        let found = sqlx::query("SELECT revocation FROM revocations ORDER BY at DESC, id LIMIT 20")
            .fetch_all(self.pool())
            .await?;
        found
            .iter()
            .map(|row| rows::json(row, "revocation"))
            .collect()
    }

    /// A mailbox that an account has read.
    /// Mailboxes that were read through an account, the latest first.
    pub async fn mailboxes_read_by(
        &self,
        id: AccountId,
        limit: i64,
    ) -> Result<Vec<SmtpAddress>, StoreError> {
        let found = sqlx::query(
            "SELECT mailbox FROM connections WHERE account_id = $1 AND last_synced_at IS NOT NULL \
             ORDER BY last_synced_at DESC, id LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| rows::parsed(row, "mailbox"))
            .collect()
    }
}
