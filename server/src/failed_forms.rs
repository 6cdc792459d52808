//! A form posted without script that could not be answered gets a page of its own, never a bare status.

use app::{AppError, request::FailedForm};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use std::{pin::Pin, sync::Arc};

/// The header with which a server function marks its refusals.
const REFUSED: &str = "serverfnerror";
/// No route has it, so the page of what is not there is shown, with the words for this failure.
const NOWHERE: &str = "/failed-form";
/// The largest refusal that is read.
const LARGEST: usize = 4096;

type Page = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Renders a page.
pub type Render = Arc<dyn Fn(Request) -> Page + Send + Sync>;

/// Puts a page in the place of a refused form; redirects and answers to script stay as they are.
pub async fn failed_forms(State(render): State<Render>, request: Request, next: Next) -> Response {
    let is_form = request.method() == Method::POST
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if !is_form {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let answer = next.run(Request::from_parts(parts.clone(), body)).await;
    let error = match answer.status() {
        StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge,
        StatusCode::SEE_OTHER => return answer,
        _ if answer.headers().contains_key(REFUSED) => refusal(answer).await,
        _ => return answer,
    };
    parts.method = Method::GET;
    parts.uri = Uri::from_static(NOWHERE);
    parts.extensions.insert(FailedForm(error));
    render(Request::from_parts(parts, Body::empty())).await
}

async fn refusal(answer: Response) -> AppError {
    let text = axum::body::to_bytes(answer.into_body(), LARGEST).await;
    text.ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_else(|| AppError::Internal {
            reference: "answer-not-understood".to_owned(),
        })
}
