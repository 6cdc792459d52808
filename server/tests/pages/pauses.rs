//! What people read of a pause: it is no failure, and every count says the same of it.

use crate::{access, browser::Browser, page::Page, program::ALICE, program::BOB};
use kalends_simulator::fault::{FaultKind, FaultShape, Plan};

/// The numbers on the overview's tiles of what needs action and what is paused.
fn tiles(page: &Page) -> [String; 2] {
    ["action_needed", "paused"].map(|state| {
        let tile = format!("a.tile[href='/connections?state={state}'] .tile-number");
        page.texts(&tile).concat()
    })
}

async fn until(browser: &mut Browser, path: &str, text: &str) -> Page {
    for _ in 0..150 {
        let page = browser.open(path).await;
        if page.text().contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!(
        "{path} never says {text}: {}",
        browser.open(path).await.text()
    )
}

#[tokio::test]
async fn what_is_paused_on_purpose_waits_for_nobody_and_is_counted_once() {
    let (_place, exchange, kalends, _) = access::office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    exchange
        .world()
        .faults
        .plan(Plan::always(FaultKind::SoapFault {
            code: "ErrorNonExistentMailbox".to_owned(),
            message: None,
            shape: FaultShape::Full,
        }));
    let connection = alice.open("/connections").await.link(BOB.name).unwrap();
    let connection = alice.open(&connection).await;
    alice.submit(&connection.form("Sync now")).await;
    until(&mut bob, "/profile", "Action needed").await;
    let broken = alice.open("/overview").await;
    assert_eq!(tiles(&broken), ["1", "0"], "{}", broken.text());

    let ask = alice.open("/organisation/pause").await;
    alice.submit(&ask.form("Pause everything")).await;
    let paused = alice.open("/overview").await;
    assert_eq!(tiles(&paused), ["0", "1"], "{}", paused.text());
    let needs_action = paused.texts("#needs-action").concat();
    assert!(
        needs_action.contains("Nothing; 1 connection is paused."),
        "{needs_action}"
    );

    for (browser, path) in [
        (&mut bob, "/profile"),
        (&mut alice, "/connections?state=paused"),
    ] {
        let page = browser.open(path).await;
        assert!(!page.text().contains("must act"), "{}", page.text());
        assert_eq!(page.texts(".notice-bad").concat(), "");
    }
    let profile = bob.open("/profile").await.text();
    assert!(
        profile.contains("Nobody needs to act; an administrator resumes it."),
        "{profile}"
    );

    let organisation = alice.open("/organisation").await;
    alice.submit(&organisation.form("Resume everything")).await;
    let resumed = alice.open("/overview").await;
    assert_eq!(tiles(&resumed), ["1", "0"], "{}", resumed.text());
}

#[tokio::test]
async fn a_password_that_ends_in_the_past_is_refused_at_the_field() {
    let (_place, _exchange, kalends, ids) = access::office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let path = format!("/organisation/accounts/{}", ids["ACCOUNT"]);
    for (button, field, name) in [
        ("Save", "Password ends on", "expires"),
        (
            "Test the new password",
            "New password ends on",
            "new_expires",
        ),
    ] {
        let form = alice.open(&path).await.form(button);
        let page = alice.submit(&form.fill(field, "2020-01-31")).await;
        assert!(
            page.said_of(name).contains("This day is over."),
            "{}",
            page.text()
        );
        let kept = page.form(button);
        assert_eq!(kept.field(field).value, "2020-01-31");
    }
    let overview = alice.open("/overview").await;
    assert!(
        !overview.text().contains("has ended"),
        "{}",
        overview.text()
    );
}
