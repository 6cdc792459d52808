//! Work of the queue by the id that an address or a form names.

use super::{internal, services};
use crate::AppError;
use kalends_core::job::{Job, JobError};
use kalends_store::User;

/// `None` where the text is nobody's id.
pub async fn job(id: &str) -> Result<Option<Job>, AppError> {
    match id.parse() {
        Ok(id) => services().store.job(id).await.map_err(internal),
        Err(_) => Ok(None),
    }
}

/// As [`job`], one that this person began.
pub async fn own_job(id: &str, user: &User) -> Result<Option<Job>, AppError> {
    let found = job(id).await?;
    Ok(found.filter(|job| job.made_by == Some(user.id)))
}

/// Why a job was given up that has no problem of Exchange, as the end of a sentence.
pub fn given_up_because(error: Option<&JobError>) -> &'static str {
    match error {
        Some(JobError::NotAllowed) => "whoever began it may not do this any more",
        _ => "an error in Kalends, see its log",
    }
}
