//! Autodiscover without a directory. Everything anonymous goes side by side: the two well-known addresses of a mail
//! domain, the redirect over plain http, the DNS record. The password goes to one candidate, only within the mail domain
//! or where somebody vouched for the host, and on from there only where that one sends us.

mod ask;
mod attempt;
mod context;
mod domain;
mod hints;
mod limits;
mod outcome;
mod pox;
mod probe;
mod reply;
mod search;
mod soap;
mod state;

pub use context::Autodiscover;
pub use domain::is_within;
pub use limits::SEARCH_TIMEOUT;
pub use outcome::{AskedHost, Discovered, DiscoveryFailure};

use crate::ews::xml::Xml;
use ask::AskOutcome;
use kalends_core::{endpoint::EwsUrl, mailbox::SmtpAddress, problem::Problem};
use limits::PROBE_TIMEOUT;
use probe::ProbeOutcome;
use state::{SearchState, nothing_found};
use tokio::time::timeout;

impl Autodiscover<'_> {
    /// The EWS endpoint of a mailbox.
    #[tracing::instrument(name = "autodiscover", skip_all)]
    pub async fn find(&self, mailbox: &SmtpAddress) -> Result<Discovered, DiscoveryFailure> {
        let mut search = SearchState::new(mailbox);
        match timeout(SEARCH_TIMEOUT, self.search(&mut search)).await {
            Ok(Some(Ok((endpoint, by)))) => Ok(Discovered {
                endpoint,
                by: by.host,
                certificate: by.certificate,
                tried: search.all_tried(),
            }),
            Ok(Some(Err(end))) => Err(DiscoveryFailure {
                tried: search.all_tried(),
                ..end
            }),
            Err(_) if search.tried.is_empty() && search.unconfirmed.is_none() => {
                let seconds = SEARCH_TIMEOUT.as_secs();
                Err(Problem::AnswerTimedOut {
                    seconds,
                    operation: Some("Autodiscover".to_owned()),
                }
                .into())
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
        let Ok(Ok(ProbeOutcome::Candidate(ready))) = timeout(PROBE_TIMEOUT, self.probe(host)).await
        else {
            return None;
        };
        match self.ask(*ready, mailbox).await.ok()? {
            AskOutcome::Found(url) if url != *endpoint => Some(Problem::MailboxMoved {
                endpoint: Some(url),
            }),
            AskOutcome::Host(_) | AskOutcome::Address(_) => {
                Some(Problem::MailboxMoved { endpoint: None })
            }
            AskOutcome::Failed {
                problem: Problem::ExchangeOnline,
                ..
            } => Some(Problem::ExchangeOnline),
            AskOutcome::Found(_) | AskOutcome::Failed { .. } => None,
        }
    }
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
