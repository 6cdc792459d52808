//! The one instant at which a stopped account's password is sent again: never before a place for it is free.

use super::full::full_until;
use crate::services::Services;
use kalends_store::StoreError;

/// Puts off the probes of stopped accounts with this bare name for as long as its places are all taken, after one more
/// was.
pub(super) async fn put_off_probes(services: &Services, name: &str) -> Result<(), StoreError> {
    let stopped = services.store.accounts_to_probe().await?;
    for account in stopped {
        if account.name.refusal_key() != name {
            continue;
        }
        if let Some(until) = full_until(services, &account).await? {
            services.store.put_off_probe(&account, until).await?;
        }
    }
    Ok(())
}
