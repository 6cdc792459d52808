//! While a database is down, or takes no changes, whoever asks is told so within seconds, and when to ask again.

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
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");
/// How long an answer may take before the databases are looked at.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\">\
<title>Kalends cannot use its database</title></head><body><main><h1>Kalends cannot use its database</h1>\
<p>This page looks again every five seconds. If it stays, tell whoever runs Kalends: the log says why.</p></main></body></html>";
const LINE: &str = "Kalends cannot use its database. What you sent may not have been saved: look before you send it again, in a \
                    few seconds.\n";

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
        match timeout(ANSWER_LIMIT, &mut answer).await {
            Ok(answer) if !answer.status().is_server_error() => return answer,
            Ok(answer) => {
                return if is_down(&services).await || takes_no_changes(&services).await {
                    unavailable(is_reader && is_read)
                } else {
                    answer
                };
            }
            Err(_) if is_down(&services).await || takes_no_changes(&services).await => {
                return unavailable(is_reader && is_read);
            }
            Err(_) => {}
        }
    }
}

async fn is_down(services: &Services) -> bool {
    let both = tokio::join!(services.store.answers(), services.vault.answers());
    is_told(both, "a database does not answer")
}

async fn takes_no_changes(services: &Services) -> bool {
    let both = tokio::join!(
        services.store.can_be_written(),
        services.vault.can_be_written()
    );
    is_told(both, "a database takes no changes")
}

/// Whether one of the two is out of order, which the log tells.
fn is_told((store, vault): (Result<(), String>, Result<(), String>), what: &str) -> bool {
    for (database, found) in [("main database", &store), ("vault", &vault)] {
        if let Err(reason) = found {
            tracing::error!(database, %reason, "{what}");
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
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
    response
}
