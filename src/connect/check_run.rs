//! A check as a row that a task works on: made, followed step by step, and ended.

use super::connection_test::{Failure, Success, Tools};
use super::{connection_test, limits::POLL_INTERVAL};
use crate::{accounts::custody::CustodyError, services::Services};
use kalends_core::{
    check::{Check, Outcome, StepReport, TestSteps, Typed},
    connection::Mode,
    id::CheckId,
    problem::Problem,
};
use kalends_store::{StoreError, User};
use tokio::{sync::mpsc, task::JoinSet};

/// Whether what a test proved may be saved. A process that was not heard of for a while has had its tests ended, and people
/// were told so.
pub(super) async fn may_save(services: &Services, id: CheckId) -> bool {
    let ended = services.store.check(id).await.map(|found| {
        let outcome = found.map(|check| check.outcome.is_some());
        outcome.unwrap_or(true)
    });
    ended.is_ok_and(|ended| !ended)
}

/// A test that went well and could not be saved.
pub(super) fn unsaved(id: CheckId, error: &CustodyError) -> Outcome {
    if matches!(error, CustodyError::Store(StoreError::MailboxTaken)) {
        return failed(Problem::MailboxTaken.into());
    }
    if matches!(error, CustodyError::Store(StoreError::NotAllowed)) {
        return failed(Problem::PermissionGone.into());
    }
    tracing::error!(%error, check.id = %id, "what a check tested could not be saved");
    failed(Problem::Interrupted.into())
}

pub(super) fn new_check(services: &Services, user: &User, mode: Mode, typed: Typed) -> Check {
    let now = services.clock.now();
    Check {
        id: CheckId::new(now, services.random.bytes()),
        user_id: user.id,
        mode,
        typed,
        account_id: None,
        ladder: TestSteps::new(),
        outcome: None,
        waiting: None,
        started_at: now,
        finished_at: None,
    }
}

pub(super) fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        problem: Box::new(failure.problem),
        request_id: failure.request_id,
    }
}

/// Tests the connection while writing down how far it is; `None` when it was cancelled.
pub(super) async fn run_test(
    services: &Services,
    id: CheckId,
    tools: Tools,
    request: connection_test::TestRequest,
) -> (TestSteps, Option<Result<Success, Failure>>) {
    let (tell, mut told) = mpsc::unbounded_channel::<StepReport>();
    let mut ladder = TestSteps::new();
    let mut poll = tokio::time::interval(POLL_INTERVAL);
    // In a task of its own: while a step is written down here, the test may be waiting for the same writer.
    let mut testing = JoinSet::new();
    let held = services.running.held(id);
    testing.spawn(async move {
        let _held = held;
        connection_test::run(&tools, request, move |report| {
            let _ = tell.send(report);
        })
        .await
    });
    let ended = loop {
        tokio::select! {
            Some(ended) = testing.join_next() => match ended {
                Ok(ended) => break Some(ended),
                Err(error) => {
                    tracing::error!(%error, check.id = %id, "a check broke");
                    break Some(Err(Problem::Interrupted.into()));
                }
            },
            () = services.stopping.cancelled() => {
                break Some(Err(Problem::Interrupted.into()));
            }
            Some(report) = told.recv() => {
                ladder.set(report);
                while let Ok(report) = told.try_recv() {
                    ladder.set(report);
                }
                if let Err(error) = services.store.update_ladder(id, &ladder).await {
                    tracing::error!(%error, check.id = %id, "a step could not be shown");
                }
            }
            _ = poll.tick() => {
                if services.store.is_to_stop(id).await.unwrap_or(false) {
                    // A password that was sent has its verdict awaited all the same.
                    break None;
                }
            }
        }
    };
    while let Ok(report) = told.try_recv() {
        ladder.set(report);
    }
    (ladder, ended)
}

pub(super) async fn finish(
    services: &Services,
    id: CheckId,
    ladder: &TestSteps,
    outcome: &Outcome,
) {
    if let Err(error) = services
        .store
        .finish_check(id, ladder, outcome, services.clock.now())
        .await
    {
        tracing::error!(%error, check.id = %id, "a check's end could not be written");
    }
    services.running.end(id);
}
