//! One click that mends an attempt without script: a host to vouch for, a role to wait for.

use crate::{
    connect::service_form,
    program::{ALICE, BOB, CHARLIE, Place},
};

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
        .submit(&again.fill(
            "Service account password",
            kalends_simulator::world::practice::SERVICE_PASSWORD,
        ))
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
    let again = again.fill(
        "Service account password",
        kalends_simulator::world::practice::SERVICE_PASSWORD,
    );
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
    assert_ne!(waiting.header("refresh"), "");
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
        .submit(&again.fill(
            "Service account password",
            kalends_simulator::world::practice::SERVICE_PASSWORD,
        ))
        .await;
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
