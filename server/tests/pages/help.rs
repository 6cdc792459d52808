//! The help pages: the same words as a failed check, for everybody who is signed in.

use crate::{
    connect::service_form,
    program::{ALICE, BOB, Place},
};
use http::StatusCode;

#[tokio::test]
async fn everybody_who_is_signed_in_reads_about_each_problem() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    for person in [&ALICE, &BOB] {
        let mut browser = kalends.browser_of(person).await;
        let all = browser.open("/help/problems").await;
        assert_eq!(all.heading(), "Problems and what to do");
        let links = all.attributes("tbody a", "href");
        assert!(links.len() >= 40, "{links:?}");
        for link in links {
            let answer = browser.get(&link).await;
            assert_eq!(answer.status, StatusCode::OK, "{link}");
            let page = answer.page();
            let code = link.rsplit('/').next().unwrap();
            assert_eq!(page.heading(), "About this problem");
            assert!(
                page.text()
                    .contains(&format!("Kalends calls the problem {code} .")),
                "{}",
                page.text()
            );
            assert!(!page.texts(".notice-steps li").is_empty(), "{link}");
        }
        let denied = browser.open("/help/problems/impersonation-denied").await;
        assert_eq!(
            denied.texts("figcaption strong"),
            ["Find out", "Run", "Run", "Verify", "Undo", "Undo"]
        );
        assert_eq!(
            denied.link("Using an Exchange service account").as_deref(),
            Some("/help/service-account")
        );
        for unknown in [
            "/help/problems/no-such-problem",
            "/help/problems/%27%3Cb%3E",
        ] {
            let answer = browser.get(unknown).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
            assert_eq!(answer.page().heading(), "Page not found");
        }
    }
}

#[tokio::test]
async fn the_guide_fills_in_what_was_typed_and_examples_before() {
    let mut place = Place::of(&[ALICE, BOB]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let guide = browser.open("/help/service-account").await;
    assert_eq!(guide.heading(), "Using an Exchange service account");
    assert!(guide.text().contains("-User 'svc-kalends@example.test'"));
    assert!(
        guide
            .text()
            .contains("The account svc-kalends@example.test in them is an example")
    );
    // The reader's own mailbox is known, and nobody else's stands in its place.
    assert!(
        guide
            .text()
            .contains("-WritableRecipient 'bob@example.test'")
    );
    assert!(!guide.text().contains("alice@"));
    // What stands in the address goes into no command.
    let forged = browser
        .open("/help/service-account?service_account=evil")
        .await;
    assert!(!forged.text().contains("evil"));

    let connect = browser.open("/profile/exchange/connect").await;
    assert_eq!(
        connect.link("Using an Exchange service account").as_deref(),
        Some("/help/service-account")
    );
    let form = connect
        .form("Connect")
        .group("Service account")
        .fill("User email to access", "bob@example.test")
        .fill("Service account username", "svc-o'neil@example.test")
        .fill("Service account password", "wrong-and-secret")
        .fill("Exchange server", "mail.example.test");
    let failed = browser.submit(&form).await;
    assert_eq!(
        failed.link("About this problem").as_deref(),
        Some("/help/problems/sign-in-refused")
    );
    for _ in 0..2 {
        let guide = browser.open("/help/service-account").await;
        assert!(guide.text().contains("-User 'svc-o''neil@example.test'"));
        assert!(
            guide
                .text()
                .contains("-WritableRecipient 'bob@example.test'")
        );
        assert!(!guide.text().contains("wrong-and-secret"));
        assert!(!guide.text().contains("is an example"));
    }
    let kept = browser
        .open("/profile/exchange/connect")
        .await
        .form("Connect");
    let kept = kept.group("Service account");
    assert_eq!(
        kept.field("Service account username").value,
        "svc-o'neil@example.test"
    );

    // In another session, the connection's.
    let form = service_form(&mut browser, BOB.email).await;
    let form = form.fill("Service account username", "EXAMPLE\\svc-kalends");
    assert_eq!(browser.submit(&form).await.heading(), "Connected");
    let guide = kalends
        .browser_of(&BOB)
        .await
        .open("/help/service-account")
        .await;
    let text = guide.text();
    assert!(text.contains("-User 'EXAMPLE\\svc-kalends'"), "{text}");
    assert!(!text.contains("is an example"), "{text}");
    drop(exchange);
}
