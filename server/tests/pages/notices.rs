//! Notices as admins set them up, and links that arrive by mail.

use crate::{
    mail_server::MailServer,
    people::link_of,
    program::{ALICE, BOB, Person, Place},
};

const PASSWORD: &str = "mail-secret-0815";
/// Another administrator.
const DORA: Person = Person {
    name: "Dora",
    email: "dora@example.test",
    password: "practice-dora",
    admin: true,
};

/// A place that writes mail.
fn place_with_mail() -> (Place, MailServer) {
    let (server, address) = MailServer::start(Some(PASSWORD));
    let mut place = Place::of(&[ALICE]);
    let url = format!("smtp://kalends:{PASSWORD}@{address}");
    place.set("KALENDS_SMTP_URL", &url);
    place.set("KALENDS_MAIL_FROM", "Kalends <kalends@example.test>");
    (place, server)
}

async fn arrived(server: &MailServer, count: usize) -> Vec<crate::mail_server::Mail> {
    for _ in 0..200 {
        let mails = server.mails();
        if mails.len() >= count {
            return mails;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", server.mails())
}

#[tokio::test]
async fn a_test_mail_arrives_and_is_listed_and_no_page_or_log_holds_the_password() {
    let (place, server) = place_with_mail();
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open("/organisation/notices").await;
    assert!(
        page.text()
            .contains("Sent from kalends@example.test through 127.0.0.1"),
        "{}",
        page.text()
    );
    let sent = alice.submit(&page.form("Send me a test mail")).await;
    assert!(
        sent.text()
            .contains("The test went out: taken by 127.0.0.1."),
        "{}",
        sent.text()
    );
    let mail = arrived(&server, 1).await.remove(0);
    assert_eq!(mail.to, ["alice@example.test"]);
    assert_eq!(mail.header("From"), "Kalends <kalends@example.test>");
    let one = alice.open(&sent.link("A test from Kalends").unwrap()).await;
    assert_eq!(one.heading(), "A test from Kalends");
    assert!(one.text().contains("taken by 127.0.0.1"), "{}", one.text());

    server.refuse(Some((550, "no such mailbox")));
    let page = alice.open("/organisation/notices").await;
    let refused = alice.submit(&page.form("Send me a test mail")).await;
    assert!(
        refused.text().contains("did not go out: ") && refused.text().contains("no such mailbox"),
        "{}",
        refused.text()
    );
    assert_eq!(server.sign_ins(), 2);
    server.set_password("another");
    let page = alice.open("/organisation/notices").await;
    let refused = alice.submit(&page.form("Send me a test mail")).await;
    assert!(
        refused.text().contains("does not send it again by itself"),
        "{}",
        refused.text()
    );
    for text in [page.text(), refused.text(), one.text(), kalends.log()] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    assert!(!place.main_database_holds(PASSWORD));
}

#[tokio::test]
async fn an_invitation_comes_by_mail_works_once_and_is_kept_nowhere() {
    let (place, server) = place_with_mail();
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/people/invite").await.form("Send invitation");
    let made = alice
        .submit(&form.fill("Email", BOB.email).fill("Name", BOB.name))
        .await;
    assert_eq!(made.heading(), "Bob");
    let mail = arrived(&server, 1).await.remove(0);
    assert_eq!(
        (mail.to.as_slice(), mail.header("Subject")),
        (
            [BOB.email.to_owned()].as_slice(),
            "Your invitation to Kalends".to_owned()
        )
    );
    let text = mail.text();
    let link = link_of(&text);
    let welcome = kalends.browser().open(&link).await;
    assert_eq!(welcome.heading(), "Welcome to Kalends");
    let list = alice.open("/people").await;
    let bobs = list.link("Bob").unwrap();
    let mut person = alice.open(&bobs).await.text();
    for _ in 0..50 {
        if !person.contains("is being mailed") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        person = alice.open(&bobs).await.text();
    }
    assert!(
        person.contains("The link was mailed to bob@example.test."),
        "{person}"
    );
    let token = &link["/invitation?link=".len()..];
    assert!(!place.main_database_holds(token) && !kalends.log().contains(token));
    let listed = alice.open("/organisation/notices").await;
    let one = alice
        .open(&listed.link("Your invitation to Kalends").unwrap())
        .await;
    assert!(
        one.text().contains("(not kept: it opens an account)") && !one.text().contains(token),
        "{}",
        one.text()
    );
}

#[tokio::test]
async fn a_webhook_is_added_tested_and_removed_and_its_address_shown_to_nobody() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open("/organisation/notices").await;
    assert!(page.text().contains("No mail is sent."), "{}", page.text());
    let form = page.form("Add");
    let wrong = alice
        .submit(
            &form
                .clone()
                .fill("Name", "Chat room")
                .fill("Address", "http://chat.example.test/tok-4711"),
        )
        .await;
    assert_eq!(wrong.form("Add").wrong(), ["Address"]);
    assert_eq!(wrong.form("Add").field("Name").value, "Chat room");
    let added = alice
        .submit(
            &wrong
                .form("Add")
                .fill("Address", "https://127.0.0.1/tok-4711"),
        )
        .await;
    assert!(added.text().contains("whsec_"), "{}", added.text());
    let tested = alice.submit(&added.form("Test")).await;
    assert!(
        tested
            .text()
            .contains("The test did not go out: 127.0.0.1 is"),
        "{}",
        tested.text()
    );
    for text in [added.text(), tested.text(), kalends.log()] {
        assert!(!text.contains("tok-4711"), "{text}");
    }
    assert!(!place.main_database_holds("tok-4711") && !place.main_database_holds("whsec_"));
    // The key lies in the vault: another process shows it as well, for a while.
    kalends.stop();
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let again = alice.open("/organisation/notices").await;
    assert!(again.text().contains("whsec_"), "{}", again.text());
    let removed = alice.submit(&again.form("Remove it")).await;
    assert!(
        removed.text().contains("its address and key are forgotten"),
        "{}",
        removed.text()
    );
}

#[tokio::test]
async fn a_mail_server_that_would_get_the_password_in_the_clear_stops_the_start() {
    for (url, from, words) in [
        (
            format!("smtp://kalends:{PASSWORD}@mail.example.test"),
            "kalends@example.test",
            "without encryption",
        ),
        (
            "smtp://mail.example.test".to_owned(),
            "",
            "KALENDS_MAIL_FROM",
        ),
        (
            "mail.example.test".to_owned(),
            "kalends@example.test",
            "smtps://",
        ),
    ] {
        let mut place = Place::of(&[ALICE]);
        place.set("KALENDS_SMTP_URL", &url);
        place.set("KALENDS_MAIL_FROM", from);
        let ended = place.run(&["serve"], "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.err.contains(words) && !ended.err.contains(PASSWORD),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn a_link_is_never_mailed_in_the_clear_and_shown_to_whoever_made_it() {
    let mut place = Place::of(&[ALICE, DORA]);
    place.set("KALENDS_SMTP_URL", "smtp://mail.example.test:25");
    place.set("KALENDS_MAIL_FROM", "kalends@example.test");
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/people/invite").await.form("Send invitation");
    let made = alice
        .submit(&form.fill("Email", BOB.email).fill("Name", BOB.name))
        .await;
    assert!(
        made.text().contains("The link is not mailed, because"),
        "{}",
        made.text()
    );
    let link = link_of(&made.text());
    let welcome = kalends.browser().open(&link).await;
    assert_eq!(welcome.heading(), "Welcome to Kalends");
    let listed = alice.open("/organisation/notices").await;
    assert_eq!(listed.link("Your invitation to Kalends"), None);

    // Another administrator makes a link of their own, and reads nobody else's.
    let mut dora = kalends.browser_of(&DORA).await;
    let bobs = dora.open("/people").await.link("Bob").unwrap();
    let page = dora.open(&bobs).await;
    let token = &link["/invitation?link=".len()..];
    assert!(!page.text().contains(token), "{}", page.text());
    assert!(!place.main_database_holds(token) && !kalends.log().contains(token));
}
