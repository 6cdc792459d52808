//! What a server says before anybody signs in: which kinds of sign-in it offers, and which build it is.

use super::{
    call_ids::CallIds,
    envelope::{self, SoapBody, SoapResponse},
    error::{CallError, EwsError, wants_certificate},
    http::{http_cause, is_online, may_be_soap, post, wants_our_certificate},
    operation::{Operation as _, get_folder::GetFolder},
    xml::{Xml, XmlError, text_of},
};
use crate::{
    auth::offer::Offer,
    outbound::{
        CONNECT_LIMIT,
        connection::{HttpConnection, SendError},
        proxy::proxy_name,
    },
};
use ::http::{Request, StatusCode};
use hyper::body::Bytes;
use kalends_core::{
    endpoint::EwsUrl,
    exchange_version::{RequestSchema, ServerBuild},
    random::Random,
};
use tokio::time::timeout;

/// The most that is read of an answer to an anonymous request.
const GREETING_LIMIT: usize = 256 * 1024;

/// What a server says before anybody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The kinds of sign-in.
    pub offer: Offer,
    /// From `X-OWA-Version`; many proxies take it off.
    pub build: Option<ServerBuild>,
}

/// Asks anonymously which kinds of sign-in are offered. No name of a person goes along.
pub async fn greet(
    connection: &mut HttpConnection,
    endpoint: &EwsUrl,
    random: &Random,
) -> Result<Greeting, EwsError> {
    let mut ids = CallIds::new(random);
    let schema = RequestSchema::default();
    let content = GetFolder.content(schema, None);
    let body = envelope::write(schema.version, None, GetFolder::NAME, "", &content);
    let request = post(endpoint.path(), None, &ids, body);
    let left = connection.remaining_connect_time();
    let greeting = timeout(left, request_greeting(connection, request, &mut ids)).await;
    let seconds = CONNECT_LIMIT.as_secs();
    greeting
        .unwrap_or(Err(CallError::TimedOut { seconds }))
        .map_err(|cause| EwsError::new(cause, ids).during(GetFolder::NAME))
}

async fn request_greeting(
    connection: &mut HttpConnection,
    request: Request<Bytes>,
    ids: &mut CallIds,
) -> Result<Greeting, CallError> {
    let host = connection.facts().host.clone();
    let answer = match connection.send(request, GREETING_LIMIT).await {
        Err(SendError::ClientCertificate) => return Err(wants_certificate(&host)),
        answered => answered?,
    };
    ids.answered(&answer);
    // Proxies take the connection without a certificate and refuse the request; 495 and 496 are nginx's own.
    let is_refused = matches!(answer.status.as_u16(), 400 | 403 | 495 | 496);
    if is_refused && connection.facts().wants_certificate {
        return Err(wants_certificate(&host));
    }
    let build = answer
        .header("x-owa-version")
        .and_then(|text| text.parse().ok());
    if is_online(&answer, build) {
        return Err(CallError::ExchangeOnline);
    }
    if answer.status == StatusCode::UNAUTHORIZED {
        let offer = Offer::read(&answer.headers);
        answer.drain().await;
        return Ok(Greeting { offer, build });
    }
    if !may_be_soap(&answer) {
        return Err(http_cause(&answer));
    }
    let status = answer.status;
    // A server that answers without a sign-in is none that a password belongs to.
    let proxy = proxy_name(&answer.headers);
    let http_error = http_cause(&answer);
    let Ok(text) = text_of(answer.body).await else {
        return Err(http_error);
    };
    if wants_our_certificate(status, &text) {
        return Err(wants_certificate(&host));
    }
    match envelope::open(&mut Xml::new(&text)) {
        Ok(_) if status == StatusCode::OK => Err(CallError::AnsweredWithoutSignIn(proxy)),
        Ok(SoapResponse {
            body: SoapBody::Fault(said),
            ..
        }) => Err(CallError::Exchange(said)),
        Ok(_) | Err(XmlError::Malformed(_)) => Err(http_error),
        Err(XmlError::Html) => Err(http_error.into_page()),
    }
}
