//! Limits of signing in. A try takes its places before a password or a code is looked at, and gives them back when that
//! was right; so what fails counts, however many tries come at the same moment and to whichever instance.
//!
//! Guesses at an account count together wherever they come from, and all guesses from an address count together. A
//! device that the account was signed in on before counts for itself alone.

use super::{client_network::ClientNetwork, device::Visitor};
use crate::{people::hashing::Queue, services::Services};
use kalends_core::{clock::Timestamp, id::UserId};
use kalends_store::{
    LimitPlace, StoreError, User,
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
};
use std::time::Duration;

/// Failures at once, then one more every `REFILL`: of one kind, and of all accounts from one address.
const MAX_PER_ACCOUNT: usize = 8;
const MAX_PER_ADDRESS: usize = 30;
const REFILL: Duration = Duration::from_mins(1);
/// Refused sign-ins of strangers that have a line of their own; more are counted in one.
const LINES_AN_HOUR: usize = 100;
/// Places that are kept under names and addresses of strangers.
const STRANGER_KEYS: Keys = Keys::Anybodys {
    most_places: 20_000,
};

const fn refilled(purpose: &'static str, most: usize, keys: Keys) -> Limit {
    Limit {
        purpose,
        most,
        lasts: PlaceLifetime::Refill(REFILL),
        keys,
    }
}

/// Guesses at somebody's account.
struct AccountGuesses(UserId);

impl LimitKey for AccountGuesses {
    fn limit(&self) -> Limit {
        refilled("sign-in-account", MAX_PER_ACCOUNT, Keys::Ours)
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// Guesses at an account that nobody has.
struct NobodysGuesses<'a>(&'a str);

impl LimitKey for NobodysGuesses<'_> {
    fn limit(&self) -> Limit {
        refilled("sign-in-nobody", MAX_PER_ACCOUNT, STRANGER_KEYS)
    }

    fn key(&self) -> String {
        self.0.to_owned()
    }
}

/// Guesses from an address.
struct AddressGuesses(ClientNetwork);

impl LimitKey for AddressGuesses {
    fn limit(&self) -> Limit {
        refilled("sign-in-address", MAX_PER_ADDRESS, STRANGER_KEYS)
    }

    fn key(&self) -> String {
        self.0.0.clone()
    }
}

/// Guesses at an account on a device that it was signed in on before.
struct DeviceGuesses {
    user: UserId,
    device_hash: String,
}

impl LimitKey for DeviceGuesses {
    fn limit(&self) -> Limit {
        refilled("sign-in-device", MAX_PER_ACCOUNT, Keys::Ours)
    }

    fn key(&self) -> String {
        format!("{} {}", self.user, self.device_hash)
    }
}

/// Guesses of somebody who is signed in and gives password or code once more.
struct ProofGuesses(UserId);

impl LimitKey for ProofGuesses {
    fn limit(&self) -> Limit {
        refilled("sign-in-proof", MAX_PER_ACCOUNT, Keys::Ours)
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// Wrong links to set a password, from an address.
pub(crate) struct WrongLinks(pub ClientNetwork);

impl LimitKey for WrongLinks {
    fn limit(&self) -> Limit {
        refilled("wrong-links", MAX_PER_ACCOUNT, STRANGER_KEYS)
    }

    fn key(&self) -> String {
        self.0.0.clone()
    }
}

/// Wrong codes for the first administrator, from an address.
pub(crate) struct WrongSetupCodes(pub ClientNetwork);

impl LimitKey for WrongSetupCodes {
    fn limit(&self) -> Limit {
        refilled("wrong-setup-codes", MAX_PER_ACCOUNT, STRANGER_KEYS)
    }

    fn key(&self) -> String {
        self.0.0.clone()
    }
}

/// Lines of the audit trail about sign-ins of strangers that were refused.
pub(crate) struct LinesAboutStrangers;

impl LimitKey for LinesAboutStrangers {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "lines-about-strangers",
            most: LINES_AN_HOUR,
            lasts: PlaceLifetime::Each(Duration::from_hours(1)),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        String::new()
    }
}

/// Why a try may not be made now.
#[derive(Debug)]
pub(crate) enum NotNow {
    Later(Duration),
    Store(StoreError),
}

impl From<StoreError> for NotNow {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whose password or code is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GuessedAccount<'a> {
    Of(&'a User),
    /// Nobody has it: as typed.
    Nobodys(&'a str),
    /// The person is signed in.
    SignedIn(&'a User),
}

/// A try that has taken its places.
#[derive(Debug)]
#[must_use = "a try that was right gives its places back"]
pub(crate) struct SignInAttempt {
    place: LimitPlace,
    pub queue: Queue,
}

impl SignInAttempt {
    pub async fn begin(
        services: &Services,
        account: GuessedAccount<'_>,
        visitor: &Visitor,
    ) -> Result<Self, NotNow> {
        let now = services.clock.now();
        let address = AddressGuesses(visitor.network());
        let (place, queue) = match account {
            GuessedAccount::SignedIn(user) => {
                let place = take(services, &[&ProofGuesses(user.id)], now).await?;
                (place, Queue::Known)
            }
            GuessedAccount::Of(user) => {
                let known = visitor.known_device_of(services, user, now).await?;
                let user = user.id;
                if let Some(device_hash) = known {
                    let key = DeviceGuesses { user, device_hash };
                    (take(services, &[&key], now).await?, Queue::Known)
                } else {
                    let keys: [&dyn LimitKey; 2] = [&AccountGuesses(user), &address];
                    (take(services, &keys, now).await?, Queue::Anybody)
                }
            }
            GuessedAccount::Nobodys(name) => {
                let keys: [&dyn LimitKey; 2] = [&NobodysGuesses(name), &address];
                (take(services, &keys, now).await?, Queue::Anybody)
            }
        };
        Ok(Self { place, queue })
    }

    /// It was right, or nothing was looked at: it does not count.
    pub async fn give_back(self, services: &Services) -> Result<(), StoreError> {
        services.store.give_back(self.place).await
    }
}

async fn take(
    services: &Services,
    keys: &[&dyn LimitKey],
    now: Timestamp,
) -> Result<LimitPlace, NotNow> {
    let taken = services.store.take_place(keys, now).await?;
    taken.map_err(|full| NotNow::Later(full.until.since(now)))
}

/// Counts something wrong that cannot be guessed: what is right is never kept waiting for what is wrong.
pub(crate) async fn count_wrong(services: &Services, key: &dyn LimitKey) -> Result<(), NotNow> {
    let now = services.clock.now();
    let _kept = take(services, &[key], now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_count_as_one() {
        let network = ClientNetwork::of("2001:db8:1:2::1");
        assert_eq!(network, ClientNetwork::of("2001:db8:1:2:ffff::1"));
        assert_ne!(network, ClientNetwork::of("2001:db8:1:3::1"));
        assert_ne!(
            ClientNetwork::of("192.0.2.1"),
            ClientNetwork::of("192.0.2.2")
        );
    }
}
