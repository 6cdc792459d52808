//! Signing in to Kalends: the same words and the same time whether the address or the password is wrong, and so many
//! tries as the limits allow.

mod client_network;
mod device;
pub(crate) mod limits;

pub use device::{DeviceToken, Visitor, cookie_name, know_device};

use crate::{
    people::hashing::{Hashing, HashingBusy, Queue},
    reports::metrics::SignInOutcome,
    services::Services,
};
pub use client_network::ClientNetwork;
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    mailbox::SmtpAddress,
};
use kalends_store::{StoreError, User};
use limits::{GuessedAccount, LinesAboutStrangers, NotNow, SignInAttempt};
use std::time::Duration;
use zxcvbn::{Score, zxcvbn};

/// The shortest password that a person may choose, in characters.
pub const MIN_PASSWORD_LENGTH: usize = 12;

/// Why somebody was not signed in, in the words that they read.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("Email or password is wrong.")]
    Wrong,
    #[error("Too many tries. Try again in {}.", humanize_wait(.0))]
    Later(Duration),
    #[error(transparent)]
    Busy(#[from] HashingBusy),
    #[error("Kalends could not check this. Please try again.")]
    Store(#[from] StoreError),
}

impl From<NotNow> for SignInError {
    fn from(not_now: NotNow) -> Self {
        match not_now {
            NotNow::Later(wait) => Self::Later(wait),
            NotNow::Store(error) => Self::Store(error),
        }
    }
}

/// Why a new password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("This is not your current password.")]
    Wrong,
    #[error("Choose a password of at least {MIN_PASSWORD_LENGTH} characters.")]
    TooShort,
    #[error("This password is easy to guess. Use several words that do not belong together.")]
    Guessable,
    #[error("This is your present password. Choose another one.")]
    Same,
    #[error("A password has at most 256 characters.")]
    TooLong,
    #[error("Too many tries. Try again in {}.", humanize_wait(.0))]
    Later(Duration),
    #[error(transparent)]
    Busy(#[from] HashingBusy),
    #[error("Kalends could not save this. Please try again.")]
    Failed,
}

impl From<NotNow> for PasswordError {
    fn from(not_now: NotNow) -> Self {
        match not_now {
            NotNow::Later(wait) => Self::Later(wait),
            NotNow::Store(error) => failed(&error),
        }
    }
}

fn failed(error: &StoreError) -> PasswordError {
    tracing::error!(%error, "a password could not be checked or saved");
    PasswordError::Failed
}

impl PasswordError {
    /// The field of the form that it belongs to.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Wrong => "current",
            Self::TooShort | Self::Guessable | Self::Same | Self::TooLong => "new",
            Self::Later(_) | Self::Busy(_) | Self::Failed => "",
        }
    }
}

pub(crate) fn humanize_wait(wait: &Duration) -> String {
    match wait.as_secs() {
        0 | 1 => "1 second".to_owned(),
        seconds @ 2..90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Somebody whose password was right.
#[derive(Debug)]
pub enum Entered {
    /// Signed in by it.
    In(User),
    /// Not signed in before [`crate::people::two_factor::sign_in`] took a code.
    NeedsCode(User),
}

/// Checks email and password. Whoever is not known takes as long as whoever is.
pub async fn sign_in(
    services: &Services,
    email: &str,
    password: &Password,
    visitor: &Visitor,
) -> Result<Entered, SignInError> {
    let entered = enter(services, email, password, visitor).await;
    match &entered {
        Ok(Entered::In(_)) => services.metrics.sign_in(SignInOutcome::SignedIn),
        Err(SignInError::Wrong) => services.metrics.sign_in(SignInOutcome::WrongPassword),
        Err(SignInError::Later(_)) => services.metrics.sign_in(SignInOutcome::TooManyTries),
        Ok(Entered::NeedsCode(_)) | Err(SignInError::Busy(_) | SignInError::Store(_)) => {}
    }
    entered
}

async fn enter(
    services: &Services,
    email: &str,
    password: &Password,
    visitor: &Visitor,
) -> Result<Entered, SignInError> {
    let name = email.trim().to_lowercase();
    let name: String = name.chars().take(SmtpAddress::MAX).collect();
    let user = match name.parse::<SmtpAddress>() {
        Ok(email) => services.store.user_by_email(&email).await?,
        Err(_) => None,
    };
    let is_stranger = user.is_none();
    let account = user
        .as_ref()
        .map_or(GuessedAccount::Nobodys(&name), GuessedAccount::Of);
    let begun = SignInAttempt::begin(services, account, visitor).await?;
    // Who may not sign in, or has no password yet, takes as long as everybody.
    let user = user.filter(|user| user.disabled_at.is_none() && !user.is_invited());
    let hash = user
        .as_ref()
        .map_or(NOBODYS_HASH, |user| user.password_hash.as_str());
    let too_long = password.reveal().chars().count() > Password::MAX;
    let tried = if too_long { &EMPTY } else { password };
    let verified = (services.hashing).verify(begun.queue, tried, hash.to_owned());
    let right = match verified.await {
        Ok(right) => right,
        Err(busy) => {
            begun.give_back(services).await?;
            return Err(busy.into());
        }
    };
    let (now, address) = (services.clock.now(), &visitor.address);
    if let Some(user) = user.filter(|_| right && !too_long) {
        begun.give_back(services).await?;
        if services.store.second_factor(user.id).await?.is_some() {
            return Ok(Entered::NeedsCode(user));
        }
        let entry = AuditEntry::by(user.id, AuditAction::SignedIn).about(address);
        services.store.audit(&entry, now).await?;
        Ok(Entered::In(user))
    } else {
        // What is no address is anything: a password in the wrong field, or a text for whoever reads the trail.
        let tried = name.parse::<SmtpAddress>();
        let tried = tried.map_or_else(|_| "not an address".to_owned(), String::from);
        let subject = format!("{tried} from {address}");
        let entry = AuditEntry::by_kalends(AuditAction::SignInRefused).about(subject);
        if is_stranger {
            note_stranger(services, &entry).await?;
        } else {
            services.store.audit(&entry, now).await?;
        }
        Err(SignInError::Wrong)
    }
}

/// Writes a line about a stranger, of whom there are any number: beyond so many an hour they are counted in one line.
async fn note_stranger(services: &Services, entry: &AuditEntry) -> Result<(), StoreError> {
    let (store, now) = (&services.store, services.clock.now());
    match store.take_place(&[&LinesAboutStrangers], now).await? {
        Ok(_kept) => {
            store.write_counted_strangers(now).await?;
            store.audit(entry, now).await
        }
        Err(_) => store.count_stranger(now).await,
    }
}

/// Whether somebody who is signed in gives their password; a wrong one counts.
pub(crate) async fn proves(
    services: &Services,
    user: &User,
    password: &Password,
    visitor: &Visitor,
) -> Result<bool, PasswordError> {
    let begun = SignInAttempt::begin(services, GuessedAccount::SignedIn(user), visitor).await?;
    let hash = user.password_hash.clone();
    let verified = services.hashing.verify(begun.queue, password, hash).await;
    if verified != Ok(false) {
        let given_back = begun.give_back(services).await;
        given_back.map_err(|error| failed(&error))?;
    }
    Ok(verified?)
}

/// Changes a password after the current one was given again; ends every session of the user, and no device of theirs is
/// known any more.
pub async fn change_password(
    services: &Services,
    user: &User,
    current: &Password,
    new: &Password,
    visitor: &Visitor,
) -> Result<(), PasswordError> {
    if !proves(services, user, current, visitor).await? {
        return Err(PasswordError::Wrong);
    }
    if current == new {
        return Err(PasswordError::Same);
    }
    let hash = hash_new(&services.hashing, Queue::Known, new).await?;
    let entry = AuditEntry::by(user.id, AuditAction::PasswordChanged);
    let saved = services
        .store
        .set_password_hash(user.id, &hash, &entry, services.clock.now())
        .await;
    saved.map_err(|error| failed(&error))
}

/// Whether a new password has a length that is taken.
pub(crate) fn check_length(password: &Password) -> Result<(), PasswordError> {
    match password.reveal().chars().count() {
        0..MIN_PASSWORD_LENGTH => Err(PasswordError::TooShort),
        MIN_PASSWORD_LENGTH..=Password::MAX => Ok(()),
        _ => Err(PasswordError::TooLong),
    }
}

/// Hashes a password that a person chose, if it is long enough and takes more than a million guesses.
pub async fn hash_new(
    hashing: &Hashing,
    queue: Queue,
    password: &Password,
) -> Result<String, PasswordError> {
    check_length(password)?;
    let is_good = |password: &Password| {
        if zxcvbn(password.reveal(), &[]).score() < Score::Two {
            return Err(PasswordError::Guessable);
        }
        Ok(())
    };
    let hashed = hashing.hash(queue, password, is_good).await??;
    hashed.ok_or(PasswordError::Failed)
}

/// Same parameters as every real hash; nobody's password.
pub(crate) const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2FsZW5kcy1ub2JvZHk$9qWzv0p1u3xWm6z0bqkQ1m4cQ0V9n3dH2yT8sR5eL7o";

static EMPTY: std::sync::LazyLock<Password> = std::sync::LazyLock::new(Password::default);

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_core::random::Random;

    #[tokio::test]
    async fn a_password_that_everybody_guesses_first_is_not_taken() {
        let hashing = Hashing::new(Random::seeded(1));
        let hash = async |text: &str| {
            let password = Password::from(text.to_owned());
            hash_new(&hashing, Queue::Anybody, &password).await
        };
        for bad in [
            "            ",
            "passwordpassword",
            "aaaaaaaaaaaaa",
            "123456789012",
        ] {
            let hashed = hash(bad).await;
            assert!(matches!(hashed, Err(PasswordError::Guessable)), "{bad}");
        }
        for good in [
            "practice-alice",
            "practice-bob-2",
            "correct horse battery staple",
        ] {
            let hashed = hash(good).await;
            assert!(hashed.is_ok(), "{good}");
        }
    }
}
