//! What is forgotten by itself. Each chore is done whatever became of the one before it.

use super::watch_clock::may_forget_by_age;
use crate::services::Services;
use kalends_store::StoreError;
use std::fmt::Display;

/// All chores once; what goes by its age stays while the clock is in doubt.
pub async fn keep_house(services: &Services) -> Result<(), StoreError> {
    let Services {
        store,
        vault,
        clock,
        ..
    } = services;
    let (custody, now) = (services.custody(), clock.now());
    if may_forget_by_age(services).await? {
        done("old secrets", custody.list_old().await);
        done("history", store.forget_history(now).await);
        done("incidents", store.forget_incidents(now).await);
        done("jobs", store.forget_jobs(now).await);
        done("analyses", store.forget_analyses(now).await);
        done("vault heartbeats", vault.forget_heartbeats(now).await);
        done("heartbeats", store.forget_heartbeats(now).await);
    }
    done("secrets", custody.delete_listed().await);
    // Where no stranger comes any more, nobody else writes that line.
    done("strangers", store.write_counted_strangers(now).await);
    Ok(())
}

/// Clears away sessions that have ended, those of strangers at once, so that there are never many; and links that nobody
/// reads any more.
pub async fn forget_sessions(services: &Services) -> Result<(), StoreError> {
    let of_people = may_forget_by_age(services).await?;
    if of_people {
        done("links", services.custody().forget_shown_links().await);
    }
    let now = services.clock.now();
    services.store.forget_sessions(of_people, now).await
}

fn done<T, E: Display>(chore: &str, result: Result<T, E>) {
    if let Err(error) = result {
        tracing::error!(%error, chore, "what is no longer needed could not be forgotten");
    }
}
