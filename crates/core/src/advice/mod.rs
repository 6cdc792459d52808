//! The one place where a failure becomes words: what happened, who must act, and the command to run. Each problem has
//! its words in a file below, by what must be looked at; no other part of Kalends holds a sentence about Exchange.

mod certificate;
mod damaged;
mod examples;
mod mailbox;
mod network;
mod organisation;
mod own_account;
mod passing;
pub mod powershell;
mod proxied;
mod role;
mod server;
mod service_account;
mod sign_in;
pub mod table;
mod tls;
mod tried;
mod unusable;
mod wording;

pub use certificate::ending as ending_certificate;
pub use service_account::{Section, service_account};
pub use tried::{in_few_words, tried};

use crate::{
    clock::Timestamp,
    problem::{Owner, Problem},
};
use serde::{Deserialize, Serialize};
use wording::{OPERATOR, SERVER, Words, host_of, shown, shown_or, words};

/// The names that the words and commands are filled in with; all come from what was typed or stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    pub mailbox: String,
    pub account: String,
    /// The endpoint as typed or found; empty when Autodiscover found none.
    pub endpoint: String,
    /// Seconds east of UTC, where the reader's zone is known.
    #[serde(default)]
    pub utc_offset: Option<i32>,
    /// Whether an admin holds the account for everybody.
    #[serde(default)]
    pub held: bool,
    /// Whether the mailbox's owner signs in with an account of their own: no role is needed, and nobody else uses it.
    #[serde(default)]
    pub is_own: bool,
    /// Whether the reader may know where names lead within the network: an admin, or whoever runs Kalends.
    #[serde(default)]
    pub tells_addresses: bool,
    /// When a saved password that was refused is sent again by itself.
    #[serde(default)]
    pub probe_at: Option<Timestamp>,
}

impl Names {
    /// Names for pages that explain without an occasion.
    pub fn example() -> Self {
        Self {
            mailbox: "alice@example.test".to_owned(),
            account: "svc-kalends@example.test".to_owned(),
            endpoint: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
            utc_offset: None,
            held: false,
            is_own: false,
            tells_addresses: true,
            probe_at: None,
        }
    }

    /// For a reader who may know the addresses of servers, or may not.
    #[must_use]
    pub fn telling_addresses(self, tells_addresses: bool) -> Self {
        Self {
            tells_addresses,
            ..self
        }
    }
}

/// What people read about a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The problem's stable code.
    pub code: String,
    /// One short sentence: what happened.
    pub title: String,
    /// What that means, in plain words; a list stands in lines of its own.
    pub meaning: String,
    pub owner: Owner,
    /// Whether whoever typed the password must connect again in the end, whoever acts before.
    pub connects_again: bool,
    /// What to do, in order; the likeliest first. The first words say what to do.
    pub steps: Vec<String>,
    /// Commands to paste as they are; one that checks stands beside one that changes.
    pub commands: Vec<Command>,
    /// Whether each step is for another cause: the first ones, which need no command, can be tried alone.
    pub lists_causes: bool,
    /// Whether it speaks of the service account's role, which has a page of its own.
    pub on_role: bool,
}

impl Advice {
    /// Whether whoever connected has nothing to do, now or in the end.
    pub fn is_up_to_others(&self) -> bool {
        self.owner != Owner::You && !self.connects_again
    }

    /// Whether an administrator paused it on purpose: nothing is wrong, and nothing goes on by itself.
    pub fn is_pause(&self) -> bool {
        self.code == Problem::AccountPaused.code()
    }
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Shows how things stand and changes nothing.
    FindOut,
    /// Changes something.
    Run,
    /// Shows whether the change took hold.
    Verify,
    /// Takes the change back.
    Undo,
}

impl Purpose {
    pub const fn label(self) -> &'static str {
        match self {
            Self::FindOut => "Find out",
            Self::Run => "Run",
            Self::Verify => "Verify",
            Self::Undo => "Undo",
        }
    }
}

/// A command with the place where it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub purpose: Purpose,
    /// Such as "In the Exchange Management Shell".
    pub place: String,
    pub text: String,
}

/// The words for a problem.
pub fn advice(problem: &Problem, names: &Names) -> Advice {
    let hidden;
    let problem = if names.tells_addresses {
        problem
    } else {
        hidden = problem.without_addresses();
        &hidden
    };
    let words = words_for(problem, names);
    let (owner, words) = if names.held {
        organisation::held(problem, words)
    } else if names.is_own {
        own_account::told(problem, words, names)
    } else {
        (problem.owner(), words)
    };
    let on_role = [&words.meaning]
        .into_iter()
        .chain(&words.steps)
        .chain(words.commands.iter().map(|command| &command.text))
        .any(|text| text.contains("ApplicationImpersonation"));
    Advice {
        code: problem.code().to_owned(),
        on_role,
        title: words.title,
        meaning: words.meaning,
        owner,
        connects_again: !names.held && problem.is_about_password(),
        steps: words.steps,
        commands: words.commands,
        lists_causes: words.lists_causes,
    }
}

/// The words that depend on the problem alone.
#[expect(
    clippy::too_many_lines,
    reason = "one line per problem, so that none is overlooked"
)]
fn words_for(problem: &Problem, names: &Names) -> Words {
    match problem {
        Problem::AddressNotAllowed {
            host,
            port,
            address,
        } => network::not_allowed(host, *port, address),
        Problem::NameNotFound { host } => network::name_not_found(host),
        Problem::ConnectionRefused { target } => network::refused(target),
        Problem::ConnectionTimedOut { target } => network::timed_out(target),
        Problem::ConnectionFailed { target, reason } => network::failed(target, reason),
        Problem::CertificateUnknownIssuer { host, certificate } => {
            certificate::unknown_issuer(host, certificate)
        }
        Problem::CertificateWrongName { host, certificate } => {
            certificate::wrong_name(host, certificate)
        }
        Problem::CertificateExpired { host, certificate } => {
            certificate::expired(host, certificate)
        }
        Problem::CertificateNotYetValid { host, certificate } => {
            certificate::not_yet_valid(host, certificate)
        }
        Problem::CertificateUnusable {
            host,
            certificate,
            flaw,
        } => unusable::certificate(host, certificate, flaw),
        Problem::TlsFailed { host, reason } => tls::failed(host, reason),
        Problem::NotEws {
            instead,
            status,
            location,
        } => server::not_ews(*instead, *status, location.as_deref(), names),
        Problem::EndpointNotFound { url } => server::not_found(url),
        Problem::Forbidden => server::forbidden(names),
        Problem::ProxyForbids { proxy } => proxied::forbids(proxy, names),
        Problem::EwsOffHere => server::ews_off_here(names),
        Problem::EwsOffEverywhere => server::ews_off_everywhere(),
        Problem::ServerTooOld => server::too_old(),
        Problem::ExchangeOnline => server::exchange_online(names),
        Problem::AutodiscoverFailed { tried } => server::autodiscover_failed(tried, names),
        Problem::LeadsElsewhere { host } => server::leads_elsewhere(host, names),
        Problem::UnknownResponseCode { response_code } => server::unknown_code(response_code),
        Problem::AnswerTooLarge => server::too_large(),
        Problem::AnswerNotUnderstood { .. } => server::not_understood(),
        Problem::SignInNotOffered { offered } => sign_in::not_offered(offered),
        Problem::KerberosOnly { .. } => sign_in::kerberos_only(),
        Problem::ConnectionNotKept => sign_in::connection_not_kept(),
        Problem::AnsweredWithoutSignIn { proxy } => proxied::answered(proxy.as_deref(), names),
        Problem::BasicWithheld { offered, changed } => {
            sign_in::basic_withheld(offered, changed.as_deref(), names)
        }
        Problem::SignInRefused {
            changed,
            proxy,
            offered,
        } => sign_in::refused(changed.as_deref(), proxy.as_deref(), offered, names),
        Problem::SignInPaused { until } => sign_in::paused(*until, names),
        Problem::TooManyTries { until } => sign_in::too_many_tries(*until, names),
        Problem::SignInUnanswered => sign_in::unanswered(names),
        Problem::PasswordChanging { until } => organisation::password_changing(*until, names),
        Problem::AccountPaused => organisation::paused(),
        Problem::MailboxTaken => organisation::taken(names),
        Problem::PermissionGone => organisation::permission_gone(names),
        Problem::PasswordRefused {
            taken_before: true, ..
        } => sign_in::taken_then_refused(names),
        Problem::PasswordRefused { changed, proxy, .. } => {
            sign_in::password_refused(changed.as_deref(), proxy.as_deref(), names)
        }
        Problem::AccountDisabled => sign_in::disabled(names),
        Problem::PasswordExpired => sign_in::expired(names),
        Problem::SecretMissing => sign_in::secret_missing(),
        Problem::ImpersonationDenied => mailbox::impersonation_denied(names),
        Problem::OutsideScope => mailbox::outside_scope(names),
        Problem::RoleMissing => mailbox::role_missing(names),
        Problem::ImpersonationFailed => mailbox::impersonation_failed(names),
        Problem::MailboxNotFound => mailbox::not_found(names),
        Problem::MailboxAlias { primary } => mailbox::alias(primary.as_ref(), names),
        Problem::CalendarNotFound => mailbox::no_calendar(names),
        Problem::AccessDenied => mailbox::access_denied(names),
        Problem::MailboxMoving => mailbox::moving(names),
        Problem::MailboxMoved { endpoint } => mailbox::moved(endpoint.as_ref(), names),
        Problem::Throttled { wait_millis } => passing::throttled(*wait_millis, names),
        Problem::ServerError {
            status,
            response_code,
            wait_millis,
        } => passing::server_error(*status, response_code.as_deref(), *wait_millis),
        Problem::ProxyFailed {
            status,
            proxy,
            wait_millis,
        } => passing::proxy_failed(*status, proxy.as_deref(), *wait_millis),
        Problem::OutOfStep { response_code } => passing::out_of_step(response_code),
        Problem::MailboxServerUnreachable { response_code } => {
            mailbox::server_unreachable(response_code, names)
        }
        Problem::MailboxMisconfigured => mailbox::misconfigured(names),
        Problem::MailboxFull => mailbox::full(names),
        Problem::MailboxAmbiguous => mailbox::ambiguous(names),
        Problem::AccountNotInDomain => sign_in::not_in_domain(names),
        Problem::AccountWithoutMailbox => mailbox::account_without_one(names),
        Problem::EntryDamaged {
            response_code,
            periods,
        } => damaged::entry(response_code, periods, names),
        Problem::RequestRejected { said } => server::request_rejected(said),
        Problem::AnswerTimedOut { seconds, operation } => {
            passing::timed_out(*seconds, operation.as_deref())
        }
        Problem::AnswerCutShort => passing::cut_short(),
        Problem::AccountInUse => passing::account_in_use(),
        Problem::Interrupted => passing::interrupted(),
    }
}

#[cfg(test)]
mod tests;
