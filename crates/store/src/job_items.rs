//! The steps of a job that has many alike, each with its result.

use crate::{
    error::StoreError,
    fail_point,
    job_lease::JobLease,
    jobs::{self, NewJob},
    rows,
    store::Store,
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{JobId, UserId},
    job::{JobKind, JobState},
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::any::AnyRow;

/// A step of a job, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobItem<T, R> {
    pub position: i64,
    pub item: T,
    /// `None`: still to come.
    pub result: Option<R>,
}

fn item<T: DeserializeOwned, R: DeserializeOwned>(
    row: &AnyRow,
) -> Result<JobItem<T, R>, StoreError> {
    Ok(JobItem {
        position: rows::number(row, "position")?,
        item: rows::json(row, "item")?,
        result: rows::maybe_json(row, "result")?,
    })
}

impl Store {
    /// Writes down a job with its steps, in the order they are worked on; a draft waits until it is confirmed.
    pub async fn add_job<T: Serialize>(
        &self,
        kind: JobKind,
        state: JobState,
        payload: &impl Serialize,
        items: &[T],
        (by, now): (UserId, Timestamp),
    ) -> Result<JobId, StoreError> {
        let id = JobId::new(now, self.random.bytes());
        let mut tx = self.begin().await?;
        if state == JobState::Draft {
            // One draft of a kind a person: a newer one takes the place of the older.
            sqlx::query("DELETE FROM jobs WHERE state = 'draft' AND created_by = $1 AND kind = $2")
                .bind(by.to_string())
                .bind(rows::to_name(&kind, "kind")?)
                .execute(tx.conn())
                .await?;
        }
        let new = NewJob {
            id,
            kind,
            state,
            serial_key: None,
            payload: jobs::to_payload(payload)?,
            made_by: Some(by),
            made_at: now,
            due_at: now,
            total: items.len(),
        };
        jobs::insert(&mut tx, &new).await?;
        for (position, item) in (0_i64..).zip(items) {
            sqlx::query("INSERT INTO job_items (job_id, position, item) VALUES ($1, $2, $3)")
                .bind(id.to_string())
                .bind(position)
                .bind(rows::to_json(item, "item")?)
                .execute(tx.conn())
                .await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// The draft of a person.
    pub async fn draft_job(&self, kind: JobKind, by: UserId) -> Result<Option<JobId>, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM jobs WHERE state = 'draft' AND kind = $1 AND created_by = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(rows::to_name(&kind, "kind")?)
        .bind(by.to_string())
        .fetch_optional(self.pool())
        .await?;
        row.map(|row| rows::parsed(&row, "id")).transpose()
    }

    /// Lets a person's draft be worked on; false if it is none, or not any more.
    pub async fn confirm_job(
        &self,
        id: JobId,
        by: UserId,
        entry: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let confirmed = sqlx::query(
            "UPDATE jobs SET state = 'waiting', due_at = $3 WHERE id = $1 AND created_by = $2 AND state = 'draft'",
        )
        .bind(id.to_string())
        .bind(by.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        if confirmed.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(entry) = entry {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([kalends_core::topic::Topic::Organisation]);
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets this draft of a person.
    pub async fn drop_draft(&self, id: JobId, by: UserId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM jobs WHERE state = 'draft' AND id = $1 AND created_by = $2")
            .bind(id.to_string())
            .bind(by.to_string())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// All steps of a job, in their order.
    pub async fn job_items<T: DeserializeOwned, R: DeserializeOwned>(
        &self,
        id: JobId,
    ) -> Result<Vec<JobItem<T, R>>, StoreError> {
        let found = sqlx::query(
            "SELECT position, item, result FROM job_items WHERE job_id = $1 ORDER BY position",
        )
        .bind(id.to_string())
        .fetch_all(self.pool())
        .await?;
        found.iter().map(item).collect()
    }

    /// The next steps that are still to come.
    pub async fn open_items<T: DeserializeOwned>(
        &self,
        id: JobId,
        limit: i64,
    ) -> Result<Vec<(i64, T)>, StoreError> {
        let found = sqlx::query(
            "SELECT position, item FROM job_items WHERE job_id = $1 AND result IS NULL ORDER BY position LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| Ok((rows::number(row, "position")?, rows::json(row, "item")?)))
            .collect()
    }

    /// Writes down what came of a step, if the job is still held.
    pub async fn keep_result_of(
        &self,
        lease: &JobLease,
        position: i64,
        result: &impl Serialize,
    ) -> Result<(), StoreError> {
        fail_point::reached("job-after-step");
        let mut tx = self.under_job(lease).begin().await?;
        let result = rows::to_json(result, "result")?;
        lease.keep(&mut tx, position, &result).await?;
        Ok(tx.commit().await?)
    }

    /// The same database, for one step of a job: its result is kept with the first change that is written through it, so
    /// that a crash neither repeats nor forgets the step. That change must be the step itself, and nothing that leads to it.
    pub fn doing(
        &self,
        lease: &JobLease,
        position: i64,
        result: &impl Serialize,
    ) -> Result<Self, StoreError> {
        let lease = JobLease {
            step: Some((position, rows::to_json(result, "result")?)),
            ..lease.clone()
        };
        Ok(self.under_job(&lease))
    }
}
