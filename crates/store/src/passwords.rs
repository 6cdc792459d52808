//! A tested password in the place of one that was refused, for every connection of its account.

use crate::database::Transaction;
use crate::{
    error::StoreError,
    history::RunSubject,
    organisation::wake_troubled,
    rows, secrets,
    store::{LockedTable, Store},
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    connection::ConnectionState,
    id::{AccountId, ConnectionId, SecretId},
};

impl Store {
    /// Points an account to another secret and ends its stop. The connection that was tested is connected; all that were
    /// in trouble are due. Returns the secret that is used no more; fails with [`StoreError::NotAllowed`] where the
    /// account or the connection has gone meanwhile.
    pub async fn replace_password(
        &self,
        (account, tested): (AccountId, Option<ConnectionId>),
        new: SecretId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        secrets::point_to(&mut tx, new).await?;
        let found = sqlx::query("SELECT secret_id FROM accounts WHERE id = $1")
            .bind(account.to_string())
            .fetch_optional(tx.conn())
            .await?;
        let before = found.ok_or(StoreError::NotAllowed)?;
        let before = rows::parsed(&before, "secret_id")?;
        // What is known about the end of the old password says nothing about the new one.
        sqlx::query(
            "UPDATE accounts SET secret_id = $2, expires_at = NULL, held_until = NULL, saved_refusals = 0, stopped_until = NULL, \
             stopped_for = NULL WHERE id = $1",
        )
        .bind(account.to_string())
        .bind(new.to_string())
        .execute(tx.conn())
        .await?;
        secrets::let_go(&mut tx, &[before], now).await?;
        wake_troubled(&mut tx, account, now).await?;
        if let Some(tested) = tested {
            self.connect_again(&mut tx, (account, tested), now).await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(account).await?;
        tx.commit().await?;
        Ok(before)
    }

    async fn connect_again(
        &self,
        tx: &mut Transaction,
        (account, tested): (AccountId, ConnectionId),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (whose, state) = (RunSubject::One(tested), ConnectionState::Connected);
        self.note_state_in(tx, whose, state, None, now).await?;
        let connected = sqlx::query(
            "UPDATE connections SET since = CASE WHEN state = $3 THEN since ELSE $4 END, state = $3, problem = NULL, problem_code = NULL, \
             due_at = $4 WHERE id = $1 AND account_id = $2",
        )
        .bind(tested.to_string())
        .bind(account.to_string())
        .bind(state.code())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        if connected.rows_affected() == 0 {
            return Err(StoreError::NotAllowed);
        }
        Ok(())
    }
}
