//! Every way in which a connection can go wrong, as data: a stable code, typed slots, who must act, and whether to
//! try again. Words are looked up last, by [`crate::advice`].

mod catalogue;
mod cause;
mod facts;
mod handling;
mod unaddressed;

pub use catalogue::{ProbeResult, Problem, Tried};
pub use cause::MIN_PAUSE_MILLIS;
pub use facts::{
    Certificate, CertificateBefore, CertificateFlaw, ENDS_SOON, InsteadOfEws, Issuing, NO_CODE,
    Target, TlsReason, capped,
};
pub use handling::{Concerns, Owner, Retry};
pub use unaddressed::text_without_addresses;

use crate::calendar::Window;

impl Problem {
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
