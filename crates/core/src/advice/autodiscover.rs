//! Words for Autodiscover: what came of each address that was asked, and where it leads.

use super::{
    names::Names,
    server::{URLS, external_url},
    topics,
    wording::{AdviceBuilder, OPERATOR, Purpose, shown, shown_or, words},
};
use crate::problem::{InsteadOfEws, ProbeResult, Problem, Tried};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::AutodiscoverFailed { tried } => autodiscover_failed(tried, names),
        Problem::LeadsElsewhere { host } => leads_elsewhere(host, names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let not_found = Problem::NameNotFound {
        host: "example.test".to_owned(),
    };
    let tried = |url: &str, came| Tried {
        url: url.to_owned(),
        came,
    };
    vec![
        Problem::AutodiscoverFailed {
            tried: vec![
                tried(
                    "https://example.test/autodiscover/autodiscover.xml",
                    ProbeResult::Problem(Box::new(not_found)),
                ),
                tried(
                    "_autodiscover._tcp.example.test (DNS SRV)",
                    ProbeResult::NamesNone,
                ),
            ],
        },
        Problem::LeadsElsewhere {
            host: "mail.hosting.example".to_owned(),
        },
    ]
}

fn autodiscover_failed(tried: &[Tried], names: &Names) -> AdviceBuilder {
    let in_a_circle = tried
        .iter()
        .any(|tried| matches!(tried.came, ProbeResult::Circle(_)));
    let seen: Vec<String> = tried
        .iter()
        .map(|place| format!("{}.", self::tried(place)))
        .collect();
    let seen = if seen.is_empty() {
        "None of them answered in time.".to_owned()
    } else {
        seen.join("\n")
    };
    let advice = words(
        "Autodiscover did not find the Exchange server.",
        format!(
            "Kalends asked the usual addresses of the mail domain of {}.\n{seen}",
            shown_or(&names.mailbox, "the mailbox")
        ),
    );
    let advice = if in_a_circle {
        advice.step("Mend the redirects of Autodiscover, which lead in a circle: mostly two contacts or mailboxes that name each other as their target address.")
    } else {
        advice
    };
    let names_none = |tried: &Tried| {
        matches!(&tried.came, ProbeResult::Problem(problem) if matches!(
            **problem,
            Problem::NotEws { instead: InsteadOfEws::NoAddress, .. }
        ))
    };
    if tried.iter().any(names_none) {
        return external_url(advice, names).step(
            "Or name the address of your Exchange server yourself; the administrator knows it.",
        );
    }
    advice
        .step("Name the address of your Exchange server yourself; the administrator knows it.")
        .step("Set up Autodiscover for the mail domain, if it should be found by itself.")
        .find_out(URLS)
        .find_out("Get-ClientAccessService | Format-List Name,AutoDiscoverServiceInternalUri")
}

fn leads_elsewhere(host: &str, names: &Names) -> AdviceBuilder {
    let host = shown(host);
    let domain = names.mailbox.rsplit('@').next().unwrap_or_default();
    let domain = shown_or(domain, "the mail domain");
    words(
        format!("Autodiscover leads to {host}, outside of {domain}."),
        format!("Kalends sends a password to hosts of the mail domain alone, unless somebody vouches for another one. {host} is right if your organisation's mail runs there: at a hosting company, or under another name of the organisation."),
    )
    .step(format!("Send the password there, if you know that {host} runs your mail."))
    .step("Ask the administrator, if you do not know it.")
    .step("A Kalends administrator can vouch for it once for everybody: the setting below, with what stands there already in the place of HOSTS.")
    .command(
        Purpose::Run,
        OPERATOR,
        format!("KALENDS_EXCHANGE_HOSTS=HOSTS,{host}"),
    )
}

/// One line: the address, and what came of asking it.
pub fn tried(tried: &Tried) -> String {
    format!("{}: {}", shown(&tried.url), came(&tried.came))
}

fn came(came: &ProbeResult) -> String {
    match came {
        ProbeResult::Problem(problem) => in_few_words(problem),
        ProbeResult::LeadsTo(to) => format!("leads to {}", shown(to)),
        ProbeResult::NotFollowed(to) => format!(
            "leads to {}, which Kalends does not follow: only https to Autodiscover at port 443",
            shown(to)
        ),
        ProbeResult::Circle(to) => format!("leads back to {}, in a circle", shown(to)),
        ProbeResult::NamesNone => "names no other server".to_owned(),
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
            let (other, names) = (other.without_addresses(), Names::default());
            let words = words_of(&other, &names).or_else(|| topics::words_of(&other, &names));
            let title = words.map_or_else(|| other.code().to_owned(), |words| words.title);
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
