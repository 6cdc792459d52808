//! The whole way of connecting without script, against the practice Exchange.

use crate::{
    browser::Browser,
    page::{Form, Page},
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};
use http::StatusCode;
use kalends_simulator::{RunningSimulator, world::practice::SERVICE_PASSWORD};

pub const SERVICE: &str = "svc-kalends@example.test";
const FAILED: &str = "Failed to connect exchange calendar";

/// The connect form, filled in for the practice service account.
pub async fn service_form(browser: &mut Browser, mailbox: &str) -> Form {
    let form = browser.open("/profile/exchange/connect").await;
    let form = form.form("Connect").group("Service account");
    form.tick("Use service account for enhanced security", true)
        .fill("User email to access", mailbox)
        .fill("Service account username", SERVICE)
        .fill("Service account password", SERVICE_PASSWORD)
        .fill("Exchange server", "mail.example.test")
}

pub async fn office() -> (Place, RunningSimulator, Kalends) {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    // Whatever mailbox is typed, so that all that may be wrong with one can be.
    let policy = "typed=any_mailbox&personal=on&privacy=everything";
    let mut alice = kalends.browser_of(&ALICE).await;
    alice.post_body("/api/save_policy", policy).await;
    (place, exchange, kalends)
}

fn assert_connected(page: &Page, mailbox: &str) {
    assert_eq!(page.heading(), "Connected", "{}", page.text());
    let status = page.status();
    assert!(
        status.contains(&format!("{mailbox} is connected and syncing.")),
        "{status}"
    );
    assert!(!page.texts("[role=status] li time").is_empty(), "{status}");
}

#[tokio::test]
async fn bob_connects_by_the_service_account_and_disconnects() {
    let (_place, _exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let profile = browser.open("/profile").await;
    assert!(
        profile.text().contains("Microsoft Exchange Not connected"),
        "{}",
        profile.text()
    );
    let way = profile.link("Connect").unwrap();
    assert_eq!(way, "/profile/exchange/connect");
    let form = service_form(&mut browser, "bob@example.test").await;
    assert_connected(&browser.submit(&form).await, "bob@example.test");

    let profile = browser.open("/profile").await;
    for words in ["Microsoft Exchange Connected", "bob@example.test", SERVICE] {
        assert!(profile.text().contains(words), "{}", profile.text());
    }
    assert_eq!(
        profile.link("Reconnect").as_deref(),
        Some("/profile/exchange/connect")
    );
    let again = browser.open("/profile/exchange/connect").await;
    let again = again.form("Connect").group("Service account");
    assert_eq!(again.field("Service account username").value, SERVICE);
    assert_eq!(again.field("Service account password").value, "");

    let ask = profile.link("Disconnect").unwrap();
    let ask = browser.open(&ask).await;
    assert!(ask.text().contains("bob@example.test") && ask.link("Keep it").is_some());
    let page = browser.submit(&ask.form("Disconnect")).await;
    assert!(page.status().contains("disconnected"), "{}", page.status());
    assert!(
        page.text().contains("Microsoft Exchange Not connected"),
        "{}",
        page.text()
    );
    let gone = browser.get("/profile/exchange/disconnect").await;
    assert_eq!(gone.leads_to(), "/profile");
    let twice = browser.post("/api/disconnect", &[]).await;
    assert_eq!(twice.leads_to(), "/profile");
}

#[tokio::test]
async fn bob_connects_with_his_own_account_found_by_autodiscover() {
    let (_place, _exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = browser
        .open("/profile/exchange/connect")
        .await
        .form("Connect");
    let form = form
        .tick("Use service account for enhanced security", false)
        .group("Your own account")
        .fill("Email", "bob@example.test")
        .fill("Password", "Bob-2026!");
    assert_connected(&browser.submit(&form).await, "bob@example.test");
}

#[tokio::test]
async fn a_wrong_password_is_told_with_advice_and_everything_else_stays_typed() {
    let (_place, exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = service_form(&mut browser, "bob@example.test").await;
    let wrong = form.fill("Service account password", "wrong-and-secret");
    let page = browser.submit(&wrong).await;
    let alert = page.alert();
    assert!(alert.starts_with(FAILED), "{alert}");
    assert!(
        alert.contains("Exchange refused the user name or the password."),
        "{alert}"
    );
    assert!(alert.contains("Failed at Signed in"), "{alert}");
    assert!(!page.texts("pre").is_empty(), "advice brings its commands");
    assert!(
        page.text().contains("Impersonation not reached"),
        "{}",
        page.text()
    );

    let back = page.link("Back to the form").unwrap();
    let kept = browser
        .open(&back)
        .await
        .form("Connect")
        .group("Service account");
    for (label, value) in [
        ("User email to access", "bob@example.test"),
        ("Service account username", SERVICE),
        ("Service account password", ""),
        (
            "Exchange server",
            "https://mail.example.test/EWS/Exchange.asmx",
        ),
    ] {
        assert_eq!(kept.field(label).value, value, "{label}");
    }
    let right = kept.fill("Service account password", SERVICE_PASSWORD);
    assert_connected(&browser.submit(&right).await, "bob@example.test");
    assert_eq!(exchange.world().counters().refused(), 1);
}

#[tokio::test]
async fn commands_that_the_first_steps_speak_of_are_not_folded_away() {
    let (_place, _exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = service_form(&mut browser, "dora@example.test").await;
    let denied = browser.submit(&form).await;
    assert!(denied.alert().contains("the first command lists"));
    let folded = |page: &Page| page.texts(".advice details figcaption").len();
    assert_eq!(folded(&denied), 0);
    assert_eq!(denied.texts(".advice figcaption").len(), 6);

    let form = service_form(&mut browser, "bob@example.test").await;
    let wrong = form.fill("Service account password", "wrong");
    assert_eq!(folded(&browser.submit(&wrong).await), 8);
}

#[tokio::test]
async fn an_alias_is_one_click_from_the_right_address() {
    let (_place, _exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = service_form(&mut browser, "robert@example.test").await;
    let page = browser.submit(&form).await;
    assert!(page.alert().starts_with(FAILED), "{}", page.text());
    let right = page.form("Use bob@example.test");
    let page = browser.submit(&right).await;
    let form = page.form("Connect").group("Service account");
    assert_eq!(form.field("User email to access").value, "bob@example.test");
    assert_eq!(form.field("Service account username").value, SERVICE);
    let form = form.fill("Service account password", SERVICE_PASSWORD);
    assert_connected(&browser.submit(&form).await, "bob@example.test");
}

#[tokio::test]
async fn passwords_and_slots_are_in_no_page_no_address_and_no_log() {
    let (_place, _exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let secret = "never-show-me-7";
    for (mailbox, server) in [
        ("bob@example.test", "mail.example.test"),
        ("bob", "http://mail.example.test"),
    ] {
        let form = service_form(&mut browser, mailbox).await;
        let form = form
            .fill("Service account password", secret)
            .fill("Exchange server", server)
            .group("Your own account")
            .fill("Password", secret);
        let answer = browser.post_body(&form.action, &form.body()).await;
        let to = answer.leads_to().to_owned();
        assert!(
            to.starts_with("/profile/exchange/") && !to.contains('?'),
            "{to}"
        );
        for path in [&*to, "/profile/exchange/connect", "/profile"] {
            let answer = browser.get(path).await;
            assert!(!answer.body.contains(secret), "{path}");
        }
    }
    assert!(!kalends.log().contains(secret), "{}", kalends.log());
}

#[tokio::test]
async fn a_check_is_its_owners_and_the_admins() {
    let (_place, _exchange, kalends) = office().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, "robert@example.test").await;
    let check = bob.post_body(&form.action, &form.body()).await;
    let check = check.leads_to().to_owned();
    let id = check.rsplit('/').next().unwrap().to_owned();
    bob.open(&check).await;

    let mut charlie = kalends.browser_of(&CHARLIE).await;
    let answer = charlie.get(&check).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!answer.body.contains("robert"), "{}", answer.body);
    for function in ["check", "check_page", "cancel_check", "mend_form"] {
        let answer = charlie
            .post(&format!("/api/{function}"), &[("id", &id)])
            .await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{function}: {answer:?}"
        );
        assert!(
            !answer.body.contains("robert"),
            "{function}: {}",
            answer.body
        );
    }
    let page = charlie.open("/profile/exchange/connect").await;
    let form = page.form("Connect").group("Service account");
    assert_eq!(form.field("User email to access").value, CHARLIE.email);

    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open(&check).await;
    assert!(
        page.text().contains("robert@example.test"),
        "{}",
        page.text()
    );
    assert_eq!(
        page.link("Back to the connection").as_deref(),
        Some("/connections")
    );
}

#[tokio::test]
async fn an_admin_checks_a_connection_and_reads_nobodys_calendar() {
    let (_place, _exchange, kalends) = office().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, "bob@example.test").await;
    let connected = bob.submit(&form).await;
    let entries = connected.texts(".proof li");
    assert!(!entries.is_empty());

    let mut alice = kalends.browser_of(&ALICE).await;
    let row = alice.open("/connections").await.link("Bob").unwrap();
    let check = alice.open(&row).await.form("Check now");
    let page = alice.submit(&check).await;
    assert_eq!(page.heading(), "Connected");
    assert!(page.texts(".proof li").is_empty());
    let subject = entries[0].split(',').next().unwrap();
    assert!(!page.text().contains(subject), "{}", page.text());
    assert_eq!(page.link("Back to the connection"), Some(row.clone()));
    assert_eq!(page.link("Open the calendar"), None);
    let sync = alice.open(&row).await.form("Sync now");
    alice.submit(&sync).await;
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        if alice.open(&row).await.text().contains("found nothing new") {
            return;
        }
    }
    panic!("a round without a change is told nowhere");
}

#[tokio::test]
async fn weeks_that_are_not_kept_are_not_called_empty() {
    let (_place, _exchange, kalends) = office().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, "bob@example.test").await;
    assert_connected(&bob.submit(&form).await, "bob@example.test");
    for _ in 0..50 {
        if bob.open("/calendar").await.text().contains("as of") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let now = bob.open("/calendar").await;
    assert!(now.link("Previous").is_some() && now.link("Next").is_some());
    assert!(
        now.texts(".day-empty")
            .iter()
            .all(|words| words == "Nothing planned")
    );
    for (day, way_back, way_on) in [
        ("1999-01-01", "Next", "Previous"),
        ("2189-12-31", "Previous", "Next"),
    ] {
        let page = bob.open(&format!("/calendar?day={day}")).await;
        assert_eq!(page.texts(".day-empty"), ["Not read"; 7], "{day}");
        assert!(page.text().contains("Kalends keeps your calendar from"));
        assert!(
            page.link(way_back).is_some() && page.link(way_on).is_none(),
            "{day}"
        );
    }
}

#[tokio::test]
async fn a_running_check_is_cancelled_and_nothing_is_saved() {
    let (_place, exchange, kalends) = office().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let slow = kalends_simulator::fault::FaultKind::Slow {
        milliseconds: 40_000,
    };
    exchange
        .world()
        .faults
        .plan(kalends_simulator::fault::Plan {
            after: 1,
            ..kalends_simulator::fault::Plan::always(slow)
        });
    let form = service_form(&mut browser, "bob@example.test").await;
    let check = browser.post_body(&form.action, &form.body()).await;
    let check = check.leads_to().to_owned();
    // The plain page waits for a while, then shows how far the test is and what it waits for.
    let asked = std::time::Instant::now();
    let running = browser.get(&check).await;
    assert_eq!(running.page().heading(), "Connection test running");
    let waited = asked.elapsed().as_secs();
    assert!((10..25).contains(&waited), "{waited} s");
    assert!(running.page().text().contains("up to 100 seconds"));
    assert!(running.looks_again() && running.header("refresh").is_empty());
    // A page that follows is answered at once, in the first seconds too.
    let form = form.fill("Service account password", "another");
    let again = browser.post_body(&form.action, &form.body()).await;
    let followed = [("accept", "text/html"), ("kalends-follow", "1")];
    let asked = std::time::Instant::now();
    let followed = browser.send(http::Method::GET, again.leads_to(), &followed, "");
    assert_eq!(followed.await.page().heading(), "Connection test running");
    assert!(asked.elapsed().as_secs() < 8, "{:?}", asked.elapsed());
    let cancel = running.page().form("Cancel");
    let answer = browser.post_body(&cancel.action, &cancel.body()).await;
    assert_eq!(answer.leads_to(), check);
    let page = browser.follow(answer).await;
    assert_eq!(page.heading(), "Connection test cancelled");
    assert!(
        !page
            .texts(".rung-verdict")
            .iter()
            .any(|verdict| verdict.contains("running")),
        "{}",
        page.text()
    );
    let profile = browser.open("/profile").await;
    assert!(
        profile.text().contains("Microsoft Exchange Not connected"),
        "{}",
        profile.text()
    );
}

#[tokio::test]
async fn a_saved_password_opens_with_every_key_until_it_is_sealed_anew() {
    let key =
        |byte: u8| ["AQEB", "AgIC", "AwMD"][usize::from(byte) - 1].repeat(11)[..43].to_owned();
    let (old, new) = (format!("k1:{}=", &key(1)), format!("k2:{}=", &key(2)));
    let mut place = Place::of(&[]);
    place.set("KALENDS_VAULT_KEYS", &old);
    for person in [ALICE, BOB] {
        place.add(&person);
    }
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = service_form(&mut browser, "bob@example.test").await;
    assert_connected(&browser.submit(&form).await, "bob@example.test");
    kalends.stop();

    let none = "Passwords sealed anew with the newest key: 0.\n";
    assert_eq!(place.run(&["vault", "rotate"], "").out, none);
    place.set("KALENDS_VAULT_KEYS", &new);
    let ended = place.run(&["serve"], "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .err
            .contains("the vault holds passwords sealed with the key"),
        "{}",
        ended.err
    );
    place.set("KALENDS_VAULT_KEYS", &format!("{old},{new}"));
    let rotated = place.run(&["vault", "rotate"], "");
    assert_eq!(
        rotated.out, "Passwords sealed anew with the newest key: 1.\n",
        "{rotated:?}"
    );
    place.set("KALENDS_VAULT_KEYS", &new);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let bobs = alice.open("/connections").await.link("Bob").unwrap();
    let check = alice.open(&bobs).await.form("Check now");
    assert_eq!(alice.submit(&check).await.heading(), "Connected");
    assert_eq!(exchange.world().counters().refused(), 0);
}
