//! Technical failures of EWS and Autodiscover calls. They become problems in [`crate::diagnose`] and are worded in
//! [`kalends_core::advice`].

use super::{
    call_ids::CallIds, error_response::ErrorResponse, operation_name::OperationName,
    responder::Responder, response_code::ResponseCode,
};
use crate::{
    auth::{AuthError, offer::Offer},
    outbound::{OutboundError, connection::SendError, response::BodyError},
};
use kalends_core::{
    exchange_version::ServerBuild,
    problem::{Problem, TlsReason},
};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection came about.
    #[error(transparent)]
    Outbound(OutboundError),
    /// None of the kinds of sign-in offered can be used.
    #[error("offers {0}")]
    NotOffered(Offer),
    /// 401 to the password; with what is offered.
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
        /// The status code.
        status: u16,
        /// The answer is a web page.
        html: bool,
        /// Where a redirect points, without its query.
        location: Option<String>,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
        /// Who gave it.
        by: Responder,
    },
    /// Exchange answered in EWS, with an error.
    #[error("{}{}", .0.specific_code(), if .0.is_fault { " (fault)" } else { "" })]
    Exchange(ErrorResponse),
    /// The whole call took longer than it may.
    #[error("no answer within {seconds} s")]
    TimedOut {
        /// What was waited.
        seconds: u64,
    },
    /// The connection broke before the end of the answer.
    #[error("the connection broke")]
    CutShort,
    /// The answer, or what a window holds, is more than is read.
    #[error("the answer is too large")]
    TooLarge,
    /// The path or sort of what could not be read.
    #[error("{0}")]
    Malformed(String),
    /// The server refused every schema version that Kalends can speak.
    #[error("no common schema version")]
    TooOld,
    /// The server is one of Microsoft 365, which takes no passwords.
    #[error("Exchange Online")]
    ExchangeOnline,
}

impl CallError {
    /// Of a signed-in request that brought no answer; `ids` keeps the id that a refusal came with.
    pub(crate) fn of_sign_in(error: AuthError, ids: &mut CallIds) -> Self {
        if let AuthError::Refused { request_id, .. } = &error {
            ids.request_id.clone_from(request_id);
        }
        error.into()
    }

    /// For counting: the response code, or a word of ours. What servers make up themselves counts together.
    pub(crate) fn code(&self) -> String {
        let word = match self {
            Self::Exchange(said) if ResponseCode::NAMED.contains(said.specific_code()) => {
                said.specific_code().as_str()
            }
            Self::Exchange(_) => "Other",
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

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{cause}", .operation.filter(|_| matches!(**.cause, CallError::TimedOut { .. })).map_or_else(String::new, |it| format!("{it}: ")))]
pub struct EwsError {
    /// What went wrong.
    pub cause: Box<CallError>,
    /// Under which the call is found in logs.
    pub ids: CallIds,
    /// What was asked for.
    pub operation: Option<&'static str>,
    /// The server's build, where it told.
    pub build: Option<ServerBuild>,
}

impl EwsError {
    pub(crate) fn new(cause: CallError, ids: CallIds) -> Self {
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
        matches!(*self.cause, CallError::Exchange(_))
    }

    /// Whether a kept connection lost its sign-in and a new one must be opened.
    pub fn needs_the_password(&self) -> bool {
        *self.cause == CallError::PasswordForgotten
    }

    /// The response code, where Exchange sent one.
    pub fn response_code(&self) -> Option<&ResponseCode> {
        match &*self.cause {
            CallError::Exchange(said) => Some(said.specific_code()),
            _ => None,
        }
    }
}

impl From<CallError> for EwsError {
    fn from(cause: CallError) -> Self {
        Self::new(cause, CallIds::default())
    }
}

impl From<OutboundError> for CallError {
    fn from(error: OutboundError) -> Self {
        Self::Outbound(error)
    }
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Stale | SendError::Dropped | SendError::Broken => Self::CutShort,
            SendError::ClientCertificate => wants_certificate("The server"),
            SendError::NotHttp => Self::Malformed("not HTTP".to_owned()),
        }
    }
}

/// A server lets in only callers that show a certificate of their own.
pub(crate) fn wants_certificate(host: &str) -> CallError {
    CallError::Outbound(OutboundError::Tls {
        host: host.to_owned(),
        reason: TlsReason::ClientCertificate,
    })
}

impl From<AuthError> for CallError {
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

impl From<BodyError> for CallError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::CutShort => Self::CutShort,
            BodyError::Packed => Self::Malformed("packed, and not to be unpacked".to_owned()),
        }
    }
}

impl CallError {
    /// The same, of an answer that turned out to be a web page.
    pub(crate) fn into_page(mut self) -> Self {
        if let Self::Http { html, .. } = &mut self {
            *html = true;
        }
        self
    }
}
