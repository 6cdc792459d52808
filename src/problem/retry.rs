//! Whether, and when, trying again can help.

use super::Problem;
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

/// How long to wait where the server names no time.
const SOON: Retry = Retry::After(Duration::from_mins(1));
const LATER: Retry = Retry::After(Duration::from_mins(5));

impl Problem {
    /// How long the server asked to be left alone, if it did.
    pub fn asked_pause(&self) -> Option<Duration> {
        match self {
            Self::Throttled { wait_millis }
            | Self::ServerError {
                wait_millis: Some(wait_millis),
                ..
            }
            | Self::ProxyFailed {
                wait_millis: Some(wait_millis),
                ..
            } => Some(Duration::from_millis(*wait_millis)),
            _ => None,
        }
    }

    /// The same, with the pause that is really made where one was asked for.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        match &mut self {
            Self::Throttled { wait_millis } => *wait_millis = millis,
            Self::ServerError { wait_millis, .. } | Self::ProxyFailed { wait_millis, .. } => {
                *wait_millis = Some(millis);
            }
            _ => {}
        }
        self
    }

    pub const fn retry(&self) -> Retry {
        match self {
            Self::Throttled { wait_millis }
            | Self::ServerError {
                wait_millis: Some(wait_millis),
                ..
            }
            | Self::ProxyFailed {
                wait_millis: Some(wait_millis),
                ..
            } if *wait_millis > 0 => Retry::After(Duration::from_millis(*wait_millis)),
            Self::Throttled { .. }
            | Self::OutOfStep { .. }
            | Self::AnswerCutShort
            | Self::PasswordChanging { .. }
            | Self::Interrupted => SOON,
            Self::NameNotFound { .. }
            | Self::ConnectionRefused { .. }
            | Self::ConnectionTimedOut { .. }
            | Self::ConnectionFailed { .. }
            | Self::ImpersonationFailed
            | Self::ServerError { .. }
            | Self::ProxyFailed { .. }
            | Self::MailboxMoving
            | Self::MailboxServerUnreachable { .. }
            | Self::AnswerTimedOut { .. }
            | Self::AnswerTooLarge
            | Self::AnswerNotUnderstood { .. } => LATER,
            Self::PasswordRefused { .. }
            | Self::AccountPaused
            | Self::MailboxTaken
            | Self::PermissionGone
            | Self::SignInRefused { .. }
            | Self::TooManyTries { .. }
            | Self::SignInPaused { .. } => Retry::Never,
            Self::SignInUnanswered => Retry::After(Duration::from_mins(15)),
            Self::AddressNotAllowed { .. }
            | Self::CertificateUnknownIssuer { .. }
            | Self::CertificateWrongName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateUnusable { .. }
            | Self::TlsFailed { .. }
            | Self::NotEws { .. }
            | Self::EndpointNotFound { .. }
            | Self::SignInNotOffered { .. }
            | Self::KerberosOnly { .. }
            | Self::ConnectionNotKept
            | Self::AnsweredWithoutSignIn { .. }
            | Self::BasicWithheld { .. }
            | Self::Forbidden
            | Self::EwsOffHere
            | Self::EwsOffEverywhere
            | Self::ImpersonationDenied
            | Self::OutsideScope
            | Self::RoleMissing
            | Self::MailboxNotFound
            | Self::MailboxAlias { .. }
            | Self::CalendarNotFound
            | Self::AccessDenied
            | Self::AccountDisabled
            | Self::PasswordExpired
            | Self::MailboxMisconfigured
            | Self::MailboxFull
            | Self::MailboxAmbiguous
            | Self::AccountNotInDomain
            | Self::AccountWithoutMailbox
            | Self::EntryDamaged { .. }
            | Self::RequestRejected { .. }
            | Self::ServerTooOld
            | Self::ExchangeOnline
            | Self::AutodiscoverFailed { .. }
            | Self::LeadsElsewhere { .. }
            | Self::MailboxMoved { .. }
            | Self::SecretMissing
            | Self::UnknownResponseCode { .. } => Retry::WhenChanged,
        }
    }
}
