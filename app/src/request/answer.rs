//! How a server function answers beside its result: with a status, a redirect, or the wish to be asked again.

use super::context::{FailedForm, HttpRequestId, is_plain, parts, services};
use crate::AppError;
use axum::http::{HeaderValue, StatusCode, header};
use kalends::people::hashing::HashingBusy;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use std::fmt::Display;

/// Why the form failed whose page this is; a page that is not there otherwise.
pub fn failure() -> AppError {
    let error = parts()
        .and_then(|parts| parts.extensions.get::<FailedForm>().cloned())
        .map_or(AppError::NotYours, |FailedForm(error)| error);
    set_status(status_of(&error));
    if let AppError::Busy { seconds } = error {
        retry_after(seconds);
    }
    error
}

/// The HTTP status that stands for a refusal.
pub const fn status_of(error: &AppError) -> StatusCode {
    match error {
        AppError::SignedOut => StatusCode::UNAUTHORIZED,
        AppError::NotYours => StatusCode::NOT_FOUND,
        AppError::NotUnderstood => StatusCode::BAD_REQUEST,
        AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        AppError::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        AppError::Unreachable | AppError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Logs what went wrong under a reference and shows people only the reference.
pub fn internal(error: impl Display) -> AppError {
    let reference = services().random.hex::<5>();
    // Parts of a page are loaded outside the request's span.
    let id = parts().and_then(|parts| parts.extensions.get::<HttpRequestId>().cloned());
    let id = id.map(|HttpRequestId(id)| id);
    tracing::error!(request.id = id, %reference, %error, "a request could not be answered");
    set_status(StatusCode::INTERNAL_SERVER_ERROR);
    AppError::Internal { reference }
}

/// Tells people, and programs by `Retry-After`, to come again in a moment.
pub fn busy(told: HashingBusy) -> AppError {
    let seconds = told.retry_after.as_secs();
    set_status(StatusCode::SERVICE_UNAVAILABLE);
    retry_after(seconds);
    AppError::Busy { seconds }
}

fn retry_after(seconds: u64) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(header::RETRY_AFTER, seconds.into());
    }
}

/// Tells that there is no such thing, or not for who asks.
pub fn not_there() -> AppError {
    set_not_found();
    AppError::NotYours
}

/// Sends the browser on with 303 after a form, or with a redirect while a page is rendered.
pub fn see_other(path: &str) {
    leptos_axum::redirect(path);
    // Pages are asked for with GET, whatever the asker says it accepts.
    let is_page = parts().is_some_and(|parts| parts.method == axum::http::Method::GET);
    if let (true, Some(response)) = (is_plain() || is_page, use_context::<ResponseOptions>()) {
        response.set_status(StatusCode::SEE_OTHER);
        if let Ok(value) = HeaderValue::from_str(path) {
            response.insert_header(header::LOCATION, value);
        }
    }
}

pub fn set_not_found() {
    set_status(StatusCode::NOT_FOUND);
}

pub fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

/// A text as an address that downloads it.
pub fn as_data(text: &str) -> String {
    let text = crate::percent::encoded(text);
    format!("data:text/plain;charset=utf-8,{text}")
}
