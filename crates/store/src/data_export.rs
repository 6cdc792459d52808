//! What is kept about one person, counted, listed and purged.

use crate::{
    error::StoreError, event_rows, events::entries_query, rows, store::Store, users::User,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    calendar::Event,
    clock::Timestamp,
    connection::Connection,
    id::{ConnectionId, UserId},
};

/// How much is kept about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredCounts {
    pub sessions: i64,
    pub second_factors: i64,
    pub entries: i64,
    pub sync_runs: i64,
    pub calls: i64,
    pub checks: i64,
    pub requests: i64,
    /// Lines of the audit trail of what they did.
    pub lines: i64,
}

/// What somebody else, or Kalends itself, did that concerns a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    pub at: Timestamp,
    /// `None`: Kalends itself.
    pub by: Option<UserId>,
    pub action: AuditAction,
    pub subject: String,
}

impl Store {
    pub async fn stored_counts(&self, user: UserId) -> Result<StoredCounts, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM sessions WHERE user_id = $1) AS sessions, \
             (SELECT COUNT(*) FROM two_factor WHERE user_id = $1 AND secret_id IS NOT NULL) AS second_factors, \
             (SELECT COUNT(*) FROM events e JOIN calendars k ON k.id = e.calendar_id \
              JOIN connections c ON c.id = k.connection_id WHERE c.user_id = $1) AS entries, \
             (SELECT COUNT(*) FROM sync_runs r JOIN connections c ON c.id = r.connection_id WHERE c.user_id = $1) AS sync_runs, \
             (SELECT COUNT(*) FROM calls l JOIN connections c ON c.id = l.connection_id WHERE c.user_id = $1) AS calls, \
             (SELECT COUNT(*) FROM checks WHERE user_id = $1) AS checks, \
             (SELECT COUNT(*) FROM audit WHERE actor = $1) AS lines, \
             (SELECT COUNT(*) FROM mailbox_requests WHERE user_id = $1) AS requests",
        )
        .bind(user.to_string())
        .fetch_one(self.pool())
        .await?;
        Ok(StoredCounts {
            sessions: rows::number(&row, "sessions")?,
            second_factors: rows::number(&row, "second_factors")?,
            entries: rows::number(&row, "entries")?,
            sync_runs: rows::number(&row, "sync_runs")?,
            calls: rows::number(&row, "calls")?,
            checks: rows::number(&row, "checks")?,
            requests: rows::number(&row, "requests")?,
            lines: rows::number(&row, "lines")?,
        })
    }

    /// Every entry of a connection, by start.
    pub async fn all_events(&self, connection: ConnectionId) -> Result<Vec<Event>, StoreError> {
        let mut query = entries_query(connection);
        query.add(" ORDER BY e.starts_at, e.item_id");
        let found = query.fetch(self).await?;
        found.iter().map(event_rows::event).collect()
    }

    /// The newest lines of the trail about a person or the mailbox they connected, done by others.
    pub async fn looked_at(
        &self,
        user: &User,
        connection: Option<&Connection>,
        limit: i64,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        let mailbox = connection.map_or(user.email.as_str(), |it| it.mailbox.as_str());
        let found = sqlx::query(
            "SELECT at, actor, action, subject FROM audit WHERE (actor IS NULL OR actor <> $1) \
             AND (subject LIKE $2 ESCAPE '!' OR subject LIKE $3 ESCAPE '!') ORDER BY at DESC, id DESC LIMIT $4",
        )
        .bind(user.id.to_string())
        .bind(rows::containing(user.email.as_str()))
        .bind(rows::containing(mailbox))
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(AccessRecord {
                    at: rows::instant(row, "at")?,
                    by: rows::maybe_parsed(row, "actor")?,
                    action: rows::named(row, "action")?,
                    subject: rows::text(row, "subject")?,
                })
            })
            .collect()
    }

    /// Deletes what was read and tested for a person: entries, sync runs, calls, finished checks and analyses. The connection stays.
    pub async fn purge(
        &self,
        user: UserId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<StoredCounts, StoreError> {
        let before = self.stored_counts(user).await?;
        let mut tx = self.begin().await?;
        for sql in [
            "DELETE FROM events WHERE calendar_id IN (SELECT k.id FROM calendars k JOIN connections c ON c.id = k.connection_id WHERE c.user_id = $1)",
            "DELETE FROM sync_runs WHERE connection_id IN (SELECT id FROM connections WHERE user_id = $1)",
            "DELETE FROM calls WHERE connection_id IN (SELECT id FROM connections WHERE user_id = $1)",
            "DELETE FROM state_changes WHERE connection_id IN (SELECT id FROM connections WHERE user_id = $1)",
            "DELETE FROM mailbox_requests WHERE user_id = $1 AND state NOT IN ('waiting', 'approved')",
            "DELETE FROM checks WHERE user_id = $1 AND outcome IS NOT NULL",
            "DELETE FROM analyses WHERE user_id = $1 AND outcome IS NOT NULL",
            "UPDATE connections SET entries = 0 WHERE user_id = $1",
        ] {
            sqlx::query(sql)
                .bind(user.to_string())
                .execute(tx.conn())
                .await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.commit().await?;
        self.forget_pages().await;
        Ok(before)
    }
}
