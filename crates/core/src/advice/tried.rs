//! What came of asking an Autodiscover address, in a few words: what answers there is not the server that holds calendars,
//! and has no advice of its own.

use super::{Names, advice, shown};
use crate::problem::{CameOf, InsteadOfEws, Problem, Tried};

/// One line: the address, and what came of asking it.
pub fn tried(tried: &Tried) -> String {
    format!("{}: {}", shown(&tried.url), came(&tried.came))
}

fn came(came: &CameOf) -> String {
    match came {
        CameOf::Problem(problem) => in_few_words(problem),
        CameOf::LeadsTo(to) => format!("leads to {}", shown(to)),
        CameOf::NotFollowed(to) => format!(
            "leads to {}, which Kalends does not follow: only https to Autodiscover at port 443",
            shown(to)
        ),
        CameOf::Circle(to) => format!("leads back to {}, in a circle", shown(to)),
        CameOf::NamesNone => "names no other server".to_owned(),
    }
}

/// What was met at an Autodiscover address, without its name.
pub fn in_few_words(problem: &Problem) -> String {
    match problem {
        Problem::NameNotFound { .. } => "the name is not known",
        Problem::ConnectionRefused { .. } => "nothing accepts the connection",
        Problem::ConnectionTimedOut { .. } | Problem::AnswerTimedOut { .. } => "no answer in time",
        Problem::AddressNotAllowed { .. } => "at an inner address, which Kalends may not call",
        Problem::SignInRefused { .. } => "refused the user name or the password",
        Problem::SignInNotOffered { .. } => "offers no sign-in that Kalends can use",
        Problem::KerberosOnly { .. } => "takes Kerberos only",
        Problem::BasicWithheld { .. } => {
            "asks for the password itself (Basic), though it has offered better"
        }
        Problem::AnsweredWithoutSignIn { .. } => "answers without a sign-in",
        Problem::ConnectionNotKept => "closed the connection in the middle of the sign-in",
        Problem::MailboxNotFound => "does not know the mailbox",
        Problem::ExchangeOnline => "says that the mailbox is in Exchange Online",
        Problem::EndpointNotFound { .. } => "has no Autodiscover",
        Problem::Forbidden => "forbids it (HTTP 403)",
        Problem::AnswerCutShort => "the answer broke off",
        Problem::ProxyForbids { proxy } => {
            return format!("{} forbids it (HTTP 403)", shown(proxy));
        }
        Problem::NotEws {
            instead, status, ..
        } => return shows(*instead, *status),
        Problem::ServerError { status, .. } => return format!("has trouble (HTTP {status})"),
        Problem::ProxyFailed { status, .. } => {
            return format!("a proxy did not reach it (HTTP {status})");
        }
        // Their titles name the host, or fit any.
        other => {
            let title = advice(other, &Names::default()).title;
            return title.trim_end_matches('.').to_owned();
        }
    }
    .to_owned()
}

fn shows(instead: InsteadOfEws, status: u16) -> String {
    match instead {
        InsteadOfEws::WebPage => format!("shows a web page (HTTP {status})"),
        InsteadOfEws::SignInPage => format!("leads to a sign-in page (HTTP {status})"),
        InsteadOfEws::Redirect => format!("leads elsewhere (HTTP {status})"),
        InsteadOfEws::NoAddress => {
            "knows the mailbox, but names no https address of EWS".to_owned()
        }
        InsteadOfEws::NotSoap => format!("is no Autodiscover (HTTP {status})"),
    }
}
