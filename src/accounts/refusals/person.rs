//! How often one person's typed passwords may be refused, whatever accounts they are of.

use kalends_core::id::UserId;
use kalends_store::limit::{Keys, Limit, LimitKey, PlaceLifetime};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
/// Accounts whose typed passwords may be refused for one person in an hour.
const MAX_ACCOUNTS: usize = 6;
/// Refusals of one person in an hour.
const MAX_REFUSALS: usize = 10;

/// Different accounts that a person types passwords of.
pub(super) struct PersonAccounts {
    pub person: UserId,
    pub account: String,
}

impl LimitKey for PersonAccounts {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "accounts-of-person",
            most: MAX_ACCOUNTS,
            lasts: PlaceLifetime::Each(HOUR),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.person.to_string()
    }

    fn member(&self) -> Option<String> {
        Some(self.account.clone())
    }
}

/// Passwords of a person's typing that are refused.
pub(super) struct PersonRefusals(pub UserId);

impl LimitKey for PersonRefusals {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "refusals-of-person",
            most: MAX_REFUSALS,
            lasts: PlaceLifetime::Each(HOUR),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}
