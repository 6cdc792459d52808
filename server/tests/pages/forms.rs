//! Forms without script: a mistake is told at its field, and what was typed stays; a password never comes back.

use crate::{
    connect::service_form,
    program::{BOB, Kalends, Place},
};

async fn kalends() -> (Place, Kalends) {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    (place, kalends)
}

#[tokio::test]
async fn details_are_saved_or_told_at_their_field() {
    let (_place, kalends) = kalends().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = browser.open("/profile").await.form("Save");
    assert_eq!(form.field("Name").value, "Bob");
    let long = "x".repeat(101);
    for (label, bad) in [
        ("Name", ""),
        ("Name", "   "),
        ("Name", &*long),
        ("Name", "Bob\u{7}"),
        ("Name", "Bob\u{202e}nimda"),
        ("Time zone", "Louisville"),
        ("Time zone", ""),
        ("Time zone", "Mars/Base"),
        ("Time zone", "europe/berlin'; DROP TABLE users; --"),
    ] {
        let page = browser.submit(&form.clone().fill(label, bad)).await;
        let back = page.form("Save");
        assert_eq!(back.wrong(), [label], "{bad:?}");
        assert_eq!(back.field(label).value, bad);
        assert!(!page.said_of(&back.field(label).name).is_empty());
        assert_eq!(page.status(), "");
        let once = browser.open("/profile").await.form("Save");
        assert!(once.wrong().is_empty(), "a mistake is told once");
        assert_eq!(once.field("Name").value, "Bob");
    }
    let name = "<b>Bob</b> & \"Söhne\" \u{1f600}";
    let good = form
        .fill("Name", &format!(" {name} "))
        .fill("Time zone", " tokyo");
    let page = browser.submit(&good).await;
    assert_eq!(page.status(), "Your details are saved.");
    assert_eq!(page.form("Save").field("Name").value, name);
    assert_eq!(page.form("Save").field("Time zone").value, "Asia/Tokyo");
    assert!(
        page.texts("header .viewer, header form")
            .join(" ")
            .contains(name),
        "shown as text"
    );
    assert_eq!(browser.open("/profile").await.status(), "", "said once");
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_ends_other_sessions() {
    let (_place, kalends) = kalends().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let mut other = kalends.browser_of(&BOB).await;
    let form = browser.open("/profile").await.form("Change password");
    let long = "x".repeat(257);
    for (current, new, label) in [
        ("wrong", "another-password", "Current password"),
        (BOB.password, "short", "New password"),
        (BOB.password, &*long, "New password"),
    ] {
        let typed = form
            .clone()
            .fill("Current password", current)
            .fill("New password", new);
        let answer = browser.post_body(&typed.action, &typed.body()).await;
        let answer = browser.get(answer.leads_to()).await;
        assert!(!answer.body.contains(new), "a password comes back");
        let back = answer.page().form("Change password");
        assert_eq!(back.wrong(), [label]);
        assert!(back.fields.iter().all(|field| field.value.is_empty()));
    }
    let before = browser.cookies["kalends"].clone();
    let typed = form
        .fill("Current password", BOB.password)
        .fill("New password", "another-password");
    let page = browser.submit(&typed).await;
    assert!(
        page.status().contains("Your password is changed."),
        "{}",
        page.status()
    );
    assert_ne!(browser.cookies["kalends"], before);
    assert_eq!(other.open("/profile").await.heading(), "Sign in");
}

#[tokio::test]
async fn each_mistake_of_the_connect_form_is_told_at_its_field() {
    let (_place, kalends) = kalends().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let long = "x".repeat(10_000);
    for (label, bad, words) in [
        ("User email to access", "", "Enter an email address"),
        ("User email to access", "bob", "complete email address"),
        ("User email to access", "bob@", "complete email address"),
        (
            "User email to access",
            "bob\u{7}@example.test",
            "characters",
        ),
        ("User email to access", &*long, "at most 254"),
        ("Service account username", "", "account's name"),
        ("Service account username", "EXAMPLE/svc", "backslash"),
        ("Service account username", "EXAMPLE\\", "backslash"),
        ("Service account username", "svc\u{0}", "characters"),
        ("Service account username", &*long, "at most 256"),
        ("Service account password", "", "Enter the password"),
        (
            "Service account password",
            "tab\there",
            "control characters",
        ),
        ("Service account password", &*long, "at most 256"),
        ("Exchange server", "http://mail.example.test", "https"),
        ("Exchange server", "mail example", "characters"),
        (
            "Exchange server",
            "https://mail.example.test/mail",
            "/EWS/Exchange.asmx",
        ),
        (
            "Exchange server",
            "https://bob:pw@mail.example.test",
            "user name",
        ),
        ("Exchange server", &*long, "2,000"),
        (
            "Exchange server",
            "outlook.office365.com",
            "Exchange Online",
        ),
        ("Domain", "EXAMPLE", "already holds a domain"),
    ] {
        let form = service_form(&mut browser, "bob@example.test")
            .await
            .fill(label, bad);
        let answer = browser.post_body(&form.action, &form.body()).await;
        assert_eq!(
            answer.leads_to(),
            "/profile/exchange/connect",
            "{label}: {bad:.20}"
        );
        let answer = browser.get("/profile/exchange/connect").await;
        let page = answer.page();
        assert!(
            page.alert().contains("Nothing was tried yet"),
            "{}",
            page.alert()
        );
        let back = page.form("Connect").group("Service account");
        assert_eq!(back.wrong(), [label], "{bad:.20}");
        let told = page.said_of(&back.field(label).name);
        assert!(told.contains(words), "{label} {bad:.20}: {told}");
        assert!(!answer.body.contains("Practice-2026!"));
        for field in back.fields.iter().filter(|field| field.kind == "password") {
            assert_eq!(field.value, "", "{}", field.name);
        }
        if !label.ends_with("password") && !bad.contains('\u{0}') {
            let kept = &back.field(label).value;
            assert!(!kept.is_empty() || bad.is_empty(), "{label}");
            assert!(bad.starts_with(kept.as_str()), "{label}: {kept:.40}");
        }
        assert!(
            back.fields
                .iter()
                .any(|field| field.name == "service" && field.checked)
        );
    }
}

#[tokio::test]
async fn all_mistakes_of_ones_own_account_are_told_at_once() {
    let (_place, kalends) = kalends().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = browser
        .open("/profile/exchange/connect")
        .await
        .form("Connect");
    let form = form
        .tick("Use service account for enhanced security", false)
        .group("Your own account")
        .fill("Email", "bob")
        .fill("Username", "EXAMPLE\\bob")
        .fill("Domain", "EXAMPLE")
        .fill("Exchange server", "ftp://mail.example.test");
    let back = browser
        .submit(&form)
        .await
        .form("Connect")
        .group("Your own account");
    assert_eq!(
        back.wrong(),
        ["Email", "Password", "Exchange server", "Domain"]
    );
    assert_eq!(back.field("Username").value, "EXAMPLE\\bob");
    assert!(
        back.fields
            .iter()
            .any(|field| field.name == "service" && !field.checked)
    );
}
