//! Whether Kalends answers, whether it can work, and its numbers, for whoever watches it by program.

use crate::{
    command::error::CommandError,
    connections::{ConnectionLimits, ConnectionServer, Places},
    lock_watch::{LockWatch, misplaced},
    setting_error::SettingError,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use kalends::{accounts::custody::holds_every_key, services::Services};
use kalends_store::database::Unready;
use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the numbers may take: they are counted in the main database.
const LIMIT: Duration = Duration::from_secs(3);

/// What the answers are made of.
#[derive(Debug, Clone)]
pub struct Health {
    pub services: Services,
    /// Cancelled once Kalends was told to stop.
    pub stop: CancellationToken,
    pub locks: LockWatch,
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
    if health.stop.is_cancelled() {
        return unready("stopping".to_owned()).into_response();
    }
    let Services {
        store,
        vault,
        heartbeats,
        clock,
        ..
    } = &health.services;
    if let Some(why) = misplaced(store, vault) {
        return unready(why).into_response();
    }
    if let Some(why) = health.locks.look() {
        return unready(why).into_response();
    }
    match tokio::join!(store.ready(), vault.ready()) {
        (Ok(()), Ok(())) => match heartbeats.recent(clock) {
            // Another instance has sealed with a key that this one was not given.
            Ok(()) if holds_every_key(store, vault).await.is_err() => {
                unready("the vault needs a key that is not here".to_owned()).into_response()
            }
            Ok(()) => "ready\n".into_response(),
            Err(silent) => unready(silent.to_string()).into_response(),
        },
        (Err(why), _) => {
            let why = with_reason(why, store.answers().await);
            unready(format!("the main database {why}")).into_response()
        }
        (_, Err(why)) => {
            let why = with_reason(why, vault.answers().await);
            unready(format!("the vault {why}")).into_response()
        }
    }
}

fn unready(why: String) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, why + "\n")
}

fn with_reason(why: Unready, answers: Result<(), String>) -> String {
    match answers {
        Err(reason) if why == Unready::Silent => format!("{why}: {reason}"),
        Ok(()) | Err(_) => why.to_string(),
    }
}

/// The numbers as `OpenMetrics` text.
async fn metrics(State(health): State<Health>) -> Response {
    let Services {
        metrics,
        store,
        heartbeats,
        clock,
        ..
    } = &health.services;
    let told = timeout(LIMIT, metrics.as_text(store, heartbeats, clock));
    let Ok(told) = told.await else {
        return unready("the main database does not answer".to_owned()).into_response();
    };
    match told {
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
    let places = Places::new(ConnectionLimits::for_watchers(), [].into());
    let server = ConnectionServer::new(router, places, None, CancellationToken::new());
    tokio::spawn(server.serve(listener, Duration::ZERO));
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use kalends::worker;
    use kalends_core::{
        clock::{Clock, Timestamp},
        random::Random,
    };
    use kalends_exchange::outbound::{Outbound, OutboundConfig};
    use kalends_store::{
        Store,
        vault::{KeySource, Vault},
    };
    use std::{path::Path, time::Duration};
    use tower::ServiceExt as _;

    async fn services(folder: &Path, clock: &Clock) -> Services {
        let url = |name: &str| format!("sqlite://{}", folder.join(name).display());
        let random = Random::from_system();
        let keys = KeySource {
            keys: None,
            file: None,
            new_file: folder.join("vault.keys"),
        };
        let config = OutboundConfig::parse("", "", None).unwrap();
        Services::new(
            Store::open(&url("kalends.db"), random.clone())
                .await
                .unwrap(),
            Vault::open(&url("vault.db"), &keys, random.clone())
                .await
                .unwrap(),
            Outbound::new(config, clock.clone()).unwrap(),
            clock.clone(),
            random,
        )
    }

    /// Status and words of `/readyz`.
    async fn readyz(services: &Services) -> (StatusCode, String) {
        let health = Health {
            services: services.clone(),
            stop: CancellationToken::new(),
            locks: LockWatch::default(),
        };
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        let answer = routes(health).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1000)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_heartbeat_of_half_a_minute_ago_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::held(Timestamp::from_seconds(1_772_438_400));
        let services = services(folder.path(), &clock).await;
        let Ok(()) = worker::beat(&services).await;
        clock.advance(Duration::from_millis(29_999));
        assert_eq!(
            readyz(&services).await,
            (StatusCode::OK, "ready\n".to_owned())
        );
        clock.advance(Duration::from_millis(1));
        let (status, words) = readyz(&services).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(words.contains("takes no changes"), "{words}");
        let Ok(()) = worker::beat(&services).await;
        assert_eq!(readyz(&services).await.0, StatusCode::OK);
    }
}
