//! Who asked for a mailbox is told what was decided: by mail, and on the profile.

use crate::{
    browser::Browser,
    mail_server::{Mail, MailServer},
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};

const ROOM: &str = "room@example.test";

async fn arrived(server: &MailServer, to: &str, count: usize) -> Vec<Mail> {
    for _ in 0..200 {
        let mails = server.mails().into_iter().filter(|mail| mail.to == [to]);
        let mails: Vec<Mail> = mails.collect();
        if mails.len() >= count {
            return mails;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", server.mails())
}

/// Alice, Bob and Charlie where Kalends writes mail.
async fn office() -> (Place, MailServer, Kalends) {
    let (server, address) = MailServer::start(None);
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    place.set("KALENDS_SMTP_URL", &format!("smtp://{address}"));
    place.set("KALENDS_MAIL_FROM", "Kalends <kalends@example.test>");
    let kalends = place.start().await;
    (place, server, kalends)
}

async fn ask(browser: &mut Browser) {
    let fields = [("mailbox", ROOM), ("reason", "I plan its meetings")];
    let asked = browser.post("/api/ask_for_mailbox", &fields).await;
    assert!(asked.status.is_redirection(), "{asked:?}");
}

/// Decides the one request that waits, or the one that was approved.
async fn decide(admin: &mut Browser, decision: &str, answer: &str) {
    let page = admin.open("/organisation/requests").await;
    let id = page
        .attributes("main form input[name=id]", "value")
        .remove(0);
    let fields = [("id", &*id), ("decision", decision), ("answer", answer)];
    let decided = admin.post("/api/decide_request", &fields).await;
    assert_eq!(decided.leads_to(), "/organisation/requests");
}

#[tokio::test]
async fn bob_is_told_that_his_request_was_granted_and_where_to_go_on() {
    let (_place, server, kalends) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    ask(&mut bob).await;
    let before = bob.open("/profile").await.text();
    assert!(!before.contains("approved"), "{before}");
    decide(&mut alice, "approve", "Until Easter.").await;

    let mail = arrived(&server, BOB.email, 1).await.remove(0);
    assert_eq!(
        mail.header("Subject"),
        format!("Your request for {ROOM} is approved")
    );
    let text = mail.text();
    for part in [
        "Hello Bob,",
        "Alice has approved your request for room@example.test.",
        "Their answer: Until Easter.",
        "/profile/exchange/connect",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let profile = bob.open("/profile").await.text();
    for part in [
        "Your request for room@example.test is approved: you can connect it now.",
        "The administrator’s answer: Until Easter.",
    ] {
        assert!(profile.contains(part), "{part}: {profile}");
    }

    decide(&mut alice, "revoke", "").await;
    let mail = arrived(&server, BOB.email, 2).await.remove(1);
    assert_eq!(
        mail.header("Subject"),
        format!("The approval for {ROOM} is taken back")
    );
    let profile = bob.open("/profile").await.text();
    assert!(
        profile.contains("The approval for room@example.test is taken back.")
            && !profile.contains("you can connect it now"),
        "{profile}"
    );
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    assert!(!charlie.open("/profile").await.text().contains(ROOM));
    assert_eq!(arrived(&server, CHARLIE.email, 0).await.len(), 0);
}

#[tokio::test]
async fn bob_is_told_that_his_request_was_refused_and_why() {
    let (_place, server, kalends) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    ask(&mut bob).await;
    decide(&mut alice, "refuse", "It is being rebuilt.").await;
    let mail = arrived(&server, BOB.email, 1).await.remove(0);
    assert_eq!(
        mail.header("Subject"),
        format!("Your request for {ROOM} is refused")
    );
    let text = mail.text();
    for part in [
        "Alice has refused your request for room@example.test.",
        "Their answer: It is being rebuilt.",
        "/profile/exchange/request",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let profile = bob.open("/profile").await.text();
    assert!(
        profile.contains("Your request for room@example.test is refused. The administrator’s answer: It is being rebuilt."),
        "{profile}"
    );
}
