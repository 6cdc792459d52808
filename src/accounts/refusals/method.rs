//! How a password may go to a host: what hosts have offered is remembered, and Basic is used only where nothing better
//! was ever offered, or on purpose.

use super::reserve::unreadable;
use crate::services::Services;
use kalends_core::{account_name::AccountName, connection::SignInMethod, problem::Problem};
use kalends_exchange::auth::{BasicUse, offer::Offer};
use kalends_store::StoreError;

/// Where what is offered cannot be remembered, no password goes out.
pub(super) async fn remember(
    Services { store, clock, .. }: &Services,
    host: &str,
    offer: &Offer,
) -> Result<(), Problem> {
    if !offer.has_challenge_response() && !offer.offers_basic() {
        return Ok(());
    }
    let kept = store.remember_offer(host, offer.has_challenge_response(), clock.now());
    kept.await.map_err(|error| unreadable(&error))
}

/// Whether the password itself may go to a host: on purpose, or where nothing better was ever offered.
pub(super) async fn basic_at(
    Services { store, .. }: &Services,
    method: SignInMethod,
    host: &str,
    account: &AccountName,
    offer: &Offer,
) -> Result<BasicUse, Problem> {
    let used = async {
        Ok(
            if method == SignInMethod::Basic || store.is_basic_chosen(host, account).await? {
                BasicUse::OnPurpose
            } else if offer.has_challenge_response() || store.has_offered_better(host).await? {
                BasicUse::Withheld
            } else {
                BasicUse::NothingBetter
            },
        )
    };
    used.await.map_err(|error: StoreError| unreadable(&error))
}
