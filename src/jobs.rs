//! Work that outlives a request: what is common to all kinds of it. The worker takes jobs up; each kind is carried out by
//! the room that it belongs to.

use crate::{people::two_factor, services::Services};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    id::JobId,
    job::Job,
    rights::Right,
};
use kalends_store::{StoreError, User};
use std::time::Duration;

/// For how long a job is worked on before others of its kind get their turn.
pub(crate) const SLICE: Duration = Duration::from_secs(10);

/// Whoever began a job, while they may still do such things.
pub(crate) async fn whose(
    services: &Services,
    job: &Job,
    right: Right,
) -> Result<Option<User>, StoreError> {
    let Some(id) = job.made_by else {
        return Ok(None);
    };
    let Some(user) = services.store.enabled_user(id).await? else {
        return Ok(None);
    };
    let may = two_factor::may(&services.store, &user, right).await?;
    Ok(may.then_some(user))
}

/// Ends a job that is not done, named as the audit trail has it; false if it is over, or a notice that is being handed over
/// at this moment.
pub async fn cancel(
    services: &Services,
    admin: &User,
    id: JobId,
    name: &str,
) -> Result<bool, StoreError> {
    let entry = AuditEntry::by(admin.id, AuditAction::JobCancelled).about(name);
    let now = services.clock.now();
    services.store.cancel_job(id, &entry, now).await
}

/// Takes up again what was given up or ended; false if there is no such job.
pub async fn retry(
    services: &Services,
    admin: &User,
    id: JobId,
    name: &str,
) -> Result<bool, StoreError> {
    let entry = AuditEntry::by(admin.id, AuditAction::JobRetried).about(name);
    let now = services.clock.now();
    let again = services
        .store
        .retry_job((id, admin.id), &entry, now)
        .await?;
    services.wake_jobs.notify_one();
    Ok(again)
}

/// Lets somebody's draft be worked on, with a line of the trail; false if it is none of theirs, or not any more.
pub async fn confirm(
    services: &Services,
    admin: &User,
    id: JobId,
    entry: Option<&AuditEntry>,
) -> Result<bool, StoreError> {
    let now = services.clock.now();
    let begun = services.store.confirm_job(id, admin.id, entry, now).await?;
    services.wake_jobs.notify_one();
    Ok(begun)
}
