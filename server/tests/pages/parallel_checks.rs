//! Many connection tests at the same moment, of an Exchange whose answers are as long as they may be: each person gets
//! few, and the answers of all together stay within one budget of memory.

use crate::{
    browser::Browser,
    connect::service_form,
    limits::{all_at_once, at_once, resident},
    program::{ALICE, BOB, CHARLIE, Place},
};
use http::StatusCode;
use kalends_simulator::{
    RunningSimulator,
    fault::{FaultKind, Plan},
};
use std::time::Duration;
use tokio::time::timeout;

/// Posts the filled form so many times at once, each a little different. The tests that it started.
async fn started(many: usize, browser: &mut Browser, mailbox: &str) -> Vec<String> {
    let form = service_form(browser, mailbox).await;
    let bodies = (0..many).map(|number| {
        let control = format!("control-{number}@example.test");
        let mut form = form.clone();
        let field = form
            .fields
            .iter_mut()
            .find(|it| it.name == "service_control");
        field.unwrap().value = control;
        form.body()
    });
    let answers = all_at_once(bodies.collect(), browser, &form.action).await;
    let (tests, refused): (Vec<_>, Vec<_>) = answers
        .iter()
        .map(|answer| answer.leads_to().to_owned())
        .partition(|to| to.starts_with("/profile/exchange/checks/"));
    let is_told = |to: &String| to.starts_with("/profile/exchange/connect");
    assert!(refused.iter().all(is_told), "{refused:?}");
    tests
}

/// The first answer to each test is 15 MB long and takes seconds to come, so that all are read at the same time; none of
/// Bob's tests ends before he has asked for all of them.
fn play(exchange: &RunningSimulator) {
    let long = FaultKind::Oversized {
        bytes: 15 * 1024 * 1024,
    };
    let bit_by_bit = FaultKind::SlowDrip {
        bytes: 192 * 1024,
        milliseconds: 32,
    };
    let slow = FaultKind::Slow {
        milliseconds: 5_000,
    };
    for (kind, times, mailbox) in [
        (long, 15, None),
        (bit_by_bit, 15, None),
        (slow, 10, Some(BOB.email.to_owned())),
    ] {
        exchange.world().faults.plan(Plan {
            times: Some(times),
            only_mailbox: mailbox,
            ..Plan::always(kind)
        });
    }
}

#[tokio::test]
async fn of_many_tests_at_once_each_person_gets_five_and_long_answers_share_one_budget() {
    let people = [BOB, CHARLIE, ALICE];
    let mut place = Place::of(&people);
    let exchange = place.exchange().await;
    play(&exchange);
    let kalends = place.start().await;
    let mut browsers = Vec::new();
    for person in &people {
        browsers.push(kalends.browser_of(person).await);
    }
    let before = resident(&kalends, "VmRSS:");
    let mut tests = started(200, &mut browsers[0], BOB.email).await;
    assert_eq!(tests.len(), 5, "of Bob's 200");
    let form = service_form(&mut browsers[0], BOB.email).await;
    let told = browsers[0].submit(&form).await.text();
    assert!(
        told.contains("5 of your connection tests are still running. Wait for one to end"),
        "{told}"
    );
    for (browser, person) in browsers.iter_mut().zip(&people).skip(1) {
        let more = started(20, browser, person.email).await;
        assert_eq!(more.len(), 5, "{}", person.name);
        tests.extend(more);
    }
    let alice = &mut browsers[2];
    for test in &tests {
        let ended = async {
            while alice.get(test).await.looks_again() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_mins(3), ended).await.unwrap();
    }
    assert_eq!(
        alice.get("/connections").await.status,
        StatusCode::OK,
        "it serves"
    );
    let peak = resident(&kalends, "VmHWM:");
    println!("before {before} MiB, at most {peak} MiB");
    assert!(
        peak < before + 150,
        "{before} MiB before, {peak} MiB at most"
    );
    assert_eq!(exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_test_and_sends_its_password_once() {
    let mut place = Place::of(&[BOB]);
    let exchange = place.exchange().await;
    exchange.world().settings.slow_refusal_milliseconds = 2_000;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let form = form.fill("Service account password", "not-the-password");
    let answers = at_once(3, &bob, &form.action, &form.body()).await;
    let tests: Vec<_> = answers.iter().map(|it| it.leads_to().to_owned()).collect();
    assert!(
        tests[0].starts_with("/profile/exchange/checks/"),
        "{tests:?}"
    );
    assert!(tests.iter().all(|it| *it == tests[0]), "{tests:?}");
    let page = bob.open(&tests[0]).await;
    assert!(page.alert().contains("refused"), "{}", page.text());
    assert_eq!(exchange.world().counters().refused(), 1);
    // Once it has ended, the same form is a test of its own.
    let again = bob.post_body(&form.action, &form.body()).await;
    assert_ne!(again.leads_to(), tests[0]);
}
