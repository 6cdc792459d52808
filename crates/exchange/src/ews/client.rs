//! The client: one signed-in connection to one endpoint, the calls that go over it, and the step down to an older
//! schema where a server asks for it.

use super::{
    Whose,
    budget::{AnswerBudget, OF_CHECKS, OF_ROUNDS},
    envelope::{self, Body, Opened},
    error::{CallIds, Cause, EwsError, wants_certificate},
    http::{http_cause, is_online, is_soap, may_be_soap, post, wants_our_certificate},
    operation::{
        Operation, OperationName,
        find_item::{FindItem, View},
        get_folder::{FolderFacts, GetFolder},
    },
    response_code::ResponseCode,
    xml::{Xml, XmlError, text_of},
};
use crate::{
    auth::{Credentials, Gate, Method, SignedIn, offer::Offer},
    observer::CallObserver,
    outbound::{
        CONNECT_LIMIT, Outbound,
        connection::{ANSWER_LIMIT, Connection, SendError},
        front::proxy,
    },
};
use ::http::{Request, StatusCode, header::RETRY_AFTER};
use hyper::body::Bytes;
use kalends_core::{
    calendar::Window, clock::Timestamp, endpoint::EwsUrl, mailbox::SmtpAddress,
    policy::PrivacyLevel, random::Random,
};
use kalends_core::{
    call::Call,
    exchange_version::{RequestSchema, ServerBuild},
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How many calls are remembered until somebody takes them.
const MOST_CALLS: usize = 32;
/// How many mailboxes are remembered that are not asked as usual.
const MOST_SCHEMAS: usize = 1000;
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
    let schema = RequestSchema::default();
    let content = GetFolder.content(schema, None);
    let body = envelope::write(schema.version, None, GetFolder::NAME, "", &content);
    let request = post(endpoint.path(), None, &ids, body);
    let left = connection.left_to_connect();
    let asked = timeout(left, ask(connection, request, &mut ids)).await;
    let seconds = CONNECT_LIMIT.as_secs();
    asked
        .unwrap_or(Err(Cause::TimedOut { seconds }))
        .map_err(|cause| EwsError::new(cause, ids).during(GetFolder::NAME))
}

async fn ask(
    connection: &mut Connection,
    request: Request<Bytes>,
    ids: &mut CallIds,
) -> Result<Greeting, Cause> {
    let host = connection.facts().host.clone();
    let answer = match connection.send(request, GREETING_BYTES).await {
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
    let status = answer.status;
    // A server that answers without a sign-in is none that a password belongs to.
    let proxy = proxy(&answer.headers);
    let unread = http_cause(&answer);
    let Ok(text) = text_of(answer.body).await else {
        return Err(unread);
    };
    if wants_our_certificate(status, &text) {
        return Err(wants_certificate(&host));
    }
    match envelope::open(&mut Xml::new(&text)) {
        Ok(_) if status == StatusCode::OK => Err(Cause::AnsweredWithoutSignIn(proxy)),
        Ok(Opened {
            body: Body::Fault(said),
            ..
        }) => Err(Cause::Said(said)),
        Ok(_) | Err(XmlError::Malformed(_)) => Err(unread),
        Err(XmlError::Html) => Err(unread.into_page()),
    }
}

/// A signed-in client of one endpoint.
pub struct Client {
    signed_in: SignedIn,
    endpoint: EwsUrl,
    greeting: Greeting,
    /// Of the mailboxes that are not asked as usual.
    schemas: HashMap<SmtpAddress, RequestSchema>,
    random: Random,
    observer: Arc<dyn CallObserver>,
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
            schemas: HashMap::new(),
            random: random.clone(),
            observer: Arc::clone(outbound.observer()),
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

    /// How a mailbox is asked, as far as its answers have told.
    pub fn schema(&self, mailbox: &SmtpAddress) -> RequestSchema {
        self.schemas.get(mailbox).copied().unwrap_or_default()
    }

    /// Asks about a mailbox in another way from now on.
    pub fn set_schema(&mut self, mailbox: &SmtpAddress, schema: RequestSchema) {
        if schema == RequestSchema::default() {
            self.schemas.remove(mailbox);
            return;
        }
        if self.schemas.len() >= MOST_SCHEMAS {
            self.schemas.clear();
        }
        self.schemas.insert(mailbox.clone(), schema);
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
        let before = self.schema(&whose.mailbox);
        let mut schema = before;
        loop {
            self.set_schema(&whose.mailbox, schema);
            let result = self.call_once(whose, operation).await;
            let Err(error) = result else { return result };
            let said = error.response_code();
            if said.is_some_and(ResponseCode::refuses_the_schema) {
                if let Some(version) = schema.version.older() {
                    schema.version = version;
                    continue;
                }
                self.set_schema(&whose.mailbox, before);
                let cause = Box::new(Cause::TooOld);
                return Err(EwsError { cause, ..error });
            }
            let asked_too_much = O::NAME == OperationName::FindItem
                && schema.asks_for_wall_clock()
                && said.is_some_and(ResponseCode::refuses_a_property);
            if !asked_too_much {
                // What was not answered has not proven anything.
                self.set_schema(&whose.mailbox, before);
                return Err(error);
            }
            schema.without_wall_clock = true;
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
            return Err(EwsError::new(cause, ids).during(O::NAME));
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
        self.observer
            .call_ended(O::NAME.as_str(), &code, begun.elapsed());
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
            operation: Some(O::NAME.as_str()),
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
        let schema = self.schema(&whose.mailbox);
        let content = operation.content(schema, Some(whose));
        let body = envelope::write(
            schema.version,
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
        let unread = http_cause(&answer);
        if !may_be_soap(&answer) {
            return Err(unread);
        }
        let (is_soap, retry_after) = (is_soap(&answer), answer.retry_after());
        let status = answer.status;
        // An answer that does not come to its end is none, whatever could be read of it.
        let held = match self.budget.text_of(answer.body).await {
            Ok(held) => held,
            Err(error) if is_soap => return Err(error.into()),
            Err(_) => return Err(unread),
        };
        self.is_torn = false;
        if wants_our_certificate(status, &held.text) {
            return Err(wants_certificate(&self.connection().facts().host));
        }
        let unread = |error| match (error, unread.clone()) {
            (XmlError::Malformed(what), _) if is_soap => Cause::Malformed(what),
            (XmlError::Html, unread) => unread.into_page(),
            (XmlError::Malformed(_), unread) => unread,
        };
        let mut xml = Xml::new(&held.text);
        let answer = read::<O>(&mut xml, build).map_err(&unread)?;
        let answer = answer.map_err(|cause| asking_for_a_pause(cause, retry_after))?;
        xml.finish().map_err(&unread)?;
        Ok(answer)
    }
}

/// `Retry-After` counts beside what Exchange says itself.
fn asking_for_a_pause(mut cause: Cause, retry_after: Option<u64>) -> Cause {
    if let (Cause::Said(said), Some(seconds)) = (&mut cause, retry_after) {
        said.values
            .push((RETRY_AFTER.to_string(), seconds.to_string()));
    }
    cause
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
