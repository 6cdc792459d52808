//! Keeping stored calendars in step: a worker takes accounts that have connections due, alone in all instances, and
//! gives each connection a round.
//!
//! Rounds of one account share a few signed-in connections, which sign in one after another, so that a changed password
//! is refused once. How a failure changes the plan is decided in [`plan`] and nowhere else.

mod clients;
mod kept;
pub mod plan;
mod round;
mod turn;

pub(crate) use clients::Clients;
pub use clients::open_secret;
pub use kept::Kept;

use crate::{
    audit::{self, Action, Entry},
    connection::{Connection, ConnectionState},
    services::Services,
    store::{StoreError, User},
};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the worker looks for due rows when nothing wakes it.
const LOOK: Duration = Duration::from_secs(1);
/// Accounts at work at the same time in one instance.
const AT_ONCE: usize = 8;
/// How long an account is held at most; whoever has died by then is replaced.
pub const LEASE: Duration = Duration::from_mins(3);
/// How often checks are looked for whose process is gone.
const MINUTE: Duration = Duration::from_mins(1);
/// How often the vault learns the end of the audit trail: lines younger than this could be cut off unseen.
const FOLLOW: Duration = Duration::from_secs(10);
/// How often forgotten secrets are looked for.
const SWEEP: Duration = Duration::from_hours(1);

/// Works through due rows until told to stop; rounds under way are then given up and their accounts given back.
pub async fn work(services: Services, stop: CancellationToken) {
    let mut swept = services.clock.now();
    let (mut looked, mut followed) = (swept, swept);
    anchor(&services).await;
    while !stop.is_cancelled() {
        services.kept.purge(services.clock.now());
        match tend_until(&services, &stop).await {
            Ok(0) => {}
            Ok(rounds) => {
                tracing::debug!(rounds, "rounds ended");
                continue;
            }
            Err(error) => tracing::error!(%error, "due connections could not be read"),
        }
        if services.clock.now().since(swept) > SWEEP {
            swept = services.clock.now();
            if let Err(error) = services.custody().sweep().await {
                tracing::error!(%error, "forgotten secrets could not be looked for");
            }
            anchor(&services).await;
            if let Err(error) = services.store.forget_history(services.clock.now()).await {
                tracing::error!(%error, "old history could not be forgotten");
            }
            if let Err(error) = services.store.forget_notices(services.clock.now()).await {
                tracing::error!(%error, "old notices could not be forgotten");
            }
        }
        if services.clock.now().since(followed) > FOLLOW {
            followed = services.clock.now();
            follow(&services).await;
        }
        if services.clock.now().since(looked) > MINUTE {
            looked = services.clock.now();
            if let Err(error) = crate::connect::end_interrupted(&services).await {
                tracing::error!(%error, "interrupted checks could not be ended");
            }
            if let Err(error) = crate::bulk::take_up_abandoned(&services).await {
                tracing::error!(%error, "actions for many connections could not be gone on with");
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = services.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    follow(&services).await;
}

/// Lets the vault remember the present end of the audit trail.
async fn follow(services: &Services) {
    let now = services.clock.now();
    if let Err(error) = audit::follow(&services.store, &services.vault, now).await {
        tracing::error!(%error, "the end of the audit trail could not be remembered");
    }
}

/// Looks at the audit trail and remembers its end in the vault.
async fn anchor(services: &Services) {
    let now = services.clock.now();
    if let Err(error) = audit::anchor(&services.store, &services.vault, now).await {
        tracing::error!(%error, "the audit trail could not be looked at");
    }
}

/// Gives the connections that are due now one round each, and returns how many that were.
pub async fn tend(services: &Services) -> Result<usize, StoreError> {
    tend_until(services, &CancellationToken::new()).await
}

async fn tend_until(services: &Services, stop: &CancellationToken) -> Result<usize, StoreError> {
    let mut turns = JoinSet::new();
    let mut rounds = 0;
    loop {
        let stopped = stop.is_cancelled();
        let free = if stopped {
            0
        } else {
            AT_ONCE.saturating_sub(turns.len())
        };
        for leased in services
            .store
            .lease_due_accounts(services.clock.now(), free, LEASE)
            .await?
        {
            let (services, stop) = (services.clone(), stop.clone());
            turns.spawn(async move { turn::turn(&services, leased, &stop).await });
        }
        match turns.join_next().await {
            Some(ended) => rounds += ended.unwrap_or(0),
            None => return Ok(rounds),
        }
    }
}

/// Deletes the copy of a connection's calendar and reads it anew at once; false, with nothing deleted, if nothing can be
/// read because the connection is paused or its account stopped.
pub async fn rebuild(
    services: &Services,
    by: &User,
    connection: &Connection,
) -> Result<bool, StoreError> {
    let account = services.store.account(connection.account_id).await?;
    let is_stopped = account.is_none_or(|account| account.saved_refusals > 0);
    if is_stopped || connection.state == ConnectionState::Paused {
        return Ok(false);
    }
    let entry = Entry::by(by.id, Action::RebuildRequested).about(connection.mailbox.as_str());
    let now = services.clock.now();
    services.store.rebuild(connection.id, &entry, now).await?;
    services.wake.notify_one();
    Ok(true)
}

/// What came of asking for a round at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It starts within a second, and its round signs in anew: who asks wants to know whether it works.
    Started,
    /// Its account's password was refused: nothing would come of it.
    AccountStopped,
    /// It is paused, alone or with its account or everything.
    Paused,
}

/// Makes a connection due at once.
pub async fn soon(
    services: &Services,
    by: &User,
    connection: &Connection,
) -> Result<Asked, StoreError> {
    if connection.state == ConnectionState::Paused {
        return Ok(Asked::Paused);
    }
    let account = services.store.account(connection.account_id).await?;
    if account.is_none_or(|account| account.saved_refusals > 0) {
        return Ok(Asked::AccountStopped);
    }
    let entry = Entry::by(by.id, Action::SyncRequested).about(connection.mailbox.as_str());
    services
        .store
        .make_due(connection.id, &entry, services.clock.now())
        .await?;
    services.kept.close(connection.account_id);
    services.wake.notify_one();
    Ok(Asked::Started)
}
