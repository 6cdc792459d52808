//! The order in which hosts may get the password. Everything is probed anonymously; then one candidate gets the password
//! and no other: the one that looks most like Exchange, and the mail domain's own host only where nothing else answers,
//! for a web host often stands there.

use super::{
    ask::AskOutcome,
    attempt::problem_at,
    context::Autodiscover,
    domain::{is_within, well_known},
    limits::MAX_HOPS,
    outcome::{AskedHost, DiscoveryFailure},
    probe::{Candidate, ProbeOutcome},
    state::SearchState,
};
use crate::{auth::AuthMethod, ews::EwsError};
use futures::future::join;
use kalends_core::{
    endpoint::{EwsUrl, is_exchange_online},
    problem::Problem,
};

/// How a search ended. `None`: nothing was found, and nothing ended it before all was asked.
type SearchResult = Option<Result<(EwsUrl, AskedHost), DiscoveryFailure>>;

/// What comes after a host was asked.
enum NextStep {
    End(Box<SearchResult>),
    /// Ask these next.
    Hosts(Vec<String>),
    /// It got no password: another may be asked.
    Continue,
}

/// Where a search stands between two rounds of probes.
struct SearchQueue {
    /// Asked next.
    hosts: Vec<String>,
    /// Hosts that others pointed to, for when the present ones lead nowhere.
    reserve: Vec<String>,
    /// The mail domain's own host, which waits for all others.
    bare: Option<Candidate>,
    /// Another host than the mail domain's own asks for a sign-in.
    others_answer: bool,
    /// Where else the domain says that it is: asked once, beside the first probes.
    wants_hints: bool,
}

impl SearchQueue {
    fn of(search: &SearchState) -> Self {
        Self {
            hosts: well_known(&search.address),
            reserve: Vec::new(),
            bare: None,
            others_answer: false,
            wants_hints: true,
        }
    }
}

impl Autodiscover<'_> {
    pub(super) async fn search(&self, search: &mut SearchState) -> SearchResult {
        let mut queue = SearchQueue::of(search);
        for _ in 0..=MAX_HOPS {
            let candidates = self.probe_next(&mut queue, search).await;
            let mut after = self.ask_best(&mut queue, candidates, search).await;
            let is_over = queue.hosts.is_empty() && queue.reserve.is_empty();
            if matches!(after, NextStep::Continue)
                && is_over
                && !queue.others_answer
                && let Some(bare) = queue.bare.take()
            {
                after = self.ask_for(bare, &mut queue, search).await;
            }
            match after {
                NextStep::End(ended) => return *ended,
                NextStep::Hosts(hosts) => queue.hosts = hosts,
                NextStep::Continue => queue.hosts = std::mem::take(&mut queue.reserve),
            }
            if queue.hosts.is_empty() {
                return None;
            }
        }
        None
    }

    /// Probes what is next; those that ask for a sign-in which Kalends knows come back, and what came of the others is
    /// noted.
    async fn probe_next(
        &self,
        queue: &mut SearchQueue,
        search: &mut SearchState,
    ) -> Vec<Candidate> {
        let hosts = search.unvisited(std::mem::take(&mut queue.hosts));
        let wants_hints = std::mem::take(&mut queue.wants_hints);
        let (probed, hinted) = join(self.probe_all(&hosts), async {
            if wants_hints {
                self.hints(&search.address).await
            } else {
                Vec::new()
            }
        })
        .await;
        let mut candidates = Vec::new();
        for (host, result) in probed {
            candidates.extend(candidate(&host, result, queue, search));
        }
        for (hint, host) in hinted {
            search.hints.push(hint);
            queue.reserve.extend(host);
        }
        candidates
    }

    /// Asks the best candidates in turn until one has had the password.
    async fn ask_best(
        &self,
        queue: &mut SearchQueue,
        mut candidates: Vec<Candidate>,
        search: &mut SearchState,
    ) -> NextStep {
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.likeness));
        for candidate in candidates {
            let is_bare = candidate.host == search.address.wire_domain();
            queue.others_answer |= !is_bare;
            if !self.may_have_the_password(&candidate.host, &search.home) {
                search.unconfirmed.get_or_insert(candidate.host);
            } else if is_bare {
                queue.bare = Some(candidate);
            } else {
                match self.ask_for(candidate, queue, search).await {
                    NextStep::Continue => {}
                    after => return after,
                }
            }
        }
        NextStep::Continue
    }

    /// Sends the password to one host, and reads from its answer where to go.
    async fn ask_for(
        &self,
        candidate: Candidate,
        queue: &mut SearchQueue,
        search: &mut SearchState,
    ) -> NextStep {
        let host = candidate.host.clone();
        let asked = AskedHost {
            host: host.clone(),
            offered: candidate.offer.names(),
            certificate: candidate.connection.facts().certificate.clone(),
        };
        match self.ask(candidate, &search.address).await {
            Ok(AskOutcome::Found(url)) if self.is_vouched_for(&url, &search.home) => {
                NextStep::End(Box::new(Some(Ok((url, asked)))))
            }
            Ok(AskOutcome::Found(url)) => {
                let host = url.host().to_owned();
                NextStep::End(Box::new(Some(Err(Problem::LeadsElsewhere { host }.into()))))
            }
            Ok(AskOutcome::Host(to)) => {
                search.note_host(&host, &to);
                NextStep::Hosts(vec![to])
            }
            Ok(AskOutcome::Address(address)) => {
                search.note_address(&host, &address);
                search.address = address;
                *queue = SearchQueue::of(search);
                NextStep::Hosts(std::mem::take(&mut queue.hosts))
            }
            Ok(AskOutcome::Failed { problem, was_sent }) => {
                search.note(&host, problem);
                // The password has been at one host: enough for one click.
                if was_sent {
                    NextStep::End(Box::new(None))
                } else {
                    NextStep::Continue
                }
            }
            Err(end) => {
                let asked = Some(asked);
                NextStep::End(Box::new(Some(Err(DiscoveryFailure { asked, ..end }))))
            }
        }
    }

    fn may_have_the_password(&self, host: &str, home: &str) -> bool {
        is_within(host, home)
            || self.outbound.is_vouched_for(host, 443)
            || self.confirmed.iter().any(|confirmed| confirmed == host)
    }

    /// Whether the password may go to an endpoint that was found.
    fn is_vouched_for(&self, url: &EwsUrl, home: &str) -> bool {
        self.outbound.is_vouched_for(url.host(), url.port())
            || self.may_have_the_password(url.host(), home)
    }
}

/// A host that asks for a sign-in; what came of another one is noted.
fn candidate(
    host: &str,
    result: Result<ProbeOutcome, EwsError>,
    queue: &mut SearchQueue,
    search: &mut SearchState,
) -> Option<Candidate> {
    match result {
        Ok(ProbeOutcome::Candidate(candidate)) if AuthMethod::of(&candidate.offer).is_some() => {
            return Some(*candidate);
        }
        Ok(ProbeOutcome::Candidate(candidate)) => {
            let offered = candidate.offer.names();
            search.note(host, Problem::SignInNotOffered { offered });
        }
        Ok(ProbeOutcome::Moved(to)) if is_exchange_online(&to) => {
            search.note(host, Problem::ExchangeOnline);
        }
        Ok(ProbeOutcome::Moved(to)) => {
            search.note_host(host, &to);
            queue.reserve.push(to);
        }
        Err(error) => {
            let problem = problem_at(host, &search.address, &error);
            search.note(host, problem);
        }
    }
    None
}
