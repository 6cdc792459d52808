//! An account stays held for as long as the work with it lasts.

use crate::services::Services;
use kalends_store::Leased;
use std::time::Duration;

/// How long an account is held at most; whoever has died by then is replaced.
pub const LEASE: Duration = Duration::from_mins(3);

/// How often a lease is renewed: sooner than anybody takes this process for gone, so that one which stood still for longer
/// finds at once that it is lost.
const RENEW: Duration = Duration::from_secs(15);

/// Works while the account is held. `None`: it was lost, because its lease could not be renewed in time, and the work
/// was broken off.
pub async fn while_held<T>(
    services: &Services,
    leased: &Leased,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = lost(services, leased) => None,
    }
}

async fn lost(services: &Services, leased: &Leased) {
    loop {
        tokio::time::sleep(RENEW).await;
        let now = services.clock.now();
        match services.store.renew_lease(leased, now + LEASE).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(account.id = %leased.account.id, "somebody else holds the account: the work with it is broken off");
                return;
            }
            Err(error) => tracing::error!(%error, "a lease could not be renewed"),
        }
    }
}
