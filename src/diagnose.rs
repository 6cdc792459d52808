//! From a technical failure to a problem: total over our own enums, and no further than what can be known. A plain
//! 401 stays one problem; only codes that the server sends narrow it.

use crate::{
    endpoint::is_exchange_online,
    ews::{
        Cause, EwsError, ServerSaid,
        back_off::{DEFAULT_MILLIS, MAX_MILLIS, wait_millis},
        response_code::ResponseCode as Code,
        version::ServerBuild,
    },
    mailbox::SmtpAddress,
    outbound::{CertificateFault, OutboundError, TLS_LIMIT},
    problem::{InsteadOfEws, Problem},
};

/// What is known beside the failure itself.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The address called.
    pub url: &'a str,
    /// The mailbox meant.
    pub mailbox: &'a SmtpAddress,
}

/// The problem behind a failure.
pub fn diagnose(error: &EwsError, evidence: &Evidence<'_>) -> Problem {
    if error.build.is_some_and(ServerBuild::is_exchange_online) {
        return Problem::ExchangeOnline;
    }
    match &*error.cause {
        Cause::Outbound(error) => outbound(error),
        Cause::NotOffered(offer) => Problem::SignInNotOffered {
            offered: offer.names(),
        },
        Cause::KerberosOnly(offer) => Problem::KerberosOnly {
            offered: offer.names(),
        },
        Cause::ConnectionNotKept => Problem::ConnectionNotKept,
        Cause::SignInRefused(offer) => Problem::SignInRefused {
            offered: offer.names(),
        },
        Cause::HeldBack(problem) => (**problem).clone(),
        Cause::Http {
            status,
            html,
            location,
            retry_after,
        } => http(*status, *html, location.as_deref(), *retry_after, evidence),
        Cause::Said(said) => said_problem(said, evidence),
        Cause::TimedOut { seconds } => Problem::AnswerTimedOut { seconds: *seconds },
        Cause::CutShort => Problem::AnswerCutShort,
        Cause::TooLarge => Problem::AnswerTooLarge,
        Cause::Malformed(reason) => Problem::AnswerNotUnderstood {
            reason: reason.clone(),
        },
        Cause::TooOld => Problem::ServerTooOld,
        Cause::ExchangeOnline => Problem::ExchangeOnline,
    }
}

fn outbound(error: &OutboundError) -> Problem {
    match error.clone() {
        OutboundError::AddressNotAllowed {
            host,
            port,
            address,
            kind: _,
        } => Problem::AddressNotAllowed {
            host,
            port,
            address: address.to_string(),
        },
        OutboundError::NameNotFound { host } => Problem::NameNotFound { host },
        OutboundError::Refused(target) => Problem::ConnectionRefused { target },
        OutboundError::TimedOut(target) => Problem::ConnectionTimedOut { target },
        OutboundError::Failed { target, reason } => Problem::ConnectionFailed { target, reason },
        OutboundError::TlsTimedOut => Problem::AnswerTimedOut {
            seconds: TLS_LIMIT.as_secs(),
        },
        OutboundError::Certificate {
            host,
            fault,
            certificate,
        } => {
            let certificate = *certificate;
            match fault {
                CertificateFault::UnknownIssuer => {
                    Problem::CertificateUnknownIssuer { host, certificate }
                }
                CertificateFault::WrongName => Problem::CertificateWrongName { host, certificate },
                CertificateFault::Expired => Problem::CertificateExpired { host, certificate },
                CertificateFault::NotYetValid => {
                    Problem::CertificateNotYetValid { host, certificate }
                }
            }
        }
        OutboundError::Tls { host, reason } => Problem::TlsFailed { host, reason },
    }
}

fn http(
    status: u16,
    html: bool,
    location: Option<&str>,
    retry_after: Option<u64>,
    evidence: &Evidence<'_>,
) -> Problem {
    let not_ews = |instead| Problem::NotEws {
        instead,
        status,
        location: None,
    };
    match status {
        200..=299 if html => not_ews(InsteadOfEws::WebPage),
        300..=399 => redirect(status, location.unwrap_or_default()),
        401 => Problem::SignInRefused {
            offered: Vec::new(),
        },
        403 => Problem::Forbidden,
        404 | 410 => Problem::EndpointNotFound {
            url: evidence.url.to_owned(),
        },
        429 => Problem::Throttled {
            wait_millis: retry_after.map_or(DEFAULT_MILLIS, |seconds| {
                seconds.saturating_mul(1000).clamp(1000, MAX_MILLIS)
            }),
        },
        // The time-out of the sign-in form of Outlook on the web.
        440 => not_ews(InsteadOfEws::SignInPage),
        408 | 449 | 500 | 502..=599 => Problem::ServerError {
            status,
            response_code: None,
        },
        _ => not_ews(InsteadOfEws::NotSoap),
    }
}

/// Where a redirect leads tells who stands in front: EWS itself never redirects a POST.
fn redirect(status: u16, location: &str) -> Problem {
    let lower = location.to_ascii_lowercase();
    let host = lower.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    if is_exchange_online(host) {
        return Problem::ExchangeOnline;
    }
    // Exchange's own page for an outage.
    if lower.contains("/genericerrorpage.htm") {
        return Problem::ServerError {
            status,
            response_code: None,
        };
    }
    let sign_in = [
        "/owa/auth",
        "/adfs/",
        "/my.policy",
        "/vpn/",
        "login",
        "logon",
        "signin",
        "/cas/",
        "/saml",
    ];
    let instead = if sign_in.iter().any(|mark| lower.contains(mark)) {
        InsteadOfEws::SignInPage
    } else {
        InsteadOfEws::Redirect
    };
    let location = (!location.is_empty()).then(|| location.to_owned());
    Problem::NotEws {
        instead,
        status,
        location,
    }
}

fn said_problem(said: &ServerSaid, evidence: &Evidence<'_>) -> Problem {
    let status = if said.is_fault { 500 } else { 200 };
    let server_error = || Problem::ServerError {
        status,
        response_code: Some(said.code.to_string()),
    };
    let unknown = || Problem::UnknownResponseCode {
        response_code: said.code.to_string(),
    };
    match &said.code {
        Code::ImpersonateUserDenied | Code::ImpersonationDenied => Problem::ImpersonationDenied,
        Code::ImpersonationFailed => Problem::ImpersonationFailed,
        Code::NonExistentMailbox
        | Code::InvalidSmtpAddress
        | Code::MissingEmailAddress
        | Code::InvalidUserPrincipalName
        | Code::InvalidUserSid => Problem::MailboxNotFound,
        Code::NonPrimarySmtpAddress => Problem::MailboxAlias {
            primary: primary_address(said, evidence.mailbox),
        },
        Code::AccessDenied => Problem::AccessDenied,
        Code::AccountDisabled => Problem::AccountDisabled,
        Code::PasswordExpired | Code::PasswordChangeRequired => Problem::PasswordExpired,
        Code::MailboxMoveInProgress => Problem::MailboxMoving,
        Code::ServerBusy | Code::ExceededConnectionCount | Code::ExceededSubscriptionCount => {
            Problem::Throttled {
                wait_millis: wait_millis(said.value("BackOffMilliseconds")),
            }
        }
        Code::FolderNotFound
        | Code::NoCalendar
        | Code::CalendarFolderIsInvalidForCalendarView
        | Code::ItemNotFound => Problem::CalendarNotFound,
        Code::InvalidServerVersion
        | Code::InvalidSchemaVersionForMailboxVersion
        | Code::WrongServerVersion
        | Code::IncorrectSchemaVersion => Problem::ServerTooOld,
        Code::OrganizationAccessBlocked => Problem::ExchangeOnline,
        Code::MailboxStoreUnavailable
        | Code::MailboxFailover
        | Code::ConnectionFailed
        | Code::MailboxLogonFailed
        | Code::ADUnavailable
        | Code::ADOperation
        | Code::InternalServerTransientError
        | Code::InternalServerError
        | Code::TooManyObjectsOpened
        | Code::InsufficientResources
        | Code::NotEnoughMemory
        | Code::TimeoutExpired
        | Code::RequestAborted
        | Code::ClientDisconnected
        | Code::BatchProcessingStopped
        | Code::NoRespondingCASInDestinationSite
        | Code::NoApplicableProxyCASServersAvailable
        | Code::CrossSiteRequest
        | Code::ProxyRequestProcessingFailed
        | Code::ProxyServiceDiscoveryFailed
        | Code::ProxyRequestNotAllowed
        | Code::ServiceDiscoveryFailed => server_error(),
        Code::ExceededFindCountLimit | Code::CalendarViewRangeTooBig => Problem::AnswerTooLarge,
        Code::InvalidExchangeImpersonationHeaderData
        | Code::CallerIsInvalidADAccount
        | Code::MailboxConfiguration
        | Code::CorruptData
        | Code::ItemCorrupt
        | Code::CalendarInvalidPropertyState
        | Code::CalendarInvalidTimeZone
        | Code::CalendarInvalidRecurrence
        | Code::InvalidPropertyRequest
        | Code::SchemaValidation
        | Code::InvalidRequest
        | Code::MissingArgument
        | Code::InvalidArgument
        | Code::NoError
        | Code::Other(_) => unknown(),
    }
}

/// Exchange names the primary address in a value or in its words; another than the one typed is it.
fn primary_address(said: &ServerSaid, typed: &SmtpAddress) -> Option<SmtpAddress> {
    let values = said.values.iter().map(|(_, value)| value.as_str());
    values
        .chain(
            said.text
                .split(|c: char| c.is_whitespace() || "<>\"'();,".contains(c)),
        )
        .filter(|word| word.contains('@'))
        .filter_map(|word| word.trim_end_matches('.').parse::<SmtpAddress>().ok())
        .find(|address| address != typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Owner, Retry};
    use std::time::Duration;

    fn problem(cause: Cause) -> Problem {
        let mailbox = "bob@example.test".parse().unwrap();
        let evidence = Evidence {
            url: "https://mail.example.test/EWS/Exchange.asmx",
            mailbox: &mailbox,
        };
        diagnose(&cause.into(), &evidence)
    }

    fn said(code: Code, values: &[(&str, &str)], text: &str) -> Problem {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        problem(Cause::Said(ServerSaid {
            code,
            text: text.to_owned(),
            values: values.iter().map(own).collect(),
            is_fault: true,
        }))
    }

    fn http_answer(status: u16, html: bool, location: Option<&str>) -> Problem {
        problem(Cause::Http {
            status,
            html,
            location: location.map(str::to_owned),
            retry_after: None,
        })
    }

    #[test]
    fn a_busy_server_says_how_long_or_a_minute_is_taken() {
        let wait = |values| said(Code::ServerBusy, values, "").retry();
        let minute = Retry::After(Duration::from_mins(1));
        assert_eq!(
            wait(&[("BackOffMilliseconds", "300000")]),
            Retry::After(Duration::from_mins(5))
        );
        assert_eq!(wait(&[("BackOffMilliseconds", "0")]), minute);
        assert_eq!(wait(&[]), minute);
    }

    #[test]
    fn an_alias_names_the_primary_address_wherever_it_stands() {
        let primary = Problem::MailboxAlias {
            primary: "bob.long@example.test".parse().ok(),
        };
        let code = || Code::NonPrimarySmtpAddress;
        assert_eq!(
            said(code(), &[("Primary", "bob.long@example.test")], ""),
            primary
        );
        assert_eq!(
            said(
                code(),
                &[],
                "The primary SMTP address must be specified: Bob.Long@example.test."
            ),
            primary
        );
        assert_eq!(
            said(code(), &[], "for bob@example.test"),
            Problem::MailboxAlias { primary: None }
        );
    }

    #[test]
    fn answers_without_soap_are_told_apart() {
        let code = |status, html, location| http_answer(status, html, location).code();
        assert_eq!(code(200, true, None), "not-ews");
        assert_eq!(code(403, true, None), "forbidden");
        assert_eq!(code(404, true, None), "endpoint-not-found");
        assert_eq!(code(503, true, None), "server-error");
        assert_eq!(
            code(302, false, Some("/ews/genericerrorpage.htm")),
            "server-error"
        );
        assert_eq!(
            code(302, false, Some("https://outlook.office365.com/EWS")),
            "exchange-online"
        );
        for (location, instead) in [
            (
                "https://mail.example.test/owa/auth/logon.aspx",
                InsteadOfEws::SignInPage,
            ),
            (
                "https://sts.example.test/adfs/ls/",
                InsteadOfEws::SignInPage,
            ),
            ("https://www.example.test/", InsteadOfEws::Redirect),
        ] {
            let Problem::NotEws {
                instead: found,
                location: kept,
                ..
            } = http_answer(302, false, Some(location))
            else {
                panic!("{location}")
            };
            assert_eq!((found, kept.as_deref()), (instead, Some(location)));
        }
    }

    #[test]
    fn every_named_code_has_a_problem_that_somebody_owns() {
        for code in Code::NAMED {
            let problem = said(code.clone(), &[], "");
            // Nothing that only passes may be owned by a person who cannot act.
            if matches!(problem.retry(), Retry::After(_)) && problem != Problem::AnswerTooLarge {
                assert_eq!(problem.owner(), Owner::Nobody, "{code}");
            }
        }
        let unknown = said(Code::from("ErrorNew2030"), &[], "");
        assert_eq!(
            unknown,
            Problem::UnknownResponseCode {
                response_code: "ErrorNew2030".to_owned()
            }
        );
    }

    #[test]
    fn the_build_of_exchange_online_outweighs_what_it_said() {
        let mailbox = "bob@example.test".parse().unwrap();
        let evidence = Evidence {
            url: "",
            mailbox: &mailbox,
        };
        let error = EwsError {
            cause: Box::new(Cause::CutShort),
            ids: crate::ews::CallIds::default(),
            build: "15.20.9999.1".parse().ok(),
        };
        assert_eq!(diagnose(&error, &evidence), Problem::ExchangeOnline);
    }
}
