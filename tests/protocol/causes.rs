//! Problems in detail: at which step they show, which slots they carry, and what is told apart within one problem.

use crate::{
    office::{Office, service, verdict},
    problems::{
        BEARER, Met, closed_port, meet, with_code, with_endpoint, with_fault, with_mailbox,
        with_offer, with_soap_fault, wrong_password,
    },
};
use futures::{FutureExt as _, future::BoxFuture};
use kalends::connect::connection_test::TestRequest;
use kalends_core::{
    account_name::AccountName,
    check::{Step, StepReport, Verdict},
    connection::Mode,
    problem::{InsteadOfEws, ProbeResult, Problem},
};
use kalends_exchange::{
    auth::{Credentials, Gate},
    autodiscover::Autodiscover,
    ews::response_code::ResponseCode,
};
use kalends_simulator::fault::{FaultKind, FaultShape, Framing, Plan};
use std::sync::Arc;

fn step(met: &Met) -> Step {
    met.step.unwrap()
}

#[tokio::test]
async fn problems_show_at_the_step_where_they_arise() {
    let cases: Vec<(BoxFuture<'_, Met>, Step)> = vec![
        (
            with_endpoint("inner", "", "", "localhost").boxed(),
            Step::AddressAllowed,
        ),
        (
            with_endpoint("name", "", "", "no-such-host.invalid").boxed(),
            Step::Dns,
        ),
        (closed_port("closed").boxed(), Step::Tcp),
        (
            with_fault("self-signed", FaultKind::CertificateSelfSigned).boxed(),
            Step::Tls,
        ),
        (
            with_offer("nothing of ours", BEARER).boxed(),
            Step::EwsAnswers,
        ),
        (wrong_password("password").boxed(), Step::SignIn),
        (
            with_soap_fault("expired", "ErrorPasswordExpired").boxed(),
            Step::SignIn,
        ),
        (
            with_mailbox("out of scope", "dora@example.test").boxed(),
            Step::Impersonation,
        ),
        (
            with_mailbox("alias", "robert@example.test").boxed(),
            Step::Impersonation,
        ),
        (
            with_code("no calendar", "ErrorFolderNotFound").boxed(),
            Step::Calendar,
        ),
        (
            with_fault("busy", FaultKind::Throttled { back_off: None }).boxed(),
            Step::Calendar,
        ),
        (
            with_fault("online", FaultKind::ExchangeOnline).boxed(),
            Step::EwsAnswers,
        ),
    ];
    for (case, expected) in cases {
        let met = case.await;
        assert_eq!(
            step(&met),
            expected,
            "{}: {:?}",
            met.name,
            met.failure.problem
        );
    }
}

/// What a terminal prints as it goes is held to the same: no step passes that fails later without being told again.
#[tokio::test]
async fn whatever_exchange_says_exactly_one_step_fails() {
    let office = Office::open().await;
    let codes = ResponseCode::NAMED.iter().map(ResponseCode::as_str);
    for code in codes.chain(["ErrorNew2030"]) {
        let (code, message) = (code.to_owned(), None);
        for kind in [
            FaultKind::SoapFault {
                code: code.clone(),
                message: message.clone(),
                shape: FaultShape::Full,
            },
            FaultKind::ResponseCode {
                code: code.clone(),
                message,
            },
        ] {
            for after in 0..3 {
                office.exchange.world().faults.clear();
                office.fault(Plan {
                    after,
                    ..Plan::always(kind.clone())
                });
                let (ladder, ended) = office.test(service()).await;
                let failed = |step: &&StepReport| step.verdict == Verdict::Failed;
                let failed: Vec<Step> = ladder
                    .steps()
                    .iter()
                    .filter(failed)
                    .map(|it| it.step)
                    .collect();
                match ended {
                    Ok(_) => assert_eq!(failed, [], "{kind:?} after {after}"),
                    Err(failure) => {
                        assert_eq!(failed.len(), 1, "{kind:?} after {after}: {ladder:#?}");
                        assert_eq!(ladder.failed_at(), Some(failed[0]));
                        assert!(failure.refused_sign_in.is_none(), "{kind:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_entries_can_fail_after_the_calendar_was_found() {
    let office = Office::open().await;
    office.exchange.world().settings.find_limit = 0;
    let met = meet("entries", office, service()).await;
    assert_eq!(
        (step(&met), met.failure.problem.code()),
        (Step::Entries, "answer-too-large")
    );
}

#[tokio::test]
async fn the_time_of_a_slow_answer_is_told_once_and_at_the_step_that_failed() {
    let office = Office::open().await;
    office.on_ews(FaultKind::SlowDrip {
        bytes: 1,
        milliseconds: 100,
    });
    let (ladder, _) = office.test(service()).await;
    let failed = ladder.failed_at().unwrap();
    assert_eq!(failed, Step::Calendar);
    assert_eq!(verdict(&ladder, Step::SignIn), Verdict::Passed);
    for report in ladder.steps() {
        let is_slow = report.millis.is_some_and(|millis| millis > 2_000);
        assert_eq!(is_slow, report.step == failed, "{report:?}");
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    for (back_off, expected) in [(Some(300_000), 300_000), (Some(0), 60_000), (None, 60_000)] {
        let met = with_fault("throttled", FaultKind::Throttled { back_off }).await;
        assert_eq!(
            met.failure.problem,
            Problem::Throttled {
                wait_millis: expected
            }
        );
    }
}

#[tokio::test]
async fn faults_read_alike_in_every_shape() {
    for shape in [
        FaultShape::Full,
        FaultShape::EmptyDetail,
        FaultShape::Bare,
        FaultShape::Http200,
        FaultShape::Http403,
        FaultShape::Plain500,
        FaultShape::Plain503,
    ] {
        let kind = FaultKind::SoapFault {
            code: "ErrorImpersonationFailed".to_owned(),
            message: None,
            shape,
        };
        let met = with_fault("shape", kind).await;
        let seen = (step(&met), &met.failure.problem);
        let expected = (Step::Impersonation, &Problem::ImpersonationFailed);
        assert_eq!(seen, expected, "{shape:?}");
    }
}

#[tokio::test]
async fn what_stands_in_front_of_exchange_is_told_apart() {
    for (kind, expected) in [
        (FaultKind::LoginPage, InsteadOfEws::WebPage),
        (FaultKind::OwaRedirect, InsteadOfEws::SignInPage),
        (FaultKind::AdfsRedirect, InsteadOfEws::SignInPage),
        (FaultKind::LoginTimeout, InsteadOfEws::SignInPage),
    ] {
        let met = with_fault("front", kind).await;
        let Problem::NotEws {
            instead, location, ..
        } = met.failure.problem
        else {
            panic!()
        };
        assert_eq!(instead, expected);
        assert!(location.is_none_or(|location| !location.contains('?')));
    }
    for kind in [
        FaultKind::ServerError,
        FaultKind::Unavailable {
            retry_after: Some(5),
        },
    ] {
        assert_eq!(
            with_fault("trouble", kind).await.failure.problem.code(),
            "server-error"
        );
    }
}

#[tokio::test]
async fn answers_that_break_off_are_cut_short() {
    for kind in [
        FaultKind::ResetMidBody,
        FaultKind::ResetBeforeAnswer,
        FaultKind::Truncated {
            framing: Framing::Chunked,
        },
        FaultKind::Truncated {
            framing: Framing::ContentLength,
        },
    ] {
        let met = with_fault("broken", kind.clone()).await;
        assert_eq!(met.failure.problem, Problem::AnswerCutShort, "{kind:?}");
    }
}

#[tokio::test]
async fn an_alias_names_the_primary_address() {
    let met = with_mailbox("alias", "robert@example.test").await;
    assert_eq!(
        met.failure.problem,
        Problem::MailboxAlias {
            primary: "bob@example.test".parse().ok()
        }
    );
}

#[tokio::test]
async fn a_mailbox_that_moved_is_found_to_be_in_exchange_online() {
    let office = Office::open().await;
    let request = TestRequest {
        mailbox: "erik@example.test".parse().unwrap(),
        endpoint: None,
        ..service()
    };
    let met = meet("moved", office, request).await;
    assert_eq!(
        (met.failure.problem, met.step),
        (Problem::ExchangeOnline, Some(Step::Autodiscover))
    );
}

#[tokio::test]
async fn an_own_account_cannot_open_the_mailbox_of_another() {
    let office = Office::open().await;
    let request = TestRequest {
        mode: Mode::Personal,
        account: AccountName::parse("alice@example.test", "").unwrap(),
        password: "Alice-2026!".to_owned().into(),
        ..service()
    };
    let met = meet("other", office, request).await;
    assert_eq!(step(&met), Step::Calendar, "{:?}", met.failure.problem);
}

#[tokio::test]
async fn a_refusal_by_autodiscover_ends_the_click() {
    let office = Office::open().await;
    let request = TestRequest {
        endpoint: None,
        password: "wrong".to_owned().into(),
        ..service()
    };
    let met = meet("refused", office, request).await;
    assert_eq!(
        (met.failure.problem.code(), step(&met)),
        ("sign-in-refused", Step::Autodiscover)
    );
    assert_eq!(
        met.failure.refused_sign_in.as_deref(),
        Some("autodiscover.example.test")
    );
}

#[tokio::test]
async fn autodiscover_lists_what_it_tried_and_goes_on_to_the_second_address() {
    let office = Office::open().await;
    office.fault(Plan {
        only_host: Some("example.test".to_owned()),
        ..Plan::always(FaultKind::LoginPage)
    });
    let credentials = Credentials {
        account: service().account,
        password: service().password,
    };
    let gate: Arc<dyn Gate> = Arc::new(crate::office::Gatekeeper(Arc::clone(&office.gate)));
    let autodiscover = Autodiscover {
        outbound: &office.tools.outbound,
        random: &office.tools.random,
        credentials: &credentials,
        gate,
        confirmed: &[],
    };
    let bob = "bob@example.test".parse().unwrap();
    assert_eq!(
        autodiscover.find(&bob).await.unwrap().endpoint.host(),
        "mail.example.test"
    );
    assert_eq!(
        office.heard()[0],
        "asked svc-kalends@example.test at autodiscover.example.test"
    );

    office.fault(Plan {
        only_host: Some("autodiscover.example.test".to_owned()),
        ..Plan::always(FaultKind::AutodiscoverError { code: 500 })
    });
    // What the host of Autodiscover itself says is what counts; the bare domain is mostly a web site.
    let not_found = autodiscover.find(&bob).await.unwrap_err();
    assert_eq!(not_found.problem, Problem::MailboxNotFound);
    let tried = not_found.tried;
    let tried: Vec<_> = tried
        .iter()
        .map(|tried| match &tried.came {
            ProbeResult::Problem(problem) => (tried.url.as_str(), problem.code()),
            ProbeResult::NamesNone => (tried.url.as_str(), "names none"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        tried,
        [
            (
                "https://example.test/autodiscover/autodiscover.xml",
                "not-ews"
            ),
            (
                "https://autodiscover.example.test/autodiscover/autodiscover.xml",
                "mailbox-not-found"
            ),
            (
                "http://autodiscover.example.test/autodiscover/autodiscover.xml",
                "names none"
            ),
            ("_autodiscover._tcp.example.test (DNS SRV)", "names none"),
        ]
    );
    assert_eq!(office.exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn a_forbidden_path_is_no_refused_password() {
    let office = Office::open().await;
    office.on_ews(FaultKind::Forbidden);
    let met = meet(
        "forbidden",
        office,
        TestRequest {
            endpoint: None,
            ..service()
        },
    )
    .await;
    assert_eq!(
        (met.failure.problem, met.step),
        (Problem::Forbidden, Some(Step::EwsAnswers))
    );
}

#[tokio::test]
async fn a_server_that_drips_is_cut_off() {
    let office = Office::open().await;
    office.on_ews(FaultKind::SlowDrip {
        bytes: 1,
        milliseconds: 100,
    });
    let begun = std::time::Instant::now();
    let met = meet("drip", office, service()).await;
    assert_eq!(met.failure.problem.code(), "answer-timed-out");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}
