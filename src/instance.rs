//! This running instance among those that share the databases: it tells every few seconds that it runs and which keys of
//! the vault it holds, so that nobody seals with a key that another one lacks.

use crate::{
    custody::{CustodyError, SILENT, holds_every_key},
    services::Services,
    store::Instance,
};
use std::time::Duration;

/// For how long one that was silent is kept, to be looked at.
const KEPT: Duration = Duration::from_hours(1);

/// Tells that this instance runs.
///
/// # Errors
/// Also when a secret in use needs a key that is not here: another instance has sealed with it.
pub async fn tell(services: &Services) -> Result<(), CustodyError> {
    let now = services.clock.now();
    let instance = Instance {
        id: services.instance.to_string(),
        name: name(),
        key_ids: services.vault.key_ids(),
        seen_at: now,
    };
    services
        .store
        .instance_runs(&instance, now - SILENT - KEPT)
        .await?;
    holds_every_key(&services.store, &services.vault).await
}

/// Tells that this instance ends.
pub async fn leave(services: &Services) {
    if let Err(error) = services.store.instance_ends(&services.instance).await {
        tracing::warn!(%error, "this instance could not tell that it ends");
    }
}

/// Where this process runs, for people who look for it.
pub fn name() -> String {
    let host = hostname::get().unwrap_or_default();
    format!("{}, process {}", host.to_string_lossy(), std::process::id())
}
