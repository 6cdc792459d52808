//! The client: one signed-in connection to one endpoint, the calls that go over it, and the step down to an older
//! schema where a server asks for it.

use super::{
    budget::{AnswerBudget, CHECK_BUDGET, SYNC_BUDGET},
    call_ids::CallIds,
    envelope::{self, SoapBody},
    error::{CallError, EwsError, wants_certificate},
    greeting::{Greeting, greet},
    http::{http_cause, is_soap, may_be_soap, post, wants_our_certificate},
    mailbox_access::MailboxAccess,
    operation::{
        Operation,
        find_item::{FindItem, FindItemResult},
        get_folder::{FolderFacts, GetFolder},
    },
    operation_name::OperationName,
    response_code::ResponseCode,
    xml::{Xml, XmlError},
};
use crate::{
    auth::{AuthMethod, Credentials, Gate, SignedIn},
    observer::CallObserver,
    outbound::{Outbound, connection::HttpConnection, response::ANSWER_LIMIT},
};
use ::http::header::RETRY_AFTER;
use kalends_core::{
    calendar::Window,
    call::Call,
    clock::Timestamp,
    endpoint::EwsUrl,
    exchange_version::{RequestSchema, ServerBuild},
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    random::Random,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How many calls are remembered until somebody takes them.
const MAX_REMEMBERED_CALLS: usize = 32;
/// How many mailboxes are remembered that are not asked as usual.
const MAX_REMEMBERED_SCHEMAS: usize = 1000;
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
    call_limit: Duration,
    /// A call was left half-way: the connection cannot be used again.
    is_mid_call: bool,
    calls: Vec<Call>,
}

impl Client {
    /// Connects for sync runs and asks for the offer. The password waits for the first call, and for the gate.
    pub async fn open(
        outbound: &Outbound,
        random: &Random,
        endpoint: EwsUrl,
        credentials: Credentials,
        gate: Arc<dyn Gate>,
    ) -> Result<Self, EwsError> {
        if endpoint.is_exchange_online() {
            return Err(CallError::ExchangeOnline.into());
        }
        let connected = outbound.connect(endpoint.host(), endpoint.port()).await;
        let mut connection = connected.map_err(CallError::from)?;
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
            budget: &SYNC_BUDGET,
            ..client?
        })
    }

    /// Takes over a connection that was greeted, for a check; fails if no kind of sign-in offered can be used.
    pub fn new(
        outbound: &Outbound,
        random: &Random,
        connection: HttpConnection,
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
            signed_in: signed_in.map_err(CallError::from)?,
            endpoint,
            greeting,
            schemas: HashMap::new(),
            random: random.clone(),
            observer: Arc::clone(outbound.observer()),
            budget: &CHECK_BUDGET,
            opened_at: outbound.clock().now(),
            call_limit: outbound.limits().call,
            is_mid_call: false,
            calls: Vec::new(),
        })
    }

    /// Readies the client to be kept idle, without its password. False if it is of no use then.
    pub fn forget_password(&mut self) -> bool {
        self.signed_in.forget_password() && !self.is_mid_call
    }

    /// Whether its connection is signed in, so that requests go out without the password.
    pub fn is_bound(&self) -> bool {
        self.signed_in.is_bound()
    }

    /// The calls since this was asked last, in their order; of many, the first.
    pub fn take_calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }

    /// When the connection was made.
    pub const fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// The address of EWS.
    pub const fn endpoint(&self) -> &EwsUrl {
        &self.endpoint
    }

    /// What the server said before the sign-in; its build is that of the latest answer.
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
        if self.schemas.len() >= MAX_REMEMBERED_SCHEMAS {
            self.schemas.clear();
        }
        self.schemas.insert(mailbox.clone(), schema);
    }

    /// The connection in use, with what was seen of it.
    pub const fn connection(&self) -> &HttpConnection {
        self.signed_in.connection()
    }

    /// How the connection is signed in.
    pub const fn method(&self) -> AuthMethod {
        self.signed_in.method()
    }

    /// Whether the server has taken the password.
    pub fn is_accepted(&self) -> bool {
        self.signed_in.is_accepted()
    }

    /// The calendar folder of a mailbox.
    #[tracing::instrument(name = "ews.get_folder", skip_all, fields(ews.request_id))]
    pub async fn get_calendar(&mut self, access: &MailboxAccess) -> Result<FolderFacts, EwsError> {
        self.call(access, &GetFolder).await
    }

    /// One view of a mailbox's calendar; [`super::read_window`] splits what is too much for one.
    #[tracing::instrument(name = "ews.find_item", skip_all, fields(ews.request_id))]
    pub(crate) async fn view(
        &mut self,
        access: &MailboxAccess,
        window: Window,
        level: PrivacyLevel,
    ) -> Result<FindItemResult, EwsError> {
        self.call(access, &FindItem { window, level }).await
    }

    async fn call<O: Operation>(
        &mut self,
        access: &MailboxAccess,
        operation: &O,
    ) -> Result<O::Answer, EwsError> {
        let before = self.schema(&access.mailbox);
        let mut schema = before;
        loop {
            self.set_schema(&access.mailbox, schema);
            let result = self.call_once(access, operation).await;
            let Err(error) = result else { return result };
            let said = error.response_code();
            if said.is_some_and(ResponseCode::refuses_the_schema) {
                if let Some(version) = schema.version.older() {
                    schema.version = version;
                    continue;
                }
                self.set_schema(&access.mailbox, before);
                let cause = Box::new(CallError::TooOld);
                return Err(EwsError { cause, ..error });
            }
            let asked_too_much = O::NAME == OperationName::FindItem
                && schema.asks_for_wall_clock()
                && said.is_some_and(ResponseCode::refuses_a_property);
            if !asked_too_much {
                // What was not answered has not proven anything.
                self.set_schema(&access.mailbox, before);
                return Err(error);
            }
            schema.without_wall_clock = true;
        }
    }

    async fn call_once<O: Operation>(
        &mut self,
        access: &MailboxAccess,
        operation: &O,
    ) -> Result<O::Answer, EwsError> {
        let mut ids = CallIds::new(&self.random);
        let mut build = self.greeting.build;
        if let Err(error) = self.signed_in.pass_gate().await {
            let cause = CallError::of_sign_in(error, &mut ids);
            return Err(EwsError::new(cause, ids).during(O::NAME));
        }
        let begun = Instant::now();
        let call_limit = self.call_limit;
        let exchange = self.exchange(access, operation, &mut ids, &mut build);
        let seconds = call_limit.as_secs();
        let result = timeout(call_limit, exchange)
            .await
            .unwrap_or(Err(CallError::TimedOut { seconds }));
        tracing::Span::current().record("ews.request_id", ids.shown());
        let code = match &result {
            Ok(_) => ResponseCode::NoError.as_str().to_owned(),
            Err(cause) => cause.code(),
        };
        self.observer
            .call_ended(O::NAME.as_str(), &code, begun.elapsed());
        self.greeting.build = build;
        if self.calls.len() < MAX_REMEMBERED_CALLS {
            self.calls.push(Call {
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
        access: &MailboxAccess,
        operation: &O,
        ids: &mut CallIds,
        build: &mut Option<ServerBuild>,
    ) -> Result<O::Answer, CallError> {
        if self.is_mid_call {
            self.signed_in.reconnect().await?;
        }
        // Until the answer is read to its end; also where this future is dropped or runs out of time.
        self.is_mid_call = true;
        let schema = self.schema(&access.mailbox);
        let content = operation.content(schema, Some(access));
        let body = envelope::write(
            schema.version,
            Some(access),
            O::NAME,
            operation.attributes(),
            &content,
        );
        let request = post(self.endpoint.path(), Some(access), ids, body);
        let answer = self
            .signed_in
            .send(request, ANSWER_LIMIT)
            .await
            .map_err(|error| CallError::of_sign_in(error, ids))?;
        ids.answered(&answer);
        let http_error = http_cause(&answer);
        if !may_be_soap(&answer) {
            return Err(http_error);
        }
        let (is_soap, retry_after) = (is_soap(&answer), answer.retry_after());
        let status = answer.status;
        // An answer that does not come to its end is none, whatever could be read of it.
        let held = match self.budget.text_of(answer.body).await {
            Ok(held) => held,
            Err(error) if is_soap => return Err(error.into()),
            Err(_) => return Err(http_error),
        };
        self.is_mid_call = false;
        if wants_our_certificate(status, &held.text) {
            return Err(wants_certificate(&self.connection().facts().host));
        }
        let http_error = |error| match (error, http_error.clone()) {
            (XmlError::Malformed(what), _) if is_soap => CallError::Malformed(what),
            (XmlError::Html, http_error) => http_error.into_page(),
            (XmlError::Malformed(_), http_error) => http_error,
        };
        let mut xml = Xml::new(&held.text);
        let answer = read::<O>(&mut xml, build).map_err(&http_error)?;
        let answer = answer.map_err(|cause| with_retry_after(cause, retry_after))?;
        xml.finish().map_err(&http_error)?;
        Ok(answer)
    }
}

/// `Retry-After` counts beside what Exchange says itself.
fn with_retry_after(mut cause: CallError, retry_after: Option<u64>) -> CallError {
    if let (CallError::Exchange(said), Some(seconds)) = (&mut cause, retry_after) {
        said.values
            .push((RETRY_AFTER.to_string(), seconds.to_string()));
    }
    cause
}

fn read<O: Operation>(
    xml: &mut Xml<'_>,
    build: &mut Option<ServerBuild>,
) -> Result<Result<O::Answer, CallError>, XmlError> {
    let opened = envelope::open(xml)?;
    if opened.build.is_some() {
        *build = opened.build;
    }
    if build.is_some_and(ServerBuild::is_exchange_online) {
        return Ok(Err(CallError::ExchangeOnline));
    }
    match opened.body {
        SoapBody::Fault(said) => Ok(Err(CallError::Exchange(said))),
        SoapBody::Operation(tag) if tag.name() == format!("{}Response", O::NAME.as_str()) => {
            Ok(O::read(xml)?.map_err(CallError::Exchange))
        }
        SoapBody::Operation(tag) => Err(XmlError::malformed(format!(
            "{} in place of an answer",
            tag.name()
        ))),
    }
}
