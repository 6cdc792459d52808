//! This running instance among those that share the databases: it tells every few seconds that it runs and which keys of
//! the vault it holds, so that nobody seals with a key that another one lacks. It looks after the others in turn: what one
//! holds that is not heard of any more is freed.

use super::other_instances::KEEP_FOR;
use crate::{
    accounts::custody::{CustodyError, SILENT, holds_every_key},
    services::Services,
};
use kalends_store::{Instance, StoreError};

/// Frees what instances hold that are not heard of any more.
async fn free_dead_instances(services: &Services) -> Result<(), StoreError> {
    let (store, clock) = (&services.store, &services.clock);
    let listed = store.other_processes().await?;
    let mut others = services.others.0.lock().await;
    for gone in others.gone(listed, clock.now(), clock.passed()) {
        if store.free_what_it_holds(&gone, clock.now()).await? {
            tracing::warn!(instance = %gone.id, "another instance is not heard of any more: what it held is free");
            services.wake.notify_one();
        }
    }
    Ok(())
}

/// Tells that this instance runs, and looks after the others.
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
        .instance_runs(&instance, now - SILENT - KEEP_FOR)
        .await?;
    free_dead_instances(services).await?;
    holds_every_key(&services.store, &services.vault).await
}

/// Tells that this instance ends, and frees what it still holds.
pub async fn leave(services: &Services) {
    let now = services.clock.now();
    if let Err(error) = services.store.process_ends(now).await {
        tracing::warn!(%error, "this instance could not tell that it ends");
    }
}

/// Where this process runs, for people who look for it.
pub fn name() -> String {
    let host = hostname::get().unwrap_or_default();
    format!("{}, process {}", host.to_string_lossy(), std::process::id())
}
