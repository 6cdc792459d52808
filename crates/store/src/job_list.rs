//! What is being done, waits, failed or ended lately, for administrators to look at, end and try again.

use crate::{error::StoreError, jobs, rows, store::Store};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{JobId, UserId},
    job::{Job, JobState},
    topic::Topic,
};
use sqlx::any::AnyRow;

/// A job as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedJob {
    pub job: Job,
    /// The action of a bulk action, as it was begun with.
    pub payload: Option<String>,
    /// Who began it, where they are still there.
    pub made_by: Option<String>,
    /// The subject of a notice and whom it is for.
    pub notice: Option<(String, String)>,
    /// The account whose mailboxes are looked for.
    pub account: Option<String>,
}

fn listed(row: &AnyRow) -> Result<ListedJob, StoreError> {
    let text = |column| -> Result<Option<String>, StoreError> { rows::maybe_parsed(row, column) };
    Ok(ListedJob {
        job: jobs::job(row)?,
        payload: text("payload")?,
        made_by: text("by_name")?,
        notice: text("subject")?.zip(text("recipient_label")?),
        account: text("label")?,
    })
}

fn select() -> String {
    format!(
        "SELECT {}, j.payload, u.name AS by_name, n.subject, n.recipient_label, a.label FROM jobs j \
         LEFT JOIN users u ON u.id = j.created_by LEFT JOIN notices n ON n.id = j.id \
         LEFT JOIN mailbox_scopes s ON s.id = j.id LEFT JOIN accounts a ON a.id = s.account_id",
        jobs::COLUMNS
    )
}

impl Store {
    /// Jobs in a state, `limit` at most: those that wait as they are due, others the latest first. What was handed over well
    /// stands among the notices.
    pub async fn listed_jobs(
        &self,
        state: JobState,
        limit: i64,
    ) -> Result<Vec<ListedJob>, StoreError> {
        let rest = match state {
            // What takes long comes first, and is not hidden behind many mails.
            JobState::Waiting => {
                "ORDER BY CASE WHEN j.kind IN ('mail', 'webhook') THEN 1 ELSE 0 END, j.due_at, j.id"
            }
            JobState::Done | JobState::Cancelled => {
                "AND j.kind NOT IN ('mail', 'webhook') ORDER BY j.ended_at DESC, j.id DESC"
            }
            // Who tried something out has seen what came of it.
            JobState::Draft | JobState::Failed => {
                "AND COALESCE(n.kind, '') <> 'test' ORDER BY j.ended_at DESC, j.id DESC"
            }
        };
        let sql = format!("{} WHERE j.state = $1 {rest} LIMIT $2", select());
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(rows::to_name(&state, "state")?)
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(listed).collect()
    }

    pub async fn listed_job(&self, id: JobId) -> Result<Option<ListedJob>, StoreError> {
        let sql = format!("{} WHERE j.id = $1", select());
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(listed).transpose()
    }

    /// How many jobs are in a state, without what somebody only tried out.
    pub async fn count_jobs(&self, state: JobState) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS jobs FROM jobs j LEFT JOIN notices n ON n.id = j.id WHERE j.state = $1 AND COALESCE(n.kind, '') <> 'test'")
            .bind(rows::to_name(&state, "state")?)
            .fetch_one(self.pool())
            .await?;
        rows::number(&row, "jobs")
    }

    /// Ends a job that is not done; false if it is over, or is a notice that is being handed over at this moment. Whoever
    /// works on it finds that out with the next thing it writes.
    pub async fn cancel_job(
        &self,
        id: JobId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_at = $2, leased_until = 0, instance_id = NULL WHERE id = $1 AND state = 'waiting' \
             AND (leased_until <= $2 OR kind NOT IN ('mail', 'webhook'))",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(true)
    }

    /// Takes up again what was given up or ended, with what is left of it; false if there is no such job. Whoever does so
    /// answers for what an action or an import does from then on.
    pub async fn retry_job(
        &self,
        (id, by): (JobId, UserId),
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let again = sqlx::query(
            "UPDATE jobs SET state = 'waiting', due_at = $2, attempts = 0, error = NULL, ended_at = NULL, \
             created_by = CASE WHEN kind IN ('bulk-action', 'import') THEN $3 ELSE created_by END WHERE id = $1 AND state IN ('failed', 'cancelled')",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .bind(by.to_string())
        .execute(tx.conn())
        .await?;
        if again.rows_affected() == 0 {
            return Ok(false);
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(true)
    }
}
