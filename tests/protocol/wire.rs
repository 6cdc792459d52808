//! The wire as others speak it: packed answers, faults in odd dress, older servers of a farm, proxies.

use crate::{
    office::{Office, seen, service},
    problems::{meet, with_code, with_fault, with_soap_fault},
};
use kalends::connect::connection_test::TestRequest;
use kalends_core::{
    advice::{Names, advice},
    calendar::Window,
    check::Step,
    problem::{Owner, Problem, Retry},
};
use kalends_exchange::{
    auth::{Credentials, Gate},
    ews::{Client, EwsError, MailboxAccess, read_window},
};
use kalends_simulator::{
    fault::{FaultKind, FaultShape, Plan},
    world::settings::ReportedValue,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const BOB: &str = "bob@example.test";

pub fn told(problem: &Problem) -> String {
    format!("{:?}", advice(problem, &Names::default()))
}

pub fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

pub fn wait(problem: &Problem) -> Duration {
    match problem.retry() {
        Retry::After(wait) => wait,
        other => panic!("{problem:?}: {other:?}"),
    }
}

pub async fn client(office: &Office) -> Result<Client, EwsError> {
    let request = service();
    let credentials = Credentials {
        account: request.account,
        password: request.password,
    };
    let gate: Arc<dyn Gate> = Arc::new(crate::office::Gatekeeper(Arc::clone(&office.gate)));
    let tools = &office.tools;
    let endpoint = request.endpoint.unwrap();
    Client::open(&tools.outbound, &tools.random, endpoint, credentials, gate).await
}

pub async fn entries(
    office: &Office,
    client: &mut Client,
    address: &str,
) -> Result<usize, EwsError> {
    let now = office.tools.clock.now();
    let window = Window {
        start: now - Duration::from_hours(24 * 30),
        end: now + Duration::from_hours(24 * 90),
    };
    let whose = MailboxAccess::impersonated(address.parse().unwrap());
    let level = kalends_core::policy::PrivacyLevel::Everything;
    let zone = service().fallback_zone;
    let read = read_window(client, &whose, window, level, &zone).await;
    read.map(|read| read.events.len())
}

#[tokio::test]
async fn names_of_headers_are_written_as_usual() {
    let office = Office::open().await;
    let found = TestRequest {
        endpoint: None,
        ..service()
    };
    office.test(found).await.1.unwrap();
    let heard = office.exchange.world().counters().recent_input();
    let requests = heard.split("POST ").skip(1);
    let mut seen = 0;
    for request in requests {
        let start = request.split("\r\n\r\n").next().unwrap_or_default();
        for line in start.lines().skip(1) {
            let name = line.split(':').next().unwrap_or_default();
            assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{line}");
            seen += 1;
        }
        assert!(start.contains("\r\nHost: "), "{start}");
        assert!(
            start.contains("\r\nContent-Type: text/xml; charset=utf-8"),
            "{start}"
        );
    }
    assert!(seen > 20, "{heard}");
}

#[tokio::test]
async fn a_fault_is_read_however_it_is_dressed() {
    let fault = |shape| FaultKind::SoapFault {
        code: "ErrorImpersonationFailed".to_owned(),
        message: None,
        shape,
    };
    for content_type in [
        "",
        "text/html",
        "text/html; charset=utf-8",
        "text/plain",
        "application/octet-stream",
    ] {
        for text in ["", "\u{feff}", "\r\n \t", "\u{feff}\r\n", "\n\u{feff}"] {
            for shape in [FaultShape::Full, FaultShape::Bare] {
                let office = Office::open().await;
                office.always(fault(shape));
                office.on_ews(FaultKind::ContentType {
                    content_type: content_type.to_owned(),
                });
                office.on_ews(FaultKind::Preceded {
                    text: text.to_owned(),
                });
                let met = meet("dressed", office, service()).await;
                assert_eq!(
                    met.failure.problem,
                    Problem::ImpersonationFailed,
                    "{content_type:?} {text:?} {shape:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_the_front_end_says_by_a_header_alone_is_read() {
    for (code, problem) in [
        ("MailboxGuidWithDomainNotFound", "mailbox-not-found"),
        ("UserNotFound", "mailbox-not-found"),
        (
            "MailboxExternalDirectoryObjectIdNotFound",
            "mailbox-not-found",
        ),
        ("ServerNotFound", "mailbox-server-unreachable"),
        ("DatabaseGuidNotFound", "mailbox-server-unreachable"),
        ("TooManyOutstandingProxyRequests", "throttled"),
        ("DirectoryOperationError", "server-error"),
        ("SomethingNewIn2030", "server-error"),
        (
            "Microsoft.Exchange.Data.Storage.WrongServerException",
            "mailbox-server-unreachable",
        ),
        (
            "Microsoft.Exchange.Data.Storage.IllegalCrossServerConnectionException",
            "mailbox-server-unreachable",
        ),
        (
            "Microsoft.Exchange.Data.Storage.UserHasNoMailboxException",
            "mailbox-not-found",
        ),
        (
            "Microsoft.Exchange.Services.Core.Types.OverBudgetException",
            "throttled",
        ),
        ("Microsoft.Exchange.Something.NewException", "server-error"),
    ] {
        for status in [500, 503] {
            let office = Office::open().await;
            office.on_ews(FaultKind::CasError {
                is_behind: code.contains('.'),
                status,
                code: code.to_owned(),
            });
            let (ladder, result) = office.test(service()).await;
            let failure = result.unwrap_err();
            assert_eq!(failure.problem.code(), problem, "{status} {code}");
            // The cause is kept where it is looked for.
            let code = code
                .rsplit('.')
                .next()
                .unwrap()
                .trim_end_matches("Exception");
            let step = seen(&ladder, ladder.failed_at().unwrap());
            assert!(
                step.seen.is_some_and(|seen| seen.contains(code)),
                "{code}: {ladder:?}"
            );
            if problem == "server-error" {
                assert!(told(&failure.problem).contains(code), "{code}");
            }
        }
    }
}

#[tokio::test]
async fn a_service_account_without_a_mailbox_is_told_to_whoever_can_give_it_one() {
    let met = with_code("caller", "ErrorMissingEmailAddress").await;
    assert_eq!(met.failure.problem.owner(), Owner::ExchangeAdmin);
    let told = told(&met.failure.problem);
    assert!(told.contains("Enable-Mailbox"), "{told}");
    assert!(!told.contains("has no mailbox bob@"), "{told}");
    let fault = with_soap_fault("caller", "ErrorMissingEmailAddress").await;
    assert_eq!(fault.failure.problem, met.failure.problem);
}

#[tokio::test]
async fn users_that_cannot_be_found_have_no_mailbox() {
    for code in ["ErrorCannotFindUser", "ErrorMailRecipientNotFound"] {
        for met in [
            with_soap_fault("user", code).await,
            with_code("user", code).await,
        ] {
            assert_eq!(met.failure.problem, Problem::MailboxNotFound, "{code}");
        }
    }
}

#[tokio::test]
async fn a_property_that_a_server_does_not_know_is_not_asked_for_again() {
    for code in [
        "ErrorInvalidPropertyRequest",
        "ErrorUnsupportedPropertyDefinition",
    ] {
        for property in ["calendar:StartWallClock", "calendar:EndTimeZoneId"] {
            let office = Office::open().await;
            office.fault(Plan {
                only_mailbox: Some(BOB.to_owned()),
                ..Plan::always(FaultKind::RefusedProperty {
                    code: code.to_owned(),
                    property: property.to_owned(),
                })
            });
            let mut client = client(&office).await.unwrap();
            let calls = |address: &str| {
                office
                    .exchange
                    .world()
                    .counters()
                    .calls(address, "FindItem")
            };
            let first = entries(&office, &mut client, BOB).await.unwrap();
            assert!(first > 0);
            let before = calls(BOB);
            assert_eq!(entries(&office, &mut client, BOB).await.unwrap(), first);
            // Once more costs as many calls less the one that was refused.
            assert_eq!(calls(BOB) - before, before - 1, "{code}");
            // Her server knows it.
            entries(&office, &mut client, "alice@example.test")
                .await
                .unwrap();
            let world = office.exchange.world();
            let asked = world
                .counters()
                .last_request("alice@example.test", "FindItem");
            assert!(asked.is_some_and(|asked| asked.contains("StartWallClock")));
            let asked = world.counters().last_request(BOB, "FindItem").unwrap();
            for field in [
                "StartWallClock",
                "EndWallClock",
                "StartTimeZoneId",
                "EndTimeZoneId",
            ] {
                assert!(!asked.contains(field), "{field}");
            }
        }
    }
}

#[tokio::test]
async fn a_property_that_is_refused_for_good_is_no_reason_to_move_a_mailbox() {
    let met = with_code("property", "ErrorInvalidPropertyRequest").await;
    assert_ne!(met.failure.problem.code(), "server-too-old");
    assert!(told(&met.failure.problem).contains("ErrorInvalidPropertyRequest"));
}

#[tokio::test]
async fn an_older_server_of_a_farm_is_asked_in_its_own_schema_and_the_others_in_theirs() {
    for code in [
        "ErrorInvalidServerVersion",
        "ErrorInvalidSchemaVersionForMailboxVersion",
        "ErrorWrongServerVersion",
        "ErrorIncorrectSchemaVersion",
    ] {
        for (newest, as_fault) in [("Exchange2013", false), ("Exchange2010_SP2", true)] {
            let office = Office::open().await;
            office.fault(Plan {
                only_mailbox: Some(BOB.to_owned()),
                ..Plan::always(FaultKind::OldSchema {
                    code: code.to_owned(),
                    newest: newest.to_owned(),
                    as_fault,
                })
            });
            let (_, result) = office.test(service()).await;
            assert!(result.is_ok(), "{code} {newest}: {result:?}");
            let mut client = client(&office).await.unwrap();
            entries(&office, &mut client, BOB).await.unwrap();
            entries(&office, &mut client, "alice@example.test")
                .await
                .unwrap();
            let world = office.exchange.world();
            let asked = |address| world.counters().last_request(address, "FindItem").unwrap();
            assert!(
                asked(BOB).contains(&format!("Version=\"{newest}\"")),
                "{code}"
            );
            assert!(
                asked("alice@example.test").contains("Exchange2013_SP1"),
                "{code}"
            );
        }
    }
}

#[tokio::test]
async fn a_call_that_times_out_is_known_by_its_operation_and_id() {
    let slow = || FaultKind::Slow {
        milliseconds: 7_000,
    };
    for (after, operation, step) in [
        (2, "GetFolder", Step::Calendar),
        (3, "FindItem", Step::Entries),
    ] {
        let office = Office::open().await;
        office.fault(Plan {
            after,
            ..Plan::always(slow())
        });
        let (ladder, result) = office.test(service()).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.problem.code(), "answer-timed-out");
        assert_eq!(
            failure.request_id.as_ref().map(String::len),
            Some(36),
            "{operation}"
        );
        let seen = seen(&ladder, ladder.failed_at().unwrap());
        assert!(
            seen.seen
                .as_deref()
                .is_some_and(|seen| seen.contains(operation)),
            "{step:?}: {seen:?}"
        );
        assert!(
            told(&failure.problem).contains(operation),
            "{:?}",
            failure.problem
        );
    }
}

#[tokio::test]
async fn a_proxy_that_does_not_reach_exchange_is_named() {
    for (server, via, name) in [
        (Some("nginx/1.22.1"), None, "nginx"),
        (Some("Apache/2.4.62 (Debian)"), None, "Apache"),
        (None, Some("1.1 proxy.example.test (squid/5.7)"), "squid"),
        (Some("BigIP"), None, "BigIP"),
        (None, None, ""),
    ] {
        for status in [502, 504] {
            let kind = FaultKind::Proxy {
                status,
                server: server.map(str::to_owned),
                via: via.map(str::to_owned),
            };
            let met = with_fault("proxy", kind).await;
            let told = told(&met.failure.problem);
            assert!(
                told.contains(name) && told.contains(&status.to_string()),
                "{told}"
            );
            assert!(!told.contains("trouble of its own"), "{told}");
            assert!(!told.contains("Test-ServiceHealth"), "{told}");
            assert_eq!(wait(&met.failure.problem), Duration::from_mins(5));
        }
    }
    // A busy proxy says so itself; an IIS may be Exchange.
    let kind = |server: &str| FaultKind::Proxy {
        status: 503,
        server: Some(server.to_owned()),
        via: None,
    };
    let met = with_fault("proxy", kind("nginx")).await;
    assert!(told(&met.failure.problem).contains("nginx"));
    let met = with_fault("iis", kind("Microsoft-IIS/10.0")).await;
    assert_eq!(met.failure.problem.code(), "server-error");
}

#[tokio::test]
async fn a_view_that_holds_more_than_came_is_not_complete() {
    let always = |text: &str| ReportedValue::Always(text.to_owned());
    let whole = {
        let office = Office::open().await;
        let mut client = client(&office).await.unwrap();
        entries(&office, &mut client, BOB).await.unwrap()
    };
    assert!(whole > 20, "{whole}");
    for (total, last, limit) in [
        // Cut off and said to be complete: the total tells.
        (ReportedValue::Truth, always("true"), 10),
        (ReportedValue::Truth, always("TRUE"), 10),
        (ReportedValue::Truth, ReportedValue::Nothing, 10),
        (ReportedValue::Truth, always("perhaps"), 10),
        // Cut off and said to be so: the total is not needed.
        (ReportedValue::Nothing, ReportedValue::Truth, 10),
        (always("-1"), ReportedValue::Truth, 10),
        (always("many"), ReportedValue::Truth, 10),
        (always("0"), ReportedValue::Truth, 10),
        // Complete, with nothing or nonsense said about it.
        (ReportedValue::Nothing, ReportedValue::Nothing, 1000),
        (always("0"), ReportedValue::Nothing, 1000),
        (always("nonsense"), always("nonsense"), 1000),
        (always("99999999999999999999999"), always("true"), 1000),
        // A total that counts something else.
        (always("2600"), always("true"), 1000),
    ] {
        let office = Office::open().await;
        {
            let settings = &mut office.exchange.world().settings;
            settings.find_limit = limit;
            settings.total_items_in_view = total.clone();
            settings.includes_last_item = last.clone();
        }
        let mut client = client(&office).await.unwrap();
        let read = entries(&office, &mut client, BOB).await;
        assert_eq!(read.ok(), Some(whole), "{total:?} {last:?} {limit}");
        let calls = office.exchange.world().counters().calls(BOB, "FindItem");
        assert!(calls < 400, "{total:?} {last:?}: {calls} calls");
    }
}

#[tokio::test]
async fn an_autodiscover_that_does_not_know_the_mailbox_says_so_by_several_codes() {
    for code in [404, 500, 501] {
        let office = Office::open().await;
        office.exchange.world().settings.soap_autodiscover = false;
        office.always(FaultKind::AutodiscoverError { code });
        let request = TestRequest {
            endpoint: None,
            ..service()
        };
        let met = meet("autodiscover", office, request).await;
        assert_eq!(met.failure.problem, Problem::MailboxNotFound, "{code}");
    }
}
