//! Stored calendar entries, and how a sync run brings them in step.

use crate::database::{Engine, Transaction};
use crate::{
    changed_topics::{content, standing},
    error::StoreError,
    event_rows::{self, COLUMNS},
    history::{Delays, RunSubject, SyncRunEnd},
    query::Query,
    rows,
    store::Store,
};
use kalends_core::{
    calendar::{Event, Window},
    call::Call,
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    id::{AccountId, CalendarId, ConnectionId, EventId, SyncRunId},
    policy::PrivacyLevel,
    topic::Topic,
};
use sqlx::any::AnyRow;
use std::{collections::HashMap, time::Duration};

/// What a sync run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
}

impl Changes {
    pub const fn is_empty(self) -> bool {
        self.inserted == 0 && self.updated == 0 && self.deleted == 0
    }
}

/// A sync run that read everything.
#[derive(Debug, Clone)]
pub struct CompletedRun<'a> {
    pub events: &'a [Event],
    /// What was called for them.
    pub calls: &'a [Call],
    pub started_at: Timestamp,
    pub now: Timestamp,
    pub next: Timestamp,
}

/// An entry and the id of its row, which stays while the entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    pub id: EventId,
    pub event: Event,
}

fn stored_entry(row: &AnyRow) -> Result<StoredEntry, StoreError> {
    Ok(StoredEntry {
        id: rows::parsed(row, "id")?,
        event: event_rows::event(row)?,
    })
}

/// What changed in Exchange so long before the end of a sync run may have come after its reading: a sync run takes a minute at
/// most, and the two clocks differ.
const OVERLAP: Duration = Duration::from_mins(2);

/// Whether an entry reaches into one of these periods.
fn lies_in(event: &Event, periods: &[Window]) -> bool {
    let meets = |period: &Window| event.start < period.end && event.end >= period.start;
    periods.iter().any(meets)
}

/// The entries of a connection.
pub(crate) fn entries_query(connection: ConnectionId) -> Query {
    let mut query = Query::new(format!(
        "SELECT {COLUMNS} FROM events e JOIN calendars k ON k.id = e.calendar_id WHERE k.connection_id = "
    ));
    query.text(&connection.to_string());
    query
}

pub(crate) fn window_query(connection: ConnectionId, window: Window) -> Query {
    let mut query = entries_query(connection);
    query.add(" AND e.starts_at < ");
    query.number(window.end.millis());
    query.add(" AND e.ends_at >= ");
    query.number(window.start.millis());
    query.add(" ORDER BY e.starts_at, e.item_id");
    query
}

/// What [`window_query`] leaves out.
fn outside_query(connection: ConnectionId, window: Window) -> Query {
    let mut query = entries_query(connection);
    query.add(" AND (e.starts_at >= ");
    query.number(window.end.millis());
    query.add(" OR e.ends_at < ");
    query.number(window.start.millis());
    query.add(")");
    query
}

pub(crate) fn entry_query(connection: ConnectionId, id: EventId) -> Query {
    let mut query = entries_query(connection);
    query.add(" AND e.id = ");
    query.text(&id.to_string());
    query
}

impl Store {
    /// The entries that overlap a window with the ids of their rows, by start.
    pub async fn entries_in(
        &self,
        connection: &Connection,
        window: Window,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let found = window_query(connection.id, window).fetch(self).await?;
        found.iter().map(stored_entry).collect()
    }

    /// The entries that a window leaves out.
    pub async fn events_outside(
        &self,
        connection: &Connection,
        window: Window,
    ) -> Result<Vec<Event>, StoreError> {
        let found = outside_query(connection.id, window).fetch(self).await?;
        let entries = found.iter().map(stored_entry);
        entries.map(|entry| Ok(entry?.event)).collect()
    }

    /// An entry of this connection.
    pub async fn entry(
        &self,
        connection: &Connection,
        id: EventId,
    ) -> Result<Option<StoredEntry>, StoreError> {
        let found = entry_query(connection.id, id).fetch(self).await?;
        found.first().map(stored_entry).transpose()
    }

    /// Makes the stored entries equal to what was read, in one transaction. A sync run that changed nothing writes only
    /// when it was. `None` if the connection is gone: then nothing is written.
    pub async fn save_run(
        &self,
        connection: &Connection,
        run: &CompletedRun<'_>,
    ) -> Result<Option<Changes>, StoreError> {
        self.keep(connection, run, &[]).await
    }

    /// As [`Store::save_run`] of a sync run that could not read some periods: what is stored of them stays. How the
    /// connection stands, and that there was a sync run, is told by [`Store::fail_run`], which must follow.
    pub async fn keep_readable(
        &self,
        connection: &Connection,
        run: &CompletedRun<'_>,
        unread: &[Window],
    ) -> Result<Option<Changes>, StoreError> {
        self.keep(connection, run, unread).await
    }

    async fn keep(
        &self,
        connection: &Connection,
        run: &CompletedRun<'_>,
        unread: &[Window],
    ) -> Result<Option<Changes>, StoreError> {
        let mut tx = self.begin().await?;
        // Policy, people, accounts, connections: whoever changes several goes in this order.
        let level = self.level_for_writing(&mut tx, connection.id).await?;
        self.lock_account(&mut tx, connection.account_id).await?;
        if unread.is_empty() {
            self.note_connected(&mut tx, connection, run).await?;
        } else {
            note_partly_read(&mut tx, connection.id, run).await?;
        }
        let Some(calendar) = read_calendar(&mut tx, connection.id).await? else {
            return Ok(None);
        };
        let mut delays = Delays::default();
        let changes = self
            .apply(
                &mut tx,
                calendar,
                (run, unread),
                level,
                // The first sync run brings everything, however old.
                connection.last_synced_at.map(|at| at - OVERLAP),
                &mut delays,
            )
            .await?;
        if connection.last_synced_at.is_none() {
            tx.changed(standing(connection.id, connection.user_id));
        }
        if take_request(&mut tx, connection.id).await? {
            tx.changed([Topic::Connection(connection.id)]);
        }
        if !changes.is_empty() {
            tx.changed(content(connection.id, connection.user_id));
            self.insert_sync_run(&mut tx, connection.id, run, changes)
                .await?;
            self.note_calls_in(&mut tx, connection, run.calls, None, run.now)
                .await?;
        }
        if unread.is_empty() {
            self.count_run_in(&mut tx, SyncRunEnd::Fine, &delays, run.now)
                .await?;
        }
        crate::fail_point::reached("run-before-commit");
        tx.commit().await?;
        crate::fail_point::reached("run-after-commit");
        Ok(Some(changes))
    }

    /// Holds off a refusal that stops the account: it comes in whole before this, or after.
    async fn lock_account(&self, tx: &mut Transaction, id: AccountId) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            sqlx::query("SELECT id FROM accounts WHERE id = $1 FOR SHARE")
                .bind(id.to_string())
                .fetch_optional(tx.conn())
                .await?;
        }
        Ok(())
    }

    async fn insert_sync_run(
        &self,
        tx: &mut Transaction,
        connection: ConnectionId,
        run: &CompletedRun<'_>,
        changes: Changes,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sync_runs (id, connection_id, started_at, duration_ms, inserted, updated, deleted) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(SyncRunId::new(run.now, self.random.bytes()).to_string())
        .bind(connection.to_string())
        .bind(run.started_at.millis())
        .bind(i64::try_from(run.now.since(run.started_at).as_millis()).unwrap_or(i64::MAX))
        .bind(changes.inserted)
        .bind(changes.updated)
        .bind(changes.deleted)
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// How a connection stands whose sync run read everything.
    async fn note_connected(
        &self,
        tx: &mut Transaction,
        connection: &Connection,
        run: &CompletedRun<'_>,
    ) -> Result<(), StoreError> {
        let (whose, state) = (RunSubject::One(connection.id), ConnectionState::Connected);
        self.note_state_in(tx, whose, state, None, run.now).await?;
        // The connection's row first: whoever replaces or ends it meanwhile waits, and comes in whole after this.
        let moved = sqlx::query(
            "UPDATE connections SET state = $2, problem = NULL, problem_code = NULL, since = CASE WHEN state = $2 THEN since ELSE $3 END, \
             last_run_at = $3, last_synced_at = $3, run_count = run_count + 1, entries = $4, due_at = $5, backoff_count = 0 \
             WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND a.saved_refusals > 0)",
        )
        .bind(connection.id.to_string())
        .bind(ConnectionState::Connected.code())
        .bind(run.now.millis())
        .bind(i64::try_from(run.events.len()).unwrap_or(i64::MAX))
        .bind(run.next.millis())
        .execute(tx.conn())
        .await?;
        if moved.rows_affected() == 0 {
            // Its account was stopped meanwhile: what was read counts, how it stands is the refusal rule's to say.
            sqlx::query(
                "DELETE FROM state_changes WHERE connection_id = $1 AND at = $2 AND state = $3",
            )
            .bind(connection.id.to_string())
            .bind(run.now.millis())
            .bind(ConnectionState::Connected.code())
            .execute(tx.conn())
            .await?;
            sqlx::query("UPDATE connections SET last_run_at = $2, last_synced_at = $2, run_count = run_count + 1, entries = $3 WHERE id = $1")
                .bind(connection.id.to_string())
                .bind(run.now.millis())
                .bind(i64::try_from(run.events.len()).unwrap_or(i64::MAX))
                .execute(tx.conn())
                .await?;
        }
        Ok(())
    }

    async fn apply(
        &self,
        tx: &mut Transaction,
        calendar: CalendarId,
        (run, unread): (&CompletedRun<'_>, &[Window]),
        level: PrivacyLevel,
        known_until: Option<Timestamp>,
        delays: &mut Delays,
    ) -> Result<Changes, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM events e WHERE e.calendar_id = $1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(calendar.to_string())
            .fetch_all(tx.conn())
            .await?;
        // `None`: a row that cannot be read, which is written anew or goes.
        let mut stored: HashMap<EventId, Option<Event>> = found
            .iter()
            .map(|row| Ok((rows::parsed(row, "id")?, event_rows::event(row).ok())))
            .collect::<Result<_, StoreError>>()?;
        let mut changes = Changes::default();
        for event in run.events {
            let before = stored.remove(&event_rows::id_of(calendar, &event.item_id)?);
            // It may have been lowered since the sync run began.
            let reduced = event.clone().reduced_to(level);
            let is_there = before.is_some();
            let before = before.flatten();
            if before.as_ref() == Some(&reduced) {
                continue;
            }
            // Stored anew for another reason, such as the policy or the day: that is no change of the entry.
            let is_changed = before.is_none_or(|before| before.change_key != event.change_key);
            if is_changed && known_until.is_some() && event.last_modified >= known_until {
                delays.add(event.last_modified, run.now);
            }
            if is_there {
                changes.updated += 1;
                event_rows::update(tx, calendar, &reduced).await?;
            } else {
                changes.inserted += 1;
                event_rows::insert(tx, calendar, &reduced).await?;
            }
            crate::fail_point::reached("run-between-entries");
        }
        for (id, event) in &stored {
            if event.as_ref().is_some_and(|event| lies_in(event, unread)) {
                continue;
            }
            changes.deleted += 1;
            sqlx::query("DELETE FROM events WHERE id = $1")
                .bind(id.to_string())
                .execute(tx.conn())
                .await?;
        }
        Ok(changes)
    }
}

/// Whether somebody asked for this run: they wait for its end, whatever it brought.
async fn take_request(tx: &mut Transaction, id: ConnectionId) -> Result<bool, StoreError> {
    let taken =
        sqlx::query("UPDATE connections SET run_requested = 0 WHERE id = $1 AND run_requested = 1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
    Ok(taken.rows_affected() > 0)
}

/// That a sync run read some periods and not others; how the connection stands is told by [`Store::fail_run`].
async fn note_partly_read(
    tx: &mut Transaction,
    connection: ConnectionId,
    run: &CompletedRun<'_>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET last_synced_at = $2, entries = $3 WHERE id = $1")
        .bind(connection.to_string())
        .bind(run.now.millis())
        .bind(i64::try_from(run.events.len()).unwrap_or(i64::MAX))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The calendar that a connection reads: a mailbox's default one.
async fn read_calendar(
    tx: &mut Transaction,
    connection: ConnectionId,
) -> Result<Option<CalendarId>, StoreError> {
    let found = sqlx::query(
        "SELECT id FROM calendars WHERE connection_id = $1 AND chosen = 1 ORDER BY is_default DESC, id LIMIT 1",
    )
    .bind(connection.to_string())
    .fetch_optional(tx.conn())
    .await?;
    found.map(|row| rows::parsed(&row, "id")).transpose()
}
