//! The audit trail and the log of failed calls.

use super::{Store, StoreError, rows};
use crate::{
    audit::Entry, clock::Timestamp, connection::Connection, database::Writing, id::RecordId,
    problem::Problem,
};
use std::collections::BTreeMap;

impl Store {
    /// Writes one line.
    pub async fn audit(&self, entry: &Entry, now: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.begin().await?;
        self.audit_in(&mut writing, entry, now).await?;
        Ok(writing.commit().await?)
    }

    pub(super) async fn audit_in(
        &self,
        writing: &mut Writing,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO audit (id, at, actor, action, subject) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(RecordId::new(now, self.random.bytes()).to_string())
        .bind(now.millis())
        .bind(entry.actor.map(|id| id.to_string()))
        .bind(rows::to_name(&entry.action, "action")?)
        .bind(&entry.subject)
        .execute(writing.on())
        .await?;
        Ok(())
    }

    /// How many lines there are by action.
    pub async fn audit_counts(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let found = sqlx::query("SELECT action, COUNT(*) AS lines FROM audit GROUP BY action")
            .fetch_all(self.pool())
            .await?;
        found
            .iter()
            .map(|row| Ok((rows::text(row, "action")?, rows::number(row, "lines")?)))
            .collect()
    }

    /// Notes a failed call under the id by which Exchange's own log knows it.
    pub(super) async fn call_in(
        &self,
        writing: &mut Writing,
        connection: &Connection,
        problem: &Problem,
        request_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO calls (id, connection_id, mailbox, problem, request_id, at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(RecordId::new(now, self.random.bytes()).to_string())
            .bind(connection.id.to_string())
            .bind(connection.mailbox.as_str())
            .bind(problem.code())
            .bind(request_id)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        Ok(())
    }
}
