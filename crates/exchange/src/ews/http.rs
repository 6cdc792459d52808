//! Requests of EWS as HTTP carries them, and what an answer says by its status and headers alone.

use super::{
    call_ids::CallIds, error::CallError, mailbox_access::MailboxAccess, responder::Responder,
};
use crate::outbound::response::IncomingResponse;
use http::{
    HeaderValue, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use hyper::body::Bytes;
use kalends_core::exchange_version::ServerBuild;
use kalends_core::{endpoint::is_exchange_online, problem::capped};

/// Constant, so that administrators can find and allow it (`EwsAllowList`).
pub const KALENDS_USER_AGENT: &str = concat!("Kalends/", env!("CARGO_PKG_VERSION"));

/// A POST with the headers that every request carries.
pub(crate) fn post(
    path: &str,
    access: Option<&MailboxAccess>,
    ids: &CallIds,
    body: String,
) -> Request<Bytes> {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = http::Method::POST;
    if let Ok(uri) = path.parse() {
        *request.uri_mut() = uri;
    }
    let headers = request.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/xml; charset=utf-8"),
    );
    headers.insert(ACCEPT, HeaderValue::from_static("text/xml"));
    headers.insert(USER_AGENT, HeaderValue::from_static(KALENDS_USER_AGENT));
    headers.insert("return-client-request-id", HeaderValue::from_static("true"));
    let id = ids.client_request_id.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(id)) = id {
        headers.insert("client-request-id", id);
    }
    // A header is ASCII; without it Exchange finds the mailbox by what the body says.
    let anchor = access.map(|access| HeaderValue::from_str(&access.mailbox.wire()));
    let anchor =
        anchor.filter(|anchor| anchor.as_ref().is_ok_and(|anchor| anchor.to_str().is_ok()));
    if let Some(Ok(anchor)) = anchor {
        headers.insert("x-anchormailbox", anchor);
    }
    request
}

/// A fault may come with any of these, and under any content type, since proxies drop and change those.
pub(super) fn may_be_soap(answer: &IncomingResponse) -> bool {
    matches!(
        answer.status,
        StatusCode::OK | StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN
    ) || answer.status.is_server_error()
}

/// What says of itself that it is an answer of EWS; anything else may be the page of a proxy or of a server in trouble.
pub(super) fn is_soap(answer: &IncomingResponse) -> bool {
    let kind = answer
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    match answer.status {
        StatusCode::OK => !kind.contains("html"),
        _ => kind.contains("xml"),
    }
}

/// Whether a page says that the caller should have shown a certificate: of nginx, or of IIS (403.7).
pub(super) fn wants_our_certificate(status: StatusCode, page: &str) -> bool {
    const MARKS: [&str; 4] = [
        "no required ssl certificate was sent",
        "the ssl certificate error",
        "403.7",
        "client certificate",
    ];
    let page = page.to_ascii_lowercase();
    matches!(status.as_u16(), 400 | 403 | 495 | 496) && MARKS.iter().any(|mark| page.contains(mark))
}

/// An answer told by its status and headers alone.
pub(crate) fn http_cause(answer: &IncomingResponse) -> CallError {
    let kind = answer
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let location = answer.location().map(|text| {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        capped(text.get(..end).unwrap_or_default())
    });
    CallError::Http {
        status: answer.status.as_u16(),
        html: kind.contains("html"),
        location,
        retry_after: answer.retry_after(),
        by: Responder::read(answer),
    }
}

/// Whether the headers give Exchange Online away.
pub(crate) fn is_online(answer: &IncomingResponse, build: Option<ServerBuild>) -> bool {
    build.is_some_and(ServerBuild::is_exchange_online)
        || answer
            .header("x-calculatedbetarget")
            .is_some_and(is_exchange_online)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_is_ascii_or_missing() {
        let anchor = |mailbox: &str| {
            let access = MailboxAccess::own(mailbox.parse().expect("valid"));
            let ids = CallIds::default();
            let request = post("/EWS/Exchange.asmx", Some(&access), &ids, String::new());
            request.headers().get("x-anchormailbox").cloned()
        };
        for (mailbox, expected) in [
            (
                "sean.o'brien@example.test",
                Some("sean.o'brien@example.test"),
            ),
            (
                "info@müller.example.test",
                Some("info@xn--mller-kva.example.test"),
            ),
            ("jörg@example.test", None),
            ("jörg@müller.example.test", None),
        ] {
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(anchor(mailbox), expected, "{mailbox}");
        }
    }
}
