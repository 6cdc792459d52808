//! Limits of signing in: failures of an account and of a client address close them for a while. Whoever signed in from
//! an address lately has a limit of their own there, so that nobody shuts them out by guessing from elsewhere. A right
//! password alone earns none: guesses of a code count together, wherever they come from.

use super::hasher;
use crate::{
    account_name::Password,
    clock::{Clock, Timestamp},
};
use argon2::password_hash::{PasswordVerifier as _, phc::PasswordHash};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Passwords hashed at the same time; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Failures of an account, and of a client address, at once; then one more every `REFILL`.
const TRIES_OF_ACCOUNT: NonZeroU32 = NonZeroU32::new(8).unwrap();
const TRIES_OF_ADDRESS: NonZeroU32 = NonZeroU32::new(30).unwrap();
const REFILL: Duration = Duration::from_mins(1);
/// For how long signing in counts for an address; forgotten when the process ends.
const KNOWN: Duration = Duration::from_hours(24 * 30);

/// What failures are counted under. Accounts stand as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    AccountAt(String, String),
    Address(String),
}

type Limiter = RateLimiter<Key, DashMapStateStore<Key>, LimiterClock, NoOpMiddleware<Instant>>;

/// What signing in keeps in memory: the limits, and how many hashes run.
#[derive(Debug, Clone)]
pub struct SignIn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    by_account: Limiter,
    by_address: Limiter,
    /// Until when an account or an address has to wait.
    closed: Mutex<HashMap<Key, Timestamp>>,
    /// When an account was last entered from an address.
    known: Mutex<HashMap<Key, Timestamp>>,
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
        if !right {
            self.count_failure(account, address);
        }
        Ok(right)
    }

    /// Somebody is signed in at this address, with all that their account asks for.
    pub(crate) fn remember(&self, account: &str, address: &str) {
        let now = self.0.by_account.clock().0.now();
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > 10_000 {
            known.retain(|_, at| now.since(*at) < KNOWN);
        }
        known.insert(at_address(account, address), now);
    }

    /// What failures of an account are counted under.
    fn account_key(&self, account: &str, address: &str, now: Timestamp) -> Key {
        let own = at_address(account, address);
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entered = known.get(&own).copied();
        if entered.is_some_and(|at| now.since(at) < KNOWN) {
            own
        } else {
            Key::Account(account.to_owned())
        }
    }
}

fn at_address(account: &str, address: &str) -> Key {
    Key::AccountAt(account.to_owned(), network(address))
}

fn address_key(address: &str) -> Key {
    Key::Address(network(address))
}

/// Of IPv6 whoever has one address has all of its /64.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string()
        }
        _ => address.to_owned(),
    }
}

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
    use argon2::PasswordHasher as _;

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
        assert_eq!(sign_in.must_wait("bob", "192.0.2.1"), Ok(()));
        for _ in 0..=TRIES_OF_ACCOUNT.get() {
            sign_in.count_failure("bob", "198.51.100.7");
        }
        assert!(sign_in.must_wait("bob", "192.0.2.1").is_err());
    }

    #[tokio::test]
    async fn a_right_password_alone_earns_no_guesses_of_its_own() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        let password = Password::from("known to a thief".to_owned());
        let hash = hasher().and_then(|it| it.hash_password(password.reveal().as_bytes()).ok());
        let hash = hash.expect("hash").to_string();
        for number in 0..=TRIES_OF_ACCOUNT.get() {
            let address = format!("198.51.100.{number}");
            let right = sign_in.verify(&password, hash.clone(), ("bob", &address));
            assert_eq!(right.await, Ok(true), "{address}");
            // The code beside it is wrong.
            sign_in.count_failure("bob", &address);
        }
        assert!(sign_in.must_wait("bob", "203.0.113.9").is_err());
    }

    #[test]
    fn no_name_that_is_typed_stands_for_somebody_at_an_address() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        sign_in.remember("bob", "192.0.2.1");
        for _ in 0..=TRIES_OF_ACCOUNT.get() {
            sign_in.count_failure("bob at 192.0.2.1", "198.51.100.7");
            sign_in.count_failure("account bob at 192.0.2.1", "198.51.100.7");
        }
        assert_eq!(sign_in.must_wait("bob", "192.0.2.1"), Ok(()));
    }

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let clock = Clock::held(Timestamp::from_seconds(1_000_000));
        let sign_in = SignIn::new(&clock);
        for number in 0..=TRIES_OF_ADDRESS.get() {
            sign_in.count_failure(
                &format!("nobody{number}"),
                &format!("2001:db8:1:2::{number:x}"),
            );
        }
        assert!(sign_in.must_wait("bob", "2001:db8:1:2:ffff::1").is_err());
        assert_eq!(sign_in.must_wait("bob", "2001:db8:1:3::1"), Ok(()));
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
