//! The signed-in question to one host, in the plain form and, where that says nothing, in SOAP.

use super::{
    pox,
    probe::{ANSWER_BYTES, Autodiscover, NotFound, Ready, problem_at},
    reply::Said,
    soap,
};
use crate::{
    auth::SignedIn,
    ews::{
        CallIds, Cause, EwsError, Whose,
        http::{http_cause, post},
        xml::{Xml, XmlError, text_of},
    },
    outbound::connection::Answer,
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
pub(super) enum Next {
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
    pub(super) async fn ask(&self, ready: Ready, mailbox: &SmtpAddress) -> Result<Next, NotFound> {
        let host = ready.host.clone();
        let mut ids = CallIds::new(self.random);
        let mut was_sent = false;
        let answered = self.answer(ready, mailbox, &mut ids, &mut was_sent);
        match answered.await {
            Ok(said) => Ok(next(said)),
            Err(cause) => {
                let refused = matches!(cause, Cause::SignInRefused(_));
                let ends = refused || matches!(cause, Cause::HeldBack(_));
                let error = EwsError {
                    operation: Some("Autodiscover"),
                    ..EwsError::new(cause, ids)
                };
                let problem = problem_at(&host, mailbox, &error);
                if !ends {
                    return Ok(Next::Failed { problem, was_sent });
                }
                Err(NotFound {
                    request_id: error.ids.shown().map(str::to_owned),
                    refused_at: refused.then_some(host),
                    ..NotFound::from(problem)
                })
            }
        }
    }

    /// Plain first; where that says nothing, SOAP over the same connection.
    async fn answer(
        &self,
        ready: Ready,
        mailbox: &SmtpAddress,
        ids: &mut CallIds,
        was_sent: &mut bool,
    ) -> Result<Said, Cause> {
        let mut signed_in = SignedIn::new(
            self.outbound.clone(),
            self.random.clone(),
            ready.connection,
            &ready.offer,
            self.credentials.clone(),
            Arc::clone(&self.gate),
        )?;
        *was_sent = true;
        let plain = self.exchange(&mut signed_in, mailbox, ids, Form::Pox).await;
        *was_sent = signed_in.has_sent();
        if !says_nothing(&plain) || may_be_a_refusal(&plain) {
            return plain;
        }
        let soap = self
            .exchange(&mut signed_in, mailbox, ids, Form::Soap)
            .await;
        if matches!(soap, Err(Cause::SignInRefused(_) | Cause::HeldBack(_))) || soap.is_ok() {
            return soap;
        }
        plain
    }

    async fn exchange(
        &self,
        signed_in: &mut SignedIn,
        mailbox: &SmtpAddress,
        ids: &mut CallIds,
        form: Form,
    ) -> Result<Said, Cause> {
        let whose = Whose::own(mailbox.clone());
        let (path, body) = match form {
            Form::Pox => (pox::PATH, pox::request(mailbox)),
            Form::Soap => {
                let host = &signed_in.connection().facts().host;
                (soap::PATH, soap::request(host, mailbox))
            }
        };
        let request = post(path, Some(&whose), ids, body);
        let passed = signed_in.pass_gate().await;
        passed.map_err(|error| ids.failed(error))?;
        let limit = self.outbound.limits().call;
        let asked = timeout(limit, text_in_answer(signed_in, request, ids)).await;
        let seconds = limit.as_secs();
        let (text, unread) = asked.unwrap_or(Err(Cause::TimedOut { seconds }))?;
        let mut xml = Xml::new(&text);
        let read = match form {
            Form::Pox => pox::read(&mut xml),
            Form::Soap => soap::read(&mut xml),
        };
        match read {
            Ok(said) => Ok(said),
            Err(XmlError::Malformed(_)) => Err(unread),
            Err(XmlError::Html) => Err(unread.into_page()),
        }
    }
}

/// The text of an answer, and what it means if it cannot be read.
async fn text_in_answer(
    signed_in: &mut SignedIn,
    request: Request<Bytes>,
    ids: &mut CallIds,
) -> Result<(String, Cause), Cause> {
    let answer = signed_in
        .send(request, ANSWER_BYTES)
        .await
        .map_err(|error| ids.failed(error))?;
    ids.answered(&answer);
    let unread = http_cause(&answer);
    // Some servers say with the status what they also say in XML.
    if answer.status != StatusCode::OK && !is_xml(&answer) {
        answer.drain().await;
        return Err(unread);
    }
    Ok((text_of(answer.body).await?, unread))
}

fn is_xml(answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    kind.to_ascii_lowercase().contains("xml") && !answer.status.is_redirection()
}

/// The two forms of the question.
#[derive(Debug, Clone, Copy)]
enum Form {
    Pox,
    Soap,
}

/// A page or a way to one in answer to the password: some proxies refuse so, and it is not sent a second time.
const fn may_be_a_refusal(answered: &Result<Said, Cause>) -> bool {
    matches!(
        answered,
        Err(Cause::Http {
            status: 200,
            html: true,
            ..
        } | Cause::Http {
            location: Some(_),
            ..
        } | Cause::Http { status: 440, .. })
    )
}

/// Whether the other form may say more: this one is not served here, or names no endpoint.
fn says_nothing(plain: &Result<Said, Cause>) -> bool {
    match plain {
        Ok(Said::Settings { url, is_online }) => url.is_none() && !is_online,
        Ok(Said::Error { .. }) => true,
        Ok(Said::RedirectAddress(_) | Said::RedirectHost(_) | Said::UnknownMailbox) => false,
        Err(cause) => matches!(cause, Cause::Http { .. } | Cause::Malformed(_)),
    }
}

fn next(said: Said) -> Next {
    let failed = |problem| Next::Failed {
        problem,
        was_sent: true,
    };
    match said {
        Said::Settings {
            is_online: true, ..
        } => failed(Problem::ExchangeOnline),
        Said::Settings { url: Some(url), .. } if url.is_exchange_online() => {
            failed(Problem::ExchangeOnline)
        }
        Said::Settings { url: Some(url), .. } => Next::Found(url),
        Said::Settings { url: None, .. } => failed(Problem::NotEws {
            instead: InsteadOfEws::NoAddress,
            status: 200,
            location: None,
        }),
        Said::RedirectAddress(address) if is_exchange_online(address.domain()) => {
            failed(Problem::ExchangeOnline)
        }
        Said::RedirectAddress(address) => Next::Address(address),
        Said::RedirectHost(host) if is_exchange_online(&host) => failed(Problem::ExchangeOnline),
        Said::RedirectHost(host) => Next::Host(host),
        Said::UnknownMailbox => failed(Problem::MailboxNotFound),
        Said::Error { code } => failed(Problem::UnknownResponseCode {
            response_code: format!("Autodiscover {code}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchange_online_is_recognised_in_every_answer() {
        for said in [
            Said::RedirectAddress("bob@example.onmicrosoft.com".parse().unwrap()),
            Said::RedirectHost("autodiscover-s.outlook.com".to_owned()),
            Said::Settings {
                url: "https://outlook.office365.com/EWS/Exchange.asmx"
                    .parse()
                    .ok(),
                is_online: false,
            },
            Said::Settings {
                url: None,
                is_online: true,
            },
        ] {
            assert!(matches!(
                next(said),
                Next::Failed {
                    problem: Problem::ExchangeOnline,
                    ..
                }
            ));
        }
    }
}
