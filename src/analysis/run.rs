//! An analysis as a row that a task works on: made, written at each step, and ended. Every instance shows it, and whoever
//! began it cancels it on any.

use super::{
    analyse::{analyse, begun},
    result::{Analysis, AnalysisEnd},
};
use crate::{
    accounts::permission::Forbidden,
    connect::{ConnectRequest, POLL_INTERVAL, running::take_place},
    services::Services,
};
use kalends_core::id::{CheckId, UserId};
use kalends_store::{StoreError, StoredAnalysis, User, held_place::HeldPlace};
use tokio::{sync::watch, task::JoinSet};

/// Starts an analysis and returns at once; it holds a place of the tests that this person may run until it has ended.
pub async fn start(
    services: &Services,
    by: &User,
    request: ConnectRequest,
) -> Result<CheckId, Forbidden> {
    let place = take_place(services, by.id).await?;
    let now = services.clock.now();
    let id = CheckId::new(now, services.random.bytes());
    let analysis = begun(id, &request, now);
    let row = StoredAnalysis {
        id,
        user_id: by.id,
        content: analysis.to_text()?,
        started_at: now,
        ended: None,
    };
    services.store.start_analysis(&row).await?;
    let (services, by) = (services.clone(), by.id);
    services.tasks.clone().spawn(async move {
        let (analysis, end) = run(&services, by, analysis, request, place).await;
        let written = match analysis.to_text() {
            Ok(text) => {
                let now = services.clock.now();
                services.store.finish_analysis(id, &text, end, now).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(%error, analysis.id = %id, "an analysis's end could not be written");
        }
    });
    Ok(id)
}

/// An analysis of this person's own.
pub async fn read(
    services: &Services,
    id: CheckId,
    by: UserId,
) -> Result<Option<Analysis>, StoreError> {
    let now = services.clock.now();
    let found = services.store.analysis(id, by, now).await?;
    found.as_ref().map(Analysis::of_row).transpose()
}

/// Asks an analysis of this person's own to stop.
pub async fn cancel(services: &Services, id: CheckId, by: UserId) -> Result<(), StoreError> {
    services.store.cancel_analysis(id, by).await
}

/// Analyses while writing down how far it is.
async fn run(
    services: &Services,
    by: UserId,
    analysis: Analysis,
    request: ConnectRequest,
    place: HeldPlace,
) -> (Analysis, AnalysisEnd) {
    let id = analysis.id;
    let (tell, mut told) = watch::channel(analysis);
    let mut poll = tokio::time::interval(POLL_INTERVAL);
    // In a task of its own: while a step is written down here, the test may be waiting for the same writer.
    let mut working = JoinSet::new();
    let worker = services.clone();
    working.spawn(async move {
        let _place = place;
        let tell = move |analysis: &Analysis| {
            tell.send_replace(analysis.clone());
        };
        Box::pin(analyse(&worker, (id, Some(by)), request, tell)).await
    });
    let end = loop {
        tokio::select! {
            Some(ended) = working.join_next() => match ended {
                Ok(whole) => return (whole, AnalysisEnd::Finished),
                Err(error) => {
                    tracing::error!(%error, analysis.id = %id, "an analysis broke");
                    break AnalysisEnd::Interrupted;
                }
            },
            () = services.stopping.cancelled() => break AnalysisEnd::Interrupted,
            Ok(()) = told.changed() => {
                let text = told.borrow_and_update().to_text();
                let written = match text {
                    Ok(text) => services.store.update_analysis(id, &text, services.clock.now()).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = written {
                    tracing::error!(%error, analysis.id = %id, "a step could not be shown");
                }
            }
            _ = poll.tick() => {
                if services.store.is_analysis_to_stop(id).await.unwrap_or(false) {
                    break AnalysisEnd::Cancelled;
                }
            }
        }
    };
    (told.borrow().clone(), end)
}
