//! A form posted without script that could not be answered gets a page of its own, never a bare status.

use app::{
    AppError,
    request::{FailedForm, status_of},
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{pin::Pin, sync::Arc};

/// The header with which a server function marks its refusals.
const REFUSED: &str = "serverfnerror";
/// No route has it, so the page of what is not there is shown, with the words for this failure.
const NOWHERE: &str = "/failed-form";
/// The largest refusal that is read.
const MAX_FORM_BYTES: usize = 4096;

type Page = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Renders a page.
pub type Render = Arc<dyn Fn(Request) -> Page + Send + Sync>;

/// Puts a page in the place of a refused form, and gives a refusal that script reads the status it stands for;
/// redirects and other answers stay as they are.
pub async fn failed_forms(State(render): State<Render>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let accept = request.headers().get(header::ACCEPT);
    let is_form = accept
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let (mut parts, body) = request.into_parts();
    let answer = next.run(Request::from_parts(parts.clone(), body)).await;
    let is_refused = answer.headers().contains_key(REFUSED);
    let error = match answer.status() {
        StatusCode::PAYLOAD_TOO_LARGE if is_form => AppError::TooLarge,
        StatusCode::BAD_REQUEST if is_form && !is_refused => AppError::NotUnderstood,
        StatusCode::SEE_OTHER => return answer,
        _ if is_form && is_refused => refusal(answer).await,
        StatusCode::INTERNAL_SERVER_ERROR if is_refused => return with_status(answer).await,
        _ => return answer,
    };
    parts.method = Method::GET;
    parts.uri = Uri::from_static(NOWHERE);
    parts.extensions.insert(FailedForm(error));
    render(Request::from_parts(parts, Body::empty())).await
}

/// A server function answers 500 to whatever it did not set a status for, arguments that are none included.
async fn with_status(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(text) = axum::body::to_bytes(body, MAX_FORM_BYTES).await else {
        return parts.status.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<AppError>(&text) {
        parts.status = status_of(&error);
    }
    Response::from_parts(parts, Body::from(text))
}

async fn refusal(answer: Response) -> AppError {
    let text = axum::body::to_bytes(answer.into_body(), MAX_FORM_BYTES).await;
    text.ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_else(|| AppError::Internal {
            reference: "answer-not-understood".to_owned(),
        })
}
