//! The second factor: codes of a phone (TOTP, RFC 6238: six digits, a new one every 30 seconds), and recovery codes for
//! the day on which the phone is lost.
//!
//! The key lies sealed in the vault and is opened for one code; recovery codes are kept as hashes alone. A code is taken
//! once, and none of an earlier step after it. Wrong codes count as failures of the account, beside wrong passwords: a
//! try takes its place before the code is looked at.

mod enrolment;

pub use enrolment::{Enrolment, Picture};

use crate::{
    accounts::custody::CustodyError,
    people::{
        hashing::HashingBusy,
        sign_in::{
            self, PasswordError, Visitor, humanize_wait,
            limits::{GuessedAccount, NotNow, SignInAttempt},
        },
    },
    reports::metrics::SignInOutcome,
    services::Services,
};
use enrolment::{code_hash, is_of_phone, typed_code};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::SecretId,
    policy::AdminsFactor,
    rights::{Right, Role},
};
use kalends_store::{Store, StoreError, User, vault::Destination};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a set-up is shown.
const SET_UP: Duration = Duration::from_mins(30);

/// Why a second factor was not taken, turned on or turned off, in the words that people read.
#[derive(Debug, thiserror::Error)]
pub enum TwoFactorError {
    #[error("This is not your password.")]
    Password,
    #[error(
        "This code is wrong or was used before. Codes change every 30 seconds: try the next one."
    )]
    Code,
    #[error("Too many tries. Try again in {}.", humanize_wait(.0))]
    Later(Duration),
    #[error(transparent)]
    Busy(#[from] HashingBusy),
    #[error("This took too long. Begin again.")]
    Expired,
    #[error("Kalends could not check this. Please try again.")]
    Failed(#[from] CustodyError),
    /// The cause stands in the log.
    #[error("Kalends could not check this. Please try again.")]
    Unchecked,
}

impl From<NotNow> for TwoFactorError {
    fn from(not_now: NotNow) -> Self {
        match not_now {
            NotNow::Later(wait) => Self::Later(wait),
            NotNow::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for TwoFactorError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl TwoFactorError {
    /// The field of the form that it belongs to.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Later(_) | Self::Busy(_) | Self::Expired | Self::Failed(_) | Self::Unchecked => {
                ""
            }
        }
    }
}

/// Signs in somebody whose password was right, if the code is.
pub async fn sign_in(
    services: &Services,
    user: &User,
    typed: &Password,
    visitor: &Visitor,
) -> Result<(), TwoFactorError> {
    let about = format!("{}, with a code", visitor.address);
    let entry = AuditEntry::by(user.id, AuditAction::SignedIn).about(about);
    let account = GuessedAccount::Of(user);
    let taken = take_code(services, user, typed, (account, visitor), Some(entry)).await;
    match &taken {
        Ok(()) => services.metrics.sign_in(SignInOutcome::SignedIn),
        Err(TwoFactorError::Code) => services.metrics.sign_in(SignInOutcome::WrongCode),
        Err(TwoFactorError::Later(_)) => services.metrics.sign_in(SignInOutcome::TooManyTries),
        Err(
            TwoFactorError::Password
            | TwoFactorError::Busy(_)
            | TwoFactorError::Expired
            | TwoFactorError::Failed(_)
            | TwoFactorError::Unchecked,
        ) => {}
    }
    taken
}

/// Begins to set up a second factor, the first one or another in its place; shown by [`pending`] from then on, to who
/// has just proved to be its owner and to no other device of theirs.
pub async fn begin(
    services: &Services,
    user: &User,
    password: &Password,
    code: &Password,
    visitor: &Visitor,
) -> Result<SecretId, TwoFactorError> {
    prove(services, user, password, code, visitor).await?;
    let kit = Enrolment::make(&services.random);
    let sealed = kit.to_seal();
    Ok(services.custody().begin_enrolment(user.id, &sealed).await?)
}

/// What a person is setting up, to be shown to nobody else; `None` if nothing, or if it was begun too long ago.
pub async fn pending(
    services: &Services,
    user: &User,
) -> Result<Option<(SecretId, Enrolment)>, TwoFactorError> {
    let begun_after = services.clock.now() - SET_UP;
    let found = services
        .store
        .pending_second_factor(user.id, begun_after)
        .await?;
    let Some(id) = found else {
        return Ok(None);
    };
    let to = Destination::second_factor_of(user.id);
    let sealed = services.vault.open_secret(id, &to).await;
    let sealed = sealed.map_err(CustodyError::from)?;
    Ok(Enrolment::opened(&sealed).map(|kit| (id, kit)))
}

/// Turns on what a person has set up, once the phone makes the right codes.
pub async fn confirm(
    services: &Services,
    user: &User,
    code: &Password,
    visitor: &Visitor,
) -> Result<(), TwoFactorError> {
    let (id, kit) = pending(services, user)
        .await?
        .ok_or(TwoFactorError::Expired)?;
    let begun = SignInAttempt::begin(services, GuessedAccount::SignedIn(user), visitor).await?;
    let now = services.clock.now();
    let Some(step) = kit.step_of(&typed_code(code), now) else {
        return Err(refuse(services, user, visitor, now).await?);
    };
    begun.give_back(services).await?;
    let hashes: Vec<String> = kit.codes().map(|code| code_hash(user.id, code)).collect();
    let entry = AuditEntry::by(user.id, AuditAction::SecondFactorOn);
    let is_on = services
        .custody()
        .confirm_enrolment(user.id, &kit.key_to_seal(), (id, step), &hashes, &entry)
        .await?;
    is_on.then_some(()).ok_or(TwoFactorError::Expired)
}

/// Turns a second factor off; password and code are asked for again.
pub async fn end(
    services: &Services,
    user: &User,
    password: &Password,
    code: &Password,
    visitor: &Visitor,
) -> Result<(), TwoFactorError> {
    prove(services, user, password, code, visitor).await?;
    let entry = AuditEntry::by(user.id, AuditAction::SecondFactorOff);
    services
        .custody()
        .turn_off_second_factor(user.id, &entry)
        .await?;
    Ok(())
}

/// Whether an admin has yet to set up the second factor that the organisation wants of them.
pub async fn is_owed(store: &Store, user: &User) -> Result<bool, StoreError> {
    Ok(user.role == Role::Admin
        && store.policy().await?.admins == AdminsFactor::Required
        && store.second_factor(user.id).await?.is_none())
}

/// Whether somebody may see or do something: an administrator who owes the second factor that the organisation wants may
/// not, where the right asks for it.
pub async fn may(store: &Store, user: &User, right: Right) -> Result<bool, StoreError> {
    Ok(user.has(right) && !(right.needs_second_factor() && is_owed(store, user).await?))
}

/// Stands for a password in a session that waits for the code: a new password ends the wait.
pub fn password_tag(user: &User) -> String {
    let digest = Sha256::digest(user.password_hash.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Asks for the password and, where a second factor is on, for its code.
async fn prove(
    services: &Services,
    user: &User,
    password: &Password,
    code: &Password,
    visitor: &Visitor,
) -> Result<(), TwoFactorError> {
    match sign_in::proves(services, user, password, visitor).await {
        Ok(true) => {}
        Ok(false) => return Err(TwoFactorError::Password),
        Err(PasswordError::Later(wait)) => return Err(TwoFactorError::Later(wait)),
        Err(PasswordError::Busy(busy)) => return Err(busy.into()),
        Err(_) => return Err(TwoFactorError::Unchecked),
    }
    if services.store.second_factor(user.id).await?.is_some() {
        let account = GuessedAccount::SignedIn(user);
        take_code(services, user, code, (account, visitor), None).await?;
    }
    Ok(())
}

/// Takes a code of the phone or a recovery code, once; `entry` is written down with it.
async fn take_code(
    services: &Services,
    user: &User,
    typed: &Password,
    (account, visitor): (GuessedAccount<'_>, &Visitor),
    entry: Option<AuditEntry>,
) -> Result<(), TwoFactorError> {
    let found = services.store.second_factor(user.id).await?;
    let factor = found.ok_or(TwoFactorError::Expired)?;
    let begun = SignInAttempt::begin(services, account, visitor).await?;
    let now = services.clock.now();
    let code = typed_code(typed);
    let taken = if is_of_phone(&code) {
        let to = Destination::second_factor_of(user.id);
        let sealed = services.vault.open_secret(factor.secret_id, &to).await;
        let sealed = sealed.map_err(CustodyError::from)?;
        match Enrolment::opened(&sealed).and_then(|kit| kit.step_of(&code, now)) {
            Some(step) => {
                let taken = services.store.take_step(&factor, step, entry.as_ref(), now);
                taken.await?
            }
            None => false,
        }
    } else {
        let left = format!("{} left", factor.codes_left.saturating_sub(1));
        let spent = AuditEntry::by(user.id, AuditAction::RecoveryCodeUsed).about(left);
        let entries: Vec<AuditEntry> = [Some(spent), entry].into_iter().flatten().collect();
        let hash = code_hash(user.id, &code);
        let taken = services
            .store
            .take_recovery_code(user.id, &hash, &entries, now);
        taken.await?
    };
    if !taken {
        return Err(refuse(services, user, visitor, now).await?);
    }
    begun.give_back(services).await?;
    Ok(())
}

/// Writes a wrong code down; the place that it took stays taken.
async fn refuse(
    services: &Services,
    user: &User,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<TwoFactorError, StoreError> {
    let entry = AuditEntry::by(user.id, AuditAction::CodeRefused).about(&visitor.address);
    services.store.audit(&entry, now).await?;
    Ok(TwoFactorError::Code)
}
