//! The control mailbox: one that the service account is known to reach. Asked after a refusal, it separates what is wrong
//! with one mailbox from what is wrong with the account, and nothing more.

use super::{diagnose, evidence::Evidence};
use crate::ews::{Client, MailboxAccess};
use kalends_core::{mailbox::SmtpAddress, problem::Problem};
use std::time::Duration;
use tokio::time::timeout;

/// How long the control mailbox may take to answer.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a control mailbox would tell more about a problem.
pub const fn is_ambiguous(problem: &Problem) -> bool {
    matches!(problem, Problem::ImpersonationDenied | Problem::Forbidden)
}

/// The same problem, told more exactly if the answer about the control mailbox allows it.
pub async fn narrowed(problem: Problem, client: &mut Client, control: &SmtpAddress) -> Problem {
    if !is_ambiguous(&problem) {
        return problem;
    }
    let access = MailboxAccess::impersonated(control.clone());
    let Ok(asked) = timeout(CONTROL_TIMEOUT, client.get_calendar(&access)).await else {
        return problem;
    };
    let url = client.endpoint().to_string();
    let evidence = Evidence {
        url: &url,
        mailbox: control,
    };
    let of_control = asked.map_err(|error| diagnose(&error, &evidence)).err();
    match (problem, of_control) {
        (Problem::ImpersonationDenied, None) => Problem::OutsideScope,
        (Problem::ImpersonationDenied, Some(Problem::ImpersonationDenied)) => Problem::RoleMissing,
        (Problem::Forbidden, None) => Problem::EwsOffHere,
        (Problem::Forbidden, Some(Problem::Forbidden)) => Problem::EwsOffEverywhere,
        (problem, _) => problem,
    }
}
