//! Sessions as pages know them: who is signed in, on what, and who still owes the code of a second factor.

use super::{
    answer::internal,
    context::{client_agent, parts, services},
};
use crate::{AppError, device::device_words};
use kalends::people::two_factor::password_tag;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::{SecretId, UserId},
};
use kalends_store::{User, session_hash};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tower_sessions::Session;

/// The key under which a session holds its user's id.
pub const USER_KEY: &str = "user";
/// The key under which it holds what the user signed in on, in few words.
pub const DEVICE_KEY: &str = "device";
const FLASH_KEY: &str = "flash";
const ENROLMENT_KEY: &str = "enrolment";
/// Where somebody waits for their code, whose password was right.
pub const AWAITED_KEY: &str = "awaited";
/// How long a right password waits for its code.
const CODE_TIMEOUT: Duration = Duration::from_mins(10);

/// Somebody whose password was right and whose code is still to come.
#[derive(Serialize, Deserialize)]
struct Awaited {
    user: UserId,
    /// Unix milliseconds.
    since: i64,
    /// The password is still the same one.
    tag: String,
    next: String,
}

pub(super) fn session() -> Result<Session, AppError> {
    parts()
        .and_then(|parts| parts.extensions.get::<Session>().cloned())
        .ok_or_else(|| internal("a request arrived without a session"))
}

/// Signs a user in under a new session id, on a device that is known from then on.
pub async fn start_session(user: &User) -> Result<(), AppError> {
    let session = session()?;
    session.cycle_id().await.map_err(internal)?;
    let _: Option<Awaited> = session.remove(AWAITED_KEY).await.unwrap_or_default();
    let device = device_words(&client_agent());
    session.insert(DEVICE_KEY, device).await.map_err(internal)?;
    session.insert(USER_KEY, user.id).await.map_err(internal)?;
    super::device::know(user).await
}

/// Remembers under a new session id that a user's password was right, and where they want to go.
pub async fn await_code(user: &User, next: &str) -> Result<(), AppError> {
    let session = session()?;
    session.cycle_id().await.map_err(internal)?;
    let awaited = Awaited {
        user: user.id,
        since: services().clock.now().millis(),
        tag: password_tag(user),
        next: next.to_owned(),
    };
    session.insert(AWAITED_KEY, awaited).await.map_err(internal)
}

/// Whose code this session waits for, and where they want to go; `None` once it has waited too long, or the password is
/// another one.
pub async fn awaited() -> Result<Option<(User, String)>, AppError> {
    let found = session()?.get::<Awaited>(AWAITED_KEY).await;
    let Some(awaited) = found.map_err(internal)? else {
        return Ok(None);
    };
    let services = services();
    let since = Timestamp::from_millis(awaited.since);
    if services.clock.now().since(since) > CODE_TIMEOUT {
        return Ok(None);
    }
    let user = services.store.user(awaited.user).await.map_err(internal)?;
    Ok(user
        .filter(|user| user.disabled_at.is_none() && password_tag(user) == awaited.tag)
        .map(|user| (user, awaited.next)))
}

/// The hash that stands for this session in lists.
pub fn this_session() -> Result<String, AppError> {
    Ok(session()?
        .id()
        .map_or_else(String::new, |id| session_hash(id.0)))
}

pub async fn end_session() -> Result<(), AppError> {
    session()?.flush().await.map_err(internal)
}

/// Ends every session of a user; this one gets a new, empty one.
pub async fn end_all_sessions(user: &User) -> Result<(), AppError> {
    end_session().await?;
    let services = services();
    let entry = AuditEntry::by(user.id, AuditAction::SignedOutEverywhere);
    let now = services.clock.now();
    services
        .store
        .delete_sessions_of(user.id, &entry, now)
        .await
        .map_err(internal)
}

/// Keeps a sentence for the next page, such as "Your details are saved."
pub async fn flash(text: &str) -> Result<(), AppError> {
    session()?.insert(FLASH_KEY, text).await.map_err(internal)
}

/// Signs a user out on every device but this one; how many there were.
pub async fn end_other_sessions(user: &User) -> Result<u64, AppError> {
    let services = services();
    let entry = AuditEntry::by(user.id, AuditAction::DeviceSignedOut).about("all but this one");
    let ended = services
        .store
        .delete_other_sessions_of(user.id, &this_session()?, &entry, services.clock.now())
        .await;
    ended.map_err(internal)
}

/// Lets this session alone see the second factor that it has just proved its way to.
pub async fn show_enrolment(id: SecretId) -> Result<(), AppError> {
    session()?.insert(ENROLMENT_KEY, id).await.map_err(internal)
}

pub async fn may_see_enrolment(id: SecretId) -> Result<bool, AppError> {
    let shown: Option<SecretId> = session()?.get(ENROLMENT_KEY).await.map_err(internal)?;
    Ok(shown == Some(id))
}

pub async fn take_flash() -> Result<Option<String>, AppError> {
    let session = session()?;
    if session
        .get_value(FLASH_KEY)
        .await
        .map_err(internal)?
        .is_none()
    {
        return Ok(None);
    }
    session.remove(FLASH_KEY).await.map_err(internal)
}
