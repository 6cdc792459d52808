//! The one cause behind several problems, and what a problem tells beside its kind.

use super::{Certificate, Concerns, Owner, Problem};
use std::time::Duration;

/// No server is asked again sooner, whatever it says: ten seconds. A pause of this length was not asked for.
pub const MIN_PAUSE_MILLIS: u64 = 10_000;

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

    /// Whether somebody must put a password right.
    pub fn is_about_password(&self) -> bool {
        self.concerns() == Concerns::Password && self.owner() != Owner::Nobody
    }

    /// What the host showed with a refused password, if that changed since everything last worked.
    pub fn changed_certificate(&self) -> Option<&Certificate> {
        match self {
            Self::SignInRefused { changed, .. } | Self::PasswordRefused { changed, .. } => {
                changed.as_deref()
            }
            _ => None,
        }
    }
}
