//! What a mail domain says about its server without being asked for a sign-in: a redirect over plain http, and a record
//! in the DNS.

use super::{
    attempt::{problem_at, tried},
    context::Autodiscover,
    limits::PROBE_TIMEOUT,
    pox,
    reply::host_of,
};
use crate::{
    ews::{CallError, http::KALENDS_USER_AGENT},
    outbound::{guard::bare_host, plain::PlainAnswer, resolve::SrvRecord},
};
use futures::future::join;
use kalends_core::{
    mailbox::SmtpAddress,
    problem::{ProbeResult, Problem, Tried, capped},
};

impl Autodiscover<'_> {
    /// What a domain names by a redirect over plain http and by DNS, with the hosts that may be asked. Nothing but the
    /// domain is told to anybody.
    pub(super) async fn hints(&self, mailbox: &SmtpAddress) -> Vec<(Tried, Option<String>)> {
        let domain = mailbox.wire_domain();
        let host = format!("autodiscover.{domain}");
        let name = format!("_autodiscover._tcp.{domain}");
        let (redirect, services) = join(
            self.outbound
                .plain_redirect(&host, pox::PATH, KALENDS_USER_AGENT),
            self.outbound.services(&name),
        )
        .await;
        let http = format!("http://{host}{}", pox::PATH);
        let mut hints = vec![match redirect {
            Ok(PlainAnswer::RedirectsTo(to)) => hint(&http, &to, host_of(&to)),
            Ok(PlainAnswer::NoRedirect) => (tried(&http, ProbeResult::NamesNone), None),
            Ok(PlainAnswer::NoneInTime) => {
                let seconds = PROBE_TIMEOUT.as_secs();
                let problem = Problem::AnswerTimedOut {
                    seconds,
                    operation: Some("Autodiscover".to_owned()),
                };
                (tried(&http, ProbeResult::Problem(Box::new(problem))), None)
            }
            Err(error) => {
                let error = CallError::from(error).into();
                let problem = problem_at(&host, mailbox, &error);
                (tried(&http, ProbeResult::Problem(Box::new(problem))), None)
            }
        }];
        let record = format!("{name} (DNS SRV)");
        if services.is_empty() {
            hints.push((tried(&record, ProbeResult::NamesNone), None));
        }
        hints.extend(services.into_iter().map(|SrvRecord { target, port, .. }| {
            let host = (port == 443).then(|| bare_host(&target));
            let to = format!("{target}:{port}");
            hint(&record, host.as_ref().unwrap_or(&to), host.clone())
        }));
        hints
    }
}

/// A hint, told as followed where it names a host that may be asked.
fn hint(url: &str, to: &str, host: Option<String>) -> (Tried, Option<String>) {
    let came = match &host {
        Some(host) => ProbeResult::LeadsTo(capped(host)),
        None => ProbeResult::NotFollowed(capped(to)),
    };
    (tried(url, came), host)
}
