//! What can be learned without a password: hints of plain redirects and DNS, and which hosts ask for a sign-in.

use super::{pox, reply::host_of};
use crate::{
    auth::{Credentials, Gate, offer::Offer},
    diagnose::{Evidence, diagnose},
    ews::{
        CallIds, Cause, EwsError,
        http::{KALENDS, http_cause, is_online, post},
        xml::{Xml, text_of},
    },
    outbound::{
        Outbound, connection::Connection, front::proxy, guard::bare_host, plain::PlainAnswer,
        resolve::Service,
    },
};
use futures::future::{join, join_all};
use http::{HeaderMap, StatusCode};
use kalends_core::{
    endpoint::EwsUrl,
    mailbox::SmtpAddress,
    problem::{CameOf, Certificate, Problem, Tried, capped},
    random::Random,
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long one host may take to be probed.
pub(super) const CANDIDATE_LIMIT: Duration = Duration::from_secs(10);
/// The most that is read of an answer.
pub(super) const ANSWER_BYTES: usize = 512 * 1024;
/// How many times answers may send us on, all together.
pub(super) const MAX_HOPS: usize = 10;
/// The most hosts that are probed at a time.
pub(super) const MAX_HOSTS: usize = 6;
/// The most addresses that are told about.
pub(super) const MAX_TRIED: usize = 12;
/// The most hints that are told about.
pub(super) const MAX_HINTS: usize = 6;

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
pub(super) enum Probed {
    /// It asks for a sign-in and may be asked.
    Ready(Box<Ready>),
    /// It sends us to another host.
    Moved(String),
}

pub(super) struct Ready {
    pub(super) host: String,
    pub(super) connection: Connection,
    pub(super) offer: Offer,
    pub(super) looks: Looks,
}

/// How much a host that asks for a sign-in looks like Exchange, by what it says before anybody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looks {
    /// Like any web server.
    Plain,
    /// It offers what Windows offers.
    Windows,
    /// It names itself as Exchange does.
    Exchange,
}

impl Looks {
    fn of(headers: &HeaderMap, offer: &Offer) -> Self {
        const OF_EXCHANGE: [&str; 5] = [
            "x-owa-version",
            "x-feserver",
            "x-calculatedbetarget",
            "x-diaginfo",
            "x-soap-enabled",
        ];
        if OF_EXCHANGE.iter().any(|name| headers.contains_key(*name)) {
            Self::Exchange
        } else if offer.keeps_the_password() {
            Self::Windows
        } else {
            Self::Plain
        }
    }
}

impl Autodiscover<'_> {
    /// What a domain names by a redirect over plain http and by DNS, with the hosts that may be asked. Nothing but the
    /// domain is told to anybody.
    pub(super) async fn hints(&self, mailbox: &SmtpAddress) -> Vec<(Tried, Option<String>)> {
        let domain = mailbox.wire_domain();
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
                let problem = Problem::AnswerTimedOut {
                    seconds,
                    operation: Some("Autodiscover".to_owned()),
                };
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
            let host = (port == 443).then(|| bare_host(&target));
            let to = format!("{target}:{port}");
            hint(&record, host.as_ref().unwrap_or(&to), host.clone())
        }));
        hints
    }

    /// Anonymous probes, side by side.
    pub(super) async fn probe_all(
        &self,
        hosts: &[String],
    ) -> Vec<(String, Result<Probed, EwsError>)> {
        let probes = hosts.iter().map(|host| async move {
            let probe = timeout(CANDIDATE_LIMIT, self.probe(host)).await;
            let seconds = CANDIDATE_LIMIT.as_secs();
            let probed = probe.unwrap_or_else(|_| Err(Cause::TimedOut { seconds }.into()));
            (host.clone(), probed)
        });
        join_all(probes).await
    }

    pub(super) async fn probe(&self, host: &str) -> Result<Probed, EwsError> {
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
            && let Some(to) = answer.location().and_then(host_of)
        {
            return Ok(Probed::Moved(to));
        }
        if answer.status == StatusCode::OK {
            let (unread, proxy) = (http_cause(&answer), proxy(&answer.headers));
            let text = text_of(answer.body).await;
            let text = text.map_err(|error| EwsError::new(error.into(), ids.clone()))?;
            // An answer of Autodiscover itself, though nobody has signed in.
            let is_answered = pox::read(&mut Xml::new(&text)).is_ok();
            let open = Cause::AnsweredWithoutSignIn(proxy);
            return Err(EwsError::new(if is_answered { open } else { unread }, ids));
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(EwsError::new(http_cause(&answer), ids));
        }
        let offer = Offer::read(&answer.headers);
        let looks = Looks::of(&answer.headers, &offer);
        answer.drain().await;
        let kept = self.gate.offered(host, &offer).await;
        kept.map_err(|problem| EwsError::new(Cause::HeldBack(Box::new(problem)), ids))?;
        Ok(Probed::Ready(Box::new(Ready {
            host: host.to_owned(),
            connection,
            offer,
            looks,
        })))
    }
}

pub(super) fn well_known(mailbox: &SmtpAddress) -> Vec<String> {
    let domain = mailbox.wire_domain();
    let host = format!("autodiscover.{domain}");
    vec![domain, host]
}

pub(super) fn url(host: &str) -> String {
    format!("https://{host}{}", pox::PATH)
}

pub(super) fn tried(url: &str, came: CameOf) -> Tried {
    let url = url.to_owned();
    Tried { url, came }
}

/// A hint, told as followed where it names a host that may be asked.
pub(super) fn hint(url: &str, to: &str, host: Option<String>) -> (Tried, Option<String>) {
    let came = match &host {
        Some(host) => CameOf::LeadsTo(capped(host)),
        None => CameOf::NotFollowed(capped(to)),
    };
    (tried(url, came), host)
}

pub(super) fn problem_at(host: &str, mailbox: &SmtpAddress, error: &EwsError) -> Problem {
    let url = url(host);
    diagnose(error, &Evidence { url: &url, mailbox })
}

/// Whether a host is the mail domain itself or below it, in either form of a name.
pub fn is_within(host: &str, home: &str) -> bool {
    let (host, home) = (bare_host(host), bare_host(home));
    host == home
        || host
            .strip_suffix(&home)
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
