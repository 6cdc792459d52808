//! The signed-in question to one host, in the plain form and, where that says nothing, in SOAP.

use super::{
    attempt::problem_at, context::Autodiscover, limits::RESPONSE_LIMIT, outcome::DiscoveryFailure,
    pox, probe::Candidate, reply::AutodiscoverReply, soap,
};
use crate::{
    auth::SignedIn,
    ews::{
        CallError, CallIds, EwsError, MailboxAccess,
        http::{http_cause, post},
        xml::{Xml, XmlError, text_of},
    },
    outbound::response::IncomingResponse,
};
use http::{Request, StatusCode};
use hyper::body::Bytes;
use kalends_core::{
    endpoint::{EwsUrl, is_exchange_online},
    mailbox::SmtpAddress,
    problem::{InsteadOfEws, Problem},
};
use std::sync::Arc;
use tokio::time::timeout;

/// What an answer means for the search.
pub(super) enum AskOutcome {
    Found(EwsUrl),
    /// Ask this host about the same address.
    Host(String),
    /// Begin anew with this address.
    Address(SmtpAddress),
    Failed {
        problem: Problem,
        /// The password, or a proof of it, went out.
        was_sent: bool,
    },
}

impl Autodiscover<'_> {
    /// Sends the password to one host. An error ends the whole search.
    pub(super) async fn ask(
        &self,
        ready: Candidate,
        mailbox: &SmtpAddress,
    ) -> Result<AskOutcome, DiscoveryFailure> {
        let host = ready.host.clone();
        let mut ids = CallIds::new(self.random);
        let mut was_sent = false;
        let answered = self.answer(ready, mailbox, &mut ids, &mut was_sent);
        match answered.await {
            Ok(reply) => Ok(outcome(reply)),
            Err(cause) => {
                let refused = matches!(cause, CallError::SignInRefused(_));
                let ends = refused || matches!(cause, CallError::HeldBack(_));
                let error = EwsError {
                    operation: Some("Autodiscover"),
                    ..EwsError::new(cause, ids)
                };
                let problem = problem_at(&host, mailbox, &error);
                if !ends {
                    return Ok(AskOutcome::Failed { problem, was_sent });
                }
                Err(DiscoveryFailure {
                    request_id: error.ids.shown().map(str::to_owned),
                    refused_at: refused.then_some(host),
                    ..DiscoveryFailure::from(problem)
                })
            }
        }
    }

    /// Plain first; where that says nothing, SOAP over the same connection.
    async fn answer(
        &self,
        ready: Candidate,
        mailbox: &SmtpAddress,
        ids: &mut CallIds,
        was_sent: &mut bool,
    ) -> Result<AutodiscoverReply, CallError> {
        let mut signed_in = SignedIn::new(
            self.outbound.clone(),
            self.random.clone(),
            ready.connection,
            &ready.offer,
            self.credentials.clone(),
            Arc::clone(&self.gate),
        )?;
        *was_sent = true;
        let plain = self
            .exchange(&mut signed_in, mailbox, ids, Protocol::Pox)
            .await;
        *was_sent = signed_in.has_sent();
        if !is_inconclusive(&plain) || may_be_a_refusal(&plain) {
            return plain;
        }
        let soap = self
            .exchange(&mut signed_in, mailbox, ids, Protocol::Soap)
            .await;
        if matches!(
            soap,
            Err(CallError::SignInRefused(_) | CallError::HeldBack(_))
        ) || soap.is_ok()
        {
            return soap;
        }
        plain
    }

    async fn exchange(
        &self,
        signed_in: &mut SignedIn,
        mailbox: &SmtpAddress,
        ids: &mut CallIds,
        protocol: Protocol,
    ) -> Result<AutodiscoverReply, CallError> {
        let access = MailboxAccess::own(mailbox.clone());
        let (path, body) = match protocol {
            Protocol::Pox => (pox::PATH, pox::request(mailbox)),
            Protocol::Soap => {
                let host = &signed_in.connection().facts().host;
                (soap::PATH, soap::request(host, mailbox))
            }
        };
        let request = post(path, Some(&access), ids, body);
        let passed = signed_in.pass_gate().await;
        passed.map_err(|error| CallError::of_sign_in(error, ids))?;
        let limit = self.outbound.limits().call;
        let asked = timeout(limit, text_in_answer(signed_in, request, ids)).await;
        let seconds = limit.as_secs();
        let (text, http_error) = asked.unwrap_or(Err(CallError::TimedOut { seconds }))?;
        let mut xml = Xml::new(&text);
        let read = match protocol {
            Protocol::Pox => pox::read(&mut xml),
            Protocol::Soap => soap::read(&mut xml),
        };
        match read {
            Ok(reply) => Ok(reply),
            Err(XmlError::Malformed(_)) => Err(http_error),
            Err(XmlError::Html) => Err(http_error.into_page()),
        }
    }
}

/// The text of an answer, and what it means if it cannot be read.
async fn text_in_answer(
    signed_in: &mut SignedIn,
    request: Request<Bytes>,
    ids: &mut CallIds,
) -> Result<(String, CallError), CallError> {
    let answer = signed_in
        .send(request, RESPONSE_LIMIT)
        .await
        .map_err(|error| CallError::of_sign_in(error, ids))?;
    ids.answered(&answer);
    let http_error = http_cause(&answer);
    // Some servers say with the status what they also say in XML.
    if answer.status != StatusCode::OK && !is_xml(&answer) {
        answer.drain().await;
        return Err(http_error);
    }
    Ok((text_of(answer.body).await?, http_error))
}

fn is_xml(answer: &IncomingResponse) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    kind.to_ascii_lowercase().contains("xml") && !answer.status.is_redirection()
}

/// The two forms of the question.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Pox,
    Soap,
}

/// A page or a way to one in answer to the password: some proxies refuse so, and it is not sent a second time.
const fn may_be_a_refusal(answered: &Result<AutodiscoverReply, CallError>) -> bool {
    matches!(
        answered,
        Err(CallError::Http {
            status: 200,
            html: true,
            ..
        } | CallError::Http {
            location: Some(_),
            ..
        } | CallError::Http { status: 440, .. })
    )
}

/// Whether the other form may say more: this one is not served here, or names no endpoint.
fn is_inconclusive(plain: &Result<AutodiscoverReply, CallError>) -> bool {
    match plain {
        Ok(AutodiscoverReply::Settings { url, is_online }) => url.is_none() && !is_online,
        Ok(AutodiscoverReply::Error { .. }) => true,
        Ok(
            AutodiscoverReply::RedirectAddress(_)
            | AutodiscoverReply::RedirectHost(_)
            | AutodiscoverReply::UnknownMailbox,
        ) => false,
        Err(cause) => matches!(cause, CallError::Http { .. } | CallError::Malformed(_)),
    }
}

fn outcome(reply: AutodiscoverReply) -> AskOutcome {
    let failed = |problem| AskOutcome::Failed {
        problem,
        was_sent: true,
    };
    match reply {
        AutodiscoverReply::Settings {
            is_online: true, ..
        } => failed(Problem::ExchangeOnline),
        AutodiscoverReply::Settings { url: Some(url), .. } if url.is_exchange_online() => {
            failed(Problem::ExchangeOnline)
        }
        AutodiscoverReply::Settings { url: Some(url), .. } => AskOutcome::Found(url),
        AutodiscoverReply::Settings { url: None, .. } => failed(Problem::NotEws {
            instead: InsteadOfEws::NoAddress,
            status: 200,
            location: None,
        }),
        AutodiscoverReply::RedirectAddress(address) if is_exchange_online(address.domain()) => {
            failed(Problem::ExchangeOnline)
        }
        AutodiscoverReply::RedirectAddress(address) => AskOutcome::Address(address),
        AutodiscoverReply::RedirectHost(host) if is_exchange_online(&host) => {
            failed(Problem::ExchangeOnline)
        }
        AutodiscoverReply::RedirectHost(host) => AskOutcome::Host(host),
        AutodiscoverReply::UnknownMailbox => failed(Problem::MailboxNotFound),
        AutodiscoverReply::Error { code } => failed(Problem::UnknownResponseCode {
            response_code: format!("Autodiscover {code}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchange_online_is_recognised_in_every_answer() {
        for reply in [
            AutodiscoverReply::RedirectAddress("bob@example.onmicrosoft.com".parse().unwrap()),
            AutodiscoverReply::RedirectHost("autodiscover-s.outlook.com".to_owned()),
            AutodiscoverReply::Settings {
                url: "https://outlook.office365.com/EWS/Exchange.asmx"
                    .parse()
                    .ok(),
                is_online: false,
            },
            AutodiscoverReply::Settings {
                url: None,
                is_online: true,
            },
        ] {
            assert!(matches!(
                outcome(reply),
                AskOutcome::Failed {
                    problem: Problem::ExchangeOnline,
                    ..
                }
            ));
        }
    }
}
