//! Connections of users to mailboxes, and the leases of those that are due.

use super::{Account, Store, StoreError, Table, User, accounts, rows};
use crate::{
    account_name::AccountName,
    audit::Entry,
    clock::Timestamp,
    connection::{Connection, ConnectionState, Mode},
    database::Writing,
    endpoint::EwsUrl,
    id::{AccountId, CalendarId, ConnectionId, SecretId, UserId},
    mailbox::SmtpAddress,
    problem::Problem,
};
use sqlx::any::AnyRow;
use std::time::Duration;

/// How many rows a page of the list holds.
pub const PAGE: i64 = 50;

/// The shortest pause of a connection whose account is stopped.
const HELD_BACK: Duration = Duration::from_mins(1);

/// Which users the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Everyone,
    NotConnected,
    Is(ConnectionState),
}

/// One user of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListItem {
    pub user: User,
    pub connection: Option<Connection>,
}

/// A tested connection, ready to be saved with the secret that was sealed for it.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub user_id: UserId,
    pub mode: Mode,
    pub mailbox: SmtpAddress,
    pub account: AccountName,
    pub endpoint: EwsUrl,
    pub secret_id: SecretId,
    /// A mailbox that the account is said to reach; `None` leaves an earlier one in place.
    pub control: Option<SmtpAddress>,
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

macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT c.id, c.user_id, c.account_id, c.mode, c.mailbox, c.state, c.problem, c.since, c.connected_at, \
             c.last_round_at, c.last_synced_at, c.due_at, c.entries, a.name AS account_name, a.endpoint AS account_endpoint \
             FROM connections c JOIN accounts a ON a.id = c.account_id ",
            $more
        )
    };
}

fn connection(row: &AnyRow) -> Result<Connection, StoreError> {
    let state = rows::text(row, "state")?;
    Ok(Connection {
        id: rows::parsed(row, "id")?,
        user_id: rows::parsed(row, "user_id")?,
        account_id: rows::parsed(row, "account_id")?,
        mode: rows::named(row, "mode")?,
        mailbox: rows::parsed(row, "mailbox")?,
        account: rows::json(row, "account_name")?,
        endpoint: rows::parsed(row, "account_endpoint")?,
        state: ConnectionState::from_code(&state).ok_or(StoreError::Corrupt("state"))?,
        problem: rows::maybe_json(row, "problem")?,
        since: rows::instant(row, "since")?,
        connected_at: rows::instant(row, "connected_at")?,
        last_round_at: rows::maybe_instant(row, "last_round_at")?,
        last_synced_at: rows::maybe_instant(row, "last_synced_at")?,
        due_at: rows::maybe_instant(row, "due_at")?,
        entries: rows::number(row, "entries")?,
    })
}

impl Store {
    pub async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query(select!("WHERE c.id = $1"))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(connection).transpose()
    }

    pub async fn connection_of(&self, user: UserId) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query(select!("WHERE c.user_id = $1"))
            .bind(user.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(connection).transpose()
    }

    /// Points the main database to a sealed secret: makes or replaces the user's connection, and heals every other
    /// connection on the same account.
    pub async fn save_connection(
        &self,
        new: &NewConnection,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Saved, StoreError> {
        let mut writing = self.begin_alone_on(Table::Accounts).await?;
        let mut released = Vec::new();
        let account_id = self
            .upsert_account(&mut writing, new, now, &mut released)
            .await?;
        let left = sqlx::query("SELECT account_id FROM connections WHERE user_id = $1")
            .bind(new.user_id.to_string())
            .fetch_optional(writing.on())
            .await?;
        sqlx::query("DELETE FROM connections WHERE user_id = $1")
            .bind(new.user_id.to_string())
            .execute(writing.on())
            .await?;
        let id = ConnectionId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO connections (id, user_id, account_id, mode, mailbox, state, since, connected_at, due_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7)",
        )
        .bind(id.to_string())
        .bind(new.user_id.to_string())
        .bind(account_id.to_string())
        .bind(rows::to_name(&new.mode, "mode")?)
        .bind(new.mailbox.as_str())
        .bind(ConnectionState::Connected.code())
        .bind(now.millis())
        .execute(writing.on())
        .await?;
        sqlx::query(
            "INSERT INTO calendars (id, connection_id, folder_id, name) VALUES ($1, $2, $3, $4)",
        )
        .bind(CalendarId::new(now, self.random.bytes()).to_string())
        .bind(id.to_string())
        .bind(&new.folder_id)
        .bind(&new.folder_name)
        .execute(writing.on())
        .await?;
        if let Some(row) = left {
            drop_unused_account(
                &mut writing,
                rows::parsed(&row, "account_id")?,
                &mut released,
            )
            .await?;
        }
        self.audit_in(&mut writing, entry, now).await?;
        writing.commit().await?;
        Ok(Saved {
            connection_id: id,
            released,
        })
    }

    async fn upsert_account(
        &self,
        writing: &mut Writing,
        new: &NewConnection,
        now: Timestamp,
        released: &mut Vec<SecretId>,
    ) -> Result<AccountId, StoreError> {
        let kind = rows::to_name(&new.mode, "kind")?;
        let owner = accounts::owner_key(new.mode, new.user_id);
        let sql = format!(
            "{} WHERE kind = $1 AND host = $2 AND name_key = $3 AND owner_key = $4",
            accounts::COLUMNS
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&kind)
            .bind(new.endpoint.host())
            .bind(new.account.key())
            .bind(&owner)
            .fetch_optional(writing.on())
            .await?;
        if let Some(row) = found {
            let account: Account = accounts::account(&row)?;
            sqlx::query(
                "UPDATE accounts SET secret_id = $2, endpoint = $3, name = $4, saved_refusals = 0, stopped_until = NULL, \
                 control_mailbox = COALESCE($5, control_mailbox) WHERE id = $1",
            )
            .bind(account.id.to_string())
            .bind(new.secret_id.to_string())
            .bind(new.endpoint.to_string())
            .bind(rows::to_json(&new.account, "name")?)
            .bind(new.control.as_ref().map(SmtpAddress::as_str))
            .execute(writing.on())
            .await?;
            // A round shows how each troubled colleague really stands; until then their last state stays. The others
            // go on as planned, so that a hundredth colleague does not set off a hundred rounds.
            sqlx::query("UPDATE connections SET due_at = $2 WHERE account_id = $1 AND state <> $3")
                .bind(account.id.to_string())
                .bind(now.millis())
                .bind(ConnectionState::Connected.code())
                .execute(writing.on())
                .await?;
            released.push(account.secret_id);
            return Ok(account.id);
        }
        let id = AccountId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO accounts \
             (id, kind, host, name, name_key, owner_key, endpoint, secret_id, created_at, control_mailbox) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(id.to_string())
        .bind(&kind)
        .bind(new.endpoint.host())
        .bind(rows::to_json(&new.account, "name")?)
        .bind(new.account.key())
        .bind(&owner)
        .bind(new.endpoint.to_string())
        .bind(new.secret_id.to_string())
        .bind(now.millis())
        .bind(new.control.as_ref().map(SmtpAddress::as_str))
        .execute(writing.on())
        .await?;
        Ok(id)
    }

    /// Ends a user's connection and deletes the copy of the entries. `None` if there was none.
    pub async fn end_connection(
        &self,
        user: UserId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Option<Saved>, StoreError> {
        let mut writing = self.begin_alone_on(Table::Accounts).await?;
        let found = sqlx::query("SELECT id, account_id FROM connections WHERE user_id = $1")
            .bind(user.to_string())
            .fetch_optional(writing.on())
            .await?;
        let Some(row) = found else {
            return Ok(None);
        };
        sqlx::query("DELETE FROM connections WHERE user_id = $1")
            .bind(user.to_string())
            .execute(writing.on())
            .await?;
        let mut released = Vec::new();
        drop_unused_account(
            &mut writing,
            rows::parsed(&row, "account_id")?,
            &mut released,
        )
        .await?;
        self.audit_in(&mut writing, entry, now).await?;
        writing.commit().await?;
        Ok(Some(Saved {
            connection_id: rows::parsed(&row, "id")?,
            released,
        }))
    }

    /// The connections of an account that have been due for longest, `limit` of them.
    pub async fn next_due(
        &self,
        account: AccountId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Connection>, StoreError> {
        let found = sqlx::query(select!(
            "WHERE c.account_id = $1 AND c.due_at <= $2 ORDER BY c.due_at, c.id LIMIT $3"
        ))
        .bind(account.to_string())
        .bind(now.millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await?;
        found.iter().map(connection).collect()
    }

    /// Makes a connection due now.
    pub async fn make_due(
        &self,
        id: ConnectionId,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        set_due(&mut writing, id, now).await?;
        self.audit_in(&mut writing, entry, now).await?;
        Ok(writing.commit().await?)
    }

    /// Makes a connection due now, as [`Store::make_due`], after a check that is on record already.
    pub async fn make_due_now(&self, id: ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        set_due(&mut writing, id, now).await?;
        Ok(writing.commit().await?)
    }

    /// Shows why the account's password is not sent, and plans the next look for when it may be.
    pub async fn hold_back(
        &self,
        connection: &Connection,
        problem: &Problem,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let next = match problem {
            Problem::SignInPaused { until } => Some((*until).max(now + HELD_BACK)),
            _ => None,
        };
        let mut writing = self.begin().await?;
        sqlx::query("UPDATE connections SET due_at = $2 WHERE id = $1")
            .bind(connection.id.to_string())
            .bind(next.map(Timestamp::millis))
            .execute(writing.on())
            .await?;
        if next.is_none() {
            sqlx::query(
                "UPDATE connections SET since = CASE WHEN state = $2 THEN since ELSE $4 END, state = $2, problem = $3 \
                 WHERE id = $1",
            )
            .bind(connection.id.to_string())
            .bind(ConnectionState::ActionNeeded.code())
            .bind(rows::to_json(problem, "problem")?)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        }
        Ok(writing.commit().await?)
    }

    /// One page of users, broken first, then waiting, fine, not connected; by name within.
    pub async fn list_connections(
        &self,
        filter: Filter,
        page: i64,
    ) -> Result<Vec<ListItem>, StoreError> {
        let sql = format!(
            "SELECT u.id AS found FROM users u LEFT JOIN connections c ON c.user_id = u.id WHERE {} \
             ORDER BY CASE c.state WHEN 'action_needed' THEN 0 WHEN 'delayed' THEN 1 WHEN 'paused' THEN 2 \
             WHEN 'connected' THEN 3 ELSE 4 END, u.name_key, u.id LIMIT $1 OFFSET $2",
            condition(filter)
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(PAGE)
            .bind((page.clamp(1, 1_000_000) - 1) * PAGE)
            .fetch_all(self.pool())
            .await?;
        let mut items = Vec::new();
        for row in &found {
            let id: UserId = rows::parsed(row, "found")?;
            let user = self.user(id).await?.ok_or(StoreError::Corrupt("user"))?;
            items.push(ListItem {
                user,
                connection: self.connection_of(id).await?,
            });
        }
        Ok(items)
    }

    /// How many users a filter shows.
    pub async fn count_connections(&self, filter: Filter) -> Result<i64, StoreError> {
        let sql = format!(
            "SELECT COUNT(*) AS found FROM users u LEFT JOIN connections c ON c.user_id = u.id WHERE {}",
            condition(filter)
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_one(self.pool())
            .await?;
        rows::number(&row, "found")
    }
}

/// The condition holds no text from outside: only our own codes.
fn condition(filter: Filter) -> String {
    match filter {
        Filter::Everyone => "1 = 1".to_owned(),
        Filter::NotConnected => "c.id IS NULL".to_owned(),
        Filter::Is(state) => format!("c.state = '{}'", state.code()),
    }
}

async fn set_due(
    writing: &mut Writing,
    id: ConnectionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET due_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(now.millis())
        .execute(writing.on())
        .await?;
    Ok(())
}

/// The last connection to leave takes the account and its secret along.
async fn drop_unused_account(
    writing: &mut Writing,
    id: AccountId,
    released: &mut Vec<SecretId>,
) -> Result<(), StoreError> {
    let used = sqlx::query("SELECT id FROM connections WHERE account_id = $1 LIMIT 1")
        .bind(id.to_string())
        .fetch_optional(writing.on())
        .await?;
    if used.is_some() {
        return Ok(());
    }
    let secret = sqlx::query("SELECT secret_id FROM accounts WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(writing.on())
        .await?;
    if let Some(row) = secret {
        released.push(rows::parsed(&row, "secret_id")?);
        sqlx::query("DELETE FROM accounts WHERE id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
    }
    Ok(())
}
