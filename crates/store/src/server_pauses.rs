//! Pauses that Exchange asked for: they hold for a whole account, and grow while they are asked for again and again.

use crate::database::Transaction;
use crate::{error::StoreError, history::RunSubject, rows, store::Store};
use kalends_core::{
    back_off::pause,
    clock::Timestamp,
    connection::ConnectionState,
    id::{AccountId, ConnectionId},
    problem::Problem,
};
use std::time::Duration;

/// Who has waited for longer than this because a server asked for a pause is shown as delayed: as long as between two
/// sync runs.
const ASKED_AGAIN_WITHIN: Duration = Duration::from_mins(5);

/// A server that asked for a pause.
#[derive(Debug, Clone, Copy)]
pub struct RequestedPause<'a> {
    pub account: AccountId,
    /// Whose call it was.
    pub connection: Option<ConnectionId>,
    pub problem: &'a Problem,
    /// How long, as it said.
    pub asked: Duration,
    pub now: Timestamp,
}

impl Store {
    /// Leaves the account alone for as long as it takes, and returns how long its connection waits. Those that have
    /// waited for long by then are shown as delayed.
    pub async fn note_requested_pause(
        &self,
        busy: &RequestedPause<'_>,
    ) -> Result<Duration, StoreError> {
        let mut tx = self.begin().await?;
        // Calls that were under way at the same time are told the same thing once.
        sqlx::query(
            "UPDATE accounts SET backoff_count = backoff_count + 1 WHERE id = $1 AND (backoff_until IS NULL OR backoff_until <= $2)",
        )
        .bind(busy.account.to_string())
        .bind(busy.now.millis())
        .execute(tx.conn())
        .await?;
        let id = busy.account.to_string();
        let times = times(
            &mut tx,
            "SELECT backoff_count FROM accounts WHERE id = $1",
            &id,
        )
        .await?;
        let of_account = pause(busy.asked, times);
        let until = busy.now + of_account;
        sqlx::query(
            "UPDATE accounts SET backoff_until = $2 WHERE id = $1 AND (backoff_until IS NULL OR backoff_until < $2)",
        )
        .bind(busy.account.to_string())
        .bind(until.millis())
        .execute(tx.conn())
        .await?;
        let waits = match busy.connection {
            Some(id) => of_account.max(self.pause_of(&mut tx, id, busy.asked).await?),
            None => of_account,
        };
        self.show_who_waits(&mut tx, busy, until).await?;
        tx.commit().await?;
        Ok(waits)
    }

    async fn pause_of(
        &self,
        tx: &mut Transaction,
        id: ConnectionId,
        asked: Duration,
    ) -> Result<Duration, StoreError> {
        let id = id.to_string();
        sqlx::query("UPDATE connections SET backoff_count = backoff_count + 1 WHERE id = $1")
            .bind(&id)
            .execute(tx.conn())
            .await?;
        let times = times(
            tx,
            "SELECT backoff_count FROM connections WHERE id = $1",
            &id,
        )
        .await?;
        Ok(pause(asked, times))
    }

    async fn show_who_waits(
        &self,
        tx: &mut Transaction,
        busy: &RequestedPause<'_>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let connected = ConnectionState::Connected.code();
        let late = sqlx::query(
            "SELECT id FROM connections WHERE account_id = $1 AND state = $2 AND paused_at IS NULL AND due_at <= $3 AND id <> $4",
        )
        .bind(busy.account.to_string())
        .bind(connected)
        .bind((until - ASKED_AGAIN_WITHIN).millis())
        .bind(busy.connection.map_or_else(String::new, |id| id.to_string()))
        .fetch_all(tx.conn())
        .await?;
        let (state, code) = (ConnectionState::Delayed, busy.problem.code());
        let told = busy.problem.clone().with_pause(until.since(busy.now));
        let told = rows::to_json(&told, "problem")?;
        for row in &late {
            let id: ConnectionId = rows::parsed(row, "id")?;
            self.note_state_in(tx, RunSubject::One(id), state, Some(code), busy.now)
                .await?;
            sqlx::query(
                "UPDATE connections SET state = $2, problem = $3, problem_code = $4, since = $5 WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(state.code())
            .bind(&told)
            .bind(code)
            .bind(busy.now.millis())
            .execute(tx.conn())
            .await?;
        }
        Ok(())
    }

    /// The server answers again: the next pause is a short one.
    pub async fn end_requested_pauses(
        &self,
        id: AccountId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE accounts SET backoff_count = 0, backoff_until = NULL WHERE id = $1 AND (backoff_until IS NULL OR backoff_until <= $2)",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }
}

async fn times(tx: &mut Transaction, sql: &'static str, id: &str) -> Result<u32, StoreError> {
    let row = sqlx::query(sql).bind(id).fetch_optional(tx.conn()).await?;
    let times: Option<i64> = row
        .map(|row| rows::number(&row, "backoff_count"))
        .transpose()?;
    Ok(u32::try_from(times.unwrap_or(1)).unwrap_or(u32::MAX))
}
