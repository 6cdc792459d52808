//! The second factor: codes of a phone (TOTP, RFC 6238: six digits, a new one every 30 seconds), and recovery codes for
//! the day on which the phone is lost.
//!
//! The key lies sealed in the vault and is opened for one code; recovery codes are kept as hashes alone. A code is taken
//! once, and none of an earlier step after it. Wrong codes count as failures of the account, beside wrong passwords.

mod kit;

pub use kit::{Kit, Picture};

use crate::{
    account_name::Password,
    audit::{Action, Entry},
    clock::Timestamp,
    custody::CustodyError,
    id::SecretId,
    metrics::SignInOutcome,
    policy::AdminsFactor,
    services::Services,
    sign_in::in_words,
    store::{Store, StoreError, User},
    vault::Destination,
};
use kit::{code_hash, is_of_phone, typed_code};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a set-up is shown.
const SET_UP: Duration = Duration::from_mins(30);

/// Why a second factor was not taken, turned on or turned off, in the words that people read.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    #[error("This is not your password.")]
    Password,
    #[error(
        "This code is wrong or was used before. Codes change every 30 seconds: try the next one."
    )]
    Code,
    #[error("Too many tries. Try again in {}.", in_words(.0))]
    Later(Duration),
    #[error("This took too long. Begin again.")]
    Expired,
    #[error("Kalends could not check this. Please try again.")]
    Failed(#[from] CustodyError),
}

impl From<StoreError> for FactorError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl FactorError {
    /// The field of the form that it belongs to.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Later(_) | Self::Expired | Self::Failed(_) => "",
        }
    }
}

/// Signs in somebody whose password was right, if the code is.
pub async fn sign_in(
    services: &Services,
    user: &User,
    typed: &Password,
    address: &str,
) -> Result<(), FactorError> {
    let entry = Entry::by(user.id, Action::SignedIn).about(format!("{address}, with a code"));
    let taken = take_code(services, user, typed, address, Some(entry)).await;
    match &taken {
        Ok(()) => {
            services.sign_in.remember(user.email.as_str(), address);
            services.metrics.sign_in(SignInOutcome::SignedIn);
        }
        Err(FactorError::Code) => services.metrics.sign_in(SignInOutcome::WrongCode),
        Err(FactorError::Later(_)) => services.metrics.sign_in(SignInOutcome::TooManyTries),
        Err(FactorError::Password | FactorError::Expired | FactorError::Failed(_)) => {}
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
    address: &str,
) -> Result<SecretId, FactorError> {
    prove(services, user, password, code, address).await?;
    let kit = Kit::make(&services.random);
    let sealed = kit.to_seal();
    Ok(services.custody().begin_factor(user.id, &sealed).await?)
}

/// What a person is setting up, to be shown to nobody else; `None` if nothing, or if it was begun too long ago.
pub async fn pending(
    services: &Services,
    user: &User,
) -> Result<Option<(SecretId, Kit)>, FactorError> {
    let begun_after = services.clock.now() - SET_UP;
    let found = services.store.pending_factor(user.id, begun_after).await?;
    let Some(id) = found else {
        return Ok(None);
    };
    let to = Destination::factor_of(user.id);
    let sealed = services.vault.open_secret(id, &to).await;
    let sealed = sealed.map_err(CustodyError::from)?;
    Ok(Kit::opened(&sealed).map(|kit| (id, kit)))
}

/// Turns on what a person has set up, once the phone makes the right codes.
pub async fn confirm(
    services: &Services,
    user: &User,
    code: &Password,
    address: &str,
) -> Result<(), FactorError> {
    let may = services.sign_in.must_wait(user.email.as_str(), address);
    may.map_err(FactorError::Later)?;
    let (id, kit) = pending(services, user).await?.ok_or(FactorError::Expired)?;
    let now = services.clock.now();
    let Some(step) = kit.step_of(&typed_code(code), now) else {
        return Err(refuse(services, user, address, now).await?);
    };
    let hashes: Vec<String> = kit.codes().map(|code| code_hash(user.id, code)).collect();
    let entry = Entry::by(user.id, Action::SecondFactorOn);
    let is_on = services
        .custody()
        .confirm_factor(user.id, &kit.key_to_seal(), (id, step), &hashes, &entry)
        .await?;
    is_on.then_some(()).ok_or(FactorError::Expired)
}

/// Turns a second factor off; password and code are asked for again.
pub async fn end(
    services: &Services,
    user: &User,
    password: &Password,
    code: &Password,
    address: &str,
) -> Result<(), FactorError> {
    prove(services, user, password, code, address).await?;
    let entry = Entry::by(user.id, Action::SecondFactorOff);
    services.custody().end_factor(user.id, &entry).await?;
    Ok(())
}

/// Whether an admin has yet to set up the second factor that the organisation wants of them.
pub async fn is_owed(store: &Store, user: &User) -> Result<bool, StoreError> {
    Ok(user.is_admin()
        && store.policy().await?.admins == AdminsFactor::Required
        && store.factor(user.id).await?.is_none())
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
    address: &str,
) -> Result<(), FactorError> {
    let place = (user.email.as_str(), address);
    let right = services
        .sign_in
        .verify(password, user.password_hash.clone(), place)
        .await
        .map_err(FactorError::Later)?;
    if !right {
        return Err(FactorError::Password);
    }
    if services.store.factor(user.id).await?.is_some() {
        take_code(services, user, code, address, None).await?;
    }
    Ok(())
}

/// Takes a code of the phone or a recovery code, once; `entry` is written down with it.
async fn take_code(
    services: &Services,
    user: &User,
    typed: &Password,
    address: &str,
    entry: Option<Entry>,
) -> Result<(), FactorError> {
    let may = services.sign_in.must_wait(user.email.as_str(), address);
    may.map_err(FactorError::Later)?;
    let now = services.clock.now();
    let found = services.store.factor(user.id).await?;
    let factor = found.ok_or(FactorError::Expired)?;
    let code = typed_code(typed);
    let taken = if is_of_phone(&code) {
        let to = Destination::factor_of(user.id);
        let sealed = services.vault.open_secret(factor.secret_id, &to).await;
        let sealed = sealed.map_err(CustodyError::from)?;
        match Kit::opened(&sealed).and_then(|kit| kit.step_of(&code, now)) {
            Some(step) => {
                let taken = services.store.take_step(&factor, step, entry.as_ref(), now);
                taken.await?
            }
            None => false,
        }
    } else {
        let left = format!("{} left", factor.codes_left.saturating_sub(1));
        let spent = Entry::by(user.id, Action::RecoveryCodeUsed).about(left);
        let entries: Vec<Entry> = [Some(spent), entry].into_iter().flatten().collect();
        let hash = code_hash(user.id, &code);
        let taken = services
            .store
            .take_recovery_code(user.id, &hash, &entries, now);
        taken.await?
    };
    if taken {
        return Ok(());
    }
    Err(refuse(services, user, address, now).await?)
}

/// Counts a wrong code and writes it down.
async fn refuse(
    services: &Services,
    user: &User,
    address: &str,
    now: Timestamp,
) -> Result<FactorError, StoreError> {
    services.sign_in.count_failure(user.email.as_str(), address);
    let entry = Entry::by(user.id, Action::CodeRefused).about(address);
    services.store.audit(&entry, now).await?;
    Ok(FactorError::Code)
}
