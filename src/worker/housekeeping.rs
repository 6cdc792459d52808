//! What is forgotten by itself. Each chore is done whatever became of the one before it.

use crate::{services::Services, store::StoreError};
use std::fmt::Display;

/// All chores once.
pub async fn keep_house(services: &Services) -> Result<(), StoreError> {
    let (store, now) = (&services.store, services.clock.now());
    done("secrets", services.custody().delete_listed().await);
    done("history", store.forget_history(now).await);
    done("notices", store.forget_notices(now).await);
    done(
        "vault heartbeats",
        services.vault.forget_heartbeats(now).await,
    );
    store.forget_heartbeats(now).await
}

fn done<T, E: Display>(chore: &str, result: Result<T, E>) {
    if let Err(error) = result {
        tracing::error!(%error, chore, "what is no longer needed could not be forgotten");
    }
}
