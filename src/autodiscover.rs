//! Autodiscover without a directory: the two well-known addresses of a mail domain are probed anonymously side by
//! side; the password goes to one of them at a time, only where Basic is offered, and the first refusal ends it.

mod pox;

use crate::{
    auth::{AuthError, Credentials, Gate, Method, SignedIn, offer::Offer},
    diagnose::{Evidence, diagnose},
    endpoint::{EwsUrl, is_exchange_online},
    ews::{
        CallIds, Cause, EwsError, Whose,
        client::{http_cause, is_online, post},
        xml::{Xml, XmlError},
    },
    mailbox::SmtpAddress,
    outbound::{Outbound, connection::Connection},
    problem::{InsteadOfEws, Problem, Tried},
    random::Random,
};
use futures::future::join_all;
use http::StatusCode;
use pox::Pox;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long all of it may take.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long one address may take to be probed, and again to be asked.
const CANDIDATE_LIMIT: Duration = Duration::from_secs(10);
const PATH: &str = "/autodiscover/autodiscover.xml";
/// The most that is read of an answer.
const ANSWER_BYTES: usize = 512 * 1024;
/// How many times an answer may send us on.
const MAX_HOPS: usize = 3;
/// The most addresses that are told about.
const MAX_TRIED: usize = 12;

/// What Autodiscover works with.
pub struct Autodiscover<'a> {
    pub outbound: &'a Outbound,
    pub random: &'a Random,
    pub credentials: &'a Credentials,
    pub gate: Arc<dyn Gate>,
}

/// Why no endpoint was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    pub problem: Problem,
    /// The id of the call that decided it.
    pub request_id: Option<String>,
    /// The host that answered 401 to the password.
    pub refused_at: Option<String>,
}

impl From<Problem> for NotFound {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            request_id: None,
            refused_at: None,
        }
    }
}

/// A host that answered the probe and may be asked.
struct Ready {
    host: String,
    connection: Connection,
    offer: Offer,
}

/// What an answer means for the search.
enum Next {
    Found(EwsUrl),
    /// Ask these hosts about this address.
    Hop(Vec<String>, SmtpAddress),
    Failed(Problem),
}

impl Autodiscover<'_> {
    /// The EWS endpoint of a mailbox.
    #[tracing::instrument(name = "autodiscover", skip_all)]
    pub async fn find(&self, mailbox: &SmtpAddress) -> Result<EwsUrl, NotFound> {
        let mut tried = Vec::new();
        let seconds = LIMIT.as_secs();
        let found = timeout(LIMIT, self.search(mailbox, &mut tried)).await;
        match found {
            Ok(Some(result)) => result,
            Ok(None) => Err(failed(tried)),
            Err(_) => {
                if tried.is_empty() {
                    return Err(Problem::AnswerTimedOut { seconds }.into());
                }
                Err(failed(tried))
            }
        }
    }

    /// `None`: nothing was found and nothing ended the search.
    async fn search(
        &self,
        mailbox: &SmtpAddress,
        tried: &mut Vec<Tried>,
    ) -> Option<Result<EwsUrl, NotFound>> {
        let mut address = mailbox.clone();
        let mut hosts = well_known(&address);
        let mut visited: Vec<(String, SmtpAddress)> = Vec::new();
        for _ in 0..=MAX_HOPS {
            hosts.retain(|host| !visited.contains(&(host.clone(), address.clone())));
            visited.extend(hosts.iter().map(|host| (host.clone(), address.clone())));
            let mut hop = None;
            for ready in self.probe_all(&hosts, &address, tried).await {
                let host = ready.host.clone();
                match self.ask(ready, &address, mailbox.domain()).await {
                    Ok(Next::Found(url)) => return Some(Ok(url)),
                    Ok(Next::Hop(to, about)) => {
                        hop = Some((to, about));
                        break;
                    }
                    Ok(Next::Failed(problem)) => note(tried, &host, problem),
                    Err(end) => return Some(Err(end)),
                }
            }
            (hosts, address) = hop?;
        }
        None
    }

    /// Anonymous probes, side by side. Hosts that cannot be asked are noted.
    async fn probe_all(
        &self,
        hosts: &[String],
        mailbox: &SmtpAddress,
        tried: &mut Vec<Tried>,
    ) -> Vec<Ready> {
        let probes = hosts.iter().map(|host| async move {
            let probe = timeout(CANDIDATE_LIMIT, self.probe(host)).await;
            let seconds = CANDIDATE_LIMIT.as_secs();
            (
                host,
                probe.unwrap_or_else(|_| Err(Cause::TimedOut { seconds }.into())),
            )
        });
        let mut ready = Vec::new();
        for (host, probed) in join_all(probes).await {
            match probed {
                Ok(found) if Method::of(&found.offer).is_some() => ready.push(found),
                Ok(found) => {
                    let offered = found.offer.names();
                    note(tried, host, Problem::SignInNotOffered { offered });
                }
                Err(error) => note(tried, host, problem_at(host, mailbox, &error)),
            }
        }
        ready
    }

    async fn probe(&self, host: &str) -> Result<Ready, EwsError> {
        let mut connection = self
            .outbound
            .connect(host, 443)
            .await
            .map_err(Cause::from)?;
        let mut ids = CallIds::new(self.random);
        let request = post(PATH, None, &ids, String::new());
        let sent = connection.send(request, ANSWER_BYTES).await;
        let answer = sent.map_err(|error| EwsError::new(error.into(), ids.clone()))?;
        ids.answered(&answer);
        let build = answer
            .header("x-owa-version")
            .and_then(|text| text.parse().ok());
        if is_online(&answer, build) {
            return Err(EwsError::new(Cause::ExchangeOnline, ids));
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(EwsError::new(http_cause(&answer), ids));
        }
        let offer = Offer::read(&answer.headers);
        answer.drain().await;
        Ok(Ready {
            host: host.to_owned(),
            connection,
            offer,
        })
    }

    /// Sends the password to one host. An error ends the whole search.
    async fn ask(&self, ready: Ready, mailbox: &SmtpAddress, home: &str) -> Result<Next, NotFound> {
        let host = ready.host.clone();
        let mut ids = CallIds::new(self.random);
        let asked = timeout(CANDIDATE_LIMIT, self.answer(ready, mailbox, &mut ids)).await;
        let seconds = CANDIDATE_LIMIT.as_secs();
        let answered = asked.unwrap_or(Err(Cause::TimedOut { seconds }));
        match answered {
            Ok(pox) => Ok(next(pox, mailbox, home)),
            Err(cause) => {
                let refused = matches!(cause, Cause::SignInRefused(_));
                let ends = refused || matches!(cause, Cause::HeldBack(_));
                let error = EwsError::new(cause, ids);
                let problem = problem_at(&host, mailbox, &error);
                if !ends {
                    return Ok(Next::Failed(problem));
                }
                Err(NotFound {
                    problem,
                    request_id: error.ids.shown().map(str::to_owned),
                    refused_at: refused.then_some(host),
                })
            }
        }
    }

    async fn answer(
        &self,
        ready: Ready,
        mailbox: &SmtpAddress,
        ids: &mut CallIds,
    ) -> Result<Pox, Cause> {
        let credentials = self.credentials.clone();
        let gate = Arc::clone(&self.gate);
        let outbound = self.outbound.clone();
        let mut signed_in = SignedIn::new(
            outbound,
            self.random.clone(),
            ready.connection,
            &ready.offer,
            credentials,
            gate,
        )?;
        let whose = Whose::own(mailbox.clone());
        let request = post(PATH, Some(&whose), ids, pox::request(mailbox));
        let answer = signed_in
            .send(request, ANSWER_BYTES)
            .await
            .map_err(|error| {
                if let AuthError::Refused { request_id, .. } = &error {
                    ids.request_id.clone_from(request_id);
                }
                Cause::from(error)
            })?;
        ids.answered(&answer);
        if answer.status != StatusCode::OK {
            return Err(http_cause(&answer));
        }
        let unread = http_cause(&answer);
        match pox::read(&mut Xml::new(answer.body)).await {
            Ok(pox) => Ok(pox),
            Err(XmlError::Malformed(_)) => Err(unread),
            Err(error) => Err(Cause::unread(error, 200)),
        }
    }
}

fn well_known(mailbox: &SmtpAddress) -> Vec<String> {
    let domain = mailbox.domain();
    vec![domain.to_owned(), format!("autodiscover.{domain}")]
}

fn url(host: &str) -> String {
    format!("https://{host}{PATH}")
}

fn note(tried: &mut Vec<Tried>, host: &str, problem: Problem) {
    if tried.len() < MAX_TRIED {
        tried.push(Tried {
            url: url(host),
            problem: Box::new(problem),
        });
    }
}

fn problem_at(host: &str, mailbox: &SmtpAddress, error: &EwsError) -> Problem {
    let url = url(host);
    diagnose(error, &Evidence { url: &url, mailbox })
}

/// A mailbox that one of the addresses knows to be in Exchange Online is there, whatever the others said.
fn failed(tried: Vec<Tried>) -> NotFound {
    let online = tried
        .iter()
        .any(|tried| *tried.problem == Problem::ExchangeOnline);
    if online {
        return Problem::ExchangeOnline.into();
    }
    Problem::AutodiscoverFailed { tried }.into()
}

/// An answer may send the password on only within the mail domain it was typed for.
fn next(pox: Pox, mailbox: &SmtpAddress, home: &str) -> Next {
    let elsewhere = |to: String| {
        Next::Failed(Problem::NotEws {
            instead: InsteadOfEws::Redirect,
            status: 200,
            location: Some(to),
        })
    };
    match pox {
        Pox::Settings {
            is_online: true, ..
        } => Next::Failed(Problem::ExchangeOnline),
        Pox::Settings { url: Some(url), .. } if url.is_exchange_online() => {
            Next::Failed(Problem::ExchangeOnline)
        }
        Pox::Settings { url: Some(url), .. } => Next::Found(url),
        Pox::Settings { url: None, .. } => Next::Failed(Problem::AnswerNotUnderstood {
            reason: "no EwsUrl".to_owned(),
        }),
        Pox::RedirectAddress(address) if is_exchange_online(address.domain()) => {
            Next::Failed(Problem::ExchangeOnline)
        }
        Pox::RedirectAddress(address) if is_within(address.domain(), home) => {
            Next::Hop(well_known(&address), address)
        }
        Pox::RedirectAddress(address) => elsewhere(address.domain().to_owned()),
        Pox::RedirectHost(host) if is_exchange_online(&host) => {
            Next::Failed(Problem::ExchangeOnline)
        }
        Pox::RedirectHost(host) if is_within(&host, home) => Next::Hop(vec![host], mailbox.clone()),
        Pox::RedirectHost(host) => elsewhere(host),
        // 500: the address is not known here; 501: it is no address.
        Pox::Error { code } if code == "500" || code == "501" => {
            Next::Failed(Problem::MailboxNotFound)
        }
        Pox::Error { code } => Next::Failed(Problem::UnknownResponseCode {
            response_code: format!("Autodiscover {code}"),
        }),
    }
}

fn is_within(host: &str, home: &str) -> bool {
    host == home
        || host
            .strip_suffix(home)
            .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_follows_no_answer_out_of_the_mail_domain() {
        let bob = "bob@example.test".parse().unwrap();
        let to = |address: &str| {
            next(
                Pox::RedirectAddress(address.parse().unwrap()),
                &bob,
                "example.test",
            )
        };
        let host = |host: &str| next(Pox::RedirectHost(host.to_owned()), &bob, "example.test");
        assert!(matches!(host("autodiscover.example.test"), Next::Hop(..)));
        assert!(matches!(host("autodiscover.other.test"), Next::Failed(_)));
        assert!(matches!(to("bob@mail.example.test"), Next::Hop(..)));
        assert!(matches!(
            to("bob@evilexample.test"),
            Next::Failed(Problem::NotEws { .. })
        ));
        assert!(matches!(
            to("bob@example.onmicrosoft.com"),
            Next::Failed(Problem::ExchangeOnline)
        ));
    }
}
