//! Whether Kalends answers, whether it can work, and its numbers, for whoever watches it by program.

use crate::{command::CommandError, settings::SettingError};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use kalends::services::Services;
use std::net::{SocketAddr, TcpListener};
use tokio_util::sync::CancellationToken;

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Health {
    pub services: Services,
    /// Cancelled once Kalends was told to stop.
    pub stop: CancellationToken,
}

/// `/healthz` and `/readyz`: nobody needs to be signed in, and nothing is told but a word.
pub fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(health)
}

/// 200 where requests can be answered, 503 with the reason where not.
async fn ready(State(health): State<Health>) -> Response {
    let unready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
    if health.stop.is_cancelled() {
        return unready("stopping".to_owned()).into_response();
    }
    let Services { store, vault, .. } = &health.services;
    match tokio::join!(store.ready(), vault.ready()) {
        (Ok(()), Ok(())) => "ready\n".into_response(),
        (Err(why), _) => unready(format!("the main database {why}")).into_response(),
        (_, Err(why)) => unready(format!("the vault {why}")).into_response(),
    }
}

/// The numbers as `OpenMetrics` text.
async fn metrics(State(health): State<Health>) -> Response {
    let Services {
        metrics,
        store,
        clock,
        ..
    } = &health.services;
    match metrics.as_text(store, clock).await {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the numbers could not be told");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Listens where `KALENDS_METRICS_LISTEN` says, and answers until the process ends, so that it can be seen stopping.
pub fn listen_at(wanted: &str, health: Health) -> Result<SocketAddr, CommandError> {
    let bad = |cure: String| SettingError::new("KALENDS_METRICS_LISTEN", wanted, cure);
    let address: SocketAddr = wanted
        .parse()
        .map_err(|_| bad("use an address and a port, such as 127.0.0.1:9464".to_owned()))?;
    let cannot = |error: std::io::Error| bad(format!("cannot listen there ({error})"));
    let listener = TcpListener::bind(address).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let numbers = Router::new()
        .route("/metrics", get(metrics))
        .with_state(health.clone());
    let router = routes(health).merge(numbers);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the numbers are told no more");
        }
    });
    Ok(address)
}
