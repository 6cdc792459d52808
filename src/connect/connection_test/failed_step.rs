//! Which step a failure belongs to, and whether the endpoint itself is to blame.

use super::{request::Failure, stop::Stop};
use kalends_core::{calendar::Window, check::Step, problem::Problem};
use kalends_exchange::ews::{CallError, EwsError};

impl Stop {
    /// The same, with the times at which damaged entries lie.
    pub(super) fn lying_in(mut self, periods: &[Window]) -> Self {
        self.failure.problem = self.failure.problem.lying_in(periods);
        self
    }
}

/// Which of the three steps behind `GetFolder` a problem belongs to. Exchange checks the version first, then the
/// impersonation header, then its budget, then does what was asked.
pub(super) fn failing_step(
    problem: &Problem,
    error: &EwsError,
    is_accepted: bool,
    is_service: bool,
) -> Step {
    let before_calendar = if is_service {
        Step::Impersonation
    } else {
        Step::Calendar
    };
    match problem {
        Problem::ExchangeOnline | Problem::ServerTooOld => Step::EwsAnswers,
        _ if !is_accepted && !is_said_behind_the_sign_in(error) => Step::SignIn,
        Problem::AccountDisabled | Problem::PasswordExpired => Step::SignIn,
        Problem::ImpersonationDenied
        | Problem::OutsideScope
        | Problem::RoleMissing
        | Problem::ImpersonationFailed
        | Problem::MailboxNotFound
        | Problem::MailboxMoved { .. }
        | Problem::MailboxAlias { .. } => before_calendar,
        Problem::UnknownResponseCode { .. } if is_fault(error) => before_calendar,
        _ => Step::Calendar,
    }
}

/// Whether Exchange said it to whoever has signed in, under whatever status and type of content.
fn is_said_behind_the_sign_in(error: &EwsError) -> bool {
    match &*error.cause {
        CallError::Exchange(_) => true,
        CallError::Http { by, .. } => by.cas_error.is_some(),
        _ => false,
    }
}

fn is_fault(error: &EwsError) -> bool {
    matches!(&*error.cause, CallError::Exchange(said) if said.is_fault)
}

/// Whether a remembered endpoint may be what is wrong. A refused password is none of its faults.
pub fn is_stale(failure: &Failure) -> bool {
    failure.refused_sign_in.is_none()
        && matches!(
            failure.problem,
            Problem::AddressNotAllowed { .. }
                | Problem::NameNotFound { .. }
                | Problem::ConnectionRefused { .. }
                | Problem::ConnectionTimedOut { .. }
                | Problem::ConnectionFailed { .. }
                | Problem::CertificateUnknownIssuer { .. }
                | Problem::CertificateWrongName { .. }
                | Problem::CertificateExpired { .. }
                | Problem::CertificateUnusable { .. }
                | Problem::TlsFailed { .. }
                | Problem::NotEws { .. }
                | Problem::EndpointNotFound { .. }
                | Problem::MailboxNotFound
                | Problem::MailboxMoved { .. }
                | Problem::MailboxServerUnreachable { .. }
                | Problem::ExchangeOnline
                | Problem::AutodiscoverFailed { .. }
                | Problem::LeadsElsewhere { .. }
        )
}
