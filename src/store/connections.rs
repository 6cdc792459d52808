//! Connections of users to mailboxes, and the leases of those that are due.

use super::{Store, StoreError, User, rows};
use crate::{
    audit::Entry,
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    database::Writing,
    id::{AccountId, ConnectionId, UserId},
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

macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT c.id, c.user_id, c.account_id, c.mode, c.mailbox, c.problem, c.connected_at, \
             CASE WHEN a.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM standstill) THEN c.state ELSE 'paused' END AS state, \
             COALESCE(a.paused_at, (SELECT MAX(at) FROM standstill), c.since) AS since, \
             c.last_round_at, c.last_synced_at, c.due_at, c.entries, c.made_by, a.name AS account_name, a.endpoint AS account_endpoint \
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
        made_by: rows::maybe_parsed(row, "made_by")?,
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
             ORDER BY CASE {STATE} WHEN 'action_needed' THEN 0 WHEN 'delayed' THEN 1 WHEN 'paused' THEN 2 \
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

/// What a connection's row says, unless an admin has paused its account, or everything.
pub(super) const STATE: &str = "(CASE WHEN EXISTS (SELECT 1 FROM accounts p WHERE p.id = c.account_id AND p.paused_at IS NOT NULL) \
     OR (c.id IS NOT NULL AND EXISTS (SELECT 1 FROM standstill)) THEN 'paused' ELSE c.state END)";

/// The condition holds no text from outside: only our own codes.
fn condition(filter: Filter) -> String {
    match filter {
        Filter::Everyone => "1 = 1".to_owned(),
        Filter::NotConnected => "c.id IS NULL".to_owned(),
        Filter::Is(state) => format!("{STATE} = '{}'", state.code()),
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
