//! How each problem is handled, in one table: who must act, whether trying again can help, what its connections have in
//! common, and how far a sign-in came when it met it.

use super::{
    Owner::{self, ExchangeAdmin, Nobody, Operator, You},
    Problem,
};
use std::time::Duration;

/// Whether trying again can help. Only the scheduler and the refusal rule read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Not before somebody changes what was typed or stored.
    Never,
    /// It will pass: try again after this time.
    After(Duration),
    /// Somebody must act elsewhere: look again every 15 minutes, without sending a refused password.
    WhenChanged,
}

/// What a problem is the problem of: connections that share it share one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Concerns {
    /// The password, whatever is known about it by now.
    Password,
    /// The role and its scope.
    Role,
    Account,
    Server,
    Mailbox,
}

/// The stages of a round, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Nothing was sent.
    Here,
    Network,
    Tls,
    /// Something answered by HTTP.
    Http,
    SignIn,
    SignedIn,
    Role,
    Mailbox,
}

/// The first and the last stage at which a problem can lie.
type Stages = (Stage, Stage);

const ANYWHERE: Stages = (Stage::Here, Stage::Mailbox);
const HERE: Stages = (Stage::Here, Stage::Here);
const NETWORK: Stages = (Stage::Network, Stage::Network);
const FROM_NETWORK_ON: Stages = (Stage::Network, Stage::Mailbox);
const TLS: Stages = (Stage::Tls, Stage::Tls);
const HTTP_OR_SIGN_IN: Stages = (Stage::Http, Stage::SignIn);
const FROM_HTTP_ON: Stages = (Stage::Http, Stage::Mailbox);
const SIGN_IN: Stages = (Stage::SignIn, Stage::SignIn);
const SIGNED_IN: Stages = (Stage::SignedIn, Stage::SignedIn);
const FROM_SIGNED_IN_ON: Stages = (Stage::SignedIn, Stage::Mailbox);
const ROLE: Stages = (Stage::Role, Stage::Role);
const MAILBOX: Stages = (Stage::Mailbox, Stage::Mailbox);

const SOON: Retry = Retry::After(Duration::from_mins(1));
const LATER: Retry = Retry::After(Duration::from_mins(5));
const AFTER_15_MINUTES: Retry = Retry::After(Duration::from_mins(15));

/// A row of the table.
struct Handling {
    owner: Owner,
    /// Where the server names no time.
    retry: Retry,
    concerns: Concerns,
    stages: Stages,
}

const fn handling(owner: Owner, retry: Retry, concerns: Concerns, stages: Stages) -> Handling {
    Handling {
        owner,
        retry,
        concerns,
        stages,
    }
}

impl Problem {
    pub const fn owner(&self) -> Owner {
        self.handling().owner
    }

    pub fn retry(&self) -> Retry {
        match self.asked_pause() {
            Some(pause) if !pause.is_zero() => Retry::After(pause),
            _ => self.handling().retry,
        }
    }

    /// What connections share that have this problem.
    pub const fn concerns(&self) -> Concerns {
        self.handling().concerns
    }

    /// Whether a connection that has this problem now may still have the other one: it is the same cause, or nothing was
    /// seen of the stage at which the other one lies.
    pub fn may_hide(&self, other: &Self) -> bool {
        self.cause() == other.cause() || self.handling().stages.0 < other.handling().stages.1
    }

    const fn handling(&self) -> Handling {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_hides_what_comes_later_and_never_the_other_way_round() {
        let refused = Problem::PasswordRefused {
            taken_before: false,
            proxy: None,
            changed: None,
        };
        let silent = Problem::AnswerTimedOut {
            seconds: 10,
            operation: None,
        };
        for (now, told, hidden) in [
            (&refused, &Problem::OutsideScope, true),
            (&refused, &Problem::MailboxNotFound, true),
            (&silent, &refused, true),
            (&Problem::Interrupted, &refused, true),
            (&Problem::SecretMissing, &silent, true),
            (&Problem::OutsideScope, &refused, false),
            (&Problem::MailboxFull, &Problem::OutsideScope, false),
            (&Problem::MailboxFull, &Problem::MailboxNotFound, false),
            // The same under another name.
            (&Problem::RoleMissing, &Problem::OutsideScope, true),
            (&Problem::PasswordExpired, &refused, true),
        ] {
            assert_eq!(now.may_hide(told), hidden, "{now:?} and {told:?}");
        }
    }
}
