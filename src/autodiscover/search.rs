//! The state of one search, and what its end means.

use super::{MAX_HINTS, MAX_HOSTS, MAX_TRIED, NotFound, url};
use crate::{
    mailbox::SmtpAddress,
    problem::{CameOf, Problem, Tried, capped},
};

/// The state of one search.
pub(super) struct Search<'a> {
    /// The domain of the address that was typed: the password stays within it.
    pub(super) home: &'a str,
    pub(super) address: SmtpAddress,
    pub(super) visited: Vec<(String, SmtpAddress)>,
    pub(super) tried: Vec<Tried>,
    /// What came of the questions that go without a password beside the others.
    pub(super) hints: Vec<Tried>,
    /// The first host that would go on, but needs somebody's word.
    pub(super) elsewhere: Option<String>,
}

impl Search<'_> {
    pub(super) fn note(&mut self, host: &str, problem: Problem) {
        self.note_came(host, CameOf::Problem(Box::new(problem)));
    }

    /// It sends on to another host.
    pub(super) fn note_host(&mut self, host: &str, to: &str) {
        let visit = (to.to_owned(), self.address.clone());
        let came = if self.visited.contains(&visit) {
            CameOf::Circle(capped(to))
        } else {
            CameOf::LeadsTo(capped(to))
        };
        self.note_came(host, came);
    }

    /// It sends on to another address.
    pub(super) fn note_address(&mut self, host: &str, to: &SmtpAddress) {
        let was_asked = self.visited.iter().any(|(_, asked)| asked == to);
        let to = to.to_string();
        let came = if was_asked {
            CameOf::Circle(to)
        } else {
            CameOf::LeadsTo(to)
        };
        self.note_came(host, came);
    }

    fn note_came(&mut self, host: &str, came: CameOf) {
        if self.tried.len() < MAX_TRIED {
            let url = url(host);
            self.tried.push(Tried { url, came });
        }
    }

    /// All that was asked, and what came of it.
    pub(super) fn all_tried(self) -> Vec<Tried> {
        let mut all = self.tried;
        all.extend(self.hints.into_iter().take(MAX_HINTS));
        all
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
        .any(|tried| tried.came == CameOf::Problem(Box::new(Problem::ExchangeOnline)));
    let telling = search.tried.iter().find_map(|tried| match &tried.came {
        // What answers under the bare domain is mostly a web site, whose troubles are none of Exchange.
        CameOf::Problem(problem) if tried.url != url(search.home) && is_telling(problem) => {
            Some((**problem).clone())
        }
        _ => None,
    });
    let problem = match (search.elsewhere.clone(), telling) {
        _ if online => Problem::ExchangeOnline,
        (Some(host), _) => Problem::LeadsElsewhere { host },
        (None, Some(problem)) => problem,
        (None, None) => {
            let tried = search.all_tried();
            return Problem::AutodiscoverFailed { tried }.into();
        }
    };
    NotFound {
        tried: search.all_tried(),
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
