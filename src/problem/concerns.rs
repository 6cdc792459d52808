//! What a problem is the problem of.

use super::{Certificate, Owner, Problem};

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

impl Problem {
    /// What its connections look for by one name: all problems of a password, and all of a role, are one.
    pub fn cause(&self) -> &'static str {
        match self.concerns() {
            it @ (Concerns::Password | Concerns::Role) => it.into(),
            Concerns::Account | Concerns::Server | Concerns::Mailbox => self.code(),
        }
    }

    /// The codes of all problems with this one's cause, each between commas.
    pub fn codes_of_cause(&self) -> String {
        const PASSWORD: &str = ",sign-in-refused,sign-in-paused,too-many-tries,sign-in-unanswered,password-refused,\
                                password-changing,password-expired,secret-missing,";
        const ROLE: &str = ",impersonation-denied,outside-scope,role-missing,";
        match self.concerns() {
            Concerns::Password => PASSWORD.to_owned(),
            Concerns::Role => ROLE.to_owned(),
            Concerns::Account | Concerns::Server | Concerns::Mailbox => {
                format!(",{},", self.code())
            }
        }
    }

    /// What connections share that have this problem.
    pub const fn concerns(&self) -> Concerns {
        match self {
            Self::SignInRefused { .. }
            | Self::SignInPaused { .. }
            | Self::TooManyTries { .. }
            | Self::SignInUnanswered
            | Self::PasswordRefused { .. }
            | Self::PasswordChanging { .. }
            | Self::PasswordExpired
            | Self::SecretMissing => Concerns::Password,
            Self::ImpersonationDenied | Self::OutsideScope | Self::RoleMissing => Concerns::Role,
            Self::AccountDisabled
            | Self::AccountNotInDomain
            | Self::AccountWithoutMailbox
            | Self::AccountPaused
            | Self::ImpersonationFailed
            | Self::Throttled { .. } => Concerns::Account,
            Self::AddressNotAllowed { .. }
            | Self::NameNotFound { .. }
            | Self::ConnectionRefused { .. }
            | Self::ConnectionTimedOut { .. }
            | Self::ConnectionFailed { .. }
            | Self::CertificateUnknownIssuer { .. }
            | Self::CertificateWrongName { .. }
            | Self::CertificateExpired { .. }
            | Self::CertificateNotYetValid { .. }
            | Self::CertificateUnusable { .. }
            | Self::TlsFailed { .. }
            | Self::NotEws { .. }
            | Self::EndpointNotFound { .. }
            | Self::KerberosOnly { .. }
            | Self::ConnectionNotKept
            | Self::AnsweredWithoutSignIn { .. }
            | Self::BasicWithheld { .. }
            | Self::SignInNotOffered { .. }
            | Self::Forbidden
            | Self::EwsOffEverywhere
            | Self::ServerError { .. }
            | Self::ProxyFailed { .. }
            | Self::MailboxServerUnreachable { .. }
            | Self::RequestRejected { .. }
            | Self::ServerTooOld
            | Self::ExchangeOnline
            | Self::AutodiscoverFailed { .. }
            | Self::LeadsElsewhere { .. }
            | Self::AnswerTimedOut { .. }
            | Self::AnswerCutShort
            | Self::AnswerTooLarge
            | Self::AnswerNotUnderstood { .. }
            | Self::UnknownResponseCode { .. }
            | Self::Interrupted => Concerns::Server,
            Self::MailboxTaken
            | Self::PermissionGone
            | Self::EwsOffHere
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
            | Self::OutOfStep { .. } => Concerns::Mailbox,
        }
    }

    /// Whether somebody must put a password right.
    pub fn is_about_password(&self) -> bool {
        self.concerns() == Concerns::Password && self.owner() != Owner::Nobody
    }

    /// What the host showed with a refused password, if that changed since everything last worked.
    pub fn changed_certificate(&self) -> Option<&Certificate> {
        match self {
            Self::SignInRefused { changed, .. } | Self::PasswordRefused { changed } => {
                changed.as_deref()
            }
            _ => None,
        }
    }
}
