//! The order in which hosts may get the password. Everything is probed anonymously; then one candidate gets the password
//! and no other: the one that looks most like Exchange, and the mail domain's own host only where nothing else answers,
//! for a web host often stands there.

use super::{
    ask::Next,
    probe::{
        Asked, Autodiscover, MAX_HOPS, NotFound, Probed, Ready, is_within, problem_at, well_known,
    },
    search::Search,
};
use crate::{auth::Method, ews::EwsError};
use futures::future::join;
use kalends_core::{
    endpoint::{EwsUrl, is_exchange_online},
    problem::Problem,
};

/// How a search ended. `None`: nothing was found, and nothing ended it before all was asked.
type Ended = Option<Result<(EwsUrl, Asked), NotFound>>;

/// What comes after a host was asked.
enum After {
    End(Box<Ended>),
    /// Ask these next.
    Hosts(Vec<String>),
    /// It got no password: another may be asked.
    GoOn,
}

/// Where a search stands between two rounds of probes.
struct Walk {
    /// Asked next.
    hosts: Vec<String>,
    /// Hosts that others pointed to, for when the present ones lead nowhere.
    reserve: Vec<String>,
    /// The mail domain's own host, which waits for all others.
    bare: Option<Ready>,
    /// Another host than the mail domain's own asks for a sign-in.
    others_answer: bool,
    /// Where else the domain says that it is: asked once, beside the first probes.
    wants_hints: bool,
}

impl Walk {
    fn of(search: &Search) -> Self {
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
    pub(super) async fn search(&self, search: &mut Search) -> Ended {
        let mut walk = Walk::of(search);
        for _ in 0..=MAX_HOPS {
            let candidates = self.probe_next(&mut walk, search).await;
            let mut after = self.ask_best(&mut walk, candidates, search).await;
            let is_over = walk.hosts.is_empty() && walk.reserve.is_empty();
            if matches!(after, After::GoOn)
                && is_over
                && !walk.others_answer
                && let Some(bare) = walk.bare.take()
            {
                after = self.ask_for(bare, &mut walk, search).await;
            }
            match after {
                After::End(ended) => return *ended,
                After::Hosts(hosts) => walk.hosts = hosts,
                After::GoOn => walk.hosts = std::mem::take(&mut walk.reserve),
            }
            if walk.hosts.is_empty() {
                return None;
            }
        }
        None
    }

    /// Probes what is next; those that ask for a sign-in which Kalends knows come back, and what came of the others is
    /// noted.
    async fn probe_next(&self, walk: &mut Walk, search: &mut Search) -> Vec<Ready> {
        let hosts = search.fresh(std::mem::take(&mut walk.hosts));
        let wants_hints = std::mem::take(&mut walk.wants_hints);
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
            candidates.extend(candidate(&host, result, walk, search));
        }
        for (hint, host) in hinted {
            search.hints.push(hint);
            walk.reserve.extend(host);
        }
        candidates
    }

    /// Asks the best candidates in turn until one has had the password.
    async fn ask_best(
        &self,
        walk: &mut Walk,
        mut candidates: Vec<Ready>,
        search: &mut Search,
    ) -> After {
        candidates.sort_by_key(|ready| std::cmp::Reverse(ready.looks));
        for ready in candidates {
            let is_bare = ready.host == search.address.wire_domain();
            walk.others_answer |= !is_bare;
            if !self.may_have_the_password(&ready.host, &search.home) {
                search.elsewhere.get_or_insert(ready.host);
            } else if is_bare {
                walk.bare = Some(ready);
            } else {
                match self.ask_for(ready, walk, search).await {
                    After::GoOn => {}
                    after => return after,
                }
            }
        }
        After::GoOn
    }

    /// Sends the password to one host, and reads from its answer where to go.
    async fn ask_for(&self, ready: Ready, walk: &mut Walk, search: &mut Search) -> After {
        let host = ready.host.clone();
        let asked = Asked {
            host: host.clone(),
            offered: ready.offer.names(),
            certificate: ready.connection.facts().certificate.clone(),
        };
        match self.ask(ready, &search.address).await {
            Ok(Next::Found(url)) if self.is_vouched_for(&url, &search.home) => {
                After::End(Box::new(Some(Ok((url, asked)))))
            }
            Ok(Next::Found(url)) => {
                let host = url.host().to_owned();
                After::End(Box::new(Some(Err(Problem::LeadsElsewhere { host }.into()))))
            }
            Ok(Next::Host(to)) => {
                search.note_host(&host, &to);
                After::Hosts(vec![to])
            }
            Ok(Next::Address(address)) => {
                search.note_address(&host, &address);
                search.address = address;
                *walk = Walk::of(search);
                After::Hosts(std::mem::take(&mut walk.hosts))
            }
            Ok(Next::Failed { problem, was_sent }) => {
                search.note(&host, problem);
                // The password has been at one host: enough for one click.
                if was_sent {
                    After::End(Box::new(None))
                } else {
                    After::GoOn
                }
            }
            Err(end) => {
                let asked = Some(asked);
                After::End(Box::new(Some(Err(NotFound { asked, ..end }))))
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
    result: Result<Probed, EwsError>,
    walk: &mut Walk,
    search: &mut Search,
) -> Option<Ready> {
    match result {
        Ok(Probed::Ready(ready)) if Method::of(&ready.offer).is_some() => return Some(*ready),
        Ok(Probed::Ready(ready)) => {
            let offered = ready.offer.names();
            search.note(host, Problem::SignInNotOffered { offered });
        }
        Ok(Probed::Moved(to)) if is_exchange_online(&to) => {
            search.note(host, Problem::ExchangeOnline);
        }
        Ok(Probed::Moved(to)) => {
            search.note_host(host, &to);
            walk.reserve.push(to);
        }
        Err(error) => {
            let problem = problem_at(host, &search.address, &error);
            search.note(host, problem);
        }
    }
    None
}
