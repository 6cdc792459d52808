//! One action for many connections, chosen by an admin from the list, with a result for each.

use crate::{
    accounts::custody::CustodyError, connect, services::Services, sync, worker::WorkerContext,
};
use kalends_core::{
    audit::{self, AuditEntry},
    bulk_action::{Bulk, BulkAction, BulkLine, BulkOutcome},
    connection::ConnectionState,
    id::BulkId,
};
use kalends_store::{StoreError, User};
use std::time::Duration;
use tokio::task::JoinSet;

/// The most connections of one action.
pub const MAX_CONNECTIONS: usize = 5_000;
/// Results are written down in groups, so that a long list shows how far it is.
const GROUP: usize = 20;
/// What a process that is gone has left undone for this long is taken up by another.
const ABANDONED: Duration = Duration::from_mins(2);

/// Actions that were left undone and are gone on with at the same time.
const MAX_CONCURRENT: usize = 4;

/// Writes the action down and begins it; the first [`MAX_CONNECTIONS`] lines are taken.
pub async fn start(
    services: &Services,
    admin: &User,
    action: BulkAction,
    mut lines: Vec<BulkLine>,
) -> Result<BulkId, StoreError> {
    lines.truncate(MAX_CONNECTIONS);
    let at = services.clock.now();
    let bulk = Bulk {
        id: BulkId::new(at, services.random.bytes()),
        made_by: admin.id,
        at,
        action,
        finished_at: None,
        lines,
    };
    services.store.put_bulk(&bulk).await?;
    let (id, services) = (bulk.id, services.clone());
    services.tasks.clone().spawn(async move {
        if let Err(error) = go_on(&services, bulk).await {
            tracing::error!(%error, "an action for many connections was broken off");
        }
    });
    Ok(id)
}

/// Takes up what a process that is gone has left undone until told to stop; what is under way then is taken up anew.
pub(crate) async fn run(worker: &WorkerContext) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut under_way = JoinSet::new();
    while !stop.is_cancelled() {
        worker.alive();
        let now = services.clock.now();
        if under_way.len() < MAX_CONCURRENT {
            match services
                .store
                .take_abandoned_bulk(now - ABANDONED, now)
                .await
            {
                Ok(Some(bulk)) => {
                    let services = services.clone();
                    under_way.spawn(async move { go_on(&services, bulk).await });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "actions left undone could not be read"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = under_way.join_next() => {
                if let Ok(Err(error)) = ended {
                    tracing::error!(%error, "an action for many connections was broken off");
                }
            }
            () = worker.pause() => {}
        }
    }
}

async fn go_on(services: &Services, mut bulk: Bulk) -> Result<(), StoreError> {
    let Some(admin) = services.store.user(bulk.made_by).await? else {
        let now = services.clock.now();
        return services.store.finish_bulk(&bulk, now).await.map(drop);
    };
    for place in 0..bulk.lines.len() {
        if bulk.lines[place].done.is_some() {
            continue;
        }
        let done = one(services, &admin, bulk.action, &bulk.lines[place]).await;
        bulk.lines[place].done = Some(done.unwrap_or_else(|error| {
            tracing::error!(%error, "an action for one of many connections failed");
            BulkOutcome::Failed
        }));
        if (place + 1) % GROUP == 0 {
            let now = services.clock.now();
            if !services.store.keep_bulk(&bulk, now).await? {
                // This process was not heard of for a while: another one goes on from what was written down.
                return Ok(());
            }
        }
    }
    let now = services.clock.now();
    services.store.finish_bulk(&bulk, now).await.map(drop)
}

async fn one(
    services: &Services,
    admin: &User,
    action: BulkAction,
    line: &BulkLine,
) -> Result<BulkOutcome, CustodyError> {
    let store = &services.store;
    let Some(connection) = store.connection(line.connection).await? else {
        return Ok(BulkOutcome::Gone);
    };
    let now = services.clock.now();
    let entry = |action| AuditEntry::by(admin.id, action).about(connection.mailbox.as_str());
    let is_paused = connection.state == ConnectionState::Paused;
    Ok(match action {
        BulkAction::Check | BulkAction::Sync if is_paused => BulkOutcome::IsPaused,
        BulkAction::Check => {
            BulkOutcome::Checking(connect::check_again(services, admin, &connection, false).await?)
        }
        BulkAction::Sync => match sync::soon(services, admin, &connection).await? {
            sync::SyncRequest::Started | sync::SyncRequest::Waiting => BulkOutcome::Due,
            sync::SyncRequest::AccountStopped => BulkOutcome::AccountStopped,
            sync::SyncRequest::Paused => BulkOutcome::IsPaused,
        },
        BulkAction::Pause => {
            let entry = entry(audit::AuditAction::ConnectionPaused);
            store
                .pause_connection(connection.id, true, &entry, now)
                .await?;
            BulkOutcome::Paused
        }
        BulkAction::Resume => {
            let entry = entry(audit::AuditAction::ConnectionResumed);
            let goes_on = store
                .pause_connection(connection.id, false, &entry, now)
                .await?;
            services.wake.notify_one();
            if goes_on {
                BulkOutcome::Resumed
            } else {
                BulkOutcome::IsDisabled
            }
        }
        BulkAction::Disconnect => {
            let entry = entry(audit::AuditAction::Disconnected);
            let ended = services.custody().end(connection.user_id, &entry).await?;
            ended.map_or(BulkOutcome::Gone, |_| BulkOutcome::Disconnected)
        }
    })
}
