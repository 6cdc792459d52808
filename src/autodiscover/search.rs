//! The state of one search, and what its end means.

use super::{MAX_HOSTS, MAX_TRIED, NotFound, url};
use crate::{
    mailbox::SmtpAddress,
    problem::{Problem, Tried},
};

/// The state of one search.
pub(super) struct Search<'a> {
    /// The domain of the address that was typed: the password stays within it.
    pub(super) home: &'a str,
    pub(super) address: SmtpAddress,
    pub(super) visited: Vec<(String, SmtpAddress)>,
    pub(super) tried: Vec<Tried>,
    /// The first host that would go on, but needs somebody's word.
    pub(super) elsewhere: Option<String>,
}

impl Search<'_> {
    pub(super) fn note(&mut self, host: &str, problem: Problem) {
        if self.tried.len() < MAX_TRIED {
            self.tried.push(Tried {
                url: url(host),
                problem: Box::new(problem),
            });
        }
    }

    /// Hosts that were not asked about this address yet.
    pub(super) fn fresh(&mut self, hosts: Vec<String>) -> Vec<String> {
        let mut fresh: Vec<String> = Vec::new();
        for host in hosts {
            let visit = (host.clone(), self.address.clone());
            if !self.visited.contains(&visit) && fresh.len() < MAX_HOSTS {
                self.visited.push(visit);
                fresh.push(host);
            }
        }
        fresh
    }
}

/// A mailbox that one of the addresses knows to be in Exchange Online is there, whatever the others said; and a host
/// that only needs somebody's word is told before all that failed.
pub(super) fn nothing_found(search: Search<'_>) -> NotFound {
    let online = search
        .tried
        .iter()
        .any(|tried| *tried.problem == Problem::ExchangeOnline);
    let telling = search.tried.iter().find(|tried| {
        // What answers under the bare domain is mostly a web site, whose troubles are none of Exchange.
        tried.url != url(search.home) && is_telling(&tried.problem)
    });
    let telling = telling.map(|tried| (*tried.problem).clone());
    let problem = match (search.elsewhere, telling) {
        _ if online => Problem::ExchangeOnline,
        (Some(host), _) => Problem::LeadsElsewhere { host },
        (None, Some(problem)) => problem,
        (None, None) => {
            let tried = search.tried;
            return Problem::AutodiscoverFailed { tried }.into();
        }
    };
    NotFound {
        tried: search.tried,
        ..problem.into()
    }
}

/// Whether a problem of an address that belongs to Autodiscover is what must be mended: typing the endpoint would only
/// meet it there.
const fn is_telling(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::KerberosOnly { .. }
            | Problem::ConnectionNotKept
            | Problem::SignInNotOffered { .. }
            | Problem::CertificateUnknownIssuer { .. }
            | Problem::CertificateWrongName { .. }
            | Problem::Forbidden
            | Problem::MailboxNotFound
            | Problem::CertificateExpired { .. }
            | Problem::CertificateNotYetValid { .. }
            | Problem::Throttled { .. }
            | Problem::ServerError { .. }
    )
}
