//! How much the main database holds, for whoever watches.

use crate::{
    connection_list::ListQuery, connections::ConnectionFilter, error::StoreError, rows,
    store::Store,
};
use kalends_core::{
    clock::Timestamp, connection::ConnectionState, job::JobState, notice::NoticeKind,
};

/// Counts over everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    pub people: i64,
    pub second_factors: i64,
    /// Of people who are signed in.
    pub sessions: i64,
    /// Every state, those without a connection too.
    pub connections: Vec<(ConnectionState, i64)>,
    /// Not taken yet; given up, where the recipient got nothing since. Of those that are kept, tests left out.
    pub notices_waiting: i64,
    pub notices_failed: i64,
}

/// Notices that were given up, where the recipient got nothing since, tests left out; $1 to $3 are names.
const FAILED_NOTICES: &str = "(SELECT COUNT(*) FROM jobs j JOIN notices n ON n.id = j.id WHERE j.state = $1 AND n.kind <> $2 AND NOT EXISTS (SELECT 1 \
     FROM notices s JOIN jobs k ON k.id = s.id WHERE s.recipient = n.recipient AND s.channel = n.channel AND k.state = $3 \
     AND k.ended_at > j.ended_at)) AS failed";

impl Store {
    /// How many alerts were given up, where the recipient got nothing since.
    pub async fn count_failed_notices(&self) -> Result<i64, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {FAILED_NOTICES}"));
        let row = sqlx::query(sql)
            .bind(rows::to_name(&JobState::Failed, "state")?)
            .bind(rows::to_name(&NoticeKind::Test, "kind")?)
            .bind(rows::to_name(&JobState::Done, "state")?)
            .fetch_one(self.pool())
            .await?;
        rows::number(&row, "failed")
    }

    pub async fn counted(&self, now: Timestamp) -> Result<Totals, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT (SELECT COUNT(*) FROM users) AS people, \
             (SELECT COUNT(*) FROM two_factor WHERE secret_id IS NOT NULL) AS second_factors, \
             (SELECT COUNT(*) FROM sessions WHERE user_id IS NOT NULL AND idle_expires_at > $4 \
              AND absolute_expires_at > $4) AS sessions, \
             (SELECT COUNT(*) FROM jobs WHERE state = $5 AND kind IN ('mail', 'webhook')) AS waiting, {FAILED_NOTICES}"
        ));
        let row = sqlx::query(sql)
            .bind(rows::to_name(&JobState::Failed, "state")?)
            .bind(rows::to_name(&NoticeKind::Test, "kind")?)
            .bind(rows::to_name(&JobState::Done, "state")?)
            .bind(now.millis())
            .bind(rows::to_name(&JobState::Waiting, "state")?)
            .fetch_one(self.pool())
            .await?;
        let counts = self.count_connections(&ListQuery::default()).await?;
        let connections =
            ConnectionState::ALL.map(|state| (state, counts.of(ConnectionFilter::Is(state))));
        Ok(Totals {
            people: rows::number(&row, "people")?,
            second_factors: rows::number(&row, "second_factors")?,
            sessions: rows::number(&row, "sessions")?,
            connections: connections.into(),
            notices_waiting: rows::number(&row, "waiting")?,
            notices_failed: rows::number(&row, "failed")?,
        })
    }
}
