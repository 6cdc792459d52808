//! The state of one search, and what its end means.

use super::{
    attempt::url,
    limits::{MAX_HOSTS, MAX_REPORTED_ATTEMPTS, MAX_REPORTED_HINTS},
    outcome::DiscoveryFailure,
};
use kalends_core::{
    mailbox::SmtpAddress,
    problem::{ProbeResult, Problem, Tried, capped},
};

/// The state of one search.
pub(super) struct SearchState {
    /// The domain of the address that was typed: the password stays within it.
    pub(super) home: String,
    pub(super) address: SmtpAddress,
    pub(super) visited: Vec<(String, SmtpAddress)>,
    /// Which host sent on to which, by the address that was asked about.
    pub(super) sent: Vec<((String, String), SmtpAddress)>,
    pub(super) tried: Vec<Tried>,
    /// What came of the questions that go without a password beside the others.
    pub(super) hints: Vec<Tried>,
    /// The first host that would go on, but needs somebody's word.
    pub(super) unconfirmed: Option<String>,
}

impl SearchState {
    /// Nothing was asked yet.
    pub(super) fn new(mailbox: &SmtpAddress) -> Self {
        Self {
            home: mailbox.wire_domain(),
            address: mailbox.clone(),
            visited: Vec::new(),
            sent: Vec::new(),
            tried: Vec::new(),
            hints: Vec::new(),
            unconfirmed: None,
        }
    }

    pub(super) fn note(&mut self, host: &str, problem: Problem) {
        self.record(host, ProbeResult::Problem(Box::new(problem)));
    }

    /// It sends on to another host.
    pub(super) fn note_host(&mut self, host: &str, to: &str) {
        let came = if self.leads_back(host, to) {
            ProbeResult::Circle(capped(to))
        } else {
            ProbeResult::LeadsTo(capped(to))
        };
        let sent = (host.to_owned(), to.to_owned());
        self.sent.push((sent, self.address.clone()));
        self.record(host, came);
    }

    /// Whether the hosts that were sent on from `to` come to `host`.
    fn leads_back(&self, host: &str, to: &str) -> bool {
        let mut at = to;
        for _ in 0..=self.sent.len() {
            if at == host {
                return true;
            }
            let mut sent = self.sent.iter();
            let Some(((_, next), _)) =
                sent.find(|((from, _), address)| from == at && *address == self.address)
            else {
                return false;
            };
            at = next;
        }
        false
    }

    /// It sends on to another address.
    pub(super) fn note_address(&mut self, host: &str, to: &SmtpAddress) {
        let was_asked = self.visited.iter().any(|(_, asked)| asked == to);
        let to = to.to_string();
        let came = if was_asked {
            ProbeResult::Circle(to)
        } else {
            ProbeResult::LeadsTo(to)
        };
        self.record(host, came);
    }

    fn record(&mut self, host: &str, came: ProbeResult) {
        if self.tried.len() < MAX_REPORTED_ATTEMPTS {
            let url = url(host);
            self.tried.push(Tried { url, came });
        }
    }

    /// All that was asked, and what came of it.
    pub(super) fn all_tried(self) -> Vec<Tried> {
        let mut all = self.tried;
        all.extend(self.hints.into_iter().take(MAX_REPORTED_HINTS));
        all
    }

    /// Hosts that were not asked about this address yet.
    pub(super) fn unvisited(&mut self, hosts: Vec<String>) -> Vec<String> {
        let mut unvisited: Vec<String> = Vec::new();
        for host in hosts {
            let visit = (host.clone(), self.address.clone());
            if !self.visited.contains(&visit) && unvisited.len() < MAX_HOSTS {
                self.visited.push(visit);
                unvisited.push(host);
            }
        }
        unvisited
    }
}

/// A mailbox that one of the addresses knows to be in Exchange Online is there, whatever the others said; and a host
/// that only needs somebody's word is told before all that failed.
pub(super) fn nothing_found(search: SearchState) -> DiscoveryFailure {
    let online = search
        .tried
        .iter()
        .any(|tried| tried.came == ProbeResult::Problem(Box::new(Problem::ExchangeOnline)));
    let decisive = search.tried.iter().find_map(|tried| match &tried.came {
        // What answers under the bare domain is mostly a web site, whose troubles are none of Exchange.
        ProbeResult::Problem(problem) if tried.url != url(&search.home) && is_decisive(problem) => {
            Some((**problem).clone())
        }
        _ => None,
    });
    let problem = match (search.unconfirmed.clone(), decisive) {
        _ if online => Problem::ExchangeOnline,
        (Some(host), _) => Problem::LeadsElsewhere { host },
        (None, Some(problem)) => problem,
        (None, None) => {
            let tried = search.all_tried();
            return Problem::AutodiscoverFailed { tried }.into();
        }
    };
    DiscoveryFailure {
        tried: search.all_tried(),
        ..problem.into()
    }
}

/// Whether a problem of an address that belongs to Autodiscover is what must be mended: typing the endpoint would only
/// meet it there.
const fn is_decisive(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::KerberosOnly { .. }
            | Problem::ConnectionNotKept
            | Problem::BasicWithheld { .. }
            | Problem::SignInNotOffered { .. }
            | Problem::AnsweredWithoutSignIn { .. }
            | Problem::CertificateUnknownIssuer { .. }
            | Problem::CertificateWrongName { .. }
            | Problem::Forbidden
            | Problem::MailboxNotFound
            | Problem::CertificateExpired { .. }
            | Problem::CertificateNotYetValid { .. }
            | Problem::CertificateUnusable { .. }
            | Problem::Throttled { .. }
            | Problem::ProxyFailed { .. }
            | Problem::ServerError { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> SearchState {
        SearchState::new(&"bob@a.test".parse().unwrap())
    }

    fn came(search: &SearchState) -> Vec<ProbeResult> {
        search
            .tried
            .iter()
            .map(|tried| tried.came.clone())
            .collect()
    }

    #[test]
    fn hosts_lead_in_a_circle_only_where_the_way_comes_back() {
        let mut search = search();
        search.unvisited(vec!["a.test".to_owned(), "b.test".to_owned()]);
        // One that was asked beside it is no circle.
        search.note_host("a.test", "b.test");
        search.note_host("b.test", "c.test");
        search.note_host("c.test", "a.test");
        search.note_host("d.test", "d.test");
        assert_eq!(
            came(&search),
            [
                ProbeResult::LeadsTo("b.test".to_owned()),
                ProbeResult::LeadsTo("c.test".to_owned()),
                ProbeResult::Circle("a.test".to_owned()),
                ProbeResult::Circle("d.test".to_owned()),
            ]
        );
    }

    #[test]
    fn two_addresses_that_name_each_other_are_a_circle() {
        let mut search = search();
        let (bob, target) = (search.address.clone(), "bob@b.test".parse().unwrap());
        search.unvisited(vec!["a.test".to_owned()]);
        search.note_address("a.test", &target);
        search.address = target;
        search.unvisited(vec!["b.test".to_owned()]);
        search.note_address("b.test", &bob);
        assert_eq!(
            came(&search),
            [
                ProbeResult::LeadsTo("bob@b.test".to_owned()),
                ProbeResult::Circle("bob@a.test".to_owned()),
            ]
        );
    }
}
