//! Connections of users to mailboxes, and the leases of those that are due.

use crate::database::Transaction;
use crate::{
    changed_topics::content,
    error::StoreError,
    history::RunSubject,
    rows,
    store::{LockedTable, Store},
    unreadable::Listed,
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    id::{AccountId, ConnectionId, UserId},
    problem::Problem,
    topic::Topic,
};
use sqlx::any::AnyRow;
use std::{collections::HashSet, time::Duration};

/// The shortest pause of a connection whose account is stopped, or that cannot be read.
const HELD_BACK: Duration = Duration::from_mins(1);

/// Which users the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionFilter {
    Everyone,
    NotConnected,
    Is(ConnectionState),
}

macro_rules! columns {
    () => {
        "SELECT c.id, c.user_id, c.account_id, c.mode, c.mailbox, c.problem, c.connected_at, \
             CASE WHEN c.paused_at IS NULL AND a.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM global_pause) THEN c.state ELSE 'paused' END AS state, \
             COALESCE(c.paused_at, a.paused_at, (SELECT MAX(paused_at) FROM global_pause), c.since) AS since, c.paused_at, \
             c.last_run_at, c.last_synced_at, c.due_at, c.entries, c.created_by, a.name AS account_name, a.endpoint AS account_endpoint"
    };
}

macro_rules! select {
    ($more:literal) => {
        concat!(
            columns!(),
            " FROM connections c JOIN accounts a ON a.id = c.account_id ",
            $more
        )
    };
}

/// The one connection of a person that pages show, of the person `u`: the first that was made.
pub(crate) const SHOWN_OF_PERSON: &str =
    "(SELECT f.id FROM connections f WHERE f.user_id = u.id ORDER BY f.connected_at, f.id LIMIT 1)";

/// Connections with whose they are: the columns, and where they come from.
pub(crate) const COLUMNS_WITH_PERSON: &str = concat!(
    columns!(),
    ", u.id AS person_id, u.name AS person_name, u.email AS person_email"
);
pub(crate) const FROM_WITH_PERSON: &str =
    " FROM connections c JOIN accounts a ON a.id = c.account_id JOIN users u ON u.id = c.user_id ";

pub(crate) fn connection(row: &AnyRow) -> Result<Connection, StoreError> {
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
        last_run_at: rows::maybe_instant(row, "last_run_at")?,
        last_synced_at: rows::maybe_instant(row, "last_synced_at")?,
        due_at: rows::maybe_instant(row, "due_at")?,
        entries: rows::number(row, "entries")?,
        made_by: rows::maybe_parsed(row, "created_by")?,
        paused_at: rows::maybe_instant(row, "paused_at")?,
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

    /// The connection of a person that pages show.
    pub async fn connection_of(&self, user: UserId) -> Result<Option<Connection>, StoreError> {
        let row = sqlx::query(select!(
            "WHERE c.user_id = $1 ORDER BY c.connected_at, c.id LIMIT 1"
        ))
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
            "WHERE c.account_id = $1 AND c.paused_at IS NULL AND c.due_at <= $2 ORDER BY c.due_at, c.id LIMIT $3"
        ))
        .bind(account.to_string())
        .bind(now.millis())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await?;
        let due = self.readable(Listed::Connections, &found, connection);
        if due.len() < found.len() {
            let kept: HashSet<String> = due.iter().map(|it| it.id.to_string()).collect();
            for row in &found {
                let id = rows::text(row, "id")?;
                if !kept.contains(&id) {
                    self.set_aside(&id, now).await?;
                }
            }
        }
        Ok(due)
    }

    /// Looks at a connection whose row cannot be read no sooner than in a while, so that others have their turn.
    async fn set_aside(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE connections SET due_at = $2 WHERE id = $1")
            .bind(id)
            .bind((now + HELD_BACK).millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Makes a connection due now.
    pub async fn make_due(
        &self,
        id: ConnectionId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        set_due(&mut tx, id, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Connection(id)]);
        Ok(tx.commit().await?)
    }

    /// Makes a connection due now, as [`Store::make_due`], after a check that is on record already.
    pub async fn make_due_now(&self, id: ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        set_due(&mut tx, id, now).await?;
        tx.changed([Topic::Connection(id)]);
        Ok(tx.commit().await?)
    }

    /// Leaves a connection alone until it is resumed, or lets it go on: it is due at once then. False, with nothing
    /// changed, where a disabled person's is to go on.
    pub async fn pause_connection(
        &self,
        id: ConnectionId,
        paused: bool,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = if paused {
            self.begin().await?
        } else {
            // Nobody is disabled meanwhile.
            let mut tx = self.begin_with_table_lock(LockedTable::Users).await?;
            let disabled = sqlx::query(
                "SELECT 1 AS found FROM connections c JOIN users u ON u.id = c.user_id \
                 WHERE c.id = $1 AND u.disabled_at IS NOT NULL",
            )
            .bind(id.to_string())
            .fetch_optional(tx.conn())
            .await?;
            if disabled.is_some() {
                return Ok(false);
            }
            tx
        };
        let sql = if paused {
            "UPDATE connections SET paused_at = $2 WHERE id = $1 AND paused_at IS NULL"
        } else {
            "UPDATE connections SET paused_at = NULL, run_requested = 1, due_at = CASE WHEN due_at IS NULL THEN NULL ELSE $2 END \
             WHERE id = $1 AND paused_at IS NOT NULL"
        };
        let changed = sqlx::query(sql)
            .bind(id.to_string())
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        if changed.rows_affected() > 0 {
            tx.changed_connection(id).await?;
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes the copy of a calendar and makes its connection due, so that everything is read anew.
    pub async fn rebuild(
        &self,
        id: ConnectionId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE connections SET due_at = $2, entries = 0, last_synced_at = NULL WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "DELETE FROM events WHERE calendar_id IN (SELECT id FROM calendars WHERE connection_id = $1)",
        )
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_connection(id).await?;
        Ok(tx.commit().await?)
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
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE connections SET due_at = $2 WHERE id = $1")
            .bind(connection.id.to_string())
            .bind(next.map(Timestamp::millis))
            .execute(tx.conn())
            .await?;
        if next.is_none() {
            let (whose, state) = (
                RunSubject::One(connection.id),
                ConnectionState::ActionNeeded,
            );
            self.note_state_in(&mut tx, whose, state, Some(problem.code()), now)
                .await?;
            sqlx::query(
                "UPDATE connections SET since = CASE WHEN state = $2 AND $6 LIKE '%,' || problem_code || ',%' THEN since ELSE $4 END, state = $2, problem = $3, \
                 problem_code = $5 WHERE id = $1",
            )
            .bind(connection.id.to_string())
            .bind(ConnectionState::ActionNeeded.code())
            .bind(rows::to_json(problem, "problem")?)
            .bind(now.millis())
            .bind(problem.code())
            .bind(problem.codes_of_cause())
            .execute(tx.conn())
            .await?;
        }
        tx.changed(content(connection.id, connection.user_id));
        Ok(tx.commit().await?)
    }
}

async fn set_due(tx: &mut Transaction, id: ConnectionId, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET due_at = $2, run_requested = 1 WHERE id = $1")
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
    Ok(())
}
