//! Accounts that admins hold for everybody: tested, changed, moved, and ended with all that was read.

use crate::database::Transaction;
use crate::{
    accounts,
    accounts::Account,
    error::StoreError,
    offers::set_sign_in,
    rows, secrets,
    store::{LockedTable, Store},
};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    connection::{Mode, SignInMethod},
    endpoint::EwsUrl,
    id::{AccountId, SecretId},
    mailbox::SmtpAddress,
    topic::Topic,
};

/// A tested account, ready to be saved with the secret that was sealed for it.
#[derive(Debug, Clone)]
pub struct NewAccount {
    pub terms: Terms,
    pub name: AccountName,
    pub endpoint: EwsUrl,
    pub control: SmtpAddress,
    pub secret_id: SecretId,
    pub sign_in: SignInMethod,
}

/// What an admin says about an account, and may change without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub label: String,
    /// Lower-cased mail domains.
    pub domains: Vec<String>,
    pub expires_at: Option<Timestamp>,
}

/// An account as admins see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationAccount {
    pub account: Account,
    pub domains: Vec<String>,
    /// How many connections use it.
    pub connections: i64,
    /// How many of them need somebody to act.
    pub broken: i64,
    /// How many calendar entries were read through it.
    pub entries: i64,
}

/// Why two accounts cannot stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("The domain {domain} is served by “{label}” already. Take it away there first.")]
    Domain { domain: String, label: String },
    #[error("“{label}” is this account on this server already. Change it there.")]
    Account { label: String },
    #[error("An account is called “{label}” already.")]
    Label { label: String },
}

/// What ended with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndedAccount {
    pub users: i64,
    pub entries: i64,
}

impl Store {
    /// The organisation's accounts by label.
    pub async fn held_accounts(&self) -> Result<Vec<OrganisationAccount>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{} WHERE kind = $1 ORDER BY label, id",
            accounts::COLUMNS
        ));
        let found = sqlx::query(sql)
            .bind(kind()?)
            .fetch_all(self.pool())
            .await?;
        let mut held = Vec::new();
        for row in &found {
            held.push(self.with_counts(accounts::account(row)?).await?);
        }
        Ok(held)
    }

    pub async fn held_account(
        &self,
        id: AccountId,
    ) -> Result<Option<OrganisationAccount>, StoreError> {
        match self.account(id).await? {
            Some(account) if account.mode == Mode::Organisation => {
                Ok(Some(self.with_counts(account).await?))
            }
            Some(_) | None => Ok(None),
        }
    }

    async fn with_counts(&self, account: Account) -> Result<OrganisationAccount, StoreError> {
        let domains =
            sqlx::query("SELECT domain FROM account_domains WHERE account_id = $1 ORDER BY domain")
                .bind(account.id.to_string())
                .fetch_all(self.pool())
                .await?;
        let counts = sqlx::query(
            "SELECT COUNT(*) AS connections, COUNT(CASE WHEN state = 'action_needed' AND paused_at IS NULL THEN 1 END) AS broken, \
             CAST(COALESCE(SUM(entries), 0) AS BIGINT) AS entries FROM connections WHERE account_id = $1",
        )
        .bind(account.id.to_string())
        .fetch_one(self.pool())
        .await?;
        Ok(OrganisationAccount {
            domains: domains
                .iter()
                .map(|row| rows::text(row, "domain"))
                .collect::<Result<_, _>>()?,
            connections: rows::number(&counts, "connections")?,
            broken: rows::number(&counts, "broken")?,
            entries: rows::number(&counts, "entries")?,
            account,
        })
    }

    /// The account that serves a mail domain.
    pub async fn account_for(&self, domain: &str) -> Result<Option<Account>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{} WHERE id = (SELECT account_id FROM account_domains WHERE domain = $1)",
            accounts::COLUMNS
        ));
        let row = sqlx::query(sql)
            .bind(domain)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(accounts::account).transpose()
    }

    /// What stands in the way of an account with these terms; `id` is the account itself, if it exists.
    pub async fn conflict(
        &self,
        id: Option<AccountId>,
        terms: &Terms,
        name_and_host: Option<(&AccountName, &str)>,
    ) -> Result<Option<Conflict>, StoreError> {
        for held in self.held_accounts().await? {
            let account = held.account;
            let label = account.label;
            if Some(account.id) == id {
                continue;
            }
            if label.to_lowercase() == terms.label.to_lowercase() {
                return Ok(Some(Conflict::Label { label }));
            }
            if let Some(domain) = terms.domains.iter().find(|it| held.domains.contains(it)) {
                let domain = domain.clone();
                return Ok(Some(Conflict::Domain { domain, label }));
            }
            if name_and_host.is_some_and(|(name, host)| {
                name.key() == account.name.key() && host == account.host
            }) {
                return Ok(Some(Conflict::Account { label }));
            }
        }
        Ok(None)
    }

    pub async fn add_account(
        &self,
        new: &NewAccount,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<AccountId, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        secrets::point_to(&mut tx, new.secret_id).await?;
        let id = AccountId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO accounts (id, kind, host, name, name_key, owner_key, endpoint, secret_id, \
             control_mailbox, label, expires_at) VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, $10)",
        )
        .bind(id.to_string())
        .bind(kind()?)
        .bind(new.endpoint.host())
        .bind(rows::to_json(&new.name, "name")?)
        .bind(new.name.key())
        .bind(new.endpoint.to_string())
        .bind(new.secret_id.to_string())
        .bind(new.control.as_str())
        .bind(&new.terms.label)
        .bind(new.terms.expires_at.map(Timestamp::millis))
        .execute(tx.conn())
        .await?;
        set_sign_in(&mut tx, id, new.sign_in, entry.actor).await?;
        set_domains(&mut tx, id, &new.terms.domains).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(id)
    }

    /// Changes what needs no password.
    pub async fn change_terms(
        &self,
        id: AccountId,
        terms: &Terms,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        sqlx::query("UPDATE accounts SET label = $2, expires_at = $3 WHERE id = $1")
            .bind(id.to_string())
            .bind(&terms.label)
            .bind(terms.expires_at.map(Timestamp::millis))
            .execute(tx.conn())
            .await?;
        set_domains(&mut tx, id, &terms.domains).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(id).await?;
        Ok(tx.commit().await?)
    }

    /// Points an account to where it was tested now, with the secret that was sealed for it. Returns the secrets that
    /// nothing points to any more.
    pub async fn move_account(
        &self,
        id: AccountId,
        new: &NewAccount,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Vec<SecretId>, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        secrets::point_to(&mut tx, new.secret_id).await?;
        let released = secrets_of(&mut tx, id).await?;
        secrets::let_go(&mut tx, &released, now).await?;
        sqlx::query(
            "UPDATE accounts SET host = $2, endpoint = $3, name = $4, name_key = $5, secret_id = $6, control_mailbox = $7, \
             next_name = NULL, next_secret_id = NULL, next_tested_at = NULL, next_expires_at = NULL, held_until = NULL, \
             saved_refusals = 0, stopped_until = NULL, stopped_for = NULL WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(new.endpoint.host())
        .bind(new.endpoint.to_string())
        .bind(rows::to_json(&new.name, "name")?)
        .bind(new.name.key())
        .bind(new.secret_id.to_string())
        .bind(new.control.as_str())
        .execute(tx.conn())
        .await?;
        set_sign_in(&mut tx, id, new.sign_in, entry.actor).await?;
        wake_troubled(&mut tx, id, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_account(id).await?;
        tx.commit().await?;
        Ok(released)
    }

    /// Ends an account with all its connections and their entries. Returns what ended, and the secrets that nothing
    /// points to any more.
    pub async fn end_account(
        &self,
        id: AccountId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(EndedAccount, Vec<SecretId>), StoreError> {
        // Whoever works for it writes nothing any more, so that nobody waits for the other.
        self.cancel_scopes_of(id, now).await?;
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        let released = secrets_of(&mut tx, id).await?;
        secrets::let_go(&mut tx, &released, now).await?;
        let counts = sqlx::query(
            "SELECT COUNT(DISTINCT c.user_id) AS users, COUNT(e.id) AS entries FROM connections c \
             LEFT JOIN calendars k ON k.connection_id = c.id LEFT JOIN events e ON e.calendar_id = k.id WHERE c.account_id = $1",
        )
        .bind(id.to_string())
        .fetch_one(tx.conn())
        .await?;
        let ended = EndedAccount {
            users: rows::number(&counts, "users")?,
            entries: rows::number(&counts, "entries")?,
        };
        sqlx::query(
            "UPDATE users SET disconnected_at = $2 WHERE id IN (SELECT user_id FROM connections WHERE account_id = $1)",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        let mailboxes =
            sqlx::query("SELECT mailbox FROM connections WHERE account_id = $1 ORDER BY mailbox")
                .bind(id.to_string())
                .fetch_all(tx.conn())
                .await?;
        delete_with_connections(&mut tx, id).await?;
        for row in &mailboxes {
            let disconnected = AuditEntry {
                action: AuditAction::Disconnected,
                subject: rows::text(row, "mailbox")?,
                ..entry.clone()
            };
            self.audit_in(&mut tx, &disconnected, now).await?;
        }
        let entry = AuditEntry {
            subject: format!(
                "{}; people disconnected: {}, entries deleted: {}",
                entry.subject, ended.users, ended.entries
            ),
            ..entry.clone()
        };
        self.audit_in(&mut tx, &entry, now).await?;
        tx.commit().await?;
        Ok((ended, released))
    }
}

async fn delete_with_connections(tx: &mut Transaction, id: AccountId) -> Result<(), StoreError> {
    tx.changed_account(id).await?;
    for sql in [
        "DELETE FROM jobs WHERE id IN (SELECT id FROM mailbox_scopes WHERE account_id = $1)",
        "DELETE FROM connections WHERE account_id = $1",
        "DELETE FROM accounts WHERE id = $1",
    ] {
        sqlx::query(sql)
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn kind() -> Result<String, StoreError> {
    rows::to_name(&Mode::Organisation, "kind")
}

async fn set_domains(
    tx: &mut Transaction,
    id: AccountId,
    domains: &[String],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM account_domains WHERE account_id = $1")
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
    for domain in domains {
        sqlx::query("INSERT INTO account_domains (domain, account_id) VALUES ($1, $2)")
            .bind(domain.as_str())
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

async fn secrets_of(tx: &mut Transaction, id: AccountId) -> Result<Vec<SecretId>, StoreError> {
    let found = sqlx::query(
        "SELECT secret_id FROM accounts WHERE id = $1 \
         UNION SELECT next_secret_id FROM accounts WHERE id = $1 AND next_secret_id IS NOT NULL",
    )
    .bind(id.to_string())
    .fetch_all(tx.conn())
    .await?;
    found
        .iter()
        .map(|row| rows::parsed(row, "secret_id"))
        .collect()
}

/// Connections that stand broken are looked at at once; the others go on as planned.
pub(crate) async fn wake_troubled(
    tx: &mut Transaction,
    id: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE connections SET due_at = $2 WHERE account_id = $1 AND state <> 'connected'",
    )
    .bind(id.to_string())
    .bind(now.millis())
    .execute(tx.conn())
    .await?;
    Ok(())
}
