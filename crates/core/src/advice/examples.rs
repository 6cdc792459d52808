//! One example of every problem, for the pages and the table that explain them without an occasion, and for the tests.
//! Whoever adds a problem adds one here.

use crate::{
    calendar::Window,
    clock::Timestamp,
    problem::{
        CameOf, Certificate, CertificateBefore, CertificateFlaw, InsteadOfEws, Problem, Target,
        TlsReason, Tried,
    },
};

pub(super) fn certificate() -> Certificate {
    Certificate {
        subject: "CN=mail.example.test".to_owned(),
        issuer: "CN=Example Root".to_owned(),
        names: vec![
            "mail.example.test".to_owned(),
            "autodiscover.example.test".to_owned(),
        ],
        not_before: Timestamp::from_seconds(1_772_546_700),
        not_after: Timestamp::from_seconds(1_804_082_700),
        fingerprint: "5f".repeat(32),
        is_authority: false,
        before: None,
        above: None,
    }
}

fn ways_to_the_server() -> Vec<Problem> {
    let host = || "mail.example.test".to_owned();
    let target = || Target {
        host: host(),
        port: 443,
        address: "192.0.2.10".to_owned(),
        local: Some("192.0.2.1".to_owned()),
    };
    let tls = |reason| Problem::TlsFailed {
        host: host(),
        reason,
    };
    let unusable = |flaw| Problem::CertificateUnusable {
        host: host(),
        certificate: Box::new(certificate()),
        flaw,
    };
    vec![
        Problem::AddressNotAllowed {
            host: host(),
            port: 443,
            address: "10.0.0.5".to_owned(),
        },
        Problem::NameNotFound { host: host() },
        Problem::ConnectionRefused { target: target() },
        Problem::ConnectionTimedOut { target: target() },
        Problem::ConnectionFailed {
            target: target(),
            reason: "host unreachable".to_owned(),
        },
        Problem::CertificateUnknownIssuer {
            host: host(),
            certificate: Box::new(certificate()),
        },
        Problem::CertificateUnknownIssuer {
            host: host(),
            certificate: Box::new(Certificate {
                issuer: certificate().subject,
                ..certificate()
            }),
        },
        Problem::CertificateUnknownIssuer {
            host: host(),
            certificate: Box::new(Certificate {
                issuer: certificate().subject,
                is_authority: true,
                ..certificate()
            }),
        },
        Problem::CertificateWrongName {
            host: host(),
            certificate: Box::new(certificate()),
        },
        Problem::CertificateExpired {
            host: host(),
            certificate: Box::new(certificate()),
        },
        Problem::CertificateNotYetValid {
            host: host(),
            certificate: Box::new(certificate()),
        },
        unusable(CertificateFlaw::NoAlternativeName),
        unusable(CertificateFlaw::Signature("SHA-1 with RSA".to_owned())),
        unusable(CertificateFlaw::Key("RSA with 1024 bits".to_owned())),
        unusable(CertificateFlaw::NotForServers),
        unusable(CertificateFlaw::CriticalExtension),
        unusable(CertificateFlaw::Constraint),
        unusable(CertificateFlaw::NotAnAuthority {
            subject: "CN=Example Web Server".to_owned(),
        }),
        unusable(CertificateFlaw::Above {
            subject: "CN=Example Issuing CA".to_owned(),
            flaw: Box::new(CertificateFlaw::Signature("SHA-1 with RSA".to_owned())),
        }),
        unusable(CertificateFlaw::Revoked),
        unusable(CertificateFlaw::Malformed),
        tls(TlsReason::NoCommonVersion),
        tls(TlsReason::NoCommonCipher),
        tls(TlsReason::ClientCertificate),
        tls(TlsReason::NameNotServed),
        tls(TlsReason::Closed),
        tls(TlsReason::NotTls),
        tls(TlsReason::Other("the server broke it off".to_owned())),
    ]
}

fn answers_of_the_server() -> Vec<Problem> {
    let not_ews = |instead| Problem::NotEws {
        instead,
        status: 200,
        location: Some("https://sts.example.test/".to_owned()),
    };
    vec![
        not_ews(InsteadOfEws::WebPage),
        not_ews(InsteadOfEws::SignInPage),
        not_ews(InsteadOfEws::Redirect),
        not_ews(InsteadOfEws::NotSoap),
        Problem::EndpointNotFound {
            url: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
        },
        Problem::SignInNotOffered {
            offered: vec!["NTLM".to_owned()],
        },
        Problem::SignInNotOffered { offered: vec![] },
        Problem::KerberosOnly {
            offered: vec!["Negotiate".to_owned()],
        },
        Problem::ConnectionNotKept,
        Problem::BasicWithheld {
            offered: vec!["Basic".to_owned()],
            changed: None,
        },
        Problem::BasicWithheld {
            offered: vec!["NTLM".to_owned(), "Basic".to_owned()],
            changed: Some(Box::new(changed_certificate())),
        },
        Problem::AnsweredWithoutSignIn {
            proxy: Some("nginx/1.22.1".to_owned()),
        },
        Problem::AnsweredWithoutSignIn { proxy: None },
        Problem::SignInRefused {
            offered: vec!["Basic".to_owned()],
            proxy: None,
            changed: None,
        },
        Problem::SignInRefused {
            offered: vec!["NTLM".to_owned()],
            proxy: None,
            changed: None,
        },
        Problem::SignInRefused {
            offered: vec!["NTLM".to_owned()],
            proxy: Some("nginx/1.22.1".to_owned()),
            changed: None,
        },
        Problem::SignInRefused {
            offered: vec!["NTLM".to_owned()],
            proxy: None,
            changed: Some(Box::new(changed_certificate())),
        },
    ]
}

fn changed_certificate() -> Certificate {
    Certificate {
        before: Some(CertificateBefore {
            issuer: "CN=Earlier Root".to_owned(),
            since: Timestamp::from_seconds(1_772_546_700),
        }),
        ..certificate()
    }
}

fn what_becomes_of_passwords() -> Vec<Problem> {
    vec![
        Problem::SignInPaused {
            until: Timestamp::from_seconds(1_772_546_700),
        },
        Problem::TooManyTries {
            until: Timestamp::from_seconds(1_772_546_700),
        },
        Problem::SignInUnanswered,
        Problem::PasswordChanging {
            until: Timestamp::from_seconds(1_772_546_700),
        },
        Problem::AccountPaused,
        Problem::MailboxTaken,
        Problem::PermissionGone,
        Problem::PasswordRefused {
            taken_before: false,
            proxy: None,
            changed: None,
        },
        Problem::PasswordRefused {
            taken_before: false,
            proxy: Some("nginx/1.22.1".to_owned()),
            changed: None,
        },
        Problem::PasswordRefused {
            taken_before: true,
            proxy: None,
            changed: None,
        },
        Problem::PasswordRefused {
            taken_before: false,
            proxy: None,
            changed: Some(Box::new(changed_certificate())),
        },
    ]
}

fn refusals_of_the_server() -> Vec<Problem> {
    vec![
        Problem::Forbidden,
        Problem::ProxyForbids {
            proxy: "cloudflare".to_owned(),
        },
        Problem::EwsOffHere,
        Problem::EwsOffEverywhere,
        Problem::ImpersonationDenied,
        Problem::OutsideScope,
        Problem::RoleMissing,
        Problem::ImpersonationFailed,
        Problem::MailboxNotFound,
        Problem::MailboxAlias {
            primary: "bob.long@example.test".parse().ok(),
        },
        Problem::MailboxAlias { primary: None },
        Problem::CalendarNotFound,
        Problem::AccessDenied,
        Problem::AccountDisabled,
        Problem::PasswordExpired,
        Problem::Throttled {
            wait_millis: 300_000,
        },
        Problem::ServerError {
            status: 503,
            response_code: None,
            wait_millis: Some(120_000),
        },
        Problem::ServerError {
            status: 500,
            response_code: Some("ErrorADUnavailable".to_owned()),
            wait_millis: None,
        },
        Problem::ProxyFailed {
            status: 502,
            proxy: Some("nginx/1.26".to_owned()),
            wait_millis: None,
        },
        Problem::ProxyFailed {
            status: 504,
            proxy: None,
            wait_millis: Some(120_000),
        },
        Problem::MailboxMoving,
        Problem::MailboxMoved {
            endpoint: "https://ex02.example.test/EWS/Exchange.asmx".parse().ok(),
        },
        Problem::MailboxMoved { endpoint: None },
        Problem::MailboxServerUnreachable {
            response_code: "ErrorNoRespondingCASInDestinationSite".to_owned(),
        },
        Problem::MailboxMisconfigured,
        Problem::MailboxFull,
        Problem::MailboxAmbiguous,
        Problem::AccountNotInDomain,
        Problem::AccountWithoutMailbox,
        Problem::EntryDamaged {
            response_code: "ErrorCorruptData".to_owned(),
            periods: vec![],
        },
        Problem::EntryDamaged {
            response_code: "ErrorItemCorrupt".to_owned(),
            periods: vec![Window {
                start: Timestamp::from_seconds(1_772_544_600),
                end: Timestamp::from_seconds(1_772_548_200),
            }],
        },
        Problem::OutOfStep {
            response_code: "ErrorInvalidSyncStateData".to_owned(),
        },
        Problem::RequestRejected {
            said: "ErrorSchemaValidation".to_owned(),
        },
        Problem::RequestRejected {
            said: "HTTP 413".to_owned(),
        },
        Problem::ServerTooOld,
        Problem::ExchangeOnline,
    ]
}

fn what_came_of_the_call() -> Vec<Problem> {
    vec![
        Problem::AutodiscoverFailed {
            tried: vec![
                Tried {
                    url: "https://example.test/autodiscover/autodiscover.xml".to_owned(),
                    came: CameOf::Problem(Box::new(Problem::NameNotFound {
                        host: "example.test".to_owned(),
                    })),
                },
                Tried {
                    url: "_autodiscover._tcp.example.test (DNS SRV)".to_owned(),
                    came: CameOf::NamesNone,
                },
            ],
        },
        Problem::LeadsElsewhere {
            host: "mail.hosting.example".to_owned(),
        },
        Problem::AnswerTimedOut {
            seconds: 15,
            operation: Some("FindItem".to_owned()),
        },
        Problem::AnswerCutShort,
        Problem::AnswerTooLarge,
        Problem::AnswerNotUnderstood {
            reason: "no Body".to_owned(),
        },
        Problem::UnknownResponseCode {
            response_code: "ErrorNew2030".to_owned(),
        },
        Problem::SecretMissing,
        Problem::AccountInUse,
        Problem::Interrupted,
    ]
}

pub(super) fn every_problem() -> Vec<Problem> {
    let mut problems = ways_to_the_server();
    problems.extend(answers_of_the_server());
    problems.extend(what_becomes_of_passwords());
    problems.extend(refusals_of_the_server());
    problems.extend(what_came_of_the_call());
    problems
}
