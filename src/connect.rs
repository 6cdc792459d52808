//! Connecting: a check is a row that a task works on, outliving the request that asked for it; only a check that
//! reached the end is saved.

pub mod form;
pub mod ladder;

pub use form::{Form, FormField, Request};

use crate::{
    audit::{Action, Entry},
    check::{Check, Ladder, Outcome},
    clock::Timestamp,
    connection::{Connection, Mode},
    custody,
    id::CheckId,
    problem::Problem,
    refusal::Gate,
    services::Services,
    store::{StoreError, User},
    vault::VaultError,
};
use jiff::tz::TimeZone;
use std::time::Duration;
use tokio::sync::mpsc;

/// A check that has not ended after this long was cut off by the end of its process.
const LONGEST: Duration = Duration::from_secs(60);
/// How often a running check looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(250);

/// Why a check could not be started or a connection not ended.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Starts the check of what was typed and returns at once; the password lives in the check's task alone.
pub async fn start(services: &Services, user: &User, request: Request) -> Result<CheckId, ConnectError> {
    let check = new_check(services, user, &request);
    let detail = format!("{} through {}", request.mailbox, request.account);
    services.store.start_check(&check, &Entry::by(user.id, Action::CheckStarted).about(detail)).await?;
    let id = check.id;
    tokio::spawn(run(services.clone(), user.clone(), check, request, None));
    Ok(id)
}
