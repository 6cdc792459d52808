//! What is tested, with what, and what comes of it.

use jiff::tz::TimeZone;
use kalends_core::{
    account_name::{AccountName, Password},
    check::TestProof,
    clock::Clock,
    connection::Mode,
    endpoint::EwsUrl,
    exchange_version::ServerBuild,
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    problem::{Certificate, Problem},
    random::Random,
};
use kalends_exchange::{auth::Gate, ews::FolderFacts, outbound::Outbound};
use std::sync::Arc;

/// What the test works with.
#[derive(Clone)]
pub struct Tools {
    pub outbound: Outbound,
    pub clock: Clock,
    pub random: Random,
    /// Counts refused sign-ins and keeps a paused password from going out.
    pub gate: Arc<dyn Gate>,
}

/// What is tested.
#[derive(Debug, Clone)]
pub struct TestRequest {
    pub mode: Mode,
    pub mailbox: SmtpAddress,
    pub account: AccountName,
    pub password: Password,
    /// `None`: found by Autodiscover.
    pub endpoint: Option<EwsUrl>,
    /// The zone of all-day entries that name none.
    pub fallback_zone: TimeZone,
    /// How much of the entries may be read.
    pub level: PrivacyLevel,
    /// Mailboxes that the account is known to reach.
    pub controls: Controls,
    /// Where a colleague's mailbox of this domain was found; tried before Autodiscover.
    pub remembered: Option<EwsUrl>,
    /// Hosts outside the mail domain that may have the password.
    pub confirmed: Vec<String>,
}

/// Mailboxes that an account is known to reach.
#[derive(Debug, Clone)]
pub enum Controls {
    /// Named by whoever asks.
    Named(SmtpAddress),
    /// By the host where each was reached, the best first. One host is never told what another one holds.
    Known(Vec<(String, SmtpAddress)>),
}

impl Controls {
    pub fn named(mailbox: Option<SmtpAddress>) -> Self {
        mailbox.map_or_else(|| Self::Known(Vec::new()), Self::Named)
    }

    /// The one to ask a host about.
    pub fn at(&self, host: &str) -> Option<&SmtpAddress> {
        match self {
            Self::Named(mailbox) => Some(mailbox),
            Self::Known(known) => {
                let mut here = known.iter().filter(|(at, _)| at.eq_ignore_ascii_case(host));
                here.next().map(|(_, mailbox)| mailbox)
            }
        }
    }
}

/// A test that passed.
#[derive(Debug, Clone)]
pub struct Success {
    pub endpoint: EwsUrl,
    /// Whether Autodiscover found the endpoint just now.
    pub is_discovered: bool,
    pub folder: FolderFacts,
    /// At most five entries of the next 30 days, soonest first; private ones without their subject.
    pub proof: Vec<TestProof>,
    pub build: Option<ServerBuild>,
    pub certificate: Option<Certificate>,
    /// The host that told the endpoint just now, and what it showed.
    pub told_by: Option<(EwsUrl, Box<Certificate>)>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub problem: Problem,
    /// The server's id of the call that failed, else ours.
    pub request_id: Option<String>,
    /// The host that answered 401 to the password.
    pub refused_sign_in: Option<String>,
    /// What the endpoint showed, as far as the test came.
    pub certificate: Option<(EwsUrl, Box<Certificate>)>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            request_id: None,
            refused_sign_in: None,
            certificate: None,
        }
    }
}
