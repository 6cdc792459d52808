//! The table of problems: every way in which a connection can go wrong, with its slots, its code and how it is handled.
//! Whoever adds a problem adds it here, in [`Problem`] and in its `handling`.

use super::{
    facts::{Certificate, CertificateFlaw, InsteadOfEws, Target, TlsReason},
    handling::{
        AFTER_15_MINUTES, ANYWHERE, Concerns, FROM_HTTP_ON, FROM_NETWORK_ON, FROM_SIGNED_IN_ON,
        HERE, HTTP_OR_SIGN_IN, Handling, LATER, MAILBOX, NETWORK,
        Owner::{ExchangeAdmin, Nobody, Operator, You},
        ROLE, Retry, SIGN_IN, SIGNED_IN, SOON, TLS, handling,
    },
};
use crate::{calendar::Window, clock::Timestamp, endpoint::EwsUrl, mailbox::SmtpAddress};
use serde::{Deserialize, Serialize};

/// Every way in which it can go wrong, in the order in which a connection test can meet it. The serialised tag
/// is the stable code.
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
    /// The server asks for sign-in kinds, but none that Kalends can use over this connection.
    SignInNotOffered {
        offered: Vec<String>,
    },
    /// `Negotiate` is offered, but NTLM is not taken under it.
    KerberosOnly {
        offered: Vec<String>,
    },
    /// The connection was closed in the middle of the sign-in by NTLM.
    ConnectionNotKept,
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
    /// What stands in front of Exchange answers 403, in its own name.
    ProxyForbids {
        proxy: String,
    },
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
    /// Another test or sync has had the account for as long as one waits for it.
    AccountInUse,
    /// The check was stopped half-way: Kalends was stopped, or could not use its own databases.
    Interrupted,
}

impl Problem {
    /// The stable code, such as `impersonation-denied`.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// How it is handled.
    pub(super) const fn handling(&self) -> Handling {
        use Concerns::{Account, Mailbox, Password, Role, Server};
        use Retry::{Never, WhenChanged};
        match self {
            Self::AccountPaused => handling(Nobody, Never, Account, HERE),
            Self::MailboxTaken | Self::PermissionGone => handling(Operator, Never, Mailbox, HERE),
            Self::PasswordChanging { .. } => handling(Nobody, SOON, Password, HERE),
            Self::SignInPaused { .. } | Self::TooManyTries { .. } => {
                handling(You, Never, Password, HERE)
            }
            Self::SecretMissing => handling(You, WhenChanged, Password, HERE),
            Self::AddressNotAllowed { .. } => handling(Operator, WhenChanged, Server, HERE),
            Self::AccountInUse => handling(Nobody, SOON, Account, ANYWHERE),
            Self::Interrupted => handling(Nobody, SOON, Server, ANYWHERE),
            Self::ConnectionRefused { .. } => handling(ExchangeAdmin, LATER, Server, NETWORK),
            Self::ConnectionTimedOut { .. } => handling(Nobody, LATER, Server, NETWORK),
            Self::NameNotFound { .. } => handling(You, LATER, Server, NETWORK),
            Self::ConnectionFailed { .. } | Self::AnswerTimedOut { .. } => {
                handling(Nobody, LATER, Server, FROM_NETWORK_ON)
            }
            Self::AnswerCutShort => handling(Nobody, SOON, Server, FROM_NETWORK_ON),
            Self::CertificateUnknownIssuer { .. }
            | Self::CertificateWrongName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateUnusable { .. }
            | Self::TlsFailed { .. } => handling(ExchangeAdmin, WhenChanged, Server, TLS),
            Self::NotEws { .. }
            | Self::KerberosOnly { .. }
            | Self::ConnectionNotKept
            | Self::SignInNotOffered { .. }
            | Self::BasicWithheld { .. }
            | Self::AnsweredWithoutSignIn { .. } => {
                handling(ExchangeAdmin, WhenChanged, Server, HTTP_OR_SIGN_IN)
            }
            Self::EndpointNotFound { .. }
            | Self::AutodiscoverFailed { .. }
            | Self::LeadsElsewhere { .. } => handling(You, WhenChanged, Server, HTTP_OR_SIGN_IN),
            Self::Throttled { .. } => handling(Nobody, SOON, Account, FROM_HTTP_ON),
            Self::Forbidden | Self::ProxyForbids { .. } => {
                handling(ExchangeAdmin, WhenChanged, Server, FROM_HTTP_ON)
            }
            Self::AnswerTooLarge => handling(ExchangeAdmin, WhenChanged, Server, FROM_HTTP_ON),
            Self::AnswerNotUnderstood { .. } => {
                handling(ExchangeAdmin, LATER, Server, FROM_HTTP_ON)
            }
            Self::ServerError { .. } | Self::ProxyFailed { .. } => {
                handling(Nobody, LATER, Server, FROM_HTTP_ON)
            }
            Self::AccountDisabled => handling(ExchangeAdmin, WhenChanged, Account, SIGN_IN),
            Self::PasswordExpired => handling(ExchangeAdmin, WhenChanged, Password, SIGN_IN),
            Self::SignInUnanswered => handling(Nobody, AFTER_15_MINUTES, Password, SIGN_IN),
            // It never worked, and whoever runs the proxy can tell why; what worked before was changed, mostly.
            Self::SignInRefused { proxy: Some(_), .. } => {
                handling(ExchangeAdmin, Never, Password, SIGN_IN)
            }
            Self::SignInRefused { .. } | Self::PasswordRefused { .. } => {
                handling(You, Never, Password, SIGN_IN)
            }
            Self::AccountWithoutMailbox => handling(ExchangeAdmin, WhenChanged, Account, SIGNED_IN),
            Self::ImpersonationFailed => handling(Nobody, LATER, Account, SIGNED_IN),
            Self::AccountNotInDomain => handling(You, WhenChanged, Account, SIGNED_IN),
            Self::EwsOffEverywhere | Self::ServerTooOld => {
                handling(ExchangeAdmin, WhenChanged, Server, SIGNED_IN)
            }
            Self::RequestRejected { .. } => handling(Operator, WhenChanged, Server, SIGNED_IN),
            Self::UnknownResponseCode { .. } => {
                handling(ExchangeAdmin, WhenChanged, Server, FROM_SIGNED_IN_ON)
            }
            Self::MailboxServerUnreachable { .. } => {
                handling(Nobody, LATER, Server, FROM_SIGNED_IN_ON)
            }
            Self::ExchangeOnline => handling(You, WhenChanged, Server, FROM_SIGNED_IN_ON),
            Self::ImpersonationDenied | Self::OutsideScope | Self::RoleMissing => {
                handling(ExchangeAdmin, WhenChanged, Role, ROLE)
            }
            Self::EwsOffHere
            | Self::CalendarNotFound
            | Self::AccessDenied
            | Self::MailboxMisconfigured => handling(ExchangeAdmin, WhenChanged, Mailbox, MAILBOX),
            Self::MailboxMoving => handling(Nobody, LATER, Mailbox, MAILBOX),
            Self::OutOfStep { .. } => handling(Nobody, SOON, Mailbox, MAILBOX),
            Self::MailboxNotFound
            | Self::MailboxAlias { .. }
            | Self::MailboxMoved { .. }
            | Self::MailboxFull
            | Self::MailboxAmbiguous
            | Self::EntryDamaged { .. } => handling(You, WhenChanged, Mailbox, MAILBOX),
        }
    }

    /// The codes of all problems with this one's cause, each between commas.
    pub fn codes_of_cause(&self) -> String {
        const PASSWORD: &str = ",sign-in-refused,sign-in-paused,too-many-tries,sign-in-unanswered,password-refused,\
                                password-changing,password-expired,secret-missing,";
        const ROLE: &str = ",impersonation-denied,outside-scope,role-missing,";
        match self.handling().concerns {
            Concerns::Password => PASSWORD.to_owned(),
            Concerns::Role => ROLE.to_owned(),
            Concerns::Account | Concerns::Server | Concerns::Mailbox => {
                format!(",{},", self.code())
            }
        }
    }
}

/// One Autodiscover address that was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub url: String,
    #[serde(flatten)]
    pub came: ProbeResult,
}

/// What came of asking an Autodiscover address. Texts are capped at 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeResult {
    Problem(Box<Problem>),
    /// It sends on to this host or address, which is asked next.
    LeadsTo(String),
    /// It sends on to where a password may not go: not by https, not at the usual port, not to Autodiscover.
    NotFollowed(String),
    /// It sends back to what was asked before.
    Circle(String),
    /// It answers, and names no other.
    NamesNone,
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

    #[test]
    fn what_came_of_an_address_is_kept_beside_it() {
        for came in [
            ProbeResult::Problem(Box::new(Problem::Forbidden)),
            ProbeResult::LeadsTo("a.test".to_owned()),
            ProbeResult::NamesNone,
        ] {
            let url = "https://example.test".to_owned();
            let tried = Tried { url, came };
            let kept = serde_json::to_string(&tried).expect("serialises");
            assert_eq!(
                serde_json::from_str::<Tried>(&kept).ok(),
                Some(tried),
                "{kept}"
            );
        }
    }
}
