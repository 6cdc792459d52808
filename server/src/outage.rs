//! While a database is down, whoever asks is told so within seconds, and when to ask again.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use kalends::services::Services;
use std::{pin::pin, time::Duration};
use tokio::time::timeout;

/// When to ask again, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("5");
/// How long an answer may take before the databases are looked at.
const PATIENCE: Duration = Duration::from_secs(1);

const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
<title>Kalends cannot reach its database</title></head><body><main><h1>Kalends cannot reach its database</h1>\
<p>Nothing was changed. This page looks again every five seconds; if it stays, tell whoever runs Kalends.</p></main></body></html>";
const LINE: &str =
    "Kalends cannot reach its database. Nothing was changed; try again in a few seconds.\n";

/// Answers 503 with a time to come back where a database does not answer: before a request is looked at, while it waits,
/// and in the place of a failure.
pub async fn told(State(services): State<Services>, request: Request, next: Next) -> Response {
    let accept = request.headers().get(header::ACCEPT);
    let is_reader = accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let is_read = request.method().is_safe();
    if is_down(&services).await {
        return unavailable(is_reader && is_read);
    }
    let mut answer = pin!(next.run(request));
    loop {
        match timeout(PATIENCE, &mut answer).await {
            Ok(answer) if !answer.status().is_server_error() => return answer,
            Ok(answer) => {
                return if is_down(&services).await {
                    unavailable(is_reader && is_read)
                } else {
                    answer
                };
            }
            Err(_) if is_down(&services).await => return unavailable(is_reader && is_read),
            Err(_) => {}
        }
    }
}

async fn is_down(services: &Services) -> bool {
    let (store, vault) = tokio::join!(services.store.answers(), services.vault.answers());
    for (database, answers) in [("main database", &store), ("vault", &vault)] {
        if let Err(reason) = answers {
            tracing::error!(database, %reason, "a database does not answer");
        }
    }
    store.is_err() || vault.is_err()
}

fn unavailable(as_page: bool) -> Response {
    let body = if as_page {
        Html(PAGE).into_response()
    } else {
        LINE.into_response()
    };
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, AGAIN);
    response
}
