//! The queue: work that outlives a request, taken up by whichever instance has a hand free, one step after another.
//!
//! Whoever takes a job up holds it under a lease with a fencing token: the number of times that it was taken up. What is
//! written under it fails once somebody else has taken it up, or it was cancelled. A job that is not brought back counts
//! as an attempt, so that one that brings its process down is given up in the end.

use crate::{
    database::Transaction, error::StoreError, fail_point, job_lease::JobLease, limits::RowsKey,
    rows, store::Store,
};
use kalends_core::{
    clock::Timestamp,
    id::{JobId, UserId},
    job::{Job, JobKind, JobState, Turn},
    topic::Topic,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::any::AnyRow;
use std::time::Duration;

/// For how long what came of a job can be read: long for notices and maps, which people look up.
const RETENTION: Duration = Duration::from_hours(24 * 90);
/// For how long the lines of an import or an action for many can be read.
const LINES_RETENTION: Duration = Duration::from_hours(24 * 30);

/// For how long a draft waits to be decided on.
const DRAFT_LIFETIME: Duration = Duration::from_hours(24);

/// A job to be written down.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub id: JobId,
    pub kind: JobKind,
    pub state: JobState,
    /// Jobs of one key are worked on one after another.
    pub serial_key: Option<String>,
    pub payload: Option<String>,
    pub made_by: Option<UserId>,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    pub total: usize,
}

/// A job that this instance works on.
#[derive(Debug, Clone)]
pub struct LeasedJob {
    pub job: Job,
    pub lease: JobLease,
    payload: Option<String>,
}

impl LeasedJob {
    /// What it was begun with.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        payload(self.payload.as_deref())
    }
}

pub(crate) fn payload<T: DeserializeOwned>(text: Option<&str>) -> Result<T, StoreError> {
    serde_json::from_str(text.unwrap_or_default()).map_err(|_| StoreError::Corrupt("payload"))
}

pub(crate) const COLUMNS: &str = "j.id, j.kind, j.state, j.created_by, j.created_at, j.due_at, j.attempts, j.done, j.total, j.error, j.leased_until, j.ended_at";

pub(crate) fn job(row: &AnyRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: rows::parsed(row, "id")?,
        kind: rows::named(row, "kind")?,
        state: rows::named(row, "state")?,
        made_by: rows::maybe_parsed(row, "created_by")?,
        made_at: rows::instant(row, "created_at")?,
        due_at: rows::instant(row, "due_at")?,
        attempts: rows::number(row, "attempts")?,
        done: rows::number(row, "done")?,
        total: rows::number(row, "total")?,
        error: rows::maybe_json(row, "error")?,
        leased_until: rows::maybe_instant(row, "leased_until")?,
        ended_at: rows::maybe_instant(row, "ended_at")?,
    })
}

/// Writes a job down, with the change that makes it.
pub(crate) async fn insert(tx: &mut Transaction, new: &NewJob) -> Result<(), StoreError> {
    let is_over = !matches!(new.state, JobState::Draft | JobState::Waiting);
    sqlx::query(
        "INSERT INTO jobs (id, kind, state, serial_key, payload, created_by, created_at, due_at, total, ended_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.id.to_string())
    .bind(rows::to_name(&new.kind, "kind")?)
    .bind(rows::to_name(&new.state, "state")?)
    .bind(new.serial_key.clone())
    .bind(new.payload.clone())
    .bind(new.made_by.map(|id| id.to_string()))
    .bind(new.made_at.millis())
    .bind(new.due_at.millis())
    .bind(i64::try_from(new.total).unwrap_or(i64::MAX))
    .bind(is_over.then(|| new.made_at.millis()))
    .execute(tx.conn())
    .await?;
    tx.changed([Topic::Organisation]);
    Ok(())
}

/// All jobs of a kind, while one of them is taken up: two of one key are not taken up at the same time.
struct Claims(JobKind);

impl RowsKey for Claims {
    fn name(&self) -> String {
        format!("jobs {:?}", self.0)
    }
}

/// Which jobs of a kind may be worked on at present; $1 is the time.
const fn may_work(kind: JobKind) -> &'static str {
    match kind {
        // The work of a paused account goes on when it is resumed.
        JobKind::MailboxScope => {
            " AND NOT EXISTS (SELECT 1 FROM global_pause) AND NOT EXISTS (SELECT 1 FROM mailbox_scopes s JOIN accounts a ON a.id = s.account_id \
             WHERE s.id = j.id AND (a.paused_at IS NOT NULL OR a.held_until > $1 OR a.backoff_until > $1))"
        }
        JobKind::BulkAction | JobKind::Mail | JobKind::Webhook | JobKind::Import => "",
    }
}

/// What comes before all others of a kind: alerts before the invitations of a long table.
const fn first(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Mail => {
            "(SELECT CASE WHEN n.kind = 'link' THEN 1 ELSE 0 END FROM notices n WHERE n.id = j.id), "
        }
        JobKind::BulkAction | JobKind::MailboxScope | JobKind::Webhook | JobKind::Import => "",
    }
}

impl Store {
    /// Takes up the job of a kind that has waited longest, for this instance alone until the lease ends.
    pub async fn lease_job(
        &self,
        kind: JobKind,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<LeasedJob>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, j.payload, j.fence FROM jobs j WHERE j.state = 'waiting' AND j.kind = $2 AND j.due_at <= $1 AND j.leased_until <= $1 \
             AND NOT EXISTS (SELECT 1 FROM jobs o WHERE o.serial_key = j.serial_key AND o.state = 'waiting' AND o.leased_until > $1){} \
             ORDER BY {}j.due_at, j.id LIMIT 1",
            may_work(kind),
            first(kind)
        );
        let kind_name = rows::to_name(&kind, "kind")?;
        let look = || {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(now.millis())
                .bind(kind_name.clone())
        };
        // Most looks find nothing, and keep nobody from writing.
        if look().fetch_optional(self.pool()).await?.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin_with_key_lock(&Claims(kind)).await?;
        let Some(row) = look().fetch_optional(tx.conn()).await? else {
            return Ok(None);
        };
        let mut found = job(&row)?;
        let taken = sqlx::query(
            "UPDATE jobs SET leased_until = $3, instance_id = $4, fence = fence + 1, attempts = attempts + 1 \
             WHERE id = $1 AND fence = $2 AND state = 'waiting'",
        )
        .bind(found.id.to_string())
        .bind(rows::number(&row, "fence")?)
        .bind((now + lease).millis())
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        if taken.rows_affected() == 0 {
            return Ok(None);
        }
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        fail_point::reached("job-after-lease");
        found.attempts += 1;
        found.leased_until = Some(now + lease);
        Ok(Some(LeasedJob {
            lease: JobLease {
                id: found.id,
                fence: rows::number(&row, "fence")? + 1,
                step: None,
            },
            payload: sqlx::Row::try_get(&row, "payload")?,
            job: found,
        }))
    }

    /// Goes on holding a job; false if it was cancelled, or somebody else has taken it up.
    pub async fn renew_job(&self, lease: &JobLease, until: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let renewed = sqlx::query(
            "UPDATE jobs SET leased_until = $3 WHERE id = $1 AND fence = $2 AND state = 'waiting'",
        )
        .bind(lease.id.to_string())
        .bind(lease.fence)
        .bind(until.millis())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Writes down what becomes of a job, and gives it back.
    pub async fn end_turn(
        &self,
        lease: &JobLease,
        turn: &Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        lease.end(&mut tx, turn, now).await?;
        fail_point::reached("job-before-end");
        tx.commit().await?;
        fail_point::reached("job-after-end");
        Ok(())
    }

    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs j WHERE j.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(job).transpose()
    }

    /// A job of a kind with what it was begun with.
    pub async fn job_with_payload<T: DeserializeOwned>(
        &self,
        kind: JobKind,
        id: JobId,
    ) -> Result<Option<(Job, T)>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS}, j.payload FROM jobs j WHERE j.id = $1 AND j.kind = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id.to_string())
            .bind(rows::to_name(&kind, "kind")?)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref()
            .map(|row| Ok((job(row)?, rows::json(row, "payload")?)))
            .transpose()
    }

    /// Forgets what ended long ago, and drafts that nobody decided on.
    pub async fn forget_jobs(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM jobs WHERE ended_at < $1")
            .bind((now - RETENTION).millis())
            .execute(tx.conn())
            .await?;
        sqlx::query("DELETE FROM jobs WHERE ended_at < $1 AND kind IN ('bulk-action', 'import')")
            .bind((now - LINES_RETENTION).millis())
            .execute(tx.conn())
            .await?;
        sqlx::query("DELETE FROM jobs WHERE state = 'draft' AND created_at < $1")
            .bind((now - DRAFT_LIFETIME).millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

/// As the column holds it.
pub(crate) fn to_payload(value: &impl Serialize) -> Result<Option<String>, StoreError> {
    rows::to_json(value, "payload").map(Some)
}
