//! How much the main database holds, for whoever watches.

use crate::{
    connection_list::ListQuery, connections::ConnectionFilter, error::StoreError, rows,
    store::Store,
};
use kalends_core::{
    clock::Timestamp,
    connection::ConnectionState,
    notice::{NoticeKind, NoticeState},
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

impl Store {
    pub async fn counted(&self, now: Timestamp) -> Result<Totals, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM users) AS people, \
             (SELECT COUNT(*) FROM two_factor WHERE secret_id IS NOT NULL) AS second_factors, \
             (SELECT COUNT(*) FROM sessions WHERE user_id IS NOT NULL AND idle_expires_at > $1 \
              AND absolute_expires_at > $1) AS sessions, \
             (SELECT COUNT(*) FROM notices WHERE state = $2) AS waiting, \
             (SELECT COUNT(*) FROM notices n WHERE state = $3 AND kind <> $4 AND NOT EXISTS (SELECT 1 FROM notices s \
              WHERE s.recipient = n.recipient AND s.channel = n.channel AND s.state = $5 AND s.ended_at > n.ended_at)) AS failed",
        )
        .bind(now.millis())
        .bind(rows::to_name(&NoticeState::Waiting, "state")?)
        .bind(rows::to_name(&NoticeState::Failed, "state")?)
        .bind(rows::to_name(&NoticeKind::Test, "kind")?)
        .bind(rows::to_name(&NoticeState::Sent, "state")?)
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
