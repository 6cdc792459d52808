//! Accounts on Exchange hosts: a typed service account is one row per host and name, whoever typed it.

use super::{Store, StoreError, rows};
use crate::{
    account_name::AccountName,
    clock::Timestamp,
    connection::{ConnectionState, Mode},
    endpoint::EwsUrl,
    id::{AccountId, SecretId, UserId},
    problem::Problem,
};
use sqlx::any::AnyRow;

/// An account with the id of its sealed password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub mode: Mode,
    pub host: String,
    pub name: AccountName,
    pub endpoint: EwsUrl,
    pub secret_id: SecretId,
    /// How often this saved password was refused since it was stored.
    pub saved_refusals: i64,
    /// While set, no work of this account starts before then.
    pub stopped_until: Option<Timestamp>,
}

/// The account's row as it is found again: personal accounts belong to their user alone.
pub(super) fn owner_key(mode: Mode, user: UserId) -> String {
    match mode {
        Mode::ServiceAccount => String::new(),
        Mode::Personal => user.to_string(),
    }
}

pub(super) fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        id: rows::parsed(row, "id")?,
        mode: rows::named(row, "kind")?,
        host: rows::text(row, "host")?,
        name: rows::json(row, "name")?,
        endpoint: rows::parsed(row, "endpoint")?,
        secret_id: rows::parsed(row, "secret_id")?,
        saved_refusals: rows::number(row, "saved_refusals")?,
        stopped_until: rows::maybe_instant(row, "stopped_until")?,
    })
}

pub(super) const COLUMNS: &str =
    "SELECT id, kind, host, name, endpoint, secret_id, saved_refusals, stopped_until FROM accounts";

impl Store {
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(self.pool()).await?;
        row.as_ref().map(account).transpose()
    }

    /// The ids of all secrets that accounts point to.
    pub async fn secret_ids(&self) -> Result<Vec<SecretId>, StoreError> {
        let found = sqlx::query("SELECT secret_id FROM accounts").fetch_all(self.pool()).await?;
        found.iter().map(|row| rows::parsed(row, "secret_id")).collect()
    }

    /// A saved password was refused: counts it and stops all work of the account, if `account` is still as it was
    /// read (else somebody has put in another password meanwhile, and nothing is stopped).
    ///
    /// The first refusal plans one probe at `probe_at`; after the second nothing is planned.
    pub async fn stop_account(
        &self,
        account: &Account,
        first: &Problem,
        probe_at: Timestamp,
        last: &Problem,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        self.count_refusal_in(&mut writing, &account.host, &account.name.key(), now).await?;
        let probe = account.saved_refusals == 0;
        let stopped = sqlx::query(
            "UPDATE accounts SET saved_refusals = saved_refusals + 1, stopped_until = $4 \
             WHERE id = $1 AND secret_id = $2 AND saved_refusals = $3",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .bind(account.saved_refusals)
        .bind(if probe { probe_at.millis() } else { i64::MAX })
        .execute(writing.on())
        .await?;
        if stopped.rows_affected() > 0 {
            let problem = if probe { first } else { last };
            sqlx::query(
                "UPDATE connections SET state = $2, problem = $3, since = CASE WHEN state = $2 THEN since ELSE $4 END, \
                 due_at = $5 WHERE account_id = $1",
            )
            .bind(account.id.to_string())
            .bind(ConnectionState::ActionNeeded.code())
            .bind(rows::to_json(problem, "problem")?)
            .bind(now.millis())
            .bind(probe.then_some(probe_at.millis()))
            .execute(writing.on())
            .await?;
        }
        Ok(writing.commit().await?)
    }

    /// Takes the one probe of a stopped account: true for whoever may send the password now.
    ///
    /// Whoever takes it pushes the stop on by `pause`, so that nobody else sends it meanwhile.
    pub async fn take_probe(&self, account: &Account, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut writing = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE accounts SET stopped_until = $4 WHERE id = $1 AND secret_id = $2 AND saved_refusals = 1 \
             AND stopped_until <= $3",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .bind(now.millis())
        .bind(until.millis())
        .execute(writing.on())
        .await?;
        writing.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    /// The saved password was accepted: forgets its refusals and lets all its connections go on at once.
    pub async fn resume_account(&self, account: &Account, now: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        let resumed = sqlx::query(
            "UPDATE accounts SET saved_refusals = 0, stopped_until = NULL \
             WHERE id = $1 AND secret_id = $2 AND (saved_refusals > 0 OR stopped_until IS NOT NULL)",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .execute(writing.on())
        .await?;
        if resumed.rows_affected() > 0 {
            sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1")
                .bind(account.id.to_string())
                .bind(now.millis())
                .execute(writing.on())
                .await?;
        }
        Ok(writing.commit().await?)
    }
}
