//! Autodiscover without a directory. Everything anonymous goes side by side: the two well-known addresses of a mail
//! domain, the redirect over plain http, the DNS record. The password goes to one candidate, only within the mail domain
//! or where somebody vouched for the host, and on from there only where that one sends us.

mod ask;
mod pox;
mod probe;
mod reply;
mod search;
mod soap;
mod walk;

pub use probe::{Asked, Autodiscover, Discovered, NotFound, is_within};

use crate::ews::xml::Xml;
use ask::Next;
use kalends_core::{endpoint::EwsUrl, mailbox::SmtpAddress, problem::Problem};
use probe::{CANDIDATE_LIMIT, Probed};
use search::{Search, nothing_found};
use std::time::Duration;
use tokio::time::timeout;

/// How long all of it may take; less than a check, so that what was tried is told.
pub const LIMIT: Duration = Duration::from_mins(4);

impl Autodiscover<'_> {
    /// The EWS endpoint of a mailbox.
    #[tracing::instrument(name = "autodiscover", skip_all)]
    pub async fn find(&self, mailbox: &SmtpAddress) -> Result<Discovered, NotFound> {
        let mut search = Search {
            home: mailbox.wire_domain(),
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
        let Ok(Ok(Probed::Ready(ready))) = timeout(CANDIDATE_LIMIT, self.probe(host)).await else {
            return None;
        };
        match self.ask(*ready, mailbox).await.ok()? {
            Next::Found(url) if url != *endpoint => Some(Problem::MailboxMoved {
                endpoint: Some(url),
            }),
            Next::Host(_) | Next::Address(_) => Some(Problem::MailboxMoved { endpoint: None }),
            Next::Failed {
                problem: Problem::ExchangeOnline,
                ..
            } => Some(Problem::ExchangeOnline),
            Next::Found(_) | Next::Failed { .. } => None,
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
