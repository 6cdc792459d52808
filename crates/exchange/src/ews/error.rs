//! Technical failures of EWS and Autodiscover calls, with the ids under which the server's logs know the call.
//! They become problems in [`crate::diagnose`] and are worded in [`kalends_core::advice`].

use super::{operation::OperationName, response_code::ResponseCode};
use crate::{
    auth::{AuthError, offer::Offer},
    outbound::{
        BodyError, OutboundError,
        connection::{Answer, SendError},
        front::proxy,
    },
};
use kalends_core::exchange_version::ServerBuild;
use kalends_core::{
    problem::{Problem, TlsReason},
    random::Random,
};
use std::fmt;

/// What Exchange said in a fault or a response message that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSaid {
    pub code: ResponseCode,
    /// The error within it, where the code itself says nothing.
    pub inner: Option<ResponseCode>,
    /// The server's words, at most 200 characters; their language varies, so nothing is decided by them.
    pub text: String,
    /// The named values of `MessageXml`, such as `BackOffMilliseconds`.
    pub values: Vec<(String, String)>,
    /// A SOAP fault, not a response message.
    pub is_fault: bool,
}

impl ServerSaid {
    /// The code that tells what is the matter.
    pub fn telling(&self) -> &ResponseCode {
        self.inner.as_ref().unwrap_or(&self.code)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Outbound(OutboundError),
    /// None of the kinds of sign-in offered can be used.
    #[error("offers {0}")]
    NotOffered(Offer),
    #[error("HTTP 401, offers {0}")]
    SignInRefused(Offer),
    /// A call without any sign-in was answered; with the proxy in front, if it gives itself away.
    #[error("a call without a sign-in is answered")]
    AnsweredWithoutSignIn(Option<String>),
    /// `Negotiate` is offered, but only for Kerberos.
    #[error("Negotiate takes Kerberos only")]
    KerberosOnly(Offer),
    /// The connection was closed in the middle of an NTLM handshake.
    #[error("the connection was closed in the middle of the sign-in")]
    ConnectionNotKept,
    /// Only Basic is left at a host that has offered better.
    #[error("offers {0}; Basic would send the password itself")]
    BasicWithheld(Offer),
    /// Whoever counts refusals did not let the password out.
    #[error("sign-in paused")]
    HeldBack(Box<Problem>),
    /// A kept connection lost its sign-in: a new one is opened with the password.
    #[error("the connection must sign in anew")]
    PasswordForgotten,
    /// An HTTP answer without SOAP.
    #[error("HTTP {status}{}{}", if *.html { ", a web page" } else { "" }, .by)]
    Http {
        status: u16,
        html: bool,
        /// Where a redirect points, without its query.
        location: Option<String>,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
        by: AnsweredBy,
    },
    #[error("{}{}", .0.telling(), if .0.is_fault { " (fault)" } else { "" })]
    Said(ServerSaid),
    #[error("no answer within {seconds} s")]
    TimedOut { seconds: u64 },
    #[error("the connection broke")]
    CutShort,
    #[error("the answer is too large")]
    TooLarge,
    /// The path or sort of what could not be read.
    #[error("{0}")]
    Malformed(String),
    /// The server refused every schema version that Kalends can speak.
    #[error("no common schema version")]
    TooOld,
    #[error("Exchange Online")]
    ExchangeOnline,
}

impl Cause {
    /// For counting: the response code, or a word of ours. What servers make up themselves counts together.
    pub(crate) fn code(&self) -> String {
        let word = match self {
            Self::Said(said) if ResponseCode::NAMED.contains(said.telling()) => {
                said.telling().as_str()
            }
            Self::Said(_) => "Other",
            Self::Http { status, .. } => return format!("http-{status}"),
            Self::Outbound(_) => "unreachable",
            Self::NotOffered(_) | Self::KerberosOnly(_) => "sign-in-not-offered",
            Self::SignInRefused(_) => "sign-in-refused",
            Self::AnsweredWithoutSignIn(_) => "answered-without-sign-in",
            Self::ConnectionNotKept => "connection-not-kept",
            Self::BasicWithheld(_) => "basic-withheld",
            Self::HeldBack(_) => "held-back",
            Self::PasswordForgotten => "sign-in-anew",
            Self::TimedOut { .. } => "timed-out",
            Self::CutShort => "cut-short",
            Self::TooLarge => "too-large",
            Self::Malformed(_) => "malformed",
            Self::TooOld => "too-old",
            Self::ExchangeOnline => "exchange-online",
        };
        word.to_owned()
    }
}

/// What an answer without SOAP tells about who gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnsweredBy {
    /// `X-CasErrorCode`: why Exchange's own front end did not pass the request on; at most 100 characters.
    pub cas_error: Option<String>,
    /// What stands in front of Exchange, in its own words, where Exchange itself did not answer.
    pub proxy: Option<String>,
    /// Exchange itself answered, or something that hands on what it says.
    pub is_exchange: bool,
}

impl AnsweredBy {
    pub(crate) fn read(answer: &Answer) -> Self {
        const OF_EXCHANGE: [&str; 7] = [
            "x-feserver",
            "x-calculatedbetarget",
            "x-beserver",
            "x-diaginfo",
            "x-owa-version",
            "x-caserrorcode",
            "x-beserverexception",
        ];
        let is_exchange = OF_EXCHANGE
            .iter()
            .any(|name| answer.headers.contains_key(*name));
        // The server behind names the type of its exception: `Microsoft.Exchange.Data.Storage.WrongServerException`.
        let of_back_end = || {
            let exception = answer.header("x-beserverexception")?;
            let name = exception.rsplit('.').next().unwrap_or_default();
            Some(name.trim_end_matches("Exception"))
        };
        let told = answer.header("x-caserrorcode").or_else(of_back_end);
        let cas_error = told.map(|text| {
            let code = text.chars().filter(char::is_ascii_graphic);
            code.take(100).collect::<String>()
        });
        Self {
            cas_error: cas_error.filter(|code| !code.is_empty()),
            proxy: proxy(&answer.headers).filter(|_| !is_exchange),
            is_exchange,
        }
    }
}

impl fmt::Display for AnsweredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.cas_error {
            write!(f, ", X-CasErrorCode {code}")?;
        }
        match &self.proxy {
            Some(proxy) => write!(f, ", from {proxy}"),
            None => Ok(()),
        }
    }
}

/// The ids of a call: ours in the request, the server's in the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallIds {
    /// Sent as `client-request-id`; found in the logs of IIS and EWS.
    pub client_request_id: Option<String>,
    /// The server's `request-id`, at most 100 characters.
    pub request_id: Option<String>,
}

impl CallIds {
    /// A signed-in request brought no answer: keeps the id that a refusal came with.
    pub(crate) fn failed(&mut self, error: AuthError) -> Cause {
        if let AuthError::Refused { request_id, .. } = &error {
            self.request_id.clone_from(request_id);
        }
        error.into()
    }

    pub(crate) fn new(random: &Random) -> Self {
        let guid = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
        Self {
            client_request_id: Some(guid.hyphenated().to_string()),
            request_id: None,
        }
    }

    pub(crate) fn answered(&mut self, answer: &Answer) {
        let id = answer.header("request-id").map(str::to_owned);
        self.request_id = id.filter(|id| id.len() <= 100);
    }

    /// The id to show: the server's, else ours.
    pub fn shown(&self) -> Option<&str> {
        let id = self.request_id.as_ref().or(self.client_request_id.as_ref());
        id.map(String::as_str)
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{cause}", .operation.filter(|_| matches!(**.cause, Cause::TimedOut { .. })).map_or_else(String::new, |it| format!("{it}: ")))]
pub struct EwsError {
    pub cause: Box<Cause>,
    pub ids: CallIds,
    /// What was asked for.
    pub operation: Option<&'static str>,
    /// The server's build, where it told.
    pub build: Option<ServerBuild>,
}

impl EwsError {
    pub(crate) fn new(cause: Cause, ids: CallIds) -> Self {
        Self {
            cause: Box::new(cause),
            ids,
            operation: None,
            build: None,
        }
    }

    /// The same, of a call for this.
    pub(crate) fn during(self, operation: OperationName) -> Self {
        Self {
            operation: Some(operation.as_str()),
            ..self
        }
    }

    /// Whether Exchange itself answered, in EWS: the connection is as good as before.
    pub fn is_said_by_exchange(&self) -> bool {
        matches!(*self.cause, Cause::Said(_))
    }

    /// Whether a kept connection lost its sign-in and a new one must be opened.
    pub fn needs_the_password(&self) -> bool {
        *self.cause == Cause::PasswordForgotten
    }

    /// The response code, where Exchange sent one.
    pub fn response_code(&self) -> Option<&ResponseCode> {
        match &*self.cause {
            Cause::Said(said) => Some(said.telling()),
            _ => None,
        }
    }
}

impl From<Cause> for EwsError {
    fn from(cause: Cause) -> Self {
        Self::new(cause, CallIds::default())
    }
}

impl From<OutboundError> for Cause {
    fn from(error: OutboundError) -> Self {
        Self::Outbound(error)
    }
}

impl From<SendError> for Cause {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Stale | SendError::Dropped | SendError::Broken => Self::CutShort,
            SendError::ClientCertificate => wants_certificate("The server"),
            SendError::NotHttp => Self::Malformed("not HTTP".to_owned()),
        }
    }
}

/// A server lets in only callers that show a certificate of their own.
pub(crate) fn wants_certificate(host: &str) -> Cause {
    Cause::Outbound(OutboundError::Tls {
        host: host.to_owned(),
        reason: TlsReason::ClientCertificate,
    })
}

impl From<AuthError> for Cause {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Outbound(error) => error.into(),
            AuthError::Send(error) => error.into(),
            AuthError::NotOffered(offer) => Self::NotOffered(offer),
            AuthError::AnsweredWithoutSignIn(proxy) => Self::AnsweredWithoutSignIn(proxy),
            AuthError::Refused { offer, .. } => Self::SignInRefused(offer),
            AuthError::KerberosOnly(offer) => Self::KerberosOnly(offer),
            AuthError::NotKept => Self::ConnectionNotKept,
            AuthError::BasicWithheld(offer) => Self::BasicWithheld(offer),
            AuthError::BadChallenge(error) => Self::Malformed(error.to_string()),
            AuthError::HeldBack(problem) => Self::HeldBack(problem),
            AuthError::PasswordForgotten => Self::PasswordForgotten,
        }
    }
}

impl From<BodyError> for Cause {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::CutShort => Self::CutShort,
            BodyError::Packed => Self::Malformed("packed, and not to be unpacked".to_owned()),
        }
    }
}

impl Cause {
    /// The same, of an answer that turned out to be a web page.
    pub(crate) fn into_page(mut self) -> Self {
        if let Self::Http { html, .. } = &mut self {
            *html = true;
        }
        self
    }
}
