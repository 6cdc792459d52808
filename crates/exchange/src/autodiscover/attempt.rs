//! One address of a search: how it is spelled, and how what came of it is told.

use super::pox;
use crate::{
    diagnose::{Evidence, diagnose},
    ews::EwsError,
};
use kalends_core::{
    mailbox::SmtpAddress,
    problem::{ProbeResult, Problem, Tried},
};

/// The address of Autodiscover on a host.
pub(super) fn url(host: &str) -> String {
    format!("https://{host}{}", pox::PATH)
}

/// An address that was asked, and what came of it.
pub(super) fn tried(url: &str, came: ProbeResult) -> Tried {
    let url = url.to_owned();
    Tried { url, came }
}

/// The problem behind a failure at a host.
pub(super) fn problem_at(host: &str, mailbox: &SmtpAddress, error: &EwsError) -> Problem {
    let url = url(host);
    diagnose(error, &Evidence { url: &url, mailbox })
}
