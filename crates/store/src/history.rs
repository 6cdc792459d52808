//! What happened: calls, changes of state, and how sync runs went by the hour. Old lines are forgotten.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    call::Call,
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    id::{AccountId, ConnectionId, RecordId},
    problem::Problem,
};
use std::{collections::BTreeMap, time::Duration};

const HOUR: i64 = 3_600_000;
/// For how long calls, sync runs and changes of state are kept.
const RETENTION: Duration = Duration::from_hours(24 * 90);
/// The steps of the time from a change in Exchange to its copy, in minutes; 0 stands for more than all of them.
pub const DELAYS: [i64; 6] = [1, 5, 10, 30, 60, 0];

/// Which connections a change of state concerns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RunSubject {
    One(ConnectionId),
    All(AccountId),
}

/// How a sync run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncRunEnd {
    Fine,
    /// It will pass.
    Delayed,
    /// Somebody must act.
    Failed,
}

impl SyncRunEnd {
    pub const ALL: [Self; 3] = [Self::Fine, Self::Delayed, Self::Failed];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Delayed => "delayed",
            Self::Failed => "failed",
        }
    }

    pub(crate) const fn of(state: ConnectionState) -> Self {
        match state {
            ConnectionState::Connected | ConnectionState::Paused => Self::Fine,
            ConnectionState::Delayed => Self::Delayed,
            ConnectionState::ActionNeeded => Self::Failed,
        }
    }
}

/// How long changes took from Exchange to here, by [`DELAYS`].
#[derive(Debug, Default)]
pub(crate) struct Delays(BTreeMap<i64, i64>);

impl Delays {
    /// Notes an entry that was stored because it changed, if Exchange said when.
    pub fn add(&mut self, changed: Option<Timestamp>, now: Timestamp) {
        let Some(changed) = changed else { return };
        let minutes = i64::try_from(now.since(changed).as_secs().div_ceil(60)).unwrap_or(i64::MAX);
        let step = DELAYS
            .into_iter()
            .find(|step| minutes <= *step)
            .unwrap_or(0);
        *self.0.entry(step).or_default() += 1;
    }
}

/// A change of a connection's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    pub at: Timestamp,
    pub state: ConnectionState,
    /// The code of a problem.
    pub cause: Option<String>,
}

/// A call as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLine {
    pub at: Timestamp,
    pub operation: Option<String>,
    pub millis: Option<i64>,
    /// The code of the problem it failed with; `None` if it went well.
    pub problem: Option<String>,
    pub request_id: Option<String>,
}

const fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR) * HOUR
}

impl Store {
    /// Notes the state that connections are about to be in, where it differs from the present one. Stands before the
    /// change itself.
    pub(crate) async fn note_state_in(
        &self,
        tx: &mut Transaction,
        whose: RunSubject,
        state: ConnectionState,
        cause: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (sql, id) = match whose {
            RunSubject::One(id) => (
                "INSERT INTO state_changes (connection_id, at, state, problem_code) SELECT id, $2, $3, $4 FROM connections \
                 WHERE id = $1 AND (state <> $3 OR COALESCE(problem_code, '') <> $5) ON CONFLICT DO NOTHING",
                id.to_string(),
            ),
            RunSubject::All(id) => (
                "INSERT INTO state_changes (connection_id, at, state, problem_code) SELECT id, $2, $3, $4 FROM connections \
                 WHERE account_id = $1 AND (state <> $3 OR COALESCE(problem_code, '') <> $5) ON CONFLICT DO NOTHING",
                id.to_string(),
            ),
        };
        let noted = sqlx::query(sql)
            .bind(id)
            .bind(now.millis())
            .bind(state.code())
            .bind(cause)
            .bind(cause.unwrap_or_default())
            .execute(tx.conn())
            .await?;
        match whose {
            _ if noted.rows_affected() == 0 => Ok(()),
            RunSubject::One(id) => tx.changed_connection(id).await,
            RunSubject::All(id) => tx.changed_account(id).await,
        }
    }

    /// Notes the calls of a sync run; the last one is what failed, if there is a problem.
    pub(crate) async fn note_calls_in(
        &self,
        tx: &mut Transaction,
        connection: &Connection,
        calls: &[Call],
        problem: Option<(&Problem, Option<&str>)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let code = problem.map(|(problem, _)| problem.code());
        // Before the first call was made, the problem alone tells what for.
        let failed = problem.map(|(problem, id)| (problem.operation(), None, id));
        let mut lines: Vec<_> = calls
            .iter()
            .map(|call| {
                let millis = i64::try_from(call.millis).unwrap_or(i64::MAX);
                (
                    Some(call.operation),
                    Some(millis),
                    call.request_id.as_deref(),
                )
            })
            .collect();
        if calls.last().is_none_or(|call| call.is_answered) {
            lines.extend(failed);
        }
        let last = lines.len().saturating_sub(1);
        for (place, (operation, millis, request_id)) in lines.into_iter().enumerate() {
            sqlx::query(
                "INSERT INTO calls (id, connection_id, problem_code, request_id, at, operation, duration_ms) \
                 SELECT $1, c.id, CAST($3 AS TEXT), CAST($4 AS TEXT), $5, CAST($6 AS TEXT), CAST($7 AS BIGINT) FROM connections c WHERE c.id = $2",
            )
            .bind(RecordId::new(now, self.random.bytes()).to_string())
            .bind(connection.id.to_string())
            .bind(code.filter(|_| place == last))
            .bind(request_id)
            .bind(now.millis())
            .bind(operation)
            .bind(millis)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    /// Counts a sync run in its hour. Stands last: sync runs of all instances meet at this row.
    pub(crate) async fn count_run_in(
        &self,
        tx: &mut Transaction,
        end: SyncRunEnd,
        delays: &Delays,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sync_run_hours (hour, outcome, run_count) VALUES ($1, $2, 1) \
             ON CONFLICT (hour, outcome) DO UPDATE SET run_count = sync_run_hours.run_count + 1",
        )
        .bind(hour_of(now))
        .bind(end.code())
        .execute(tx.conn())
        .await?;
        for (minutes, entries) in &delays.0 {
            sqlx::query(
                "INSERT INTO sync_delay_hours (hour, minutes, entries) VALUES ($1, $2, $3) \
                 ON CONFLICT (hour, minutes) DO UPDATE SET entries = sync_delay_hours.entries + $3",
            )
            .bind(hour_of(now))
            .bind(minutes)
            .bind(entries)
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    /// Sync runs by hour and outcome since a time.
    pub async fn run_hours(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, SyncRunEnd, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT hour, outcome, run_count FROM sync_run_hours WHERE hour >= $1 ORDER BY hour",
        )
        .bind(hour_of(since))
        .fetch_all(self.pool())
        .await?;
        let mut hours = Vec::new();
        for row in &found {
            let code = rows::text(row, "outcome")?;
            // Of another version.
            let Some(end) = SyncRunEnd::ALL.into_iter().find(|end| end.code() == code) else {
                continue;
            };
            hours.push((
                rows::instant(row, "hour")?,
                end,
                rows::number(row, "run_count")?,
            ));
        }
        Ok(hours)
    }

    /// Entries by hour and delay (see [`DELAYS`]) since a time.
    pub async fn delay_hours(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, i64, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT hour, minutes, entries FROM sync_delay_hours WHERE hour >= $1 ORDER BY hour",
        )
        .bind(hour_of(since))
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok((
                    rows::instant(row, "hour")?,
                    rows::number(row, "minutes")?,
                    rows::number(row, "entries")?,
                ))
            })
            .collect()
    }

    /// The latest changes of a connection's state, newest first.
    pub async fn state_changes(
        &self,
        id: ConnectionId,
        limit: i64,
    ) -> Result<Vec<StateChange>, StoreError> {
        let found = sqlx::query(
            "SELECT at, state, problem_code FROM state_changes WHERE connection_id = $1 ORDER BY at DESC LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                let state = rows::text(row, "state")?;
                Ok(StateChange {
                    at: rows::instant(row, "at")?,
                    state: ConnectionState::from_code(&state)
                        .ok_or(StoreError::Corrupt("state"))?,
                    cause: rows::maybe_parsed(row, "problem_code")?,
                })
            })
            .collect()
    }

    /// The latest calls for a connection that are on record, newest first.
    pub async fn last_calls(
        &self,
        id: ConnectionId,
        limit: i64,
    ) -> Result<Vec<CallLine>, StoreError> {
        let found = sqlx::query(
            "SELECT at, operation, duration_ms, problem_code, request_id FROM calls WHERE connection_id = $1 \
             ORDER BY at DESC, id DESC LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(CallLine {
                    at: rows::instant(row, "at")?,
                    operation: rows::maybe_parsed(row, "operation")?,
                    millis: rows::maybe_number(row, "duration_ms")?,
                    problem: rows::maybe_parsed(row, "problem_code")?,
                    request_id: rows::maybe_parsed(row, "request_id")?,
                })
            })
            .collect()
    }

    /// Forgets calls, sync runs, changes of state and counts of long ago.
    pub async fn forget_history(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = (now - RETENTION).millis();
        let mut tx = self.begin().await?;
        for sql in [
            "DELETE FROM calls WHERE at < $1",
            "DELETE FROM sync_runs WHERE started_at < $1",
            "DELETE FROM state_changes WHERE at < $1",
            "DELETE FROM sync_run_hours WHERE hour < $1",
            "DELETE FROM sync_delay_hours WHERE hour < $1",
        ] {
            sqlx::query(sql).bind(before).execute(tx.conn()).await?;
        }
        tx.commit().await?;
        self.forget_ended_places(now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_fall_into_the_first_step_that_holds_them() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut delays = Delays::default();
        for seconds in [0, 59, 60, 61, 300, 301, 3600, 3601, 1_000_000] {
            delays.add(Some(now - Duration::from_secs(seconds)), now);
        }
        let counted: Vec<_> = delays.0.into_iter().collect();
        assert_eq!(counted, [(0, 2), (1, 3), (5, 2), (10, 1), (60, 1)]);
    }
}
