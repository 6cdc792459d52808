//! This running instance among those that share the databases: it tells every few seconds that it runs and which keys of
//! the vault it holds, so that nobody seals with a key that another one lacks. It looks after the others in turn: what one
//! holds that is not heard of any more is freed.

use crate::{
    accounts::custody::{CustodyError, SILENT, holds_every_key},
    services::Services,
};
use kalends_core::clock::Timestamp;
use kalends_store::{Heard, Instance, StoreError};
use std::{collections::HashMap, time::Duration};
use tokio::sync::Mutex;

/// For how long one that was silent is kept, to be looked at: what it announced for the vault is kept for a day.
const KEPT: Duration = Duration::from_hours(25);
/// What an instance holds is freed once it was not heard of for so long.
const GONE: Duration = Duration::from_secs(30);
/// So long must it have been looked at in vain: the clocks of two machines may differ, and at the first look nothing is
/// known of how it goes on.
const WATCHED: Duration = Duration::from_secs(15);
/// Where this process itself was still for longer, the others may have been too.
const LONGEST_GAP: Duration = Duration::from_secs(20);

/// What was last heard of the other instances. Durations are as [`Clock::passed`](kalends_core::clock::Clock::passed) tells them.
#[derive(Debug, Default)]
pub struct Others(Mutex<Watched>);

#[derive(Debug, Default)]
struct Watched {
    looked: Option<Duration>,
    /// What each told last, and when that was first seen.
    heard: HashMap<String, (Timestamp, Duration)>,
}

impl Watched {
    /// Which of them are gone.
    fn gone(&mut self, listed: Vec<Heard>, now: Timestamp, passed: Duration) -> Vec<Heard> {
        let looked = self.looked.replace(passed);
        if looked.is_some_and(|looked| passed.saturating_sub(looked) > LONGEST_GAP) {
            self.heard.clear();
        }
        self.heard
            .retain(|id, _| listed.iter().any(|it| it.id == *id));
        let mut gone = Vec::new();
        for it in listed {
            let known = self.heard.entry(it.id.clone());
            let known = known.or_insert((it.seen_at, passed));
            if known.0 != it.seen_at {
                *known = (it.seen_at, passed);
            }
            if now.since(it.seen_at) >= GONE && passed.saturating_sub(known.1) >= WATCHED {
                gone.push(it);
            }
        }
        gone
    }
}

/// Frees what instances hold that are not heard of any more.
async fn look_after_others(services: &Services) -> Result<(), StoreError> {
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
        .instance_runs(&instance, now - SILENT - KEPT)
        .await?;
    look_after_others(services).await?;
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
