//! Whether the worker goes on, and whether both databases still take changes: a full or read-only disk shows within
//! half a minute.

use crate::services::Services;
use std::{convert::Infallible, fmt::Display, time::Duration};
use tokio::time::timeout;

/// How long one database may take for a heartbeat; less than the pause between two.
const LIMIT: Duration = Duration::from_secs(9);
/// A loop that is not heard of for this long is told in the log. A step of it may take minutes.
const LOST: Duration = Duration::from_mins(15);

/// Writes a heartbeat into both databases; one that takes none keeps the other from nothing.
pub async fn beat(services: &Services) -> Result<(), Infallible> {
    let Services {
        store,
        vault,
        heartbeats,
        clock,
        instance,
        ..
    } = services;
    let now = clock.now();
    let silences = heartbeats.silences(clock);
    for (which, silence) in &silences {
        if *silence > which.pause() + LOST {
            let minutes = silence.as_secs() / 60;
            tracing::error!(worker = which.name(), minutes, "a loop was not heard of");
        }
    }
    let loops: Vec<_> = silences
        .iter()
        .map(|(which, silence)| (which.name(), now - *silence))
        .collect();
    let (main, vault) = tokio::join!(
        written("main", store.beat(instance, &loops, now)),
        written("vault", vault.beat(instance, now)),
    );
    let passed = clock.passed();
    heartbeats.with(|inner| {
        if main {
            inner.main = Some(passed);
        }
        if vault {
            inner.vault = Some(passed);
        }
    });
    Ok(())
}

async fn written<E: Display>(database: &str, writing: impl Future<Output = Result<(), E>>) -> bool {
    match timeout(LIMIT, writing).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, database, "a heartbeat could not be written");
            false
        }
        Err(_) => {
            tracing::error!(database, "a heartbeat was not written in time");
            false
        }
    }
}
