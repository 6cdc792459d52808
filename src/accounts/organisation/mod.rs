//! Accounts that admins hold for everybody: added and changed only after a test, renewed by a second slot, and ended
//! with a proof of what their password could still do.

mod form;
mod revocation;

pub use form::{AccountField, AccountForm, Endings};
pub use revocation::end;

use crate::{
    accounts::{
        custody::CustodyError,
        permission::{Forbidden, Refusal},
    },
    connect::{
        self, SavePurpose,
        recheck::{self, Patience},
    },
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    endpoint::EwsUrl,
    id::CheckId,
    problem::Problem,
};
use kalends_store::{Account, Conflict, OrganisationAccount, StoreError, Terms, User};
use std::time::Duration;

/// For how long sign-ins wait while a password is changed, unless the change is over before.
pub const HOLD_DURATION: Duration = Duration::from_mins(30);
/// Days ahead of a password's end at which admins are warned: from the first on, stronger at each.
const WARNED: [u64; 3] = [14, 3, 1];

/// Why a change was not begun.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Another account stands in the way.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Too many tests of the admin run.
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Forbidden> for ChangeError {
    fn from(forbidden: Forbidden) -> Self {
        match forbidden {
            Forbidden::Refused(refusal) => Self::Refused(refusal),
            Forbidden::Store(error) => Self::Store(error),
        }
    }
}

/// How soon a password ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiry {
    /// In so many days, rounded up; the level counts the warnings passed, from 1 to 3.
    Soon {
        days: u64,
        level: usize,
    },
    Over,
}

/// Whether the end of a password is to be warned of: 14, 3 and 1 days ahead.
pub fn expiry(ends_at: Timestamp, now: Timestamp) -> Option<Expiry> {
    const DAY: u64 = 24 * 3600;
    if ends_at <= now {
        return Some(Expiry::Over);
    }
    // It holds to the end of its last day: on that day none is left.
    let days = ends_at.since(now).as_secs().saturating_sub(1) / DAY;
    let level = WARNED.iter().filter(|ahead| days <= **ahead).count();
    (level > 0).then_some(Expiry::Soon { days, level })
}

/// Tests a new account against its control mailbox and saves it if that works.
pub async fn add(
    services: &Services,
    admin: &User,
    terms: Terms,
    request: connect::ConnectRequest,
) -> Result<CheckId, ChangeError> {
    let host = request.endpoint.as_ref().map(EwsUrl::host);
    let name = host.map(|host| (&request.account, host));
    if let Some(conflict) = services.store.conflict(None, &terms, name).await? {
        return Err(conflict.into());
    }
    Ok(connect::begin(services, admin, request, SavePurpose::NewAccount(terms)).await?)
}

/// Tests an account where it is to sign in from now on, and moves it there if that works.
pub async fn move_to(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
    request: connect::ConnectRequest,
) -> Result<CheckId, ChangeError> {
    let terms = terms_of(held);
    let id = held.account.id;
    let host = request.endpoint.as_ref().map(EwsUrl::host);
    let name = host.map(|host| (&request.account, host));
    if let Some(conflict) = services.store.conflict(Some(id), &terms, name).await? {
        return Err(conflict.into());
    }
    let purpose = SavePurpose::MoveAccount {
        account_id: id,
        terms,
    };
    Ok(connect::begin(services, admin, request, purpose).await?)
}

/// Tests the password to come, at the account's own endpoint, and keeps it in the second slot if it works.
pub async fn test_next(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
    request: connect::ConnectRequest,
    expires_at: Option<Timestamp>,
) -> Result<CheckId, ChangeError> {
    let purpose = SavePurpose::NextPassword {
        account_id: held.account.id,
        expires_at,
    };
    test_where_it_signs_in(services, admin, held, request, purpose).await
}

/// Tests another password of a stopped account at its own endpoint, and uses it at once if it works.
pub async fn replace_password(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
    request: connect::ConnectRequest,
) -> Result<CheckId, ChangeError> {
    let purpose = SavePurpose::Password {
        account_id: held.account.id,
        connection_id: None,
    };
    test_where_it_signs_in(services, admin, held, request, purpose).await
}

/// Tests a password at the account's own endpoint, sent as the account sends it.
async fn test_where_it_signs_in(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
    mut request: connect::ConnectRequest,
    purpose: SavePurpose,
) -> Result<CheckId, ChangeError> {
    request.endpoint = Some(held.account.endpoint.clone());
    request.typed.endpoint = held.account.endpoint.to_string();
    request.sign_in = held.account.sign_in;
    Ok(connect::begin(services, admin, request, purpose).await?)
}

/// What an admin said about an account.
pub fn terms_of(held: &OrganisationAccount) -> Terms {
    Terms {
        label: held.account.label.clone(),
        domains: held.domains.clone(),
        expires_at: held.account.expires_at,
    }
}

/// Changes what needs no password.
pub async fn rename(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
    terms: Terms,
) -> Result<(), ChangeError> {
    let store = &services.store;
    let id = held.account.id;
    if let Some(conflict) = store.conflict(Some(id), &terms, None).await? {
        return Err(conflict.into());
    }
    let before = terms_of(held);
    let subject = format!(
        "{} ({}) is now {} ({})",
        before.label,
        before.domains.join(", "),
        terms.label,
        terms.domains.join(", ")
    );
    let entry = AuditEntry::by(admin.id, AuditAction::AccountChanged).about(subject);
    let now = services.clock.now();
    Ok(store.change_terms(id, &terms, &entry, now).await?)
}

/// Keeps every instance from signing in with an account while its password is changed, and returns once no sync run is
/// under way any more: from then on a change is refused nowhere.
pub async fn hold(services: &Services, admin: &User, account: &Account) -> Result<(), Problem> {
    let now = services.clock.now();
    let entry = AuditEntry::by(admin.id, AuditAction::AccountHeld).about(subject_of(account));
    let held = services
        .store
        .hold_account(account.id, Some(now + HOLD_DURATION), &entry, now);
    held.await.map_err(|error| unreadable(&error))?;
    let leased = recheck::wait_for_account(services, account.id, Patience::OfForm).await?;
    let released = services.store.release_account(&leased).await;
    released.map_err(|error| unreadable(&error))
}

/// Lets sync runs go on with the password as it is.
pub async fn release(
    services: &Services,
    admin: &User,
    account: &Account,
) -> Result<(), StoreError> {
    let now = services.clock.now();
    let entry = AuditEntry::by(admin.id, AuditAction::AccountReleased).about(subject_of(account));
    services
        .store
        .hold_account(account.id, None, &entry, now)
        .await?;
    services.wake.notify_one();
    Ok(())
}

/// Puts the tested password in the place of the present one, which is forgotten. Rounds under way come to their end
/// first. False: there is none in the second slot.
pub async fn switch(
    services: &Services,
    admin: &User,
    account: &Account,
) -> Result<bool, CustodyError> {
    // Whether or not the account could be had: the switch itself is one transaction.
    let leased = recheck::wait_for_account(services, account.id, Patience::OfForm)
        .await
        .ok();
    let entry = AuditEntry::by(admin.id, AuditAction::PasswordSwitched).about(subject_of(account));
    let switched = services.custody().switch(account, &entry).await;
    services.idle_connections.close(account.id);
    if let Some(leased) = leased {
        services.store.release_account(&leased).await?;
    }
    services.wake.notify_one();
    switched
}

/// Forgets the password in the second slot.
pub async fn drop_next(
    services: &Services,
    admin: &User,
    account: &Account,
) -> Result<(), CustodyError> {
    let entry = AuditEntry::by(admin.id, AuditAction::PasswordDropped).about(subject_of(account));
    services.custody().drop_next(account.id, &entry).await
}

/// Stops all work of an account in every instance, or lets it go on.
pub async fn pause(
    services: &Services,
    admin: &User,
    account: &Account,
    paused: bool,
) -> Result<(), StoreError> {
    let action = if paused {
        AuditAction::AccountPaused
    } else {
        AuditAction::AccountResumed
    };
    let entry = AuditEntry::by(admin.id, action).about(subject_of(account));
    let now = services.clock.now();
    services
        .store
        .pause_account(account.id, paused, &entry, now)
        .await?;
    services.wake.notify_one();
    Ok(())
}

/// Stops all work with every Exchange in every instance, or lets it go on.
pub async fn pause_everything(
    services: &Services,
    admin: &User,
    paused: bool,
) -> Result<(), StoreError> {
    let action = if paused {
        AuditAction::EverythingPaused
    } else {
        AuditAction::EverythingResumed
    };
    let now = services.clock.now();
    services
        .store
        .pause_everything(paused, &AuditEntry::by(admin.id, action), now)
        .await?;
    services.wake.notify_one();
    Ok(())
}

fn subject_of(account: &Account) -> String {
    format!("{} ({} at {})", account.label, account.name, account.host)
}

fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "an account could not be held");
    Problem::Interrupted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_password_is_warned_of_three_times() {
        let now = Timestamp::from_seconds(1_772_438_400);
        // In the middle of a day; an end holds to the end of its day.
        let in_days = |days: u64| expiry(now + Duration::from_hours(24 * days + 12), now);
        assert_eq!(in_days(15), None);
        for (days, level) in [(14, 1), (4, 1), (3, 2), (2, 2), (1, 3)] {
            assert_eq!(in_days(days), Some(Expiry::Soon { days, level }));
        }
        assert_eq!(expiry(now, now), Some(Expiry::Over));
    }
}
