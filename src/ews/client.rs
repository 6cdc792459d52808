//! The client: one signed-in connection to one endpoint, the calls that go over it, and the step down to an older
//! schema where a server asks for it.

use super::{
    Whose,
    budget::{AnswerBudget, OF_CHECKS, OF_ROUNDS},
    envelope::{self, Body},
    error::{Call, CallIds, Cause, EwsError},
    operation::{
        Operation,
        find_item::{FindItem, View},
        get_folder::{FolderFacts, GetFolder},
    },
    response_code::ResponseCode,
    version::{RequestVersion, ServerBuild},
    xml::{Xml, XmlError, text_of},
};
use crate::{
    auth::{Credentials, Gate, Method, SignedIn, offer::Offer},
    calendar::Window,
    clock::Timestamp,
    endpoint::{EwsUrl, is_exchange_online},
    metrics::Calls,
    outbound::{
        CONNECT_LIMIT, Outbound,
        connection::{ANSWER_LIMIT, Answer, Connection},
        front::proxy,
    },
    policy::PrivacyLevel,
    problem::capped,
    random::Random,
};
use http::{
    HeaderValue, Request, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use hyper::body::Bytes;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// Constant, so that administrators can find and allow it (`EwsAllowList`).
pub const KALENDS: &str = concat!("Kalends/", env!("CARGO_PKG_VERSION"));
/// How many calls are remembered until somebody takes them.
const MOST_CALLS: usize = 32;
/// The most that is read of an answer to an anonymous request.
const GREETING_BYTES: usize = 256 * 1024;

/// What a server says before anybody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    pub offer: Offer,
    /// From `X-OWA-Version`; many proxies take it off.
    pub build: Option<ServerBuild>,
}

/// Asks anonymously which kinds of sign-in are offered. No name of a person goes along.
pub async fn greet(
    connection: &mut Connection,
    endpoint: &EwsUrl,
    random: &Random,
) -> Result<Greeting, EwsError> {
    let mut ids = CallIds::new(random);
    let version = RequestVersion::Exchange2013Sp1;
    let content = GetFolder.content(version, None);
    let body = envelope::write(version, None, GetFolder::NAME, "", &content);
    let request = post(endpoint.path(), None, &ids, body);
    let left = connection.left_to_connect();
    let asked = timeout(left, ask(connection, request, &mut ids)).await;
    let seconds = CONNECT_LIMIT.as_secs();
    asked
        .unwrap_or(Err(Cause::TimedOut { seconds }))
        .map_err(|cause| EwsError::new(cause, ids))
}

async fn ask(
    connection: &mut Connection,
    request: Request<Bytes>,
    ids: &mut CallIds,
) -> Result<Greeting, Cause> {
    let answer = connection.send(request, GREETING_BYTES).await?;
    ids.answered(&answer);
    let build = answer
        .header("x-owa-version")
        .and_then(|text| text.parse().ok());
    if is_online(&answer, build) {
        return Err(Cause::ExchangeOnline);
    }
    if answer.status == StatusCode::UNAUTHORIZED {
        let offer = Offer::read(&answer.headers);
        answer.drain().await;
        return Ok(Greeting { offer, build });
    }
    if !may_be_soap(&answer) {
        return Err(http_cause(&answer));
    }
    // A server that answers without a sign-in is none that a password belongs to.
    let proxy = proxy(&answer.headers);
    let unread = http_cause(&answer);
    let text = text_of(answer.body).await?;
    match envelope::open(&mut Xml::new(&text)) {
        Ok(_) => Err(Cause::AnsweredWithoutSignIn(proxy)),
        Err(XmlError::Malformed(_)) => Err(unread),
        Err(error) => Err(Cause::unread(error, 200)),
    }
}

/// A signed-in client of one endpoint.
pub struct Client {
    signed_in: SignedIn,
    endpoint: EwsUrl,
    greeting: Greeting,
    version: RequestVersion,
    random: Random,
    calls: Calls,
    budget: &'static AnswerBudget,
    opened_at: Timestamp,
    /// How long one call may take, from its first byte to the last of its answer.
    patience: Duration,
    /// A call was left half-way: the connection cannot be used again.
    is_torn: bool,
    made: Vec<Call>,
}

impl Client {
    /// Connects for rounds and asks for the offer. The password waits for the first call, and for the gate.
    pub async fn open(
        outbound: &Outbound,
        random: &Random,
        endpoint: EwsUrl,
        credentials: Credentials,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, EwsError> {
        if endpoint.is_exchange_online() {
            return Err(Cause::ExchangeOnline.into());
        }
        let connected = outbound.connect(endpoint.host(), endpoint.port()).await;
        let mut connection = connected.map_err(Cause::from)?;
        let greeting = greet(&mut connection, &endpoint, random).await?;
        let client = Self::new(
            outbound,
            random,
            connection,
            greeting,
            endpoint,
            credentials,
            gate,
        );
        Ok(Self {
            budget: &OF_ROUNDS,
            ..client?
        })
    }

    /// Takes over a connection that was greeted, for a check; fails if no kind of sign-in offered can be used.
    pub fn new(
        outbound: &Outbound,
        random: &Random,
        connection: Connection,
        greeting: Greeting,
        endpoint: EwsUrl,
        credentials: Credentials,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, EwsError> {
        let signed_in = SignedIn::new(
            outbound.clone(),
            random.clone(),
            connection,
            &greeting.offer,
            credentials,
            gate,
        );
        Ok(Self {
            signed_in: signed_in.map_err(Cause::from)?,
            endpoint,
            greeting,
            version: RequestVersion::Exchange2013Sp1,
            random: random.clone(),
            calls: outbound.calls().clone(),
            budget: &OF_CHECKS,
            opened_at: outbound.clock().now(),
            patience: outbound.limits().call,
            is_torn: false,
            made: Vec::new(),
        })
    }

    /// Readies the client to be kept idle, without its password. False if it is of no use then.
    pub fn forget_password(&mut self) -> bool {
        self.signed_in.forget_password() && !self.is_torn
    }

    /// Whether its connection is signed in, so that requests go out without the password.
    pub fn is_bound(&self) -> bool {
        self.signed_in.is_bound()
    }

    /// The calls since this was asked last, in their order; of many, the first.
    pub fn take_calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.made)
    }

    pub const fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    pub const fn endpoint(&self) -> &EwsUrl {
        &self.endpoint
    }

    pub const fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// The connection in use, with what was seen of it.
    pub const fn connection(&self) -> &Connection {
        self.signed_in.connection()
    }

    /// How the connection is signed in.
    pub const fn method(&self) -> Method {
        self.signed_in.method()
    }

    /// Whether the server has taken the password.
    pub fn is_accepted(&self) -> bool {
        self.signed_in.is_accepted()
    }

    /// The calendar folder of a mailbox.
    #[tracing::instrument(name = "ews.get_folder", skip_all, fields(ews.request_id))]
    pub async fn get_calendar(&mut self, whose: &Whose) -> Result<FolderFacts, EwsError> {
        self.call(whose, &GetFolder).await
    }

    /// One view of a mailbox's calendar; [`super::read_window`] splits what is too much for one.
    #[tracing::instrument(name = "ews.find_item", skip_all, fields(ews.request_id))]
    pub async fn view(
        &mut self,
        whose: &Whose,
        window: Window,
        level: PrivacyLevel,
    ) -> Result<View, EwsError> {
        self.call(whose, &FindItem { window, level }).await
    }

    async fn call<O: Operation>(
        &mut self,
        whose: &Whose,
        operation: &O,
    ) -> Result<O::Answer, EwsError> {
        loop {
            let result = self.call_once(whose, operation).await;
            let Err(error) = result else { return result };
            if error.response_code() != Some(&ResponseCode::InvalidServerVersion) {
                return Err(error);
            }
            let Some(older) = self.version.older() else {
                return Err(EwsError {
                    cause: Box::new(Cause::TooOld),
                    ..error
                });
            };
            self.version = older;
        }
    }

    async fn call_once<O: Operation>(
        &mut self,
        whose: &Whose,
        operation: &O,
    ) -> Result<O::Answer, EwsError> {
        let mut ids = CallIds::new(&self.random);
        let mut build = self.greeting.build;
        if let Err(error) = self.signed_in.pass_gate().await {
            let cause = ids.failed(error);
            return Err(EwsError::new(cause, ids));
        }
        let begun = Instant::now();
        let patience = self.patience;
        let exchange = self.exchange(whose, operation, &mut ids, &mut build);
        let seconds = patience.as_secs();
        let result = timeout(patience, exchange)
            .await
            .unwrap_or(Err(Cause::TimedOut { seconds }));
        tracing::Span::current().record("ews.request_id", ids.shown());
        let code = match &result {
            Ok(_) => ResponseCode::NoError.as_str().to_owned(),
            Err(cause) => cause.code(),
        };
        self.calls.ended(O::NAME.as_str(), code, begun.elapsed());
        self.greeting.build = build;
        if self.made.len() < MOST_CALLS {
            self.made.push(Call {
                operation: O::NAME.as_str(),
                millis: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                request_id: ids.shown().map(str::to_owned),
                is_answered: result.is_ok(),
            });
        }
        result.map_err(|cause| EwsError {
            cause: Box::new(cause),
            ids,
            build,
        })
    }

    async fn exchange<O: Operation>(
        &mut self,
        whose: &Whose,
        operation: &O,
        ids: &mut CallIds,
        build: &mut Option<ServerBuild>,
    ) -> Result<O::Answer, Cause> {
        if self.is_torn {
            self.signed_in.reconnect().await?;
        }
        // Until the answer is read to its end; also where this future is dropped or runs out of time.
        self.is_torn = true;
        let content = operation.content(self.version, Some(whose));
        let body = envelope::write(
            self.version,
            Some(whose),
            O::NAME,
            operation.attributes(),
            &content,
        );
        let request = post(self.endpoint.path(), Some(whose), ids, body);
        let answer = self
            .signed_in
            .send(request, ANSWER_LIMIT)
            .await
            .map_err(|error| ids.failed(error))?;
        ids.answered(&answer);
        if !may_be_soap(&answer) {
            return Err(http_cause(&answer));
        }
        let status = answer.status.as_u16();
        // An answer that does not come to its end is none, whatever could be read of it.
        let held = self.budget.text_of(answer.body).await?;
        self.is_torn = false;
        let mut xml = Xml::new(&held.text);
        let answer = read::<O>(&mut xml, build).map_err(|error| Cause::unread(error, status))??;
        xml.finish().map_err(|error| Cause::unread(error, status))?;
        Ok(answer)
    }
}

fn read<O: Operation>(
    xml: &mut Xml<'_>,
    build: &mut Option<ServerBuild>,
) -> Result<Result<O::Answer, Cause>, XmlError> {
    let opened = envelope::open(xml)?;
    if opened.build.is_some() {
        *build = opened.build;
    }
    if build.is_some_and(ServerBuild::is_exchange_online) {
        return Ok(Err(Cause::ExchangeOnline));
    }
    match opened.body {
        Body::Fault(said) => Ok(Err(Cause::Said(said))),
        Body::Operation(tag) if tag.name() == format!("{}Response", O::NAME.as_str()) => {
            Ok(O::read(xml)?.map_err(Cause::Said))
        }
        Body::Operation(tag) => Err(XmlError::malformed(format!(
            "{} in place of an answer",
            tag.name()
        ))),
    }
}

/// A POST with the headers that every request carries.
pub(crate) fn post(
    path: &str,
    whose: Option<&Whose>,
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
    headers.insert(USER_AGENT, HeaderValue::from_static(KALENDS));
    headers.insert("return-client-request-id", HeaderValue::from_static("true"));
    let id = ids.client_request_id.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(id)) = id {
        headers.insert("client-request-id", id);
    }
    // A header is ASCII; without it Exchange finds the mailbox by what the body says.
    let anchor = whose.map(|whose| HeaderValue::from_str(&whose.mailbox.wire()));
    let anchor =
        anchor.filter(|anchor| anchor.as_ref().is_ok_and(|anchor| anchor.to_str().is_ok()));
    if let Some(Ok(anchor)) = anchor {
        headers.insert("x-anchormailbox", anchor);
    }
    request
}

/// 200 always, since proxies drop content types; 500 only as XML, since servers in trouble answer with pages.
fn may_be_soap(answer: &Answer) -> bool {
    let kind = answer
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    match answer.status {
        StatusCode::OK => !kind.contains("html"),
        StatusCode::INTERNAL_SERVER_ERROR => kind.contains("xml"),
        _ => false,
    }
}

/// An answer told by its status and headers alone.
pub(crate) fn http_cause(answer: &Answer) -> Cause {
    let kind = answer
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let location = answer.location().map(|text| {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        capped(text.get(..end).unwrap_or_default())
    });
    Cause::Http {
        status: answer.status.as_u16(),
        html: kind.contains("html"),
        location,
        retry_after: answer
            .header("retry-after")
            .and_then(|text| text.trim().parse().ok()),
    }
}

/// Whether the headers give Exchange Online away.
pub(crate) fn is_online(answer: &Answer, build: Option<ServerBuild>) -> bool {
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
            let whose = Whose::own(mailbox.parse().expect("valid"));
            let ids = CallIds::default();
            let request = post("/EWS/Exchange.asmx", Some(&whose), &ids, String::new());
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
