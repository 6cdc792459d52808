//! The one place where a failure becomes words: what happened, who must act, and the command to run. Each problem has
//! its words in a file below, by what must be looked at; no other part of Kalends holds a sentence about Exchange.

mod certificate;
#[cfg(test)]
mod examples;
mod mailbox;
mod network;
mod passing;
pub mod powershell;
mod server;
mod sign_in;

use crate::problem::{Owner, Problem};
use serde::{Deserialize, Serialize};

/// The names that the words and commands are filled in with; all come from what was typed or stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    pub mailbox: String,
    pub account: String,
    /// The endpoint as typed or found; empty when Autodiscover found none.
    pub endpoint: String,
}

/// What people read about a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// One short sentence: what happened.
    pub title: String,
    /// What that means, in plain words.
    pub meaning: String,
    pub owner: Owner,
    /// What to do, in order; the likeliest first. The first words say what to do.
    pub steps: Vec<String>,
    /// Commands to paste as they are; one that checks stands beside one that changes.
    pub commands: Vec<Command>,
}

/// A command with the place where it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Such as "In the Exchange Management Shell".
    pub place: String,
    pub text: String,
}

/// The words for a problem.
pub fn advice(problem: &Problem, names: &Names) -> Advice {
    let words = match problem {
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
        Problem::TlsFailed { host, reason } => certificate::tls_failed(host, reason),
        Problem::NotEws {
            instead,
            status,
            location,
        } => server::not_ews(*instead, *status, location.as_deref(), names),
        Problem::EndpointNotFound { url } => server::not_found(url),
        Problem::Forbidden => server::forbidden(names),
        Problem::ServerTooOld => server::too_old(),
        Problem::ExchangeOnline => server::exchange_online(names),
        Problem::AutodiscoverFailed { tried } => server::autodiscover_failed(tried, names),
        Problem::UnknownResponseCode { response_code } => server::unknown_code(response_code),
        Problem::AnswerTooLarge => server::too_large(),
        Problem::AnswerNotUnderstood { reason } => server::not_understood(reason),
        Problem::SignInNotOffered { offered } => sign_in::not_offered(offered),
        Problem::KerberosOnly { .. } => sign_in::kerberos_only(),
        Problem::ConnectionNotKept => sign_in::connection_not_kept(),
        Problem::SignInRefused { .. } => sign_in::refused(names),
        Problem::SignInPaused { until } => sign_in::paused(*until, names),
        Problem::PasswordRefused => sign_in::password_refused(names),
        Problem::AccountDisabled => sign_in::disabled(names),
        Problem::PasswordExpired => sign_in::expired(names),
        Problem::SecretMissing => sign_in::secret_missing(),
        Problem::ImpersonationDenied => mailbox::impersonation_denied(names),
        Problem::ImpersonationFailed => mailbox::impersonation_failed(names),
        Problem::MailboxNotFound => mailbox::not_found(names),
        Problem::MailboxAlias { primary } => mailbox::alias(primary.as_ref(), names),
        Problem::CalendarNotFound => mailbox::no_calendar(names),
        Problem::AccessDenied => mailbox::access_denied(names),
        Problem::MailboxMoving => mailbox::moving(names),
        Problem::Throttled { wait_millis } => passing::throttled(*wait_millis),
        Problem::ServerError {
            status,
            response_code,
        } => passing::server_error(*status, response_code.as_deref()),
        Problem::AnswerTimedOut { seconds } => passing::timed_out(*seconds),
        Problem::AnswerCutShort => passing::cut_short(),
        Problem::Interrupted => passing::interrupted(),
    };
    Advice {
        title: words.title,
        meaning: words.meaning,
        owner: problem.owner(),
        steps: words.steps,
        commands: words.commands,
    }
}

/// Advice in the making.
struct Words {
    title: String,
    meaning: String,
    steps: Vec<String>,
    commands: Vec<Command>,
}

fn words(title: impl Into<String>, meaning: impl Into<String>) -> Words {
    Words {
        title: title.into(),
        meaning: meaning.into(),
        steps: Vec::new(),
        commands: Vec::new(),
    }
}

impl Words {
    fn step(mut self, text: impl Into<String>) -> Self {
        self.steps.push(text.into());
        self
    }

    fn command(mut self, place: &str, text: impl Into<String>) -> Self {
        self.commands.push(Command {
            place: place.to_owned(),
            text: text.into(),
        });
        self
    }

    fn exchange(self, text: impl Into<String>) -> Self {
        self.command("In the Exchange Management Shell", text)
    }
}

/// A name within a sentence: without characters that could reorder or break the line, at most 200 characters.
fn shown(text: &str) -> String {
    crate::problem::capped(&powershell::plain(text))
}

/// A name within a sentence, or what stands for it where none is known.
fn shown_or(text: &str, otherwise: &str) -> String {
    let name = shown(text);
    if name.is_empty() {
        otherwise.to_owned()
    } else {
        name
    }
}

/// The host of an endpoint, for sentences.
fn host_of(endpoint: &str) -> String {
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    shown_or(
        rest.split('/').next().unwrap_or_default(),
        "the Exchange server",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        examples::{certificate, every_problem},
        *,
    };

    fn names() -> Names {
        Names {
            mailbox: "bob@example.test".to_owned(),
            account: "svc@example.test".to_owned(),
            endpoint: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
        }
    }

    #[test]
    fn every_problem_has_words_and_a_first_step() {
        for names in [names(), Names::default()] {
            for problem in every_problem() {
                let advice = advice(&problem, &names);
                let code = problem.code();
                assert!(
                    advice.title.ends_with('.') && advice.title.len() < 120,
                    "{code}: {}",
                    advice.title
                );
                assert!(advice.meaning.len() > 40, "{code}");
                assert!(!advice.steps.is_empty(), "{code}");
                for step in &advice.steps {
                    assert!(
                        step.ends_with('.') && step.starts_with(char::is_uppercase),
                        "{code}: {step}"
                    );
                    assert!(!step.contains("  "), "{code}: {step}");
                }
                for command in &advice.commands {
                    assert!(
                        !command.text.contains(['\n', '\r']) && !command.text.contains("''"),
                        "{code}: {}",
                        command.text
                    );
                }
            }
        }
    }

    #[test]
    fn no_two_problems_share_a_title() {
        let mut titles: Vec<String> = every_problem()
            .iter()
            .map(|problem| advice(problem, &names()).title)
            .collect();
        let count = titles.len();
        titles.sort();
        titles.dedup();
        // A server without a code is worded like one with a code, an alias like an alias.
        assert!(count - titles.len() <= 5, "{titles:#?}");
    }

    fn commands(problem: &Problem) -> Vec<String> {
        advice(problem, &names())
            .commands
            .into_iter()
            .map(|command| command.text)
            .collect()
    }

    #[test]
    fn the_impersonation_command_can_be_pasted_as_it_is() {
        let commands = commands(&Problem::ImpersonationDenied);
        assert_eq!(
            commands,
            [
                "Get-ManagementRoleAssignment -Role ApplicationImpersonation -WritableRecipient 'bob@example.test' -GetEffectiveUsers | Format-Table Name,EffectiveUserName,CustomRecipientWriteScope",
                "New-ManagementRoleAssignment -Name 'Kalends impersonation' -Role ApplicationImpersonation -User 'svc@example.test'",
                "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-Table Name,EffectiveUserName,CustomRecipientWriteScope",
            ]
        );
    }

    #[test]
    fn the_line_that_allows_a_host_stands_ready() {
        let problem = |port| Problem::AddressNotAllowed {
            host: "mail.example.test".to_owned(),
            port,
            address: "10.0.0.5".to_owned(),
        };
        assert_eq!(
            commands(&problem(443)),
            ["KALENDS_EXCHANGE_HOSTS=mail.example.test"]
        );
        assert_eq!(
            commands(&problem(8443)),
            ["KALENDS_EXCHANGE_HOSTS=mail.example.test:8443"]
        );
    }

    #[test]
    fn a_refused_sign_in_names_the_other_form_to_try() {
        let first = |account: &str| {
            let names = Names {
                account: account.to_owned(),
                ..names()
            };
            advice(&Problem::SignInRefused { offered: vec![] }, &names)
                .steps
                .join(" ")
        };
        assert!(first("svc@example.test").contains("DOMAIN\\svc"));
        assert!(first("EXAMPLE\\svc").contains("svc@example.test"));
        assert!(first("svc").contains("DOMAIN\\svc"));
    }

    #[test]
    fn certificates_are_told_with_issuer_names_and_dates() {
        let told = advice(
            &Problem::CertificateExpired {
                host: "mail.example.test".to_owned(),
                certificate: certificate(),
            },
            &names(),
        );
        for part in [
            "CN=Example Root",
            "autodiscover.example.test",
            "3 March 2026",
            "3 March 2027",
        ] {
            assert!(told.meaning.contains(part), "{part}: {}", told.meaning);
        }
    }

    #[test]
    fn exchange_online_is_told_with_its_dates() {
        let told = advice(&Problem::ExchangeOnline, &names()).meaning;
        for part in [
            "2022",
            "February 2025",
            "October 2026",
            "April 2027",
            "Exchange Server",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
