//! Accounts on Exchange hosts: a typed service account is one row per host and name, whoever typed it.

use crate::{
    error::StoreError, history::RunSubject, lease::Lease, refusals, rows, store::Store,
    unreadable::Listed,
};
use kalends_core::{
    account_name::AccountName,
    advice::Names,
    clock::Timestamp,
    connection::{ConnectionState, Mode, SignInMethod},
    endpoint::EwsUrl,
    id::{AccountId, RecordId, SecretId, UserId},
    mailbox::SmtpAddress,
    problem::Problem,
};
use sqlx::any::AnyRow;
use std::time::Duration;

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
    /// Why its work was stopped.
    pub stopped_for: Option<Problem>,
    /// A mailbox that somebody named as one that it reaches.
    pub control_mailbox: Option<SmtpAddress>,
    /// What an admin calls it; empty where a user typed it.
    pub label: String,
    /// When its password ends, as far as somebody said.
    pub expires_at: Option<Timestamp>,
    /// The password to come, tested already.
    pub next: Option<NextSlot>,
    /// While set, nothing signs in with it before then: its password is being changed.
    pub held_until: Option<Timestamp>,
    /// While set, no work is done with it.
    pub paused_at: Option<Timestamp>,
    /// Somebody waits for it until then.
    pub wanted_until: Option<Timestamp>,
    pub sign_in: SignInMethod,
    /// While set, its server has asked to be left alone until then.
    pub busy_until: Option<Timestamp>,
    /// How often in a row it did.
    pub busy_times: i64,
}

impl Account {
    /// Why its work is stopped, where it is.
    pub fn stopped_problem(&self) -> Problem {
        let told = self.stopped_for.clone();
        told.unwrap_or(Problem::PasswordRefused {
            taken_before: false,
            proxy: None,
            changed: None,
        })
    }

    /// As admins call it; else by its name.
    pub fn called(&self) -> String {
        if self.label.is_empty() {
            self.name.to_string()
        } else {
            self.label.clone()
        }
    }

    /// The names for words about its problems, to a reader so many seconds east of UTC; they name no mailbox.
    pub fn names(&self, utc_offset: Option<i32>) -> Names {
        Names {
            mailbox: String::new(),
            account: self.name.to_string(),
            endpoint: self.endpoint.to_string(),
            utc_offset,
            held: self.mode == Mode::Organisation,
            is_own: self.mode == Mode::Personal,
            tells_addresses: false,
            probe_at: self.stopped_until.filter(|_| self.saved_refusals > 0),
        }
    }
}

/// The second credential slot of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextSlot {
    pub name: AccountName,
    pub secret_id: SecretId,
    pub tested_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// An account that one worker holds alone.
#[derive(Debug, Clone)]
pub struct Leased {
    pub account: Account,
    pub lease: Lease,
}

impl Leased {
    pub(crate) const fn new(account: Account, token: String) -> Self {
        let lease = Lease {
            account: account.id,
            token,
        };
        Self { account, lease }
    }
}

/// The account's row as it is found again: personal accounts belong to their user alone.
pub(crate) fn owner_key(mode: Mode, user: UserId) -> String {
    match mode {
        Mode::Organisation | Mode::ServiceAccount => String::new(),
        Mode::Personal => user.to_string(),
    }
}

pub(crate) fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        id: rows::parsed(row, "id")?,
        mode: rows::named(row, "kind")?,
        host: rows::text(row, "host")?,
        name: rows::json(row, "name")?,
        endpoint: rows::parsed(row, "endpoint")?,
        secret_id: rows::parsed(row, "secret_id")?,
        saved_refusals: rows::number(row, "saved_refusals")?,
        stopped_until: rows::maybe_instant(row, "stopped_until")?,
        stopped_for: rows::maybe_json(row, "stopped_for")?,
        control_mailbox: rows::maybe_parsed(row, "control_mailbox")?,
        label: rows::text(row, "label")?,
        expires_at: rows::maybe_instant(row, "expires_at")?,
        next: next_slot(row)?,
        held_until: rows::maybe_instant(row, "held_until")?,
        paused_at: rows::maybe_instant(row, "paused_at")?,
        wanted_until: rows::maybe_instant(row, "wanted_until")?,
        sign_in: rows::named(row, "sign_in_method")?,
        busy_until: rows::maybe_instant(row, "backoff_until")?,
        busy_times: rows::number(row, "backoff_count")?,
    })
}

fn next_slot(row: &AnyRow) -> Result<Option<NextSlot>, StoreError> {
    let Some(secret_id) = rows::maybe_parsed(row, "next_secret_id")? else {
        return Ok(None);
    };
    Ok(Some(NextSlot {
        name: rows::json(row, "next_name")?,
        secret_id,
        tested_at: rows::instant(row, "next_tested_at")?,
        expires_at: rows::maybe_instant(row, "next_expires_at")?,
    }))
}

pub(crate) const COLUMNS: &str = "SELECT id, kind, host, name, endpoint, secret_id, saved_refusals, stopped_until, stopped_for, control_mailbox, \
     label, expires_at, next_name, next_secret_id, next_tested_at, next_expires_at, held_until, paused_at, wanted_until, sign_in_method, backoff_until, backoff_count FROM accounts";

impl Store {
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1"));
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(account).transpose()
    }

    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let found = sqlx::query(COLUMNS).fetch_all(self.pool()).await?;
        Ok(self.readable(Listed::Accounts, &found, account))
    }

    /// Mailboxes that an account of this name is known to reach, by the host where each was reached: those that an admin
    /// named first, then those that were synced last. None is the mailbox `but`.
    pub async fn control_mailboxes(
        &self,
        name: &AccountName,
        but: &SmtpAddress,
    ) -> Result<Vec<(String, SmtpAddress)>, StoreError> {
        let found = sqlx::query(
            "SELECT host, control_mailbox AS mailbox, 0 AS rank, 0 AS synced FROM accounts \
             WHERE kind <> $1 AND name_key = $2 AND control_mailbox IS NOT NULL AND control_mailbox <> $3 \
             UNION ALL \
             SELECT a.host, c.mailbox, 1, c.last_synced_at FROM connections c JOIN accounts a ON a.id = c.account_id \
             WHERE a.kind <> $1 AND a.name_key = $2 AND c.last_synced_at IS NOT NULL AND c.mailbox <> $3 \
             ORDER BY rank, synced DESC LIMIT 100",
        )
        .bind(rows::to_name(&Mode::Personal, "kind")?)
        .bind(name.key())
        .bind(but.as_str())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| Ok((rows::text(row, "host")?, rows::parsed(row, "mailbox")?)))
            .collect()
    }

    /// Points an account to another secret, if it still points to the one it did. Returns the secret that is to be
    /// deleted: the old one, or the new one where somebody was quicker.
    pub async fn replace_secret(
        &self,
        id: AccountId,
        old: SecretId,
        new: SecretId,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        let mut tx = self.begin().await?;
        let mut replaced = 0;
        for sql in [
            "UPDATE accounts SET secret_id = $3 WHERE id = $1 AND secret_id = $2",
            "UPDATE accounts SET next_secret_id = $3 WHERE id = $1 AND next_secret_id = $2",
        ] {
            replaced += sqlx::query(sql)
                .bind(id.to_string())
                .bind(old.to_string())
                .bind(new.to_string())
                .execute(tx.conn())
                .await?
                .rows_affected();
        }
        self.replaced(tx, (old, new), replaced > 0, now).await
    }

    /// A saved password was refused, or never answered: its place stays taken, and all work of the account stops, if
    /// `account` is still as it was read (else somebody has put in another password meanwhile, and nothing is stopped).
    ///
    /// It is sent again by itself at `next`; `None`: not before somebody acts.
    pub async fn stop_account(
        &self,
        account: &Account,
        place: RecordId,
        problem: &Problem,
        next: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        refusals::keep_in(&mut tx, place, now).await?;
        let told = rows::to_json(problem, "problem")?;
        let stopped = sqlx::query(
            "UPDATE accounts SET saved_refusals = saved_refusals + 1, stopped_until = $4, stopped_for = $5 \
             WHERE id = $1 AND secret_id = $2 AND saved_refusals = $3",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .bind(account.saved_refusals)
        .bind(next.map(Timestamp::millis))
        .bind(&told)
        .execute(tx.conn())
        .await?;
        if stopped.rows_affected() > 0 {
            let (whose, state) = (RunSubject::All(account.id), ConnectionState::after(problem));
            self.note_state_in(&mut tx, whose, state, Some(problem.code()), now)
                .await?;
            sqlx::query(
                "UPDATE connections SET state = $2, problem = $3, since = CASE WHEN state = $2 AND $7 LIKE '%,' || problem_code || ',%' THEN since ELSE $4 END, \
                 due_at = $5, problem_code = $6 WHERE account_id = $1",
            )
            .bind(account.id.to_string())
            .bind(state.code())
            .bind(told)
            .bind(now.millis())
            .bind(next.map(Timestamp::millis))
            .bind(problem.code())
            .bind(problem.codes_of_cause())
            .execute(tx.conn())
            .await?;
            tx.changed_account(account.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Stopped accounts whose password is sent again by itself.
    pub async fn accounts_to_probe(&self) -> Result<Vec<Account>, StoreError> {
        let sql = format!("{COLUMNS} WHERE saved_refusals > 0 AND stopped_until IS NOT NULL");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.pool())
            .await?;
        Ok(self.readable(Listed::Accounts, &found, account))
    }

    /// Sends a stopped account's password again by itself no sooner than that, where it is still as it was read.
    pub async fn put_off_probe(
        &self,
        account: &Account,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let put_off = sqlx::query(
            "UPDATE accounts SET stopped_until = $3 WHERE id = $1 AND secret_id = $2 AND saved_refusals > 0 AND stopped_until < $3",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .bind(until.millis())
        .execute(tx.conn())
        .await?;
        if put_off.rows_affected() > 0 {
            sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1 AND due_at < $2")
                .bind(account.id.to_string())
                .bind(until.millis())
                .execute(tx.conn())
                .await?;
            tx.changed_account(account.id).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Who was the first of those that are connected through an account.
    pub async fn first_user_of(&self, id: AccountId) -> Result<Option<UserId>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id FROM connections WHERE account_id = $1 ORDER BY connected_at, id LIMIT 1",
        )
        .bind(id.to_string())
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| rows::parsed(&row, "user_id")).transpose()
    }

    /// Takes one account, due or not; `None` while somebody else holds it, or if it is gone.
    pub async fn lease_account(
        &self,
        id: AccountId,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Leased>, StoreError> {
        let token = self.random.hex::<12>();
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE accounts SET leased_until = $3, lease_token = $4, instance_id = $5, wanted_until = NULL \
             WHERE id = $1 AND (leased_until IS NULL OR leased_until <= $2)",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .bind((now + lease).millis())
        .bind(&token)
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE lease_token = $1"));
        let row = sqlx::query(sql)
            .bind(&token)
            .fetch_optional(tx.conn())
            .await?;
        tx.commit().await?;
        row.as_ref()
            .map(|row| Ok(Leased::new(account(row)?, token)))
            .transpose()
    }

    /// Goes on holding an account until then; false if somebody else holds it by now.
    pub async fn renew_lease(&self, leased: &Leased, until: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let renewed =
            sqlx::query("UPDATE accounts SET leased_until = $3 WHERE id = $1 AND lease_token = $2")
                .bind(leased.account.id.to_string())
                .bind(&leased.lease.token)
                .bind(until.millis())
                .execute(tx.conn())
                .await?;
        tx.commit().await?;
        Ok(renewed.rows_affected() > 0)
    }

    pub async fn release_account(&self, leased: &Leased) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Accounts that were taken together have one token.
        sqlx::query(
            "UPDATE accounts SET leased_until = NULL, lease_token = NULL, instance_id = NULL WHERE id = $1 AND lease_token = $2",
        )
        .bind(leased.account.id.to_string())
        .bind(&leased.lease.token)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// The saved password was accepted: forgets its refusals and lets all its connections go on at once.
    pub async fn resume_account(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let resumed = sqlx::query(
            "UPDATE accounts SET saved_refusals = 0, stopped_until = NULL, stopped_for = NULL \
             WHERE id = $1 AND secret_id = $2 AND (saved_refusals > 0 OR stopped_until IS NOT NULL)",
        )
        .bind(account.id.to_string())
        .bind(account.secret_id.to_string())
        .execute(tx.conn())
        .await?;
        if resumed.rows_affected() > 0 {
            sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1")
                .bind(account.id.to_string())
                .bind(now.millis())
                .execute(tx.conn())
                .await?;
            tx.changed_account(account.id).await?;
        }
        Ok(tx.commit().await?)
    }
}
