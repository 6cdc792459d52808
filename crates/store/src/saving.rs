//! Making and ending connections: the one transaction that points to a sealed secret.

use crate::database::Transaction;
use crate::{
    accounts,
    accounts::Account,
    changed_topics::standing,
    error::StoreError,
    offers::settle_sign_in,
    rows, secrets,
    store::{LockedTable, Store},
};
use kalends_core::{
    account_name::AccountName,
    audit::AuditEntry,
    clock::Timestamp,
    connection::{ConnectionState, Mode, SignInMethod},
    endpoint::EwsUrl,
    id::{AccountId, CalendarId, ConnectionId, SecretId, UserId},
    mailbox::SmtpAddress,
    topic::Topic,
};

/// A tested connection, ready to be saved with the secret that was sealed for it.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub mode: Mode,
    pub reads: ConnectedMailbox,
    pub account: AccountName,
    pub endpoint: EwsUrl,
    pub secret_id: SecretId,
    /// A mailbox that the account is said to reach; `None` leaves an earlier one in place.
    pub control: Option<SmtpAddress>,
    /// How whoever typed the password wants it to be sent.
    pub sign_in: SignInMethod,
}

/// Whose connection reads what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedMailbox {
    pub user_id: UserId,
    pub mailbox: SmtpAddress,
    /// Of the calendar that was read.
    pub folder_id: String,
    pub folder_name: String,
}

/// What a saved or ended connection leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub connection_id: ConnectionId,
    /// Secrets that nothing points to any more.
    pub released: Vec<SecretId>,
}

impl Store {
    /// Points the main database to a sealed secret: makes or replaces the user's connection, and heals every other
    /// connection on the same account.
    pub async fn save_connection(
        &self,
        new: &NewConnection,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        self.refuse_forbidden(&mut tx, new.mode, &new.reads).await?;
        secrets::point_to(&mut tx, new.secret_id).await?;
        let mut released = Vec::new();
        let host = new.endpoint.host();
        self.claim_in(&mut tx, &new.reads, host, now, &mut released)
            .await?;
        let account_id = self
            .upsert_account(&mut tx, new, now, &mut released)
            .await?;
        let user = new.reads.user_id;
        settle_sign_in(&mut tx, account_id, new.mode, new.sign_in, user).await?;
        let id = self
            .replace_connection(
                &mut tx,
                (account_id, new.mode),
                &new.reads,
                entry.actor,
                now,
                &mut released,
            )
            .await?;
        secrets::let_go(&mut tx, &released, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(Saved {
            connection_id: id,
            released,
        })
    }

    /// Connects a person through an account that is there already, or for an admin in the organisation's name.
    pub async fn attach_connection(
        &self,
        account_id: AccountId,
        reads: &ConnectedMailbox,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        // An admin's own word is enough for somebody else.
        if entry.actor == Some(reads.user_id) {
            self.refuse_forbidden(&mut tx, Mode::Organisation, reads)
                .await?;
        }
        let mut released = Vec::new();
        let account = sqlx::query("SELECT host FROM accounts WHERE id = $1")
            .bind(account_id.to_string())
            .fetch_one(tx.conn())
            .await?;
        let host = rows::text(&account, "host")?;
        self.claim_in(&mut tx, reads, &host, now, &mut released)
            .await?;
        let id = self
            .replace_connection(
                &mut tx,
                (account_id, Mode::Organisation),
                reads,
                entry.actor,
                now,
                &mut released,
            )
            .await?;
        secrets::let_go(&mut tx, &released, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(Saved {
            connection_id: id,
            released,
        })
    }

    async fn replace_connection(
        &self,
        tx: &mut Transaction,
        (account_id, mode): (AccountId, Mode),
        reads: &ConnectedMailbox,
        by: Option<UserId>,
        now: Timestamp,
        released: &mut Vec<SecretId>,
    ) -> Result<ConnectionId, StoreError> {
        let left = leave_all(tx, reads.user_id).await?;
        let id = ConnectionId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO connections (id, user_id, account_id, mode, mailbox, domain, state, since, connected_at, due_at, created_by, paused_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9, (SELECT disabled_at FROM users WHERE id = $2))",
        )
        .bind(id.to_string())
        .bind(reads.user_id.to_string())
        .bind(account_id.to_string())
        .bind(rows::to_name(&mode, "mode")?)
        .bind(reads.mailbox.as_str())
        .bind(reads.mailbox.domain().to_lowercase())
        .bind(ConnectionState::Connected.code())
        .bind(now.millis())
        .bind(by.filter(|by| *by != reads.user_id).map(|by| by.to_string()))
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "INSERT INTO calendars (id, connection_id, folder_id, name, is_default) VALUES ($1, $2, $3, $4, 1)",
        )
        .bind(CalendarId::new(now, self.random.bytes()).to_string())
        .bind(id.to_string())
        .bind(&reads.folder_id)
        .bind(&reads.folder_name)
        .execute(tx.conn())
        .await?;
        tx.changed(standing(id, reads.user_id));
        self.index_user_in(tx, reads.user_id).await?;
        for account in left {
            drop_unused_account(tx, account, released).await?;
        }
        Ok(id)
    }

    /// Points the account that was typed to its new secret, and makes it if there is none.
    async fn upsert_account(
        &self,
        tx: &mut Transaction,
        new: &NewConnection,
        now: Timestamp,
        released: &mut Vec<SecretId>,
    ) -> Result<AccountId, StoreError> {
        tx.changed([Topic::Organisation]);
        let Some(account) = find_account(tx, new).await? else {
            return self.insert_account(tx, new, now).await;
        };
        update_account(tx, account.id, new).await?;
        make_troubled_due(tx, account.id, now).await?;
        released.push(account.secret_id);
        Ok(account.id)
    }

    async fn insert_account(
        &self,
        tx: &mut Transaction,
        new: &NewConnection,
        now: Timestamp,
    ) -> Result<AccountId, StoreError> {
        let id = AccountId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO accounts \
             (id, kind, host, name, name_key, owner_key, endpoint, secret_id, control_mailbox) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(id.to_string())
        .bind(rows::to_name(&new.mode, "kind")?)
        .bind(new.endpoint.host())
        .bind(rows::to_json(&new.account, "name")?)
        .bind(new.account.key())
        .bind(accounts::owner_key(new.mode, new.reads.user_id))
        .bind(new.endpoint.to_string())
        .bind(new.secret_id.to_string())
        .bind(new.control.as_ref().map(SmtpAddress::as_str))
        .execute(tx.conn())
        .await?;
        Ok(id)
    }

    /// Ends the connection of a user that pages show, and deletes the copy of the entries. `None` if there was none.
    pub async fn end_connection(
        &self,
        user: UserId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<Saved>, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Accounts).await?;
        // People before connections, as everywhere.
        let by_others = (entry.actor != Some(user)).then_some(now);
        note_ending(&mut tx, user, by_others).await?;
        let shown = sqlx::query(
            "SELECT id FROM connections WHERE user_id = $1 ORDER BY connected_at, id LIMIT 1",
        )
        .bind(user.to_string())
        .fetch_optional(tx.conn())
        .await?;
        let Some(row) = shown else {
            return Ok(None);
        };
        let connection_id = rows::parsed(&row, "id")?;
        let mut released = Vec::new();
        self.end_connection_in(&mut tx, (connection_id, user), &mut released)
            .await?;
        secrets::let_go(&mut tx, &released, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(Some(Saved {
            connection_id,
            released,
        }))
    }

    /// Deletes a connection of a user with the copy of its entries.
    pub(crate) async fn end_connection_in(
        &self,
        tx: &mut Transaction,
        (connection, user): (ConnectionId, UserId),
        released: &mut Vec<SecretId>,
    ) -> Result<(), StoreError> {
        tx.changed(standing(connection, user));
        let gone = sqlx::query("DELETE FROM connections WHERE id = $1 RETURNING account_id")
            .bind(connection.to_string())
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = gone {
            drop_unused_account(tx, rows::parsed(&row, "account_id")?, released).await?;
        }
        self.index_user_in(tx, user).await
    }
}

/// The account with the name that was typed, on its host.
async fn find_account(
    tx: &mut Transaction,
    new: &NewConnection,
) -> Result<Option<Account>, StoreError> {
    let sql = format!(
        "{} WHERE kind = $1 AND host = $2 AND name_key = $3 AND owner_key = $4",
        accounts::COLUMNS
    );
    let found = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(rows::to_name(&new.mode, "kind")?)
        .bind(new.endpoint.host())
        .bind(new.account.key())
        .bind(accounts::owner_key(new.mode, new.reads.user_id))
        .fetch_optional(tx.conn())
        .await?;
    found.map(|row| accounts::account(&row)).transpose()
}

async fn update_account(
    tx: &mut Transaction,
    id: AccountId,
    new: &NewConnection,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE accounts SET secret_id = $2, endpoint = $3, name = $4, saved_refusals = 0, stopped_until = NULL, stopped_for = NULL, \
         control_mailbox = COALESCE($5, control_mailbox) WHERE id = $1",
    )
    .bind(id.to_string())
    .bind(new.secret_id.to_string())
    .bind(new.endpoint.to_string())
    .bind(rows::to_json(&new.account, "name")?)
    .bind(new.control.as_ref().map(SmtpAddress::as_str))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A sync run shows how each troubled colleague really stands; until then their last state stays. The others go on as
/// planned, so that a hundredth colleague does not set off a hundred sync runs.
async fn make_troubled_due(
    tx: &mut Transaction,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1 AND state <> $3")
        .bind(account.to_string())
        .bind(now.millis())
        .bind(ConnectionState::Connected.code())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whoever is disconnected by somebody else reads it on their profile.
async fn note_ending(
    tx: &mut Transaction,
    user: UserId,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET disconnected_at = $2 WHERE id = $1")
        .bind(user.to_string())
        .bind(at.map(Timestamp::millis))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Deletes every connection of a user, because a new one takes their place: the tables know one for each mailbox, and
/// pages show one. Returns the accounts that they went through.
async fn leave_all(tx: &mut Transaction, user: UserId) -> Result<Vec<AccountId>, StoreError> {
    let left = sqlx::query("DELETE FROM connections WHERE user_id = $1 RETURNING id, account_id")
        .bind(user.to_string())
        .fetch_all(tx.conn())
        .await?;
    let mut accounts = Vec::new();
    for row in &left {
        tx.changed(standing(rows::parsed(row, "id")?, user));
        accounts.push(rows::parsed(row, "account_id")?);
    }
    Ok(accounts)
}

/// The last connection to leave takes the account and its secret along; what an admin holds stays.
async fn drop_unused_account(
    tx: &mut Transaction,
    id: AccountId,
    released: &mut Vec<SecretId>,
) -> Result<(), StoreError> {
    let used = sqlx::query("SELECT id FROM connections WHERE account_id = $1 LIMIT 1")
        .bind(id.to_string())
        .fetch_optional(tx.conn())
        .await?;
    if used.is_some() {
        return Ok(());
    }
    let secret = sqlx::query("SELECT secret_id FROM accounts WHERE id = $1 AND kind <> $2")
        .bind(id.to_string())
        .bind(rows::to_name(&Mode::Organisation, "kind")?)
        .fetch_optional(tx.conn())
        .await?;
    if let Some(row) = secret {
        released.push(rows::parsed(&row, "secret_id")?);
        sqlx::query("DELETE FROM accounts WHERE id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}
