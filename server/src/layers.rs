//! What every request passes on its way in and every answer on its way out.

use crate::{
    request_body::{LimitedBody, PACE},
    session_store::CLIENT_ADDRESS,
};
use app::request::{ClientAddress, DeviceCookie};
use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use kalends::services::peers::Peers;
use kalends_core::random::Random;
use leptos::nonce::Nonce;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The nonce of one answer, minted before the page is rendered.
#[derive(Debug, Clone)]
pub struct PageNonce(pub Nonce);

/// What the layers know of the outside.
#[derive(Debug, Clone)]
pub struct Outside {
    pub random: Random,
    /// Scheme, host and port under which people reach Kalends.
    pub origin: Arc<str>,
    pub https: bool,
    pub trusted_proxies: Arc<[IpNet]>,
    /// Something else ends TLS, so that a proxy must stand in between.
    pub is_behind_proxy: bool,
    pub peers: Peers,
}

/// Mints the nonce and sets the headers that keep a page to itself.
pub async fn security_headers(
    State(outside): State<Outside>,
    mut request: Request,
    next: Next,
) -> Response {
    let nonce = outside.random.hex::<16>();
    request
        .extensions_mut()
        .insert(PageNonce(Nonce::from_value(nonce.as_str())));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if outside.https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    response
}

/// Refuses changes that another site asks for: a change needs `Sec-Fetch-Site: same-origin` or our own `Origin`.
pub async fn same_origin(State(outside): State<Outside>, request: Request, next: Next) -> Response {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) || comes_from_us(request.headers(), &outside.origin)
    {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "This request did not come from a page of Kalends.\n",
    )
        .into_response()
}

fn comes_from_us(headers: &HeaderMap, origin: &str) -> bool {
    text(headers, "sec-fetch-site") == Some("same-origin")
        || text(headers, "origin")
            .is_some_and(|sent| loopback_as_one(sent) == loopback_as_one(origin))
}

/// Lets an answer be packed where its reader asked for it from a page of ours, or by themselves. What another site makes
/// a browser ask for is never packed: its length would tell what stands beside words of that site's choice (BREACH).
/// Nor is what a page that another site opened goes on to ask for by itself, with the words of its address.
pub async fn packed_for_readers(mut request: Request, next: Next) -> Response {
    if !is_asked_by_reader(request.headers(), request.uri()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    next.run(request).await
}

fn is_asked_by_reader(headers: &HeaderMap, uri: &Uri) -> bool {
    matches!(
        text(headers, "sec-fetch-site"),
        Some("same-origin" | "none")
    ) && (uri.query().is_none() || text(headers, "sec-fetch-dest") == Some("document"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `localhost` and `127.0.0.1` name the same place.
fn loopback_as_one(origin: &str) -> String {
    origin
        .to_ascii_lowercase()
        .replacen("://localhost", "://127.0.0.1", 1)
}

/// Notes whom a request comes from: the peer, or what a trusted proxy says of it.
pub async fn client_address(
    State(outside): State<Outside>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if let Some(peer) = peer {
        note_peer(&outside, peer, request.uri());
        let (client, is_readable) =
            forwarded_for(request.headers(), peer, &outside.trusted_proxies);
        if !is_readable && outside.peers.note_unreadable() {
            tracing::warn!(
                %peer,
                "a trusted proxy names a visitor in X-Forwarded-For by something that is no address: such visitors count as the proxy itself and share the limits of sign-ins. Let the proxy write addresses alone"
            );
        }
        let client = client.to_string();
        request
            .extensions_mut()
            .insert(ClientAddress(client.clone()));
        return CLIENT_ADDRESS.scope(client, next.run(request)).await;
    }
    next.run(request).await
}

/// Notes a peer that is no trusted proxy; what watches Kalends by program is none of its visitors.
fn note_peer(outside: &Outside, peer: IpAddr, asked: &Uri) {
    let is_trusted = outside.trusted_proxies.iter().any(|it| it.contains(&peer));
    if is_trusted || !outside.is_behind_proxy {
        return;
    }
    if !matches!(asked.path(), "/healthz" | "/readyz") && outside.peers.note(peer) {
        tracing::warn!(
            %peer,
            "a request came from an address that is no trusted proxy, although people reach Kalends through one: name it in KALENDS_TRUSTED_PROXIES, or all visitors count as one and share the limits of sign-ins"
        );
    }
}

/// Walks `X-Forwarded-For` from the right past every trusted proxy; false where one of those names something that is no
/// address.
fn forwarded_for(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> (IpAddr, bool) {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer;
    let lines = headers.get_all("x-forwarded-for").iter();
    // What is no text is no address either.
    let lines: Vec<&str> = lines.map(|value| value.to_str().unwrap_or("?")).collect();
    let lines = lines.join(",");
    let hops = lines.rsplit(',').map(str::trim);
    for hop in hops.filter(|hop| !hop.is_empty()) {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = address_of(hop) else {
            return (client, false);
        };
        client = address.to_canonical();
    }
    (client, true)
}

/// An address as proxies write it: alone, between quotes or brackets, with a zone or with a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    if let Some((inside, after)) = hop.strip_prefix('[').and_then(|it| it.split_once(']')) {
        let is_end = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return address_of(inside).filter(|address| is_end && address.is_ipv6());
    }
    if let Ok(address) = hop.parse() {
        return Some(address);
    }
    match hop.split_once(':') {
        Some((address, port)) if is_port(port) => address.parse().ok().map(IpAddr::V4),
        _ => hop.split_once('%')?.0.parse().ok().map(IpAddr::V6),
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// Takes the null character out of what is asked for: no text of a database holds it, so that nothing is found for it.
pub async fn without_null(mut request: Request, next: Next) -> Response {
    if let Some(uri) = cleaned(request.uri()) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// With U+FFFD in the place of each null character; `None` if there is none.
fn cleaned(uri: &Uri) -> Option<Uri> {
    let asked = uri.path_and_query()?.as_str();
    if !asked.contains("%00") {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(asked.replace("%00", "%EF%BF%BD").parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Gives the cookie of a device that somebody has just signed in on to the answer, behind that of the session.
pub async fn device_cookie(mut request: Request, next: Next) -> Response {
    let cookie = DeviceCookie::default();
    request.extensions_mut().insert(cookie.clone());
    let mut response = next.run(request).await;
    if let Some(value) = cookie.take() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The largest form, in bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;
/// The one form that carries a list of addresses: twenty thousand with names beside them.
const LIST_FORMS: [&str; 2] = ["/api/check_scope", "/api/read_import"];
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Refuses what is too large or no form before it is read, and reads no more, and no longer, than is allowed. What was
/// wrong with a body is what its sender is told.
pub async fn limited(request: Request, next: Next) -> Response {
    let is_list = LIST_FORMS.contains(&request.uri().path());
    let limit = if is_list {
        MAX_LIST_BYTES
    } else {
        MAX_FORM_BYTES
    };
    let headers = request.headers();
    let length = text(headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let boundary = text(headers, "content-type").map(multer::parse_boundary);
    if is_list && !matches!(boundary, Some(Ok(_))) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let is_form = text(headers, "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let (parts, body) = request.into_parts();
    let (body, fault) = LimitedBody::new(body, limit, PACE);
    let body = if is_form { body.without_null() } else { body };
    let answer = next.run(Request::from_parts(parts, Body::new(body))).await;
    match fault.status() {
        Some(status) => status.into_response(),
        None => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().expect("name"), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_null_character_is_taken_out_of_what_is_asked_for() {
        let cleaned =
            |asked: &str| cleaned(&asked.parse().expect("address")).map(|uri| uri.to_string());
        assert_eq!(
            cleaned("/connections?cause=a%00b&domain=%00").as_deref(),
            Some("/connections?cause=a%EF%BF%BDb&domain=%EF%BF%BD")
        );
        for fine in ["/connections", "/audit?who=%2500", "/audit?who=0%20"] {
            assert_eq!(cleaned(fine), None);
        }
    }

    #[test]
    fn a_change_needs_our_origin_or_the_browsers_word() {
        let origin = "http://127.0.0.1:3000";
        assert!(comes_from_us(
            &headers(&[("sec-fetch-site", "same-origin")]),
            origin
        ));
        assert!(comes_from_us(
            &headers(&[("origin", "http://localhost:3000")]),
            origin
        ));
        assert!(!comes_from_us(&headers(&[]), origin));
        assert!(!comes_from_us(
            &headers(&[("sec-fetch-site", "same-site")]),
            origin
        ));
        assert!(!comes_from_us(
            &headers(&[("origin", "http://127.0.0.1:3001")]),
            origin
        ));
        assert!(!comes_from_us(&headers(&[("origin", "null")]), origin));
    }

    #[test]
    fn only_trusted_proxies_may_name_the_client() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        let forged = headers(&[("x-forwarded-for", "203.0.113.9, 198.51.100.7")]);
        assert_eq!(forwarded_for(&forged, peer, &[]), (peer, true));
        let trusted = ["10.0.0.0/8".parse().expect("net")];
        assert_eq!(
            forwarded_for(&forged, peer, &trusted),
            (IpAddr::from([198, 51, 100, 7]), true)
        );
    }

    #[test]
    fn an_address_is_read_as_proxies_write_it() {
        for (hop, address) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9:5678", Some("203.0.113.9")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]", Some("2001:db8::7")),
            ("[2001:db8::7]:5678", Some("2001:db8::7")),
            ("\"[2001:db8::7]:5678\"", Some("2001:db8::7")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("unknown", None),
            ("203.0.113.9:x", None),
            ("[203.0.113.9]", None),
            ("[2001:db8::7", None),
        ] {
            let read = address_of(hop).map(|address| address.to_string());
            assert_eq!(read.as_deref(), address, "{hop}");
        }
    }
}
