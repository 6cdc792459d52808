//! What a request carries: its parts, the services, and what the server's layers have found out about it.

use crate::AppError;
use axum::http::{header, request::Parts};
use kalends::services::Services;
use leptos::prelude::*;

/// Scheme, host and port under which people open Kalends; in the context of every page.
#[derive(Debug, Clone)]
pub struct PublicOrigin(pub String);

/// In the extensions of a request for a page that tells why a form failed.
#[derive(Debug, Clone)]
pub struct FailedForm(pub AppError);

/// The address that a request came from, as far as the proxies in between are trusted.
#[derive(Debug, Clone)]
pub struct ClientAddress(pub String);

/// The id of a request in the log and in the header of its answer.
#[derive(Debug, Clone)]
pub struct HttpRequestId(pub String);

pub fn services() -> Services {
    expect_context()
}

pub fn parts() -> Option<Parts> {
    use_context()
}

pub fn client_address() -> String {
    parts()
        .and_then(|parts| {
            parts
                .extensions
                .get::<ClientAddress>()
                .map(|address| address.0.clone())
        })
        .unwrap_or_default()
}

/// What the browser says it is.
pub fn client_agent() -> String {
    parts()
        .and_then(|parts| {
            let agent = parts.headers.get(header::USER_AGENT)?;
            Some(agent.to_str().ok()?.chars().take(500).collect())
        })
        .unwrap_or_default()
}

/// Whether an open page fetches itself again, because it was told of a change.
pub fn is_follow_up() -> bool {
    parts().is_some_and(|parts| parts.headers.contains_key("kalends-follow"))
}

/// Whether a browser posted the form itself, without script.
pub fn is_plain() -> bool {
    parts().is_some_and(|parts| {
        parts
            .headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.contains("text/html"))
    })
}

/// Where people reach this Kalends, such as `https://kalends.example.com`.
pub fn public_origin() -> String {
    use_context::<PublicOrigin>().map_or_else(String::new, |PublicOrigin(origin)| origin)
}
