//! Takes jobs up as they are due, some of each kind at the same time, so that no kind waits for another.
//!
//! A job is held under a lease that is renewed while it is worked on. What it comes to is written down by the room that
//! carries it out where the error is understood; whatever breaks before is tried again, and given up in the end.

use super::WorkerContext;
use crate::{bulk_actions, mailbox_scope, notify, people, services::Services};
use kalends_core::job::{JobError, JobKind, Turn};
use kalends_store::{LeasedJob, StoreError};
use std::{collections::HashMap, pin::pin, time::Duration};
use strum::VariantArray as _;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// For how long an instance holds a job without being heard of.
const LEASE: Duration = Duration::from_mins(1);
const RENEWAL: Duration = Duration::from_secs(20);

/// For so long may what is under way give back what it holds, when the process ends or the job is another's; then it is
/// broken off.
const GRACE: Duration = Duration::from_secs(3);

/// A job that breaks so often in a row without getting on is given up.
const MAX_ATTEMPTS: i64 = 8;

/// How many of a kind one instance works on at the same time.
const fn max_concurrent(kind: JobKind) -> usize {
    match kind {
        JobKind::Mail | JobKind::Import => 1,
        JobKind::BulkAction => 4,
        JobKind::MailboxScope => 8,
        JobKind::Webhook => kalends_store::MAX_WEBHOOKS,
    }
}

/// Takes jobs up until told to stop.
pub(super) async fn run(worker: &WorkerContext) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut under_way = JoinSet::new();
    let mut kinds: HashMap<Id, JobKind> = HashMap::new();
    while !stop.is_cancelled() {
        worker.alive();
        for kind in JobKind::VARIANTS {
            while kinds.values().filter(|it| *it == kind).count() < max_concurrent(*kind) {
                let Some(job) = taken(services, *kind).await else {
                    break;
                };
                let (services, stop) = (services.clone(), stop.clone());
                let task = under_way.spawn(async move { work_on(&services, &job, &stop).await });
                kinds.insert(task.id(), *kind);
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = under_way.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        // Its lease runs out, and it is taken up again: that counts as an attempt.
                        tracing::error!(%error, "a job broke");
                        error.id()
                    }
                };
                kinds.remove(&id);
            }
            () = services.wake_jobs.notified() => {}
            () = worker.pause() => {}
        }
    }
    let rest = async { while under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, rest).await;
}

/// Works on everything that is due, one job after another, and returns how many turns were taken.
pub async fn run_due_jobs(services: &Services) -> usize {
    let mut turns = 0;
    for kind in JobKind::VARIANTS {
        turns += run_due_jobs_of(services, *kind).await;
    }
    turns
}

/// As [`run_due_jobs`], for one kind.
pub async fn run_due_jobs_of(services: &Services, kind: JobKind) -> usize {
    let mut turns = 0;
    while let Some(job) = taken(services, kind).await {
        work_on(services, &job, &CancellationToken::new()).await;
        turns += 1;
    }
    turns
}

async fn taken(services: &Services, kind: JobKind) -> Option<LeasedJob> {
    // A refused password is not sent again by itself: what waits for mail waits for a person.
    if kind == JobKind::Mail && !notify::can_mail(services) {
        return None;
    }
    let now = services.clock.now();
    let taken = services.store.lease_job(kind, now, LEASE).await;
    taken.unwrap_or_else(|error| {
        tracing::error!(%error, ?kind, "jobs could not be taken up");
        None
    })
}

async fn work_on(services: &Services, job: &LeasedJob, stop: &CancellationToken) {
    let stop = stop.child_token();
    let mut working = pin!(step(services, job, &stop));
    let worked = tokio::select! {
        worked = &mut working => worked,
        () = lost(services, job) => {
            // It may give back what it holds.
            stop.cancel();
            let _ = tokio::time::timeout(GRACE, working).await;
            return;
        }
    };
    let now = services.clock.now();
    let turn = match worked {
        Ok(Some(turn)) => turn,
        Ok(None) | Err(StoreError::LeaseLost) => return,
        Err(error) => {
            tracing::error!(%error, job.id = %job.job.id, "a job was broken off");
            after_error(job, now)
        }
    };
    match services.store.end_turn(&job.lease, &turn, now).await {
        Ok(()) | Err(StoreError::LeaseLost) => {}
        Err(error) => {
            tracing::error!(%error, job.id = %job.job.id, "what came of a job could not be written down");
        }
    }
}

fn after_error(job: &LeasedJob, now: kalends_core::clock::Timestamp) -> Turn {
    /// The wait after the first attempt; it doubles with each.
    const FIRST: Duration = Duration::from_secs(5);
    if job.job.attempts >= MAX_ATTEMPTS {
        return Turn::Failed(JobError::Internal);
    }
    let times = u32::try_from(job.job.attempts.clamp(1, 8) - 1).unwrap_or(0);
    Turn::Retry {
        at: now + FIRST * 2_u32.pow(times),
        error: JobError::Internal,
    }
}

/// One turn; `None` where what came of it is written down already.
async fn step(
    services: &Services,
    job: &LeasedJob,
    stop: &CancellationToken,
) -> Result<Option<Turn>, StoreError> {
    // Whoever took it up so often did not bring it back: it may be what ended them.
    if job.job.attempts > MAX_ATTEMPTS {
        return Ok(Some(Turn::Failed(JobError::Internal)));
    }
    match job.job.kind {
        JobKind::BulkAction => bulk_actions::work(services, job, stop).await.map(Some),
        JobKind::MailboxScope => mailbox_scope::work(services, job, stop).await.map(Some),
        JobKind::Mail | JobKind::Webhook => notify::deliver(services, job).await,
        JobKind::Import => people::import_people(services, job, stop).await.map(Some),
    }
}

/// Ends once the job is another's, or was cancelled.
async fn lost(services: &Services, job: &LeasedJob) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let until = services.clock.now() + LEASE;
        match services.store.renew_job(&job.lease, until).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::error!(%error, "the lease of a job could not be renewed"),
        }
    }
}
