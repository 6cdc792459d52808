//! Signing in to Kalends: argon2id off the async threads, the same words and the same time whether the address or the
//! password is wrong, and limits per account and per client address. Whoever signed in from an address lately has a limit
//! of their own there, so that nobody shuts them out by guessing from elsewhere.

use crate::{
    account_name::Password,
    audit::{Action, Entry},
    clock::{Clock, Timestamp},
    mailbox::SmtpAddress,
    metrics::SignInOutcome,
    services::Services,
    store::{StoreError, User},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

/// The shortest password that a person may choose, in characters.
pub const SHORTEST: usize = 12;
/// Passwords hashed at the same time; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Failures of an account, and of a client address, at once; then one more every `REFILL`.
const TRIES_OF_ACCOUNT: NonZeroU32 = NonZeroU32::new(8).unwrap();
const TRIES_OF_ADDRESS: NonZeroU32 = NonZeroU32::new(30).unwrap();
const REFILL: Duration = Duration::from_mins(1);
/// For how long a right password counts for an address; forgotten when the process ends.
const KNOWN: Duration = Duration::from_hours(24 * 30);

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

type Limiter =
    RateLimiter<String, DashMapStateStore<String>, LimiterClock, NoOpMiddleware<Instant>>;

/// What signing in keeps in memory: the limits, and how many hashes run.
#[derive(Debug, Clone)]
pub struct SignIn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    by_account: Limiter,
    by_address: Limiter,
    /// Until when an account or an address has to wait.
    closed: Mutex<HashMap<String, Timestamp>>,
    /// When an account was last entered from an address.
    known: Mutex<HashMap<String, Timestamp>>,
    hashing: Semaphore,
}

impl SignIn {
    pub fn new(clock: &Clock) -> Self {
        let limiter = |tries| {
            let quota = Quota::with_period(REFILL).map(|quota| quota.allow_burst(tries));
            let quota = quota.unwrap_or(Quota::per_minute(tries));
            RateLimiter::new(
                quota,
                DashMapStateStore::default(),
                LimiterClock(clock.clone()),
            )
        };
        Self(Arc::new(Inner {
            by_account: limiter(TRIES_OF_ACCOUNT),
            by_address: limiter(TRIES_OF_ADDRESS),
            closed: Mutex::default(),
            known: Mutex::default(),
            hashing: Semaphore::new(AT_ONCE),
        }))
    }

    /// How long this account, or this client address, must wait after too many failures.
    pub(crate) fn must_wait(&self, account: &str, address: &str) -> Result<(), Duration> {
        let now = self.0.by_account.clock().0.now();
        let closed = self.0.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let until = [
            self.account_key(account, address, now),
            address_key(address),
        ]
        .iter()
        .filter_map(|key| closed.get(key).copied())
        .max()
        .filter(|until| *until > now);
        until.map_or(Ok(()), |until| Err(until.since(now)))
    }

    /// Counts a failure; past the limits the next try has to wait. What succeeds is never counted.
    pub(crate) fn count_failure(&self, account: &str, address: &str) {
        let now = self.0.by_account.clock().0.now();
        let account = self.account_key(account, address, now);
        let mut closed = self.0.closed.lock().unwrap_or_else(PoisonError::into_inner);
        for (limiter, key) in [
            (&self.0.by_account, account),
            (&self.0.by_address, address_key(address)),
        ] {
            // What is over is dropped now and then, so that memory stays bounded.
            if limiter.len() > 10_000 {
                limiter.retain_recent();
                closed.retain(|_, until| *until > now);
            }
            if let Err(until) = limiter.check_key(&key) {
                closed.insert(key, now + until.wait_time_from(Instant(now)));
            }
        }
    }

    /// Verifies one password at a time per place; whoever has to wait meanwhile is not let through.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        hash: String,
        (account, address): (&str, &str),
    ) -> Result<bool, Duration> {
        let Ok(_turn) = self.0.hashing.acquire().await else {
            return Ok(false);
        };
        self.must_wait(account, address)?;
        let password = password.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let Ok(hash) = PasswordHash::new(&hash) else {
                return false;
            };
            hasher().is_some_and(|hasher| {
                hasher
                    .verify_password(password.reveal().as_bytes(), &hash)
                    .is_ok()
            })
        });
        let right = checked.await.unwrap_or(false);
        if right {
            self.remember(account, address);
        } else {
            self.count_failure(account, address);
        }
        Ok(right)
    }

    /// The password of this account was right at this address.
    fn remember(&self, account: &str, address: &str) {
        let now = self.0.by_account.clock().0.now();
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > 10_000 {
            known.retain(|_, at| now.since(*at) < KNOWN);
        }
        known.insert(at_address(account, address), now);
    }

    /// What failures of an account are counted under.
    fn account_key(&self, account: &str, address: &str, now: Timestamp) -> String {
        let own = at_address(account, address);
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entered = known.get(&own).copied();
        if entered.is_some_and(|at| now.since(at) < KNOWN) {
            own
        } else {
            format!("account {account}")
        }
    }
}

fn at_address(account: &str, address: &str) -> String {
    format!("account {account} at {address}")
}

fn address_key(address: &str) -> String {
    format!("address {address}")
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

/// Our clock as the limiter wants it.
#[derive(Debug, Clone)]
pub struct LimiterClock(Clock);

/// An instant of our clock, for the limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Timestamp);

impl GovernorClock for LimiterClock {
    type Instant = Instant;
    fn now(&self) -> Instant {
        Instant(self.0.now())
    }
}

impl Reference for Instant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0 - Duration::from(duration))
    }
}

impl std::ops::Add<Nanos> for Instant {
    type Output = Self;
    fn add(self, duration: Nanos) -> Self {
        Self(self.0 + Duration::from(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn failures_close_an_account_for_a_while_and_no_other() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        for _ in 0..=TRIES_OF_ACCOUNT.get() {
            assert_eq!(sign_in.must_wait("bob@example.test", "192.0.2.1"), Ok(()));
            sign_in.count_failure("bob@example.test", "192.0.2.1");
        }
        let wait = sign_in.must_wait("bob@example.test", "192.0.2.9");
        let wait = wait.expect_err("one too many, from wherever");
        assert!(wait > Duration::ZERO && wait <= REFILL, "{wait:?}");
        assert_eq!(
            sign_in.must_wait("charlie@example.test", "192.0.2.1"),
            Ok(())
        );
        clock.advance(REFILL);
        assert_eq!(sign_in.must_wait("bob@example.test", "192.0.2.1"), Ok(()));
    }

    #[test]
    fn guesses_from_elsewhere_shut_nobody_out_where_they_signed_in_lately() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        sign_in.remember("bob", "192.0.2.1");
        for _ in 0..=TRIES_OF_ACCOUNT.get() {
            sign_in.count_failure("bob", "198.51.100.7");
        }
        assert!(sign_in.must_wait("bob", "198.51.100.7").is_err());
        assert!(sign_in.must_wait("bob", "203.0.113.9").is_err());
        assert_eq!(sign_in.must_wait("bob", "192.0.2.1"), Ok(()));
        // There as well only so many may be wrong.
        for _ in 0..=TRIES_OF_ACCOUNT.get() {
            sign_in.count_failure("bob", "192.0.2.1");
        }
        assert!(sign_in.must_wait("bob", "192.0.2.1").is_err());
        clock.advance(KNOWN);
        sign_in.count_failure("bob", "192.0.2.1");
        assert_eq!(sign_in.must_wait("bob", "192.0.2.1"), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_accounts_has_to_wait() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        for number in 0..=TRIES_OF_ADDRESS.get() {
            sign_in.count_failure(&format!("nobody{number}@example.test"), "192.0.2.1");
        }
        assert!(sign_in.must_wait("bob@example.test", "192.0.2.1").is_err());
        assert_eq!(sign_in.must_wait("bob@example.test", "192.0.2.2"), Ok(()));
    }
}
