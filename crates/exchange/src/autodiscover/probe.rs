//! Anonymous probes: whether a host answers under the path of Autodiscover, and what it says of itself before anybody
//! signs in.

use super::{
    context::Autodiscover,
    limits::{PROBE_TIMEOUT, RESPONSE_LIMIT},
    pox,
    reply::host_of,
};
use crate::{
    auth::offer::Offer,
    ews::{
        CallError, CallIds, EwsError,
        http::{http_cause, is_online, post},
        xml::{Xml, text_of},
    },
    outbound::{connection::HttpConnection, proxy::proxy_name},
};
use futures::future::join_all;
use http::{HeaderMap, StatusCode};
use tokio::time::timeout;

/// What an anonymous probe of a host brought.
pub(super) enum ProbeOutcome {
    /// It asks for a sign-in and may be asked.
    Candidate(Box<Candidate>),
    /// It sends us to another host.
    Moved(String),
}

/// A host that asks for a sign-in, with the connection over which it did.
pub(super) struct Candidate {
    pub(super) host: String,
    pub(super) connection: HttpConnection,
    pub(super) offer: Offer,
    pub(super) likeness: Likeness,
}

/// How much a host that asks for a sign-in looks like Exchange, by what it says before anybody signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// Like any web server.
    Plain,
    /// It offers what Windows offers.
    Windows,
    /// It names itself as Exchange does.
    Exchange,
}

impl Likeness {
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
        } else if offer.has_challenge_response() {
            Self::Windows
        } else {
            Self::Plain
        }
    }
}

impl Autodiscover<'_> {
    /// Anonymous probes, side by side.
    pub(super) async fn probe_all(
        &self,
        hosts: &[String],
    ) -> Vec<(String, Result<ProbeOutcome, EwsError>)> {
        let probes = hosts.iter().map(|host| async move {
            let probe = timeout(PROBE_TIMEOUT, self.probe(host)).await;
            let seconds = PROBE_TIMEOUT.as_secs();
            let probed = probe.unwrap_or_else(|_| Err(CallError::TimedOut { seconds }.into()));
            (host.clone(), probed)
        });
        join_all(probes).await
    }

    pub(super) async fn probe(&self, host: &str) -> Result<ProbeOutcome, EwsError> {
        let mut connection = self
            .outbound
            .connect(host, 443)
            .await
            .map_err(CallError::from)?;
        let mut ids = CallIds::new(self.random);
        let request = post(pox::PATH, None, &ids, String::new());
        let sent = connection.send(request, RESPONSE_LIMIT).await;
        let answer = sent.map_err(|error| EwsError::new(error.into(), ids.clone()))?;
        ids.answered(&answer);
        let build = answer
            .header("x-owa-version")
            .and_then(|text| text.parse().ok());
        if is_online(&answer, build) {
            return Err(EwsError::new(CallError::ExchangeOnline, ids));
        }
        if answer.status.is_redirection()
            && let Some(to) = answer.location().and_then(host_of)
        {
            return Ok(ProbeOutcome::Moved(to));
        }
        if answer.status == StatusCode::OK {
            let (http_error, proxy) = (http_cause(&answer), proxy_name(&answer.headers));
            let text = text_of(answer.body).await;
            let text = text.map_err(|error| EwsError::new(error.into(), ids.clone()))?;
            // An answer of Autodiscover itself, though nobody has signed in.
            let is_answered = pox::read(&mut Xml::new(&text)).is_ok();
            let open = CallError::AnsweredWithoutSignIn(proxy);
            return Err(EwsError::new(
                if is_answered { open } else { http_error },
                ids,
            ));
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(EwsError::new(http_cause(&answer), ids));
        }
        let offer = Offer::read(&answer.headers);
        let likeness = Likeness::of(&answer.headers, &offer);
        answer.drain().await;
        let kept = self.gate.offered(host, &offer).await;
        kept.map_err(|problem| EwsError::new(CallError::HeldBack(Box::new(problem)), ids))?;
        Ok(ProbeOutcome::Candidate(Box::new(Candidate {
            host: host.to_owned(),
            connection,
            offer,
            likeness,
        })))
    }
}
