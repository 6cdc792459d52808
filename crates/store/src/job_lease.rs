//! The lease under which one instance works on a job.

use crate::{
    database::{Engine, Transaction},
    error::StoreError,
    fail_point, rows,
};
use kalends_core::{
    clock::Timestamp,
    id::JobId,
    job::{JobError, JobState, Turn},
    topic::Topic,
};

/// The lease under which one instance works on a job. What is written under it fails once it is lost.
#[derive(Debug, Clone)]
pub struct JobLease {
    pub(crate) id: JobId,
    /// How often the job was taken up.
    pub(crate) fence: i64,
    /// The step whose result is kept with whatever is written.
    pub(crate) step: Option<(i64, String)>,
}

impl JobLease {
    /// An error where the job was cancelled, or somebody else has taken it up. Keeps the result of a step, if it has one.
    pub(crate) async fn still_held(
        &self,
        tx: &mut Transaction,
        engine: Engine,
    ) -> Result<(), StoreError> {
        // Nobody takes it up or cancels it until this is kept. SQLite has a single writer anyway.
        let alone = match engine {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE",
        };
        let sql = format!(
            "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'waiting'{alone}"
        );
        let held = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.id.to_string())
            .bind(self.fence)
            .fetch_optional(tx.conn())
            .await?;
        if held.is_none() {
            return Err(StoreError::LeaseLost);
        }
        if let Some((position, result)) = &self.step {
            self.keep(tx, *position, result).await?;
            fail_point::reached("job-in-step");
        }
        Ok(())
    }

    /// Keeps the result of a step.
    pub(crate) async fn keep(
        &self,
        tx: &mut Transaction,
        position: i64,
        result: &str,
    ) -> Result<(), StoreError> {
        let first = sqlx::query(
            "UPDATE job_items SET result = $3 WHERE job_id = $1 AND position = $2 AND result IS NULL",
        )
        .bind(self.id.to_string())
        .bind(position)
        .bind(result)
        .execute(tx.conn())
        .await?;
        if first.rows_affected() == 0 {
            sqlx::query("UPDATE job_items SET result = $3 WHERE job_id = $1 AND position = $2")
                .bind(self.id.to_string())
                .bind(position)
                .bind(result)
                .execute(tx.conn())
                .await?;
            return Ok(());
        }
        get_on(tx, self.id).await
    }

    /// Writes down what becomes of the job, and gives it back. An error where it is held no more.
    pub(crate) async fn end(
        &self,
        tx: &mut Transaction,
        turn: &Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (state, due_at, error) = match turn {
            Turn::Done => (JobState::Done, now, None),
            Turn::Continue => (JobState::Waiting, now, None),
            Turn::Wait { until, error } => (JobState::Waiting, *until, error.as_ref()),
            Turn::Retry { at, error } => (JobState::Waiting, *at, Some(error)),
            Turn::Failed(error) => (JobState::Failed, now, Some(error)),
        };
        let gets_on = matches!(turn, Turn::Continue | Turn::Wait { .. });
        let ended = (state != JobState::Waiting).then(|| now.millis());
        let written = sqlx::query(
            "UPDATE jobs SET state = $3, due_at = $4, error = $5, ended_at = $6, attempts = CASE WHEN $7 = 1 THEN 0 ELSE attempts END, \
             leased_until = 0, instance_id = NULL WHERE id = $1 AND fence = $2 AND state = 'waiting'",
        )
        .bind(self.id.to_string())
        .bind(self.fence)
        .bind(rows::to_name(&state, "state")?)
        .bind(due_at.millis())
        .bind(error.map(|error: &JobError| rows::to_json(error, "error")).transpose()?)
        .bind(ended)
        .bind(i64::from(gets_on))
        .execute(tx.conn())
        .await?;
        if written.rows_affected() == 0 {
            return Err(StoreError::LeaseLost);
        }
        tx.changed([Topic::Organisation]);
        Ok(())
    }
}

/// One more step of a job is done.
pub(crate) async fn get_on(tx: &mut Transaction, id: JobId) -> Result<(), StoreError> {
    sqlx::query("UPDATE jobs SET done = done + 1 WHERE id = $1")
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
    tx.changed([Topic::Organisation]);
    Ok(())
}
