//! Looking closely at an Exchange: for admins, without connecting, with a report that can be sent on.

use crate::{
    browser::Browser,
    page::{Form, Page},
    program::{ALICE, BOB, Place},
    stream::Stream,
};
use http::StatusCode;
use kalends_simulator::{
    fault::{FaultKind, FaultShape, Plan},
    world::{
        practice::SERVICE_PASSWORD,
        settings::{AuthOffer, ExtendedProtection},
    },
};

async fn form(browser: &mut Browser, mailbox: &str, password: &str) -> Form {
    let page = browser.open("/connections/check-exchange").await;
    page.form("Check")
        .group("Service account")
        .fill("User email to access", mailbox)
        .fill("Service account username", "svc-kalends@example.test")
        .fill("Service account password", password)
        .fill("Exchange server", "mail.example.test")
        .fill("Another mailbox that works", ALICE.email)
}

/// What the link to download holds.
fn report(page: &Page) -> String {
    let link = page.link("Download the report").unwrap();
    let text = link.strip_prefix("data:text/plain;charset=utf-8,").unwrap();
    let pair = format!("={}", text.replace('+', "%2B"));
    let (_, text) = form_urlencoded::parse(pair.as_bytes()).next().unwrap();
    text.into_owned()
}

#[tokio::test]
async fn an_admin_sees_every_step_of_both_mailboxes_and_nothing_is_connected() {
    let mut place = Place::of(&[ALICE, BOB]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    assert!(
        alice
            .open("/connections")
            .await
            .link("Check Exchange")
            .is_some()
    );
    let typed = form(&mut alice, "dora@example.test", SERVICE_PASSWORD).await;
    let page = alice.submit(&typed).await;
    assert_eq!(page.heading(), "Check of Exchange");
    for words in [
        "dora@example.test is outside the scope of the service account.",
        "The calendar can be read.",
        "CN=mail.example.test",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    let report = report(&page);
    for words in [
        "d…@example.test",
        "a…@example.test",
        "s…@example.test",
        "(outside-scope)",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    for secret in [SERVICE_PASSWORD, "dora", "svc-kalends", " from 127"] {
        assert!(!report.contains(secret), "{secret}: {report}");
    }
    assert_eq!(place.run(&["user", "list"], "").out.lines().count(), 2);
    let profile = alice.open("/profile").await;
    assert!(profile.text().contains("Not connected"));

    let typed = form(&mut alice, BOB.email, "wrong").await;
    let page = alice.submit(&typed).await;
    assert!(page.text().contains("Left out: the password was refused"));
    assert_eq!(exchange.world().counters().refused(), 1);
    let again = alice
        .open("/connections/check-exchange")
        .await
        .form("Check");
    let again = again.group("Service account");
    assert_eq!(again.field("User email to access").value, BOB.email);
    assert_eq!(again.field("Service account password").value, "");
}

#[tokio::test]
async fn it_is_an_admins_and_each_admins_own() {
    let mut place = Place::of(&[ALICE, BOB]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let typed = form(&mut alice, BOB.email, SERVICE_PASSWORD).await;
    let started = alice.post_body(&typed.action, &typed.body()).await;
    let page = started.leads_to().to_owned();
    let mut bob = kalends.browser_of(&BOB).await;
    for path in ["/connections/check-exchange", page.as_str()] {
        assert_eq!(bob.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = bob.post_body(&typed.action, &typed.body()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let mistyped = typed
        .fill("User email to access", "bob")
        .fill("Another mailbox that works", "@");
    let page = alice.submit(&mistyped).await;
    assert_eq!(
        page.form("Check").wrong(),
        ["User email to access", "Another mailbox that works"]
    );
}

#[tokio::test]
async fn an_analysis_is_followed_and_read_by_another_process() {
    let mut place = Place::of(&[ALICE, BOB]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let typed = form(&mut alice, BOB.email, SERVICE_PASSWORD).await;
    let ended = alice.post_body(&typed.action, &typed.body()).await;
    let ended = ended.leads_to().to_owned();
    assert_eq!(alice.open(&ended).await.heading(), "Check of Exchange");
    assert!(!place.main_database_holds(SERVICE_PASSWORD));

    let slow = FaultKind::Slow {
        milliseconds: 60_000,
    };
    exchange.world().faults.plan(Plan::always(slow));
    let begun = alice.post_body(&typed.action, &typed.body()).await;
    let begun = begun.leads_to().to_owned();
    let running = alice.get(&begun).await;
    assert_eq!(running.page().heading(), "Checking Exchange");
    // Where script runs, the stream tells of each step.
    assert!(running.looks_again() && running.header("refresh").is_empty());
    let topic = format!("analysis:{}", begun.rsplit('/').next().unwrap());
    for (person, status) in [(&ALICE, 200), (&BOB, 404)] {
        let browser = kalends.browser_of(person).await;
        assert_eq!(Stream::open(&browser, &[&topic]).await.status, status);
    }
    kalends.stop();

    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open(&begun).await;
    assert_eq!(page.heading(), "Check of Exchange interrupted");
    assert!(
        page.text().contains("Begin another check"),
        "{}",
        page.text()
    );
    assert_eq!(alice.open(&ended).await.heading(), "Check of Exchange");
    assert!(report(&alice.open(&ended).await).contains("The calendar can be read."));
}

// The program is waited for, while the practice Exchange answers it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tells_the_same_in_the_terminal() {
    let mut place = Place::of(&[ALICE]);
    let exchange = place.exchange().await;
    let told = |mailbox: &str, password: &str| {
        let words = [
            "doctor",
            "--mailbox",
            mailbox,
            "--account",
            "EXAMPLE\\svc-kalends",
        ];
        let more = ["--control", "alice@example.test"];
        let report = place.path().join("report.txt");
        let _ = std::fs::remove_file(&report);
        let last = ["--report", report.to_str().unwrap()];
        place.run(&[&words[..], &more, &last].concat(), password)
    };
    {
        // As strict as a new Exchange 2019 is.
        let mut world = exchange.world();
        world.settings.extended_protection = ExtendedProtection::Require;
        world.settings.offer = AuthOffer {
            basic: false,
            negotiate: false,
            ..world.settings.offer
        };
    }
    let fine = told("bob@example.test", SERVICE_PASSWORD);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    assert_eq!(
        fine.out.matches("The calendar can be read.").count(),
        2,
        "{}",
        fine.out
    );
    for words in [
        "Exchange 2019",
        "CN=mail.example.test",
        "by NTLM",
        "told by",
    ] {
        assert!(fine.out.contains(words), "{words}: {}", fine.out);
    }
    let ill = told("dora@example.test", SERVICE_PASSWORD);
    assert_eq!(ill.code, Some(3), "{ill:?}");
    assert!(ill.out.contains("outside the scope"), "{}", ill.out);
    assert!(
        ill.out.contains("Get-ManagementRoleAssignment"),
        "{}",
        ill.out
    );
    let refused = told("bob@example.test", "wrong");
    assert!(
        refused.out.contains("Left out: the password was refused"),
        "{}",
        refused.out
    );
    assert_eq!(exchange.world().counters().refused(), 1);
    let report = std::fs::read_to_string(place.path().join("report.txt")).unwrap();
    assert!(
        report.contains("EXAMPLE\\s…") && !report.contains("svc-kalends"),
        "{report}"
    );
    assert!(report.contains("Get-WinEvent"), "{report}");
    let last = place.path().join("report.txt");
    let again = ["doctor", "--mailbox", BOB.email, "--account", "svc"];
    let again = [&again[..], &["--report", last.to_str().unwrap()]].concat();
    let kept = place.run(&again, "x");
    assert_eq!(kept.code, Some(1), "{kept:?}");
    assert!(kept.err.contains("exists already"), "{}", kept.err);
    let wrong = place.run(&["doctor", "--mailbox", "bob", "--account", "a/b"], "x");
    assert!(
        wrong.err.contains("--mailbox: ") && wrong.err.contains("--account: "),
        "{}",
        wrong.err
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_decides_for_both_mailboxes_and_says_what_to_do_once() {
    let mut place = Place::of(&[ALICE]);
    let exchange = place.exchange().await;
    let told = |mailbox: &str, account: &str, more: &[&str]| {
        let words = ["doctor", "--mailbox", mailbox, "--account", account];
        let ended = place.run(&[&words[..], more].concat(), SERVICE_PASSWORD);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        ended.out
    };
    let service = "svc-kalends@example.test";
    // Alice's mailbox proves that the account holds the role.
    let out = told(ALICE.email, service, &["--control", "dora@example.test"]);
    assert!(
        out.contains("dora@example.test is outside the scope"),
        "{out}"
    );

    let norole = "svc-norole@example.test";
    let out = told(ALICE.email, norole, &["--control", BOB.email]);
    assert_eq!(out.matches("does not hold the role").count(), 2, "{out}");
    assert_eq!(
        out.matches("New-ManagementRoleAssignment").count(),
        1,
        "{out}"
    );
    assert!(out.contains("is told above"), "{out}");

    let out = told(BOB.email, norole, &[]);
    assert!(
        out.contains("--control") && !out.contains("in the form"),
        "{out}"
    );

    // A step that passed and turns out to be the one that failed is marked as such.
    exchange
        .world()
        .faults
        .plan(Plan::always(FaultKind::SoapFault {
            code: "ErrorInvalidServerVersion".to_owned(),
            message: None,
            shape: FaultShape::Full,
        }));
    let out = told(BOB.email, service, &["--endpoint", "mail.example.test"]);
    assert_eq!(out.matches('✗').count(), 1, "{out}");
    assert!(out.contains("✗ EWS answers"), "{out}");
    exchange.world().faults.clear();

    // Hosts are confirmed one after the other, and the earlier ones stay.
    "https://mail.hosting.test/EWS/Exchange.asmx"
        .clone_into(&mut exchange.world().settings.ews_url);
    let confirmed = ["--confirm", "a.hosting.test", "--confirm", "b.hosting.test"];
    let out = told(BOB.email, service, &confirmed);
    let next = "--confirm a.hosting.test,b.hosting.test,mail.hosting.test";
    assert!(out.contains(next), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_needs_no_database_and_makes_none() {
    let mut place = Place::new();
    let _exchange = place.exchange().await;
    let words = ["doctor", "--mailbox", BOB.email, "--account"];
    let words = [&words[..], &["svc-kalends@example.test"]].concat();
    let fine = place.run(&words, SERVICE_PASSWORD);
    assert_eq!(fine.code, Some(0), "{fine:?}");
    assert!(fine.err.contains("no database of Kalends"), "{}", fine.err);
    for name in ["kalends.db", "vault.db", "vault.keys", "data"] {
        assert!(!place.path().join(name).exists(), "{name}");
    }
}
