//! Requests in the log: each has an id, which its answer carries as `x-request-id`, and a line when it was answered.
//!
//! A line tells the route, never the address: addresses may hold ids and words of people.

use app::request::HttpRequestId;
use axum::{
    extract::{MatchedPath, Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use kalends_core::random::Random;
use leptos::server_fn::axum::server_fn_paths;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{Instrument as _, field};

const FUNCTIONS: &str = "/api/{*function}";

/// Gives a request its id; what is logged while it is answered carries it.
pub async fn with_id(State(random): State<Random>, mut request: Request, next: Next) -> Response {
    let id = random.hex::<8>();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        request.method = %request.method(),
        request.route = field::Empty
    );
    request.extensions_mut().insert(HttpRequestId(id.clone()));
    let mut response = next.run(request).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Logs that a page, a file or a function was answered, and how.
pub async fn logged(request: Request, next: Next) -> Response {
    let route = route_of(&request);
    tracing::Span::current().record("request.route", &route);
    let begun = Instant::now();
    let response = next.run(request).await;
    let millis = as_millis(begun.elapsed());
    tracing::info!(status = response.status().as_u16(), millis, "answered");
    response
}

/// The route as it is written in the code, or the name of a function.
fn route_of(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    match matched.map(MatchedPath::as_str) {
        Some(FUNCTIONS) => {
            let asked = request.uri().path();
            let known = server_fn_paths().any(|(path, _)| path == asked);
            if known { asked } else { FUNCTIONS }.to_owned()
        }
        Some(route) => route.to_owned(),
        None => "none".to_owned(),
    }
}

fn as_millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
