//! Signing in to Kalends: argon2id off the async threads, the same words and the same time whether the address or the
//! password is wrong.

mod limits;

pub use limits::SignIn;

use crate::{
    account_name::Password,
    audit::{Action, Entry},
    mailbox::SmtpAddress,
    metrics::SignInOutcome,
    services::Services,
    store::{StoreError, User},
};
use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher as _};
use std::time::Duration;
use zxcvbn::{Score, zxcvbn};

/// The shortest password that a person may choose, in characters.
pub const SHORTEST: usize = 12;

/// Why somebody was not signed in, in the words that they read.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("Email or password is wrong.")]
    Wrong,
    #[error("Too many tries. Try again in {}.", in_words(.0))]
    Later(Duration),
    #[error("Kalends could not check this. Please try again.")]
    Store(#[from] StoreError),
}

/// Why a new password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("This is not your current password.")]
    Wrong,
    #[error("Choose a password of at least {SHORTEST} characters.")]
    TooShort,
    #[error("This password is easy to guess. Use several words that do not belong together.")]
    Guessable,
    #[error("This is your present password. Choose another one.")]
    Same,
    #[error("A password has at most 256 characters.")]
    TooLong,
    #[error("Too many tries. Try again in {}.", in_words(.0))]
    Later(Duration),
    #[error("Kalends could not save this. Please try again.")]
    Failed,
}

impl PasswordError {
    /// The field of the form that it belongs to.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Wrong => "current",
            Self::TooShort | Self::Guessable | Self::Same | Self::TooLong => "new",
            Self::Later(_) | Self::Failed => "",
        }
    }
}

pub(crate) fn in_words(wait: &Duration) -> String {
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
    /// Not signed in before [`crate::factor::sign_in`] took a code.
    NeedsCode(User),
}

/// Checks email and password. Whoever is not known takes as long as whoever is.
pub async fn sign_in(
    services: &Services,
    email: &str,
    password: &Password,
    address: &str,
) -> Result<Entered, SignInError> {
    let entered = enter(services, email, password, address).await;
    match &entered {
        Ok(Entered::In(_)) => services.metrics.sign_in(SignInOutcome::SignedIn),
        Err(SignInError::Wrong) => services.metrics.sign_in(SignInOutcome::WrongPassword),
        Err(SignInError::Later(_)) => services.metrics.sign_in(SignInOutcome::TooManyTries),
        Ok(Entered::NeedsCode(_)) | Err(SignInError::Store(_)) => {}
    }
    entered
}

async fn enter(
    services: &Services,
    email: &str,
    password: &Password,
    address: &str,
) -> Result<Entered, SignInError> {
    let account = email.trim().to_lowercase();
    let account: String = account.chars().take(SmtpAddress::MAX).collect();
    // Before anything is looked up: whoever has to wait costs nothing.
    services
        .sign_in
        .must_wait(&account, address)
        .map_err(SignInError::Later)?;
    let user = match account.parse::<SmtpAddress>() {
        Ok(email) => services.store.user_by_email(&email).await?,
        Err(_) => None,
    };
    // Who may not sign in, or has no password yet, takes as long as everybody.
    let user = user.filter(|user| user.disabled_at.is_none() && !user.is_invited());
    let hash = user.as_ref().map_or_else(
        || NOBODYS_HASH.to_owned(),
        |user| user.password_hash.clone(),
    );
    let too_long = password.reveal().chars().count() > Password::MAX;
    let tried = if too_long { &EMPTY } else { password };
    let right = services
        .sign_in
        .verify(tried, hash, (&account, address))
        .await
        .map_err(SignInError::Later)?;
    let now = services.clock.now();
    if let Some(user) = user.filter(|_| right && !too_long) {
        if services.store.factor(user.id).await?.is_some() {
            return Ok(Entered::NeedsCode(user));
        }
        services
            .store
            .audit(&Entry::by(user.id, Action::SignedIn).about(address), now)
            .await?;
        services.sign_in.remember(&account, address);
        Ok(Entered::In(user))
    } else {
        let subject = format!("{account} from {address}");
        services
            .store
            .audit(
                &Entry::by_kalends(Action::SignInRefused).about(subject),
                now,
            )
            .await?;
        Err(SignInError::Wrong)
    }
}

/// Changes a password after the current one was given again; ends every session of the user.
pub async fn change_password(
    services: &Services,
    user: &User,
    current: &Password,
    new: &Password,
    address: &str,
) -> Result<(), PasswordError> {
    let place = (user.email.as_str(), address);
    let right = services
        .sign_in
        .verify(current, user.password_hash.clone(), place)
        .await
        .map_err(PasswordError::Later)?;
    if !right {
        return Err(PasswordError::Wrong);
    }
    if current == new {
        return Err(PasswordError::Same);
    }
    let hash = hash_new(new).await?;
    let entry = Entry::by(user.id, Action::PasswordChanged);
    let saved = services
        .store
        .set_password_hash(user.id, &hash, &entry, services.clock.now())
        .await;
    saved.map_err(|error| {
        tracing::error!(%error, "a new password was not saved");
        PasswordError::Failed
    })
}

/// Hashes a password that a person chose, if it is long enough and takes more than a million guesses.
pub async fn hash_new(password: &Password) -> Result<String, PasswordError> {
    match password.reveal().chars().count() {
        0..SHORTEST => return Err(PasswordError::TooShort),
        SHORTEST..=Password::MAX => {}
        _ => return Err(PasswordError::TooLong),
    }
    let password = password.clone();
    let hashed = tokio::task::spawn_blocking(move || {
        if zxcvbn(password.reveal(), &[]).score() < Score::Two {
            return Err(PasswordError::Guessable);
        }
        hasher()
            .and_then(|hasher| hasher.hash_password(password.reveal().as_bytes()).ok())
            .map(|hash| hash.to_string())
            .ok_or(PasswordError::Failed)
    });
    hashed.await.unwrap_or(Err(PasswordError::Failed))
}

/// OWASP's first choice of parameters for argon2id.
fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Same parameters as every real hash; nobody's password.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2FsZW5kcy1ub2JvZHk$9qWzv0p1u3xWm6z0bqkQ1m4cQ0V9n3dH2yT8sR5eL7o";

static EMPTY: std::sync::LazyLock<Password> = std::sync::LazyLock::new(Password::default);

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordVerifier as _, phc::PasswordHash};

    #[test]
    fn nobodys_hash_is_one_that_the_hasher_works_through() {
        let hash = PasswordHash::new(NOBODYS_HASH).expect("a PHC string");
        assert!(
            hasher()
                .expect("hasher")
                .verify_password(b"anything", &hash)
                .is_err()
        );
        assert!(hash.hash.is_some() && hash.salt.is_some());
    }

    #[tokio::test]
    async fn nobodys_hash_costs_what_everybodys_costs() {
        let real = hash_new(&Password::from("practice-alice".to_owned())).await;
        let real = real.expect("hash");
        let (real, nobodys) = (PasswordHash::new(&real), PasswordHash::new(NOBODYS_HASH));
        let (real, nobodys) = (real.expect("real"), nobodys.expect("nobody's"));
        assert_eq!(real.algorithm, nobodys.algorithm);
        assert_eq!(real.version, nobodys.version);
        assert_eq!(real.params, nobodys.params);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(|output| output.as_bytes().len());
        assert_eq!(length(&real), length(&nobodys));
    }

    #[tokio::test]
    async fn a_password_that_everybody_guesses_first_is_not_taken() {
        for bad in [
            "            ",
            "passwordpassword",
            "aaaaaaaaaaaaa",
            "123456789012",
        ] {
            let hashed = hash_new(&Password::from(bad.to_owned())).await;
            assert!(matches!(hashed, Err(PasswordError::Guessable)), "{bad}");
        }
        for good in [
            "practice-alice",
            "practice-bob-2",
            "correct horse battery staple",
        ] {
            let hashed = hash_new(&Password::from(good.to_owned())).await;
            assert!(hashed.is_ok(), "{good}");
        }
    }
}
