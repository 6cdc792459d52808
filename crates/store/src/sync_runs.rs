//! Rounds that failed, and those that changed something.

use crate::{
    changed_topics::content,
    error::StoreError,
    events::Changes,
    history::{Delays, RunSubject, SyncRunEnd},
    rows,
    store::Store,
};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    call::Call,
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    id::{AccountId, ConnectionId, SyncRunId},
    mailbox::SmtpAddress,
    problem::Problem,
};
use std::time::Duration;

/// A sync run as an admin sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncRun {
    pub started_at: Timestamp,
    pub millis: i64,
    pub changes: Changes,
    pub problem: Option<Problem>,
}

impl SyncRun {
    pub fn ended_at(&self) -> Timestamp {
        self.started_at + Duration::from_millis(u64::try_from(self.millis).unwrap_or(0))
    }
}

/// A sync run that failed, and what follows.
#[derive(Debug, Clone)]
pub struct Failed<'a> {
    pub problem: &'a Problem,
    pub request_id: Option<&'a str>,
    /// What was called until then.
    pub calls: &'a [Call],
    pub state: ConnectionState,
    pub started_at: Timestamp,
    pub now: Timestamp,
    /// `None`: nothing is planned until somebody acts.
    pub next: Option<Timestamp>,
}

impl Store {
    /// Keeps the last copy, shows the problem, plans the next look.
    pub async fn fail_run(
        &self,
        connection: &Connection,
        failed: &Failed<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let (whose, cause) = (RunSubject::One(connection.id), Some(failed.problem.code()));
        self.note_state_in(&mut tx, whose, failed.state, cause, failed.now)
            .await?;
        sqlx::query(
            "UPDATE connections SET since = CASE WHEN state = $2 AND (state = 'delayed' OR $7 LIKE '%,' || problem_code || ',%') THEN since ELSE $4 END, state = $2, problem = $3, \
             last_run_at = $4, run_count = run_count + 1, run_requested = 0, due_at = $5, problem_code = $6 WHERE id = $1",
        )
        .bind(connection.id.to_string())
        .bind(failed.state.code())
        .bind(rows::to_json(failed.problem, "problem")?)
        .bind(failed.now.millis())
        .bind(failed.next.map(Timestamp::millis))
        .bind(failed.problem.code())
        .bind(failed.problem.codes_of_cause())
        .execute(tx.conn())
        .await?;
        self.write_failed(&mut tx, connection, failed).await?;
        tx.changed(content(connection.id, connection.user_id));
        Ok(tx.commit().await?)
    }

    /// Leaves all connections of an account alone until then, with the problem that one of them met.
    pub async fn put_off(
        &self,
        account: AccountId,
        failed: &Failed<'_>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let (whose, cause) = (RunSubject::All(account), Some(failed.problem.code()));
        self.note_state_in(&mut tx, whose, failed.state, cause, failed.now)
            .await?;
        sqlx::query(
            "UPDATE connections SET since = CASE WHEN state = $2 AND (state = 'delayed' OR $7 LIKE '%,' || problem_code || ',%') THEN since ELSE $4 END, state = $2, problem = $3, \
             due_at = $5, problem_code = $6 WHERE account_id = $1",
        )
        .bind(account.to_string())
        .bind(failed.state.code())
        .bind(rows::to_json(failed.problem, "problem")?)
        .bind(failed.now.millis())
        .bind(until.millis())
        .bind(failed.problem.code())
        .bind(failed.problem.codes_of_cause())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// As [`Store::fail_run`] for a refused sign-in: state and plan are the refusal rule's, for the whole account.
    pub async fn note_refused_run(
        &self,
        connection: &Connection,
        failed: &Failed<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE connections SET last_run_at = $2, run_count = run_count + 1, run_requested = 0 WHERE id = $1",
        )
        .bind(connection.id.to_string())
        .bind(failed.now.millis())
        .execute(tx.conn())
        .await?;
        self.write_failed(&mut tx, connection, failed).await?;
        tx.changed(content(connection.id, connection.user_id));
        Ok(tx.commit().await?)
    }

    async fn write_failed(
        &self,
        tx: &mut crate::database::Transaction,
        connection: &Connection,
        failed: &Failed<'_>,
    ) -> Result<(), StoreError> {
        // The connection may have been ended meanwhile: then there is nothing to note it on.
        sqlx::query(
            "INSERT INTO sync_runs (id, connection_id, started_at, duration_ms, inserted, updated, deleted, problem) \
             SELECT $1, c.id, $3, $4, 0, 0, 0, $5 FROM connections c WHERE c.id = $2",
        )
        .bind(SyncRunId::new(failed.now, self.random.bytes()).to_string())
        .bind(connection.id.to_string())
        .bind(failed.started_at.millis())
        .bind(i64::try_from(failed.now.since(failed.started_at).as_millis()).unwrap_or(i64::MAX))
        .bind(rows::to_json(failed.problem, "problem")?)
        .execute(tx.conn())
        .await?;
        let problem = Some((failed.problem, failed.request_id));
        self.note_calls_in(tx, connection, failed.calls, problem, failed.now)
            .await?;
        let end = SyncRunEnd::of(failed.state);
        self.count_run_in(tx, end, &Delays::default(), failed.now)
            .await
    }

    /// The latest sync runs that failed or changed something, newest first.
    pub async fn last_runs(
        &self,
        id: ConnectionId,
        limit: i64,
    ) -> Result<Vec<SyncRun>, StoreError> {
        let found = sqlx::query(
            "SELECT started_at, duration_ms, inserted, updated, deleted, problem FROM sync_runs WHERE connection_id = $1 \
             ORDER BY started_at DESC, id DESC LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(SyncRun {
                    started_at: rows::instant(row, "started_at")?,
                    millis: rows::number(row, "duration_ms")?,
                    changes: Changes {
                        inserted: rows::number(row, "inserted")?,
                        updated: rows::number(row, "updated")?,
                        deleted: rows::number(row, "deleted")?,
                    },
                    problem: rows::maybe_json(row, "problem")?,
                })
            })
            .collect()
    }

    /// Notes that a sealed password was opened.
    pub async fn audit_opened(
        &self,
        account: &AccountName,
        mailbox: &SmtpAddress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let subject = format!("{account} for {mailbox}");
        self.audit(
            &AuditEntry::by_kalends(AuditAction::SecretOpened).about(subject),
            now,
        )
        .await
    }
}
