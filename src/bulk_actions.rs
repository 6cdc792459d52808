//! One action for many connections, chosen by an admin from the list, with a result for each.

use crate::{
    accounts::custody::CustodyError,
    connect,
    jobs::{SLICE, whose},
    services::Services,
    sync,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    bulk_action::{BulkAction, BulkLine, BulkOutcome},
    connection::{Connection, ConnectionState},
    id::JobId,
    job::{JobError, JobKind, JobState, Turn},
    rights::Right,
};
use kalends_store::{LeasedJob, StoreError, User};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The most connections of one action.
pub const MAX_CONNECTIONS: usize = 5_000;
/// How many are read at a time.
const GROUP: i64 = 50;

/// Writes the action down, to be taken up at once, or as a draft that a question is asked about, in place of an earlier one;
/// the first [`MAX_CONNECTIONS`] lines are taken.
pub async fn start(
    services: &Services,
    admin: &User,
    action: BulkAction,
    mut lines: Vec<BulkLine>,
    state: JobState,
) -> Result<JobId, StoreError> {
    lines.truncate(MAX_CONNECTIONS);
    let made = (admin.id, services.clock.now());
    let kind = JobKind::BulkAction;
    let id = services
        .store
        .add_job(kind, state, &action, &lines, made)
        .await?;
    services.wake_jobs.notify_one();
    Ok(id)
}

/// Goes on with an action for a while.
pub(crate) async fn work(
    services: &Services,
    job: &LeasedJob,
    stop: &CancellationToken,
) -> Result<Turn, StoreError> {
    let until = Instant::now() + SLICE;
    let action: BulkAction = job.payload()?;
    let store = &services.store;
    loop {
        let open = store.open_items::<BulkLine>(job.job.id, GROUP).await?;
        if open.is_empty() {
            return Ok(Turn::Done);
        }
        for (position, line) in open {
            if stop.is_cancelled() || Instant::now() > until {
                return Ok(Turn::Continue);
            }
            let Some(admin) = whose(services, &job.job, Right::Connections).await? else {
                return Ok(Turn::Failed(JobError::NotAllowed));
            };
            let one = Step {
                services,
                admin: &admin,
                job,
                position,
            };
            let outcome = match one.done(action, &line).await {
                Ok(outcome) => outcome,
                Err(CustodyError::Store(error)) if error.is_for_now() => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "an action for one of many connections failed");
                    BulkOutcome::Failed
                }
            };
            store.keep_result_of(&job.lease, position, &outcome).await?;
        }
    }
}

/// One of the connections.
struct Step<'a> {
    services: &'a Services,
    admin: &'a User,
    job: &'a LeasedJob,
    position: i64,
}

impl Step<'_> {
    async fn done(&self, action: BulkAction, line: &BulkLine) -> Result<BulkOutcome, CustodyError> {
        let connection = self.services.store.connection(line.connection).await?;
        let Some(connection) = connection else {
            return Ok(BulkOutcome::Gone);
        };
        let is_paused = connection.state == ConnectionState::Paused;
        Ok(match action {
            BulkAction::Check | BulkAction::Sync if is_paused => BulkOutcome::IsPaused,
            BulkAction::Check => {
                let started =
                    connect::check_again(self.services, self.admin, &connection, false).await?;
                BulkOutcome::Checking(started)
            }
            BulkAction::Sync => {
                let services = self.keeping(BulkOutcome::Due)?;
                match sync::soon(&services, self.admin, &connection).await? {
                    sync::SyncRequest::Started | sync::SyncRequest::Waiting => BulkOutcome::Due,
                    sync::SyncRequest::AccountStopped => BulkOutcome::AccountStopped,
                    sync::SyncRequest::Paused => BulkOutcome::IsPaused,
                }
            }
            BulkAction::Pause => {
                self.pause(&connection, true, BulkOutcome::Paused).await?;
                BulkOutcome::Paused
            }
            BulkAction::Resume => {
                let goes_on = self.pause(&connection, false, BulkOutcome::Resumed).await?;
                self.services.wake.notify_one();
                if goes_on {
                    BulkOutcome::Resumed
                } else {
                    BulkOutcome::IsDisabled
                }
            }
            BulkAction::Disconnect => {
                let entry = self.entry(AuditAction::Disconnected, &connection);
                let custody = self.keeping(BulkOutcome::Disconnected)?.custody();
                let ended = custody.end(connection.user_id, &entry).await?;
                ended.map_or(BulkOutcome::Gone, |_| BulkOutcome::Disconnected)
            }
        })
    }

    async fn pause(
        &self,
        connection: &Connection,
        paused: bool,
        outcome: BulkOutcome,
    ) -> Result<bool, StoreError> {
        let action = if paused {
            AuditAction::ConnectionPaused
        } else {
            AuditAction::ConnectionResumed
        };
        let entry = self.entry(action, connection);
        let store = self.keeping(outcome)?.store;
        let now = self.services.clock.now();
        store
            .pause_connection(connection.id, paused, &entry, now)
            .await
    }

    fn entry(&self, action: AuditAction, connection: &Connection) -> AuditEntry {
        AuditEntry::by(self.admin.id, action).about(connection.mailbox.as_str())
    }

    /// The services with a store that keeps the outcome together with what is changed.
    fn keeping(&self, outcome: BulkOutcome) -> Result<Services, StoreError> {
        let store = &self.services.store;
        let doing = store.doing(&self.job.lease, self.position, &outcome)?;
        Ok(self.services.with_store(doing))
    }
}
