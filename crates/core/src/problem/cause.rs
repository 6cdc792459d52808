//! What a problem tells beside its kind: who must act, when to try again, and the one cause behind several problems.

use super::{
    catalogue::Problem,
    facts::Certificate,
    handling::{Concerns, Owner, Retry},
};
use std::time::Duration;

/// No server is asked again sooner, whatever it says: ten seconds. A pause of this length was not asked for.
pub const MIN_PAUSE_MILLIS: u64 = 10_000;

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
