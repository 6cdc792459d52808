//! Tests that pass: what each step saw, what is shown as proof, and what went over the wire for it.

use crate::office::{Office, seen, service, verdict};
use kalends::connect::connection_test::{TestRequest, run};
use kalends_core::{
    account_name::AccountName,
    check::{Step, Verdict},
    connection::Mode,
};
use kalends_simulator::fault::{FaultKind, Plan};

#[tokio::test]
async fn a_service_account_reads_a_calendar_step_by_step() {
    let office = Office::open().await;
    let (ladder, result) = office.test(service()).await;
    let success = result.unwrap();
    for step in Step::ALL {
        let expected = if step == Step::Autodiscover {
            Verdict::NotNeeded
        } else {
            Verdict::Passed
        };
        assert_eq!(verdict(&ladder, step), expected, "{step:?}");
    }
    let facts = |step| seen(&ladder, step).seen.unwrap_or_default();
    assert_eq!(facts(Step::Dns), "127.0.0.1");
    assert!(facts(Step::Tcp).starts_with(&format!("{} from 127.0.0.1:", office.exchange.ews_addr)));
    assert_eq!(
        facts(Step::Tls),
        "TLS 1.3, issued by CN=Kalends Practice CA, valid until 1 January 2049"
    );
    assert_eq!(
        facts(Step::EwsAnswers),
        "Exchange 2019 CU15 (15.2.1748.10) offers Negotiate, NTLM, Basic"
    );
    assert_eq!(facts(Step::SignIn), "svc-kalends@example.test by NTLM");
    assert_eq!(facts(Step::Impersonation), "acts for bob@example.test");
    assert!(
        facts(Step::Calendar).starts_with("Calendar, "),
        "{}",
        facts(Step::Calendar)
    );
    assert!(facts(Step::Entries).ends_with(" in the next 30 days"));
    assert_eq!(
        success.endpoint.to_string(),
        "https://mail.example.test/EWS/Exchange.asmx"
    );
    assert_eq!(success.proof.len(), 5);
    assert!(success.proof.is_sorted_by_key(|proof| proof.start));
    assert!(success.build.is_some() && success.certificate.is_some());

    let world = office.exchange.world();
    let counters = world.counters();
    assert_eq!(
        (
            counters.calls("bob@example.test", "GetFolder"),
            counters.calls("bob@example.test", "FindItem")
        ),
        (1, 1)
    );
    assert_eq!((counters.refused(), counters.anonymous()), (0, 1));
    drop(world);
    assert_eq!(
        office.heard(),
        [
            "asked svc-kalends@example.test at mail.example.test",
            "accepted svc-kalends@example.test at mail.example.test"
        ]
    );
}

fn alice() -> TestRequest {
    TestRequest {
        mode: Mode::Personal,
        mailbox: "alice@example.test".parse().unwrap(),
        account: AccountName::parse("EXAMPLE\\alice", "").unwrap(),
        password: "Alice-2026!".to_owned().into(),
        ..service()
    }
}

#[tokio::test]
async fn an_own_account_needs_no_impersonation_and_private_subjects_stay_hidden() {
    let office = Office::open().await;
    let (ladder, result) = office.test(alice()).await;
    let success = result.unwrap();
    assert_eq!(verdict(&ladder, Step::Impersonation), Verdict::NotNeeded);
    assert_eq!(verdict(&ladder, Step::Entries), Verdict::Passed);
    let subjects: Vec<_> = success
        .proof
        .iter()
        .map(|proof| proof.subject.as_deref())
        .collect();
    assert!(subjects.contains(&None), "{subjects:?}");
    assert!(!subjects.contains(&Some("Dentist")), "{subjects:?}");
}

#[tokio::test]
async fn autodiscover_finds_the_endpoint_with_one_password() {
    let office = Office::open().await;
    let (ladder, result) = office
        .test(TestRequest {
            endpoint: None,
            ..service()
        })
        .await;
    assert_eq!(result.unwrap().endpoint.host(), "mail.example.test");
    assert_eq!(
        seen(&ladder, Step::Autodiscover).seen.as_deref(),
        Some("https://mail.example.test/EWS/Exchange.asmx, told by autodiscover.example.test")
    );
    // Two probes and the greeting; then one question to Autodiscover and two to EWS.
    let world = office.exchange.world();
    assert_eq!(
        (
            world.counters().anonymous(),
            world.counters().autodiscover()
        ),
        (3, 1)
    );
}

#[tokio::test]
async fn other_prefixes_and_a_byte_order_mark_change_nothing() {
    let office = Office::open().await;
    office.always(FaultKind::Bom);
    office.always(FaultKind::PrefixShuffle);
    let (ladder, result) = office.test(service()).await;
    assert!(result.is_ok(), "{result:?} {ladder:?}");
}

#[tokio::test]
async fn an_alias_that_the_build_accepts_is_a_success() {
    let office = Office::open().await;
    office.exchange.world().settings.accept_alias_as_primary = true;
    let (_, result) = office
        .test(TestRequest {
            mailbox: "robert@example.test".parse().unwrap(),
            ..service()
        })
        .await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn an_older_server_is_asked_in_an_older_version() {
    let office = Office::open().await;
    let refusal = FaultKind::SoapFault {
        code: "ErrorInvalidServerVersion".to_owned(),
        message: None,
        shape: kalends_simulator::fault::FaultShape::Full,
    };
    office.fault(Plan {
        times: Some(2),
        ..Plan::always(refusal)
    });
    let (_, result) = office.test(service()).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(
        office
            .exchange
            .world()
            .counters()
            .calls("bob@example.test", "GetFolder"),
        3
    );
}

#[tokio::test]
async fn a_dropped_test_sends_nothing_more() {
    let office = Office::open().await;
    let begun = tokio::sync::Notify::new();
    let testing = run(&office.tools, service(), |report| {
        if report.step == Step::EwsAnswers {
            begun.notify_one();
        }
    });
    tokio::select! {
        _ = testing => panic!("ended before it was dropped"),
        () = begun.notified() => {}
    }
    assert!(office.heard().is_empty());
    // The next test is the only one that ever signs in.
    assert!(office.test(service()).await.1.is_ok());
    assert_eq!(office.exchange.world().counters().accepted(), 1);
}
