//! What Kalends does by itself, as loops that know nothing of each other: none waits for another, and one that breaks
//! begins anew.
//!
//! Each tells that it goes on ([`Heartbeats`]); the heartbeat loop writes that down in both databases.

mod clock_watch;
mod heartbeat;
mod housekeeping;

pub use clock_watch::{ClockWatch, watch_clock};
pub use heartbeat::{Heartbeats, Silent, beat};

use crate::{
    audit, bulk_actions, connect, mailbox_scope, notify,
    services::{Services, instance},
    sync,
};
use futures::{FutureExt as _, future::BoxFuture};
use kalends_core::{clock::Clock, notice::Channel};
use std::{fmt::Display, time::Duration};
use strum::VariantArray as _;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// How long a loop that broke waits before it begins anew.
const REST: Duration = Duration::from_secs(5);

/// The loops, by the name that is told and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Loop {
    /// Writes down in both databases that all of this goes on.
    Heartbeat,
    /// Tells that this instance runs, and which keys it holds.
    Instance,
    /// Compares the two databases.
    Standing,
    /// Looks whether the clock was set.
    Clock,
    /// Gives connections that are due their round.
    Sync,
    /// Works through maps of mailboxes.
    Maps,
    /// Compares what is wrong with what was told.
    Notices,
    Mail,
    Webhooks,
    /// Takes up actions for many connections that another process left undone.
    Bulks,
    /// Ends checks whose process is gone.
    Checks,
    /// Lets the vault remember the end of the audit trail.
    TrailMemory,
    /// Looks at the whole audit trail.
    TrailLook,
    /// Clears away sessions that have ended, what strangers left behind among them.
    Sessions,
    /// Forgets what is no longer needed.
    Housekeeping,
}

impl Loop {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Between two steps of a loop that does the same thing again and again.
    const fn pause(self) -> Duration {
        match self {
            Self::Heartbeat | Self::Instance | Self::Clock | Self::TrailMemory => {
                Duration::from_secs(10)
            }
            Self::Sync | Self::Maps => Duration::from_secs(1),
            Self::Mail | Self::Webhooks => Duration::from_secs(5),
            Self::Notices => Duration::from_secs(30),
            Self::Standing | Self::Bulks | Self::Checks | Self::Sessions => Duration::from_mins(1),
            Self::TrailLook | Self::Housekeeping => Duration::from_hours(1),
        }
    }
}

/// One loop at work.
#[derive(Clone)]
pub(crate) struct WorkerContext {
    pub services: Services,
    pub stop: CancellationToken,
    which: Loop,
}

impl WorkerContext {
    /// Tells that the loop goes on.
    pub fn alive(&self) {
        let Services {
            heartbeats, clock, ..
        } = &self.services;
        heartbeats.alive(self.which, clock);
    }

    /// Ends when it is time for the next look.
    pub async fn pause(&self) {
        sleep(&self.services.clock, self.which.pause()).await;
    }

    /// Does something again and again until told to stop; a step under way is then given up.
    async fn repeat<E: Display>(&self, step: fn(Services) -> BoxFuture<'static, Result<(), E>>) {
        let repeated = async {
            loop {
                self.alive();
                if let Err(error) = step(self.services.clone()).await {
                    tracing::error!(%error, worker = self.which.name(), "a step failed");
                }
                self.pause().await;
            }
        };
        self.stop.run_until_cancelled(repeated).await;
    }

    fn work(&self) -> BoxFuture<'_, ()> {
        match self.which {
            Loop::Heartbeat => self
                .repeat(|it| async move { beat(&it).await }.boxed())
                .boxed(),
            Loop::Instance => self
                .repeat(|it| async move { instance::tell(&it).await }.boxed())
                .boxed(),
            Loop::Standing => self
                .repeat(|it| async move { it.look_at_standing().await.map(drop) }.boxed())
                .boxed(),
            Loop::Clock => self
                .repeat(|it| async move { watch_clock(&it).await }.boxed())
                .boxed(),
            Loop::Sync => sync::run(self).boxed(),
            Loop::Maps => mailbox_scope::run(self).boxed(),
            Loop::Notices => self
                .repeat(|it| async move { notify::look(&it).await }.boxed())
                .boxed(),
            Loop::Mail => notify::deliver(self, Channel::Mail).boxed(),
            Loop::Webhooks => notify::deliver(self, Channel::Webhook).boxed(),
            Loop::Bulks => bulk_actions::run(self).boxed(),
            Loop::Checks => self
                .repeat(|it| async move { connect::end_interrupted(&it).await }.boxed())
                .boxed(),
            Loop::TrailMemory => self
                .repeat(|it| async move { it.custody().remember_trail().await }.boxed())
                .boxed(),
            Loop::TrailLook => self
                .repeat(|it| async move { look_at_trail(&it).await }.boxed())
                .boxed(),
            Loop::Sessions => self
                .repeat(|it| async move { housekeeping::forget_sessions(&it).await }.boxed())
                .boxed(),
            Loop::Housekeeping => self
                .repeat(|it| async move { housekeeping::keep_house(&it).await }.boxed())
                .boxed(),
        }
    }
}

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

async fn keep_going(turn: WorkerContext) {
    while !turn.stop.is_cancelled() {
        let working = turn.clone();
        let working = tokio::spawn(async move { working.work().await });
        let working = AbortOnDropHandle::new(working);
        if let Err(error) = working.await {
            tracing::error!(%error, worker = turn.which.name(), "a loop broke and begins anew");
            let rest = sleep(&turn.services.clock, REST);
            turn.stop.run_until_cancelled(rest).await;
        }
    }
}

async fn look_at_trail(services: &Services) -> Result<(), audit::TrailError> {
    let now = services.clock.now();
    let looked = audit::anchor(&services.store, &services.vault, now).await;
    looked.map(drop)
}

/// Returns once so much time went by, however the system's clock is set.
async fn sleep(clock: &Clock, time: Duration) {
    /// How often a held clock is looked at.
    const POLL_INTERVAL: Duration = Duration::from_millis(5);
    if !clock.is_held() {
        return tokio::time::sleep(time).await;
    }
    let end = clock.passed() + time;
    while clock.passed() < end {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
