//! Until when no place is free for an account.

use super::vouching::counted_by_name;
use crate::services::Services;
use kalends_core::{clock::Timestamp, connection::Mode};
use kalends_store::{Account, CountedUnder, PasswordSource, StoreError};

/// Until when the places of an account's name are all taken, as far as its host's name tells.
pub async fn full_until(
    services: &Services,
    account: &Account,
) -> Result<Option<Timestamp>, StoreError> {
    let person = whose(services, account).await?;
    let server = (account.endpoint.host(), account.endpoint.port());
    let (store, outbound) = (&services.store, &services.outbound);
    let under: CountedUnder =
        counted_by_name(store, outbound, server, &account.name, &person).await?;
    let none = store
        .no_place(&under, PasswordSource::Saved, services.clock.now())
        .await?;
    Ok(none.filter(|none| !none.is_open).map(|none| none.until))
}

/// Whose account it is where nobody vouches for its server: its owner's, or whoever came to share it first.
pub(super) async fn whose(services: &Services, account: &Account) -> Result<String, StoreError> {
    if account.mode == Mode::Organisation {
        return Ok(String::new());
    }
    let first = services.store.first_user_of(account.id).await?;
    Ok(first.map(|user| user.to_string()).unwrap_or_default())
}
