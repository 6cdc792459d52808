//! One click that mends an attempt without script: a host to vouch for, a role to wait for.

use crate::{
    connect::service_form,
    program::{ALICE, BOB, CHARLIE, Place},
};
use kalends_simulator::world::practice::SERVICE_PASSWORD;

#[tokio::test]
async fn a_host_outside_the_mail_domain_is_asked_about_and_then_used() {
    let mut place = Place::of(&[BOB]);
    let exchange = place.exchange().await;
    "https://mail.hosting.test/EWS/Exchange.asmx"
        .clone_into(&mut exchange.world().settings.ews_url);
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let failed = bob.submit(&form.fill("Exchange server", "")).await;
    assert!(
        failed
            .text()
            .contains("Autodiscover leads to mail.hosting.test"),
        "{}",
        failed.text()
    );
    let ask = failed.form("Send the password to mail.hosting.test");
    let again = bob.submit(&ask).await;
    assert!(
        again.text().contains(
            "mail.hosting.test is confirmed: it may have the password. Type the password again"
        ),
        "{}",
        again.text()
    );
    let again = again.form("Connect").group("Service account");
    assert_eq!(again.field("User email to access").value, BOB.email);
    let page = bob
        .submit(&again.fill("Service account password", SERVICE_PASSWORD))
        .await;
    assert_eq!(page.heading(), "Connected", "{}", page.text());
    assert_eq!(exchange.world().counters().refused(), 0);
}

#[tokio::test]
async fn a_missing_role_can_be_waited_for_and_the_profile_says_so() {
    let mut place = Place::of(&[BOB]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let form = form.fill("Service account username", "svc-norole@example.test");
    let failed = bob.submit(&form).await;
    let wish = failed.form("Keep trying for two hours");
    let again = bob
        .submit(&wish)
        .await
        .form("Connect")
        .group("Service account");
    let again = again.fill("Service account password", SERVICE_PASSWORD);
    let started = bob.post_body(&again.action, &again.body()).await;
    let check = started.leads_to().to_owned();
    let mut waiting = bob.get(&check).await;
    for _ in 0..50 {
        if waiting.page().heading() == "Kalends keeps trying" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        waiting = bob.get(&check).await;
    }
    assert_eq!(waiting.page().heading(), "Kalends keeps trying");
    assert!(waiting.looks_again());
    let profile = bob.open("/profile").await;
    assert!(
        profile
            .text()
            .contains("Kalends keeps trying to connect up to")
    );
    assert_eq!(profile.link("How it stands"), Some(check));
    let cancelled = bob.submit(&waiting.page().form("Cancel")).await;
    assert_eq!(cancelled.heading(), "Connection test cancelled");
    let profile = bob.open("/profile").await;
    assert!(!profile.text().contains("keeps trying"));
}

#[tokio::test]
async fn of_tests_that_keep_trying_each_person_has_five() {
    let mut place = Place::of(&[BOB]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let form = form.fill("Service account username", "svc-norole@example.test");
    let body = form.body().replace("keep_trying=false", "keep_trying=true");
    let mut checks = Vec::new();
    for _ in 0..5 {
        let started = bob.post_body(&form.action, &body).await;
        let check = started.leads_to().to_owned();
        while bob.get(&check).await.page().heading() != "Kalends keeps trying" {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        checks.push(check);
    }
    let refused = bob.post_body(&form.action, &body).await;
    assert_eq!(refused.leads_to(), "/profile/exchange/connect");
    let told = bob.follow(refused).await;
    assert!(
        told.text()
            .contains("5 of your connection tests are still running"),
        "{}",
        told.text()
    );
    // One that tries once has its place beside them.
    let once = bob.submit(&form).await;
    assert!(
        once.alert().contains("ApplicationImpersonation"),
        "{}",
        once.text()
    );
    let waiting = bob.get(&checks[0]).await.page().form("Cancel");
    bob.submit(&waiting).await;
    let started = loop {
        let again = bob.post_body(&form.action, &body).await;
        let to = again.leads_to().to_owned();
        if to.starts_with("/profile/exchange/checks/") {
            break to;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert!(!checks.contains(&started));
}

#[tokio::test]
async fn basic_is_allowed_on_the_failure_page_and_the_password_typed_anew() {
    let mut place = Place::of(&[BOB]);
    let exchange = place.exchange().await;
    exchange.world().settings.garbled_challenge = true;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let failed = bob.submit(&form).await;
    assert!(
        failed.alert().contains("The password was kept back"),
        "{}",
        failed.text()
    );
    assert_eq!(exchange.world().counters().accepted(), 0);
    let allow = failed.form("Allow Basic and type the password again");
    let again = bob.submit(&allow).await;
    assert!(
        again.text().contains("Basic is allowed"),
        "{}",
        again.text()
    );
    let again = again.form("Connect");
    let ticked = again.field("Sign in by Basic, which sends the password itself");
    assert!(ticked.checked);
    let again = again.group("Service account");
    assert_eq!(again.field("Service account password").value, "");
    let page = bob
        .submit(&again.fill("Service account password", SERVICE_PASSWORD))
        .await;
    assert_eq!(page.heading(), "Connected", "{}", page.text());
}

#[tokio::test]
async fn an_administrator_allows_basic_for_an_account_that_others_use() {
    let mut place = Place::of(&[ALICE, BOB]);
    let exchange = place.exchange().await;
    exchange.world().settings.garbled_challenge = true;
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/organisation/accounts/new").await;
    let form = form
        .form("Test and save")
        .fill("Name", "Head office")
        .fill("Service account username", "svc-kalends@example.test")
        .fill("Service account password", SERVICE_PASSWORD)
        .fill("Exchange server", "mail.example.test")
        .fill("Control mailbox", ALICE.email);
    let failed = alice.submit(&form).await;
    assert!(
        failed.alert().contains("The password was kept back"),
        "{}",
        failed.text()
    );
    let allow = failed.form("Allow Basic and type the password again");
    // It is her test: a member cannot allow anything in it.
    let mut bob = kalends.browser_of(&BOB).await;
    let tried = bob.post_body(&allow.action, &allow.body()).await;
    assert_eq!(tried.status, http::StatusCode::NOT_FOUND);
    let again = alice.submit(&allow).await;
    let again = again.form("Test and save");
    assert!(
        again
            .field("Sign in by Basic, which sends the password itself")
            .checked
    );
    assert_eq!(again.field("Service account password").value, "");
    assert_eq!(exchange.world().counters().accepted(), 0);
    let again = again.fill("Service account password", SERVICE_PASSWORD);
    let saved = alice.submit(&again).await;
    let account = saved.link("Go on").unwrap();
    let account = alice.open(&account).await;
    assert!(
        account.text().contains("By Basic, on purpose"),
        "{}",
        account.text()
    );
    // Whoever connects through it types nothing and allows nothing.
    let connected = bob
        .post("/api/connect_mine", &[("mailbox", BOB.email)])
        .await;
    let page = bob.follow(connected).await;
    assert_eq!(page.heading(), "Connected", "{}", page.text());
}

#[tokio::test]
async fn whose_mailbox_it_is_wins_over_a_stranger_and_both_read_it() {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let policy = "typed=any_mailbox&personal=on&privacy=everything";
    let mut alice = kalends.browser_of(&ALICE).await;
    alice.post_body("/api/save_policy", policy).await;
    for person in [CHARLIE, BOB] {
        let mut browser = kalends.browser_of(&person).await;
        let form = browser.open("/profile/exchange/connect").await;
        let form = form
            .form("Connect")
            .tick("Use service account for enhanced security", false)
            .group("Your own account")
            .fill("Email", "bob@example.test")
            .fill("Username", "bob@example.test")
            .fill("Password", "Bob-2026!");
        let page = browser.submit(&form).await;
        assert_eq!(page.heading(), "Connected", "{}", page.text());
    }
    let profile = kalends.browser_of(&BOB).await.open("/profile").await;
    assert!(
        profile
            .text()
            .contains("had connected your mailbox bob@example.test without anybody’s approval"),
        "{}",
        profile.text()
    );
    let profile = kalends.browser_of(&CHARLIE).await.open("/profile").await;
    assert!(
        profile
            .text()
            .contains("Your connection to bob@example.test was ended"),
        "{}",
        profile.text()
    );
}
