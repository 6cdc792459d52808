//! From a technical failure to a problem: total over our own enums, and no further than what can be known. A plain
//! 401 stays one problem; only codes that the server sends narrow it.

pub mod control;
mod evidence;
mod http_headers;
mod response_codes;

pub use evidence::Evidence;

use crate::{
    ews::{CallError, EwsError},
    outbound::{CONNECT_LIMIT, CertificateFault, OutboundError},
};
use kalends_core::{
    back_off::{DEFAULT_MILLIS, millis_of},
    endpoint::is_exchange_online,
    exchange_version::ServerBuild,
    problem::{InsteadOfEws, Problem},
};

/// The problem behind a failure.
pub fn diagnose(error: &EwsError, evidence: &Evidence<'_>) -> Problem {
    if error.build.is_some_and(ServerBuild::is_exchange_online) {
        return Problem::ExchangeOnline;
    }
    match &*error.cause {
        CallError::Outbound(error) => outbound(error),
        CallError::NotOffered(offer) => Problem::SignInNotOffered {
            offered: offer.names(),
        },
        CallError::KerberosOnly(offer) => Problem::KerberosOnly {
            offered: offer.names(),
        },
        CallError::ConnectionNotKept => Problem::ConnectionNotKept,
        CallError::BasicWithheld(offer) => Problem::BasicWithheld {
            offered: offer.names(),
            changed: None,
        },
        CallError::AnsweredWithoutSignIn(proxy) => Problem::AnsweredWithoutSignIn {
            proxy: proxy.clone(),
        },
        CallError::SignInRefused(offer) => Problem::SignInRefused {
            offered: offer.names(),
            proxy: offer.proxy.clone(),
            changed: None,
        },
        CallError::HeldBack(problem) => (**problem).clone(),
        CallError::Http {
            status,
            html,
            location,
            retry_after,
            by,
        } => http_headers::problem(*status, by, *retry_after)
            .unwrap_or_else(|| http(*status, *html, location.as_deref(), *retry_after, evidence)),
        CallError::Exchange(said) => response_codes::problem(said, evidence),
        CallError::TimedOut { seconds } => Problem::AnswerTimedOut {
            seconds: *seconds,
            operation: error.operation.map(str::to_owned),
        },
        CallError::CutShort | CallError::PasswordForgotten => Problem::AnswerCutShort,
        CallError::TooLarge => Problem::AnswerTooLarge,
        CallError::Malformed(reason) => Problem::AnswerNotUnderstood {
            reason: reason.clone(),
        },
        CallError::TooOld => Problem::ServerTooOld,
        CallError::ExchangeOnline => Problem::ExchangeOnline,
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
            seconds: CONNECT_LIMIT.as_secs(),
            operation: None,
        },
        OutboundError::Certificate {
            host,
            fault,
            certificate,
            ..
        } => match fault {
            CertificateFault::UnknownIssuer => {
                Problem::CertificateUnknownIssuer { host, certificate }
            }
            CertificateFault::WrongName => Problem::CertificateWrongName { host, certificate },
            CertificateFault::Expired => Problem::CertificateExpired { host, certificate },
            CertificateFault::NotYetValid => Problem::CertificateNotYetValid { host, certificate },
            CertificateFault::Unusable(flaw) => Problem::CertificateUnusable {
                host,
                certificate,
                flaw,
            },
        },
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
            proxy: None,
            changed: None,
        },
        403 => Problem::Forbidden,
        404 | 410 => Problem::EndpointNotFound {
            url: evidence.url.to_owned(),
        },
        429 => Problem::Throttled {
            wait_millis: retry_after.map_or(DEFAULT_MILLIS, millis_of),
        },
        400 | 411 | 413 | 414 | 415 | 431 => Problem::RequestRejected {
            said: format!("HTTP {status}"),
        },
        // Hosters answer it for accounts that they have blocked.
        456 => Problem::AccountDisabled,
        // The time-out of the sign-in form of Outlook on the web.
        440 => not_ews(InsteadOfEws::SignInPage),
        408 | 449 | 500 | 502..=599 => Problem::ServerError {
            status,
            response_code: None,
            wait_millis: retry_after.map(millis_of),
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
            wait_millis: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ews::Responder;
    use kalends_core::problem::Retry;
    use std::time::Duration;

    fn problem(cause: CallError) -> Problem {
        let mailbox = "bob@example.test".parse().unwrap();
        let evidence = Evidence {
            url: "https://mail.example.test/EWS/Exchange.asmx",
            mailbox: &mailbox,
        };
        diagnose(&cause.into(), &evidence)
    }

    fn exchange() -> Responder {
        Responder {
            is_exchange: true,
            ..Responder::default()
        }
    }

    fn http_answer(status: u16, html: bool, location: Option<&str>) -> Problem {
        problem(CallError::Http {
            status,
            html,
            location: location.map(str::to_owned),
            retry_after: None,
            by: exchange(),
        })
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
    fn a_server_in_trouble_is_left_alone_as_long_as_it_asks_and_an_hour_at_most() {
        let wait = |status, retry_after| {
            let cause = CallError::Http {
                status,
                html: true,
                location: None,
                retry_after,
                by: exchange(),
            };
            problem(cause).retry()
        };
        for status in [429, 503] {
            assert_eq!(
                wait(status, Some(120)),
                Retry::After(Duration::from_mins(2))
            );
            assert_eq!(wait(status, Some(0)), Retry::After(Duration::from_secs(10)));
            assert_eq!(
                wait(status, Some(u64::MAX)),
                Retry::After(Duration::from_hours(1))
            );
        }
        assert_eq!(wait(429, None), Retry::After(Duration::from_mins(1)));
        assert_eq!(wait(503, None), Retry::After(Duration::from_mins(5)));
    }

    #[test]
    fn every_status_has_a_problem_of_its_kind() {
        for (status, code) in [
            (200, "not-ews"),
            (301, "not-ews"),
            (307, "not-ews"),
            (308, "not-ews"),
            (400, "request-rejected"),
            (401, "sign-in-refused"),
            (403, "forbidden"),
            (404, "endpoint-not-found"),
            (405, "not-ews"),
            (408, "server-error"),
            (410, "endpoint-not-found"),
            (413, "request-rejected"),
            (429, "throttled"),
            (440, "not-ews"),
            (449, "server-error"),
            (456, "account-disabled"),
            (500, "server-error"),
            (501, "not-ews"),
            (502, "server-error"),
            (503, "server-error"),
            (504, "server-error"),
            (507, "server-error"),
            (522, "server-error"),
        ] {
            assert_eq!(http_answer(status, true, None).code(), code, "{status}");
        }
    }

    #[test]
    fn every_cause_beside_what_the_server_says_has_a_problem() {
        let offer = crate::auth::offer::Offer::default;
        for (cause, code) in [
            (CallError::NotOffered(offer()), "sign-in-not-offered"),
            (CallError::KerberosOnly(offer()), "kerberos-only"),
            (CallError::ConnectionNotKept, "connection-not-kept"),
            (CallError::SignInRefused(offer()), "sign-in-refused"),
            (
                CallError::AnsweredWithoutSignIn(None),
                "answered-without-sign-in",
            ),
            (
                CallError::HeldBack(Box::new(Problem::PasswordRefused {
                    taken_before: false,
                    proxy: None,
                    changed: None,
                })),
                "password-refused",
            ),
            (CallError::TimedOut { seconds: 15 }, "answer-timed-out"),
            (CallError::CutShort, "answer-cut-short"),
            (CallError::TooLarge, "answer-too-large"),
            (
                CallError::Malformed("no Body".to_owned()),
                "answer-not-understood",
            ),
            (CallError::TooOld, "server-too-old"),
            (CallError::ExchangeOnline, "exchange-online"),
            (
                CallError::Outbound(OutboundError::TlsTimedOut),
                "answer-timed-out",
            ),
        ] {
            assert_eq!(problem(cause.clone()).code(), code, "{cause:?}");
        }
    }

    #[test]
    fn the_build_of_exchange_online_outweighs_what_it_said() {
        let mailbox = "bob@example.test".parse().unwrap();
        let evidence = Evidence {
            url: "",
            mailbox: &mailbox,
        };
        let error = EwsError {
            cause: Box::new(CallError::CutShort),
            ids: crate::ews::CallIds::default(),
            operation: None,
            build: "15.20.9999.1".parse().ok(),
        };
        assert_eq!(diagnose(&error, &evidence), Problem::ExchangeOnline);
    }
}
