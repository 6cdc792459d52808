//! What Kalends does by itself, as loops that know nothing of each other: none waits for another, and one that breaks
//! begins anew.
//!
//! Each tells that it goes on ([`Heartbeats`]); the heartbeat loop writes that down in both databases.

mod clock_watch;
mod context;
mod heartbeat;
mod heartbeats;
mod housekeeping;
mod jobs;
mod loops;
mod watch_clock;

pub use clock_watch::ClockWatch;
pub(crate) use context::WorkerContext;
pub use heartbeat::beat;
pub use heartbeats::{Heartbeats, Silent};
pub use jobs::{run_due_jobs, run_due_jobs_of};
pub use loops::Loop;
pub use watch_clock::watch_clock;

use crate::{
    audit, connect, notify,
    services::{Services, instance},
    sync,
};
use context::sleep;
use futures::{FutureExt as _, future::BoxFuture};
use std::time::Duration;
use strum::VariantArray as _;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// How long a loop that broke waits before it begins anew.
const RESTART_DELAY: Duration = Duration::from_secs(5);

/// Keeps every loop going until told to stop, and returns when all have ended.
pub async fn run(services: Services, stop: CancellationToken) {
    let mut loops = JoinSet::new();
    for which in Loop::VARIANTS {
        loops.spawn(keep_going(WorkerContext {
            services: services.clone(),
            stop: stop.clone(),
            which: *which,
        }));
    }
    while loops.join_next().await.is_some() {}
    // The lines that the loops wrote while they ended.
    if let Err(error) = services.custody().remember_trail().await {
        tracing::error!(%error, "the end of the audit trail could not be remembered");
    }
}

/// What one loop does.
fn work(context: &WorkerContext) -> BoxFuture<'_, ()> {
    match context.which {
        Loop::Heartbeat => context
            .repeat(|it| async move { beat(&it).await }.boxed())
            .boxed(),
        Loop::Instance => context
            .repeat(|it| async move { instance::tell(&it).await }.boxed())
            .boxed(),
        Loop::Standing => context
            .repeat(|it| async move { it.compare_databases().await.map(drop) }.boxed())
            .boxed(),
        Loop::Clock => context
            .repeat(|it| async move { watch_clock(&it).await }.boxed())
            .boxed(),
        Loop::Sync => sync::run(context).boxed(),
        Loop::Jobs => jobs::run(context).boxed(),
        Loop::Notices => context
            .repeat(|it| async move { notify::update_incidents(&it).await }.boxed())
            .boxed(),
        Loop::Checks => context
            .repeat(|it| async move { connect::end_interrupted(&it).await }.boxed())
            .boxed(),
        Loop::TrailMemory => context
            .repeat(|it| async move { it.custody().remember_trail().await }.boxed())
            .boxed(),
        Loop::TrailLook => context
            .repeat(|it| async move { check_trail(&it).await }.boxed())
            .boxed(),
        Loop::Sessions => context
            .repeat(|it| async move { housekeeping::forget_sessions(&it).await }.boxed())
            .boxed(),
        Loop::Announcements => hear_other_instances(context).boxed(),
        Loop::Housekeeping => context
            .repeat(|it| async move { housekeeping::keep_house(&it).await }.boxed())
            .boxed(),
    }
}

async fn keep_going(context: WorkerContext) {
    while !context.stop.is_cancelled() {
        let working = context.clone();
        let working = tokio::spawn(async move { work(&working).await });
        let working = AbortOnDropHandle::new(working);
        if let Err(error) = working.await {
            tracing::error!(%error, worker = context.which.name(), "a loop broke and begins anew");
            let rest = sleep(&context.services.clock, RESTART_DELAY);
            context.stop.run_until_cancelled(rest).await;
        }
    }
}

async fn hear_other_instances(context: &WorkerContext) {
    let hearing = context.services.store.hear_other_instances();
    let trimming =
        context.repeat(|it| async move { it.store.trim_changes().await.map(drop) }.boxed());
    tokio::join!(context.stop.run_until_cancelled(hearing), trimming);
}

async fn check_trail(services: &Services) -> Result<(), audit::TrailError> {
    let now = services.clock.now();
    let looked = audit::anchor(&services.store, &services.vault, now).await;
    looked.map(drop)
}
