//! The second credential slot of an organisation's account: filled with tested credentials, emptied, and switched to.

use crate::database::Transaction;
use crate::{
    accounts::{Account, NextSlot},
    error::StoreError,
    organisation::wake_troubled,
    rows, secrets,
    store::{LockedTable, Store},
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{AccountId, SecretId},
    topic::Topic,
};

impl Store {
    /// Fills the second slot with tested credentials. Returns the secret that stood in it.
    pub async fn put_next(
        &self,
        id: AccountId,
        next: &NextSlot,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        secrets::point_to(&mut tx, next.secret_id).await?;
        let before = next_secret(&mut tx, id).await?;
        secrets::let_go(&mut tx, before.as_slice(), now).await?;
        sqlx::query(
            "UPDATE accounts SET next_name = $2, next_secret_id = $3, next_tested_at = $4, next_expires_at = $5 WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(rows::to_json(&next.name, "name")?)
        .bind(next.secret_id.to_string())
        .bind(next.tested_at.millis())
        .bind(next.expires_at.map(Timestamp::millis))
        .execute(tx.conn())
        .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(before)
    }

    /// Empties the second slot. Returns the secret that stood in it.
    pub async fn drop_next(
        &self,
        id: AccountId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        let before = next_secret(&mut tx, id).await?;
        if before.is_none() {
            return Ok(None);
        }
        secrets::let_go(&mut tx, before.as_slice(), now).await?;
        sqlx::query(
            "UPDATE accounts SET next_name = NULL, next_secret_id = NULL, next_tested_at = NULL, next_expires_at = NULL \
             WHERE id = $1",
        )
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(before)
    }

    /// The second slot takes the place of the first, and sign-ins go on. Returns the secret that is used no more;
    /// `None` if the second slot is not `next`.
    pub async fn switch(
        &self,
        account: &Account,
        next: &NextSlot,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        let switched = sqlx::query(
            "UPDATE accounts SET name = $3, name_key = $4, secret_id = next_secret_id, expires_at = next_expires_at, \
             next_name = NULL, next_secret_id = NULL, next_tested_at = NULL, next_expires_at = NULL, held_until = NULL, \
             saved_refusals = 0, stopped_until = NULL, stopped_for = NULL WHERE id = $1 AND next_secret_id = $2 AND secret_id = $5",
        )
        .bind(account.id.to_string())
        .bind(next.secret_id.to_string())
        .bind(rows::to_json(&next.name, "name")?)
        .bind(next.name.key())
        .bind(account.secret_id.to_string())
        .execute(tx.conn())
        .await?;
        if switched.rows_affected() == 0 {
            return Ok(None);
        }
        secrets::let_go(&mut tx, &[account.secret_id], now).await?;
        wake_troubled(&mut tx, account.id, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(account.id).await?;
        tx.commit().await?;
        Ok(Some(account.secret_id))
    }
}

async fn next_secret(tx: &mut Transaction, id: AccountId) -> Result<Option<SecretId>, StoreError> {
    let row = sqlx::query("SELECT next_secret_id FROM accounts WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(tx.conn())
        .await?;
    match row {
        Some(row) => rows::maybe_parsed(&row, "next_secret_id"),
        None => Ok(None),
    }
}
