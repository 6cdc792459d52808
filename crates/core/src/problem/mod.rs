//! Every way in which a connection can go wrong, as data: a stable code, typed slots, who must act, and whether to
//! try again. Words are looked up last, by [`crate::advice`].

mod cause;
mod facts;
mod handling;
mod unaddressed;

pub use cause::MIN_PAUSE_MILLIS;
pub use facts::{
    CameOf, Certificate, CertificateBefore, CertificateFlaw, ENDS_SOON, InsteadOfEws, Issuing,
    NO_CODE, Target, TlsReason, Tried, capped,
};
pub use handling::{Concerns, Retry};
pub use unaddressed::text_without_addresses;

use crate::calendar::Window;
use crate::{clock::Timestamp, endpoint::EwsUrl, mailbox::SmtpAddress};
use serde::{Deserialize, Serialize};

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The person who reads it.
    You,
    ExchangeAdmin,
    /// Who runs Kalends.
    Operator,
    /// It will pass.
    Nobody,
}

/// Every way in which it can go wrong. The serialised tag is the stable code.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Problem {
    /// The host resolves to an address that Kalends may not call.
    AddressNotAllowed {
        host: String,
        port: u16,
        address: String,
    },
    NameNotFound {
        host: String,
    },
    ConnectionRefused {
        target: Target,
    },
    ConnectionTimedOut {
        target: Target,
    },
    ConnectionFailed {
        target: Target,
        reason: String,
    },
    CertificateUnknownIssuer {
        host: String,
        certificate: Box<Certificate>,
    },
    CertificateWrongName {
        host: String,
        certificate: Box<Certificate>,
    },
    CertificateExpired {
        host: String,
        certificate: Box<Certificate>,
    },
    CertificateNotYetValid {
        host: String,
        certificate: Box<Certificate>,
    },
    /// It may come from a known issuer, for the right name and in time, and cannot be used all the same.
    CertificateUnusable {
        host: String,
        certificate: Box<Certificate>,
        flaw: CertificateFlaw,
    },
    /// TLS failed for a reason other than the certificate's issuer, name or dates.
    TlsFailed {
        host: String,
        reason: TlsReason,
    },
    /// Another thing than EWS answers at the endpoint.
    NotEws {
        instead: InsteadOfEws,
        status: u16,
        location: Option<String>,
    },
    /// 404
    EndpointNotFound {
        url: String,
    },
    /// `Negotiate` is offered, but NTLM is not taken under it.
    KerberosOnly {
        offered: Vec<String>,
    },
    /// The connection was closed in the middle of the sign-in by NTLM.
    ConnectionNotKept,
    /// The server asks for sign-in kinds, but none that Kalends can use over this connection.
    SignInNotOffered {
        offered: Vec<String>,
    },
    /// Only Basic is left, which would send the password itself, at a server that has offered better.
    BasicWithheld {
        offered: Vec<String>,
        /// What the host shows now, if that changed since everything last worked.
        #[serde(default)]
        changed: Option<Box<Certificate>>,
    },
    /// A call without any sign-in is answered: whoever calls gets what somebody else may read.
    AnsweredWithoutSignIn {
        /// What stands in front of Exchange, as it calls itself.
        proxy: Option<String>,
    },
    /// 401 after credentials.
    SignInRefused {
        offered: Vec<String>,
        /// What stands in front of Exchange and may have parted the connections of the sign-in.
        #[serde(default)]
        proxy: Option<String>,
        /// What the host shows now, if that changed since everything last worked.
        #[serde(default)]
        changed: Option<Box<Certificate>>,
    },
    /// The refusal rule forbids another try before this time.
    SignInPaused {
        until: Timestamp,
    },
    /// One person was refused too often, or with too many accounts, and must wait until then.
    TooManyTries {
        until: Timestamp,
    },
    /// A saved password went out and was never answered: it may have been refused, and waits as if it had been.
    SignInUnanswered,
    /// The organisation's password is being changed: nothing signs in with it before this time.
    PasswordChanging {
        until: Timestamp,
    },
    /// An admin has stopped the work of the account, or all work.
    AccountPaused,
    /// Another test or sync has had the account for as long as one waits for it.
    AccountInUse,
    /// Somebody else has connected this mailbox, and no admin has said that two may.
    MailboxTaken,
    /// What allowed the connection was taken back while it was tested.
    PermissionGone,
    /// A saved password, which worked before, was refused: it is sent ever more seldom until somebody changes it.
    PasswordRefused {
        /// Exchange took it in the same run, a moment before.
        #[serde(default)]
        taken_before: bool,
        /// What stands in front of Exchange and may part the connections of the sign-in.
        #[serde(default)]
        proxy: Option<String>,
        /// What the host shows now, if that changed since everything last worked.
        #[serde(default)]
        changed: Option<Box<Certificate>>,
    },
    /// 403
    Forbidden,
    /// 403 for this mailbox, while the account reaches another one.
    EwsOffHere,
    /// 403 for this mailbox and for one that the account used to reach.
    EwsOffEverywhere,
    /// The role is missing, or the mailbox is outside its scope.
    ImpersonationDenied,
    /// The account may act for another mailbox, but not for this one.
    OutsideScope,
    /// The account may not even act for a mailbox that it used to reach.
    RoleMissing,
    ImpersonationFailed,
    MailboxNotFound,
    MailboxAlias {
        primary: Option<SmtpAddress>,
    },
    /// The mailbox has no calendar that can be opened.
    CalendarNotFound,
    AccessDenied,
    AccountDisabled,
    PasswordExpired,
    /// Exchange is busy; wait this many milliseconds.
    Throttled {
        wait_millis: u64,
    },
    /// 5xx, or a response code that says the server is in trouble.
    ServerError {
        status: u16,
        response_code: Option<String>,
        /// How long it asked to be left alone, an hour at most.
        #[serde(default)]
        wait_millis: Option<u64>,
    },
    /// What stands in front of Exchange did not reach it.
    ProxyFailed {
        status: u16,
        /// As it calls itself.
        proxy: Option<String>,
        /// How long it asked to be left alone, an hour at most.
        #[serde(default)]
        wait_millis: Option<u64>,
    },
    MailboxMoving,
    /// The mailbox is on another server now; where, if that was told.
    MailboxMoved {
        endpoint: Option<EwsUrl>,
    },
    /// The server that was asked does not reach the server that holds the mailbox.
    MailboxServerUnreachable {
        response_code: String,
    },
    /// What the directory holds about the mailbox contradicts itself.
    MailboxMisconfigured,
    MailboxFull,
    /// Several entries of the directory go by the name typed.
    MailboxAmbiguous,
    /// The account is one of the server itself, not of the domain.
    AccountNotInDomain,
    /// The account that signs in has no mailbox, and its server wants it to have one.
    AccountWithoutMailbox,
    /// An entry of the calendar is damaged and cannot be read.
    EntryDamaged {
        response_code: String,
        /// Where such entries lie, as far as that could be told; everything outside was read.
        #[serde(default)]
        periods: Vec<Window>,
    },
    /// Exchange no longer knows a mark, an id or a subscription of Kalends.
    OutOfStep {
        response_code: String,
    },
    /// What stands in front of Exchange answers 403, in its own name.
    ProxyForbids {
        proxy: String,
    },
    /// The server finds the request itself wrong: a response code, or an HTTP status such as `HTTP 400`.
    RequestRejected {
        said: String,
    },
    /// The server cannot speak a version that Kalends knows.
    ServerTooOld,
    ExchangeOnline,
    AutodiscoverFailed {
        tried: Vec<Tried>,
    },
    /// Autodiscover leads to a host outside the mail domain that nobody has vouched for.
    LeadsElsewhere {
        host: String,
    },
    /// No answer within the time of a step or of the whole check.
    AnswerTimedOut {
        seconds: u64,
        /// What was asked for, such as `FindItem`.
        #[serde(default)]
        operation: Option<String>,
    },
    /// The connection broke while the answer came in.
    AnswerCutShort,
    AnswerTooLarge,
    /// The answer is not what the protocol allows.
    AnswerNotUnderstood {
        reason: String,
    },
    /// A response code without a problem of its own.
    UnknownResponseCode {
        response_code: String,
    },
    /// The sealed password is gone or cannot be opened.
    SecretMissing,
    /// The check was stopped half-way: Kalends was stopped, or could not use its own databases.
    Interrupted,
}

impl Problem {
    /// The stable code, such as `impersonation-denied`.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// As it is told where the password is a saved one: it worked before, so that it was hardly typed wrong.
    #[must_use]
    pub fn of_saved(self) -> Self {
        match self {
            Self::SignInRefused { changed, proxy, .. } => Self::PasswordRefused {
                taken_before: false,
                proxy,
                changed,
            },
            other => other,
        }
    }

    /// The same, with the times at which damaged entries lie.
    #[must_use]
    pub fn lying_in(mut self, times: &[Window]) -> Self {
        if let Self::EntryDamaged { periods, .. } = &mut self {
            *periods = times.to_vec();
        }
        self
    }

    /// What was asked for when it arose, where it tells.
    pub fn operation(&self) -> Option<&str> {
        match self {
            Self::AnswerTimedOut { operation, .. } => operation.as_deref(),
            _ => None,
        }
    }

    /// Whether it may be a change that has not taken effect yet: Exchange needs up to an hour or two for roles.
    pub const fn may_take_effect(&self) -> bool {
        matches!(
            self,
            Self::ImpersonationDenied | Self::OutsideScope | Self::RoleMissing
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_tag_on_the_wire() {
        let problem = Problem::SignInNotOffered {
            offered: vec!["NTLM".to_owned()],
        };
        let wire = serde_json::to_value(&problem).expect("serialises");
        assert_eq!(wire["code"], problem.code());
        assert_eq!(problem.code(), "sign-in-not-offered");
    }
}
