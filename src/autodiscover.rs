//! Autodiscover without a directory. Everything anonymous goes side by side: the two well-known addresses of a mail
//! domain, the redirect over plain http, the DNS record. The password goes to one host at a time, only within the
//! mail domain or where somebody vouched for the host, and the first refusal ends it.

mod ask;
mod pox;
mod said;
mod search;
mod soap;

use crate::{
    auth::{Credentials, Gate, Method, offer::Offer},
    diagnose::{Evidence, diagnose},
    endpoint::{EwsUrl, is_exchange_online},
    ews::{
        CallIds, Cause, EwsError,
        client::{KALENDS, http_cause, is_online, post},
        xml::Xml,
    },
    mailbox::SmtpAddress,
    outbound::{Outbound, connection::Connection, plain::PlainAnswer, resolve::Service},
    problem::{CameOf, Certificate, Problem, Tried, capped},
    random::Random,
};
use ask::Next;
use futures::future::{join, join_all};
use http::StatusCode;
use said::host_of;
use search::{Search, nothing_found};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long all of it may take.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long one host may take to be probed, and again to be asked.
const CANDIDATE_LIMIT: Duration = Duration::from_secs(10);
/// The most that is read of an answer.
const ANSWER_BYTES: usize = 512 * 1024;
/// How many times answers may send us on, all together.
const MAX_HOPS: usize = 10;
/// How many hosts may get the password without a word about it.
const MAX_UNJUDGED: usize = 2;
/// The most hosts that are probed at a time.
const MAX_HOSTS: usize = 6;
/// The most addresses that are told about.
const MAX_TRIED: usize = 12;
/// The most hints that are told about.
const MAX_HINTS: usize = 6;

/// What Autodiscover works with.
pub struct Autodiscover<'a> {
    pub outbound: &'a Outbound,
    pub random: &'a Random,
    pub credentials: &'a Credentials,
    pub gate: Arc<dyn Gate>,
    /// Hosts outside the mail domain that the person has confirmed.
    pub confirmed: &'a [String],
}

/// Where EWS is, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    pub endpoint: EwsUrl,
    /// The host that told it.
    pub by: String,
    /// What that host showed.
    pub certificate: Option<Certificate>,
    /// What was tried before, and why it led nowhere.
    pub tried: Vec<Tried>,
}

/// A host that was asked with the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub host: String,
    /// The kinds of sign-in that it offered.
    pub offered: Vec<String>,
    pub certificate: Option<Certificate>,
}

/// Why no endpoint was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    pub problem: Problem,
    /// The id of the call that decided it.
    pub request_id: Option<String>,
    /// The host that answered 401 to the password.
    pub refused_at: Option<String>,
    /// The host that was asked last.
    pub asked: Option<Asked>,
    /// What was tried before, and why it led nowhere.
    pub tried: Vec<Tried>,
}

impl From<Problem> for NotFound {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            request_id: None,
            refused_at: None,
            asked: None,
            tried: Vec::new(),
        }
    }
}

/// What an anonymous probe of a host brought.
enum Probed {
    /// It asks for a sign-in and may be asked.
    Ready(Box<Ready>),
    /// It sends us to another host.
    Moved(String),
}

struct Ready {
    host: String,
    connection: Connection,
    offer: Offer,
}

impl Autodiscover<'_> {
    /// The EWS endpoint of a mailbox.
    #[tracing::instrument(name = "autodiscover", skip_all)]
    pub async fn find(&self, mailbox: &SmtpAddress) -> Result<Discovered, NotFound> {
        let mut search = Search {
            home: mailbox.domain(),
            address: mailbox.clone(),
            visited: Vec::new(),
            sent: Vec::new(),
            tried: Vec::new(),
            hints: Vec::new(),
            elsewhere: None,
        };
        match timeout(LIMIT, self.search(&mut search)).await {
            Ok(Some(Ok((endpoint, by)))) => Ok(Discovered {
                endpoint,
                by: by.host,
                certificate: by.certificate,
                tried: search.all_tried(),
            }),
            Ok(Some(Err(end))) => Err(NotFound {
                tried: search.all_tried(),
                ..end
            }),
            Err(_) if search.tried.is_empty() && search.elsewhere.is_none() => {
                let seconds = LIMIT.as_secs();
                Err(Problem::AnswerTimedOut { seconds }.into())
            }
            Ok(None) | Err(_) => Err(nothing_found(search)),
        }
    }

    /// What this host, which holds the account already, says about a mailbox that it does not serve: that it is in
    /// Exchange Online, or at which endpoint it is now. `None`: nothing new.
    pub async fn moved(
        &self,
        host: &str,
        mailbox: &SmtpAddress,
        endpoint: &EwsUrl,
    ) -> Option<Problem> {
        let Ok(Ok(Probed::Ready(ready))) = timeout(CANDIDATE_LIMIT, self.probe(host)).await else {
            return None;
        };
        match self.ask(*ready, mailbox).await.ok()? {
            Next::Found(url) if url != *endpoint => Some(Problem::MailboxMoved {
                endpoint: Some(url),
            }),
            Next::Host(_) | Next::Address(_) => Some(Problem::MailboxMoved { endpoint: None }),
            Next::Failed(Problem::ExchangeOnline) => Some(Problem::ExchangeOnline),
            Next::Found(_) | Next::Failed(_) => None,
        }
    }

    /// `None`: nothing was found and nothing ended the search.
    async fn search(&self, search: &mut Search<'_>) -> Option<Result<(EwsUrl, Asked), NotFound>> {
        let mut hosts = well_known(&search.address);
        // Where else the domain says that it is: asked anonymously beside the first probes, used after them.
        let mut hints = true;
        // Hosts that others pointed to, for when the present ones lead nowhere.
        let mut reserve = Vec::new();
        let mut unjudged = 0;
        for _ in 0..=MAX_HOPS {
            let hosts_now = search.fresh(std::mem::take(&mut hosts));
            let asked_hints = std::mem::take(&mut hints);
            let (probed, hinted) = join(self.probe_all(&hosts_now), async {
                if asked_hints {
                    self.hints(&search.address).await
                } else {
                    Vec::new()
                }
            })
            .await;
            let mut hosts_hinted = Vec::new();
            for (hint, host) in hinted {
                search.hints.push(hint);
                hosts_hinted.extend(host);
            }
            for (host, result) in probed {
                let ready = match result {
                    Ok(Probed::Ready(ready)) => ready,
                    Ok(Probed::Moved(to)) if is_exchange_online(&to) => {
                        search.note(&host, Problem::ExchangeOnline);
                        continue;
                    }
                    Ok(Probed::Moved(to)) => {
                        search.note_host(&host, &to);
                        reserve.push(to);
                        continue;
                    }
                    Err(error) => {
                        let problem = problem_at(&host, &search.address, &error);
                        search.note(&host, problem);
                        continue;
                    }
                };
                if Method::of(&ready.offer).is_none() {
                    let offered = ready.offer.names();
                    search.note(&host, Problem::SignInNotOffered { offered });
                    continue;
                }
                if !self.may_have_the_password(&host, search.home) {
                    search.elsewhere.get_or_insert(host);
                    continue;
                }
                let asked = Asked {
                    host: host.clone(),
                    offered: ready.offer.names(),
                    certificate: ready.connection.facts().certificate.clone(),
                };
                match self.ask(*ready, &search.address).await {
                    Ok(Next::Found(url)) if self.is_vouched_for(&url, search.home) => {
                        return Some(Ok((url, asked)));
                    }
                    Ok(Next::Found(url)) => {
                        let host = url.host().to_owned();
                        return Some(Err(Problem::LeadsElsewhere { host }.into()));
                    }
                    Ok(Next::Host(to)) => {
                        search.note_host(&host, &to);
                        hosts = vec![to];
                        break;
                    }
                    Ok(Next::Address(address)) => {
                        search.note_address(&host, &address);
                        hosts = well_known(&address);
                        search.address = address;
                        hints = true;
                        reserve.clear();
                        break;
                    }
                    Ok(Next::Failed(problem)) => {
                        unjudged += usize::from(matches!(problem, Problem::NotEws { .. }));
                        search.note(&host, problem);
                        // The password has been at two hosts, and none said yes or no to it: enough for one click.
                        if unjudged >= MAX_UNJUDGED {
                            return None;
                        }
                    }
                    Err(end) => {
                        let asked = Some(asked);
                        return Some(Err(NotFound { asked, ..end }));
                    }
                }
            }
            reserve.extend(hosts_hinted);
            if hosts.is_empty() {
                hosts = std::mem::take(&mut reserve);
            }
            if hosts.is_empty() {
                return None;
            }
        }
        None
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

    /// What a domain names by a redirect over plain http and by DNS, with the hosts that may be asked. Nothing but the
    /// domain is told to anybody.
    async fn hints(&self, mailbox: &SmtpAddress) -> Vec<(Tried, Option<String>)> {
        let domain = mailbox.domain();
        let host = format!("autodiscover.{domain}");
        let name = format!("_autodiscover._tcp.{domain}");
        let (redirect, services) = join(
            self.outbound.plain_redirect(&host, pox::PATH, KALENDS),
            self.outbound.services(&name),
        )
        .await;
        let http = format!("http://{host}{}", pox::PATH);
        let mut hints = vec![match redirect {
            Ok(PlainAnswer::RedirectsTo(to)) => hint(&http, &to, host_of(&to)),
            Ok(PlainAnswer::NoRedirect) => (tried(&http, CameOf::NamesNone), None),
            Ok(PlainAnswer::NoneInTime) => {
                let seconds = CANDIDATE_LIMIT.as_secs();
                let problem = Problem::AnswerTimedOut { seconds };
                (tried(&http, CameOf::Problem(Box::new(problem))), None)
            }
            Err(error) => {
                let error = Cause::from(error).into();
                let problem = problem_at(&host, mailbox, &error);
                (tried(&http, CameOf::Problem(Box::new(problem))), None)
            }
        }];
        let record = format!("{name} (DNS SRV)");
        if services.is_empty() {
            hints.push((tried(&record, CameOf::NamesNone), None));
        }
        hints.extend(services.into_iter().map(|Service { target, port, .. }| {
            let host = (port == 443).then(|| target.to_ascii_lowercase());
            let to = format!("{target}:{port}");
            hint(&record, host.as_ref().unwrap_or(&to), host.clone())
        }));
        hints
    }

    /// Anonymous probes, side by side.
    async fn probe_all(&self, hosts: &[String]) -> Vec<(String, Result<Probed, EwsError>)> {
        let probes = hosts.iter().map(|host| async move {
            let probe = timeout(CANDIDATE_LIMIT, self.probe(host)).await;
            let seconds = CANDIDATE_LIMIT.as_secs();
            let probed = probe.unwrap_or_else(|_| Err(Cause::TimedOut { seconds }.into()));
            (host.clone(), probed)
        });
        join_all(probes).await
    }

    async fn probe(&self, host: &str) -> Result<Probed, EwsError> {
        let mut connection = self
            .outbound
            .connect(host, 443)
            .await
            .map_err(Cause::from)?;
        let mut ids = CallIds::new(self.random);
        let request = post(pox::PATH, None, &ids, String::new());
        let sent = connection.send(request, ANSWER_BYTES).await;
        let answer = sent.map_err(|error| EwsError::new(error.into(), ids.clone()))?;
        ids.answered(&answer);
        let build = answer
            .header("x-owa-version")
            .and_then(|text| text.parse().ok());
        if is_online(&answer, build) {
            return Err(EwsError::new(Cause::ExchangeOnline, ids));
        }
        if answer.status.is_redirection()
            && let Some(to) = answer.header("location").and_then(host_of)
        {
            return Ok(Probed::Moved(to));
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(EwsError::new(http_cause(&answer), ids));
        }
        let offer = Offer::read(&answer.headers);
        answer.drain().await;
        Ok(Probed::Ready(Box::new(Ready {
            host: host.to_owned(),
            connection,
            offer,
        })))
    }
}

fn well_known(mailbox: &SmtpAddress) -> Vec<String> {
    let domain = mailbox.domain();
    vec![domain.to_owned(), format!("autodiscover.{domain}")]
}

fn url(host: &str) -> String {
    format!("https://{host}{}", pox::PATH)
}

fn tried(url: &str, came: CameOf) -> Tried {
    let url = url.to_owned();
    Tried { url, came }
}

/// A hint, told as followed where it names a host that may be asked.
fn hint(url: &str, to: &str, host: Option<String>) -> (Tried, Option<String>) {
    let came = match &host {
        Some(host) => CameOf::LeadsTo(capped(host)),
        None => CameOf::NotFollowed(capped(to)),
    };
    (tried(url, came), host)
}

fn problem_at(host: &str, mailbox: &SmtpAddress, error: &EwsError) -> Problem {
    let url = url(host);
    diagnose(error, &Evidence { url: &url, mailbox })
}

/// Reads a text as an answer in both forms and forgets what came of it, for the fuzzers.
pub fn read_both(text: &str) {
    drop(pox::read(&mut Xml::new(text)));
    drop(soap::read(&mut Xml::new(text)));
}

/// Whether a mailbox may be on another server than the one that was asked.
pub const fn is_elsewhere(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::MailboxNotFound | Problem::MailboxServerUnreachable { .. }
    )
}

/// Whether a host is the mail domain itself or below it.
pub fn is_within(host: &str, home: &str) -> bool {
    host == home
        || host
            .strip_suffix(home)
            .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_within_its_domain_by_whole_labels_alone() {
        for inside in [
            "example.test",
            "autodiscover.example.test",
            "a.b.example.test",
        ] {
            assert!(is_within(inside, "example.test"), "{inside}");
        }
        for outside in ["evilexample.test", "example.test.evil.test", "test", ""] {
            assert!(!is_within(outside, "example.test"), "{outside}");
        }
    }
}
