//! How far a sign-in came when it met a problem: whatever lies further on is hidden by it, and has not ended.

use super::Problem;

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

impl Problem {
    /// Whether a connection that has this problem now may still have the other one: it is the same cause, or nothing was
    /// seen of the stage at which the other one lies.
    pub fn may_hide(&self, other: &Self) -> bool {
        self.cause() == other.cause() || self.stages().0 < other.stages().1
    }

    /// The first stage at which it can lie, and the last one.
    const fn stages(&self) -> (Stage, Stage) {
        match self {
            Self::SecretMissing
            | Self::PermissionGone
            | Self::MailboxTaken
            | Self::SignInPaused { .. }
            | Self::TooManyTries { .. }
            | Self::PasswordChanging { .. }
            | Self::AccountPaused
            | Self::AddressNotAllowed { .. } => (Stage::Here, Stage::Here),
            Self::NameNotFound { .. }
            | Self::ConnectionRefused { .. }
            | Self::ConnectionTimedOut { .. } => (Stage::Network, Stage::Network),
            Self::ConnectionFailed { .. } | Self::AnswerTimedOut { .. } | Self::AnswerCutShort => {
                (Stage::Network, Stage::Mailbox)
            }
            Self::Interrupted => (Stage::Here, Stage::Mailbox),
            Self::CertificateUnknownIssuer { .. }
            | Self::CertificateWrongName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateUnusable { .. }
            | Self::TlsFailed { .. } => (Stage::Tls, Stage::Tls),
            Self::NotEws { .. }
            | Self::EndpointNotFound { .. }
            | Self::KerberosOnly { .. }
            | Self::SignInNotOffered { .. }
            | Self::ConnectionNotKept
            | Self::AnsweredWithoutSignIn { .. }
            | Self::BasicWithheld { .. }
            | Self::LeadsElsewhere { .. }
            | Self::AutodiscoverFailed { .. } => (Stage::Http, Stage::SignIn),
            Self::Forbidden
            | Self::ServerError { .. }
            | Self::ProxyFailed { .. }
            | Self::AnswerTooLarge
            | Self::AnswerNotUnderstood { .. }
            | Self::Throttled { .. } => (Stage::Http, Stage::Mailbox),
            Self::SignInRefused { .. }
            | Self::SignInUnanswered
            | Self::PasswordRefused { .. }
            | Self::PasswordExpired
            | Self::AccountDisabled => (Stage::SignIn, Stage::SignIn),
            Self::AccountNotInDomain
            | Self::AccountWithoutMailbox
            | Self::ImpersonationFailed
            | Self::EwsOffEverywhere
            | Self::RequestRejected { .. }
            | Self::ServerTooOld => (Stage::SignedIn, Stage::SignedIn),
            Self::ImpersonationDenied | Self::OutsideScope | Self::RoleMissing => {
                (Stage::Role, Stage::Role)
            }
            Self::MailboxServerUnreachable { .. }
            | Self::UnknownResponseCode { .. }
            | Self::ExchangeOnline => (Stage::SignedIn, Stage::Mailbox),
            Self::EwsOffHere
            | Self::MailboxNotFound
            | Self::MailboxAlias { .. }
            | Self::CalendarNotFound
            | Self::AccessDenied
            | Self::MailboxMoving
            | Self::MailboxMoved { .. }
            | Self::MailboxMisconfigured
            | Self::MailboxFull
            | Self::MailboxAmbiguous
            | Self::EntryDamaged { .. }
            | Self::OutOfStep { .. } => (Stage::Mailbox, Stage::Mailbox),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_hides_what_comes_later_and_never_the_other_way_round() {
        let refused = Problem::PasswordRefused { changed: None };
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
