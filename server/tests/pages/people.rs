//! Inviting people, the link that works once, importing a table, roles, and who may not sign in.

use crate::program::{ALICE, BOB, CHARLIE, Place};
use http::StatusCode;

const PASSWORD: &str = "hedgehog under seven lamps";

/// The link that a page shows.
pub fn link_of(text: &str) -> String {
    let at = text
        .find("/invitation?link=")
        .unwrap_or_else(|| panic!("no link: {text}"));
    text[at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "/?=".contains(*c))
        .collect()
}

#[tokio::test]
async fn somebody_invited_sets_a_password_once_and_is_signed_in() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/people/invite").await.form("Send invitation");
    let wrong = alice
        .submit(&form.clone().fill("Email", "bob").fill("Name", "Bob"))
        .await;
    let form = wrong.form("Send invitation");
    assert_eq!(form.wrong(), ["Email"]);
    assert_eq!(form.field("Name").value, "Bob");
    // A colleague's calendar is not given away by a slip.
    let field = "Further addresses of their own";
    let hers = form
        .clone()
        .fill("Email", BOB.email)
        .fill(field, ALICE.email);
    let wrong = alice.submit(&hers).await;
    assert_eq!(wrong.form("Send invitation").wrong(), [field]);
    assert!(
        wrong.text().contains("Alice signs in with"),
        "{}",
        wrong.text()
    );
    let made = alice
        .submit(
            &form
                .fill("Email", BOB.email)
                .fill("Further addresses of their own", "room@example.test"),
        )
        .await;
    assert_eq!(made.heading(), "Bob");
    assert!(made.text().contains("room@example.test"), "{}", made.text());
    let link = link_of(&made.text());
    for secret in [link.as_str(), &link[17..]] {
        assert!(!place.main_database_holds(secret), "{secret}");
    }

    let mut bob = kalends.browser();
    let welcome = bob.open(&link).await;
    assert_eq!(welcome.heading(), "Welcome to Kalends");
    let form = welcome.form("Begin");
    let other = form
        .clone()
        .fill("Password", PASSWORD)
        .fill("Password again", "x");
    assert_eq!(
        bob.submit(&other).await.form("Begin").wrong(),
        ["Password again"]
    );
    let short = form
        .clone()
        .fill("Password", "short")
        .fill("Password again", "short");
    assert_eq!(bob.submit(&short).await.form("Begin").wrong(), ["Password"]);
    let fine = form
        .fill("Password", PASSWORD)
        .fill("Password again", PASSWORD);
    let page = bob.submit(&fine).await;
    assert_eq!(page.heading(), "Calendar");

    let again = kalends.browser().open(&link).await;
    assert_eq!(again.heading(), "This link does not work");
    let taken = alice.open("/people/invite").await.form("Send invitation");
    let taken = alice
        .submit(&taken.fill("Email", BOB.email).fill("Name", "Bob"))
        .await;
    assert_eq!(taken.form("Send invitation").wrong(), ["Email"]);
}

#[tokio::test]
async fn a_new_link_ends_the_old_one_and_keeps_the_password_until_it_is_used() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let bob = alice.open("/people?q=bob").await.link("Bob").unwrap();
    let form = alice.open(&bob).await.form("Link to set a new password");
    let first = link_of(&alice.submit(&form).await.text());
    let second = link_of(&alice.submit(&form).await.text());
    assert_ne!(first, second);
    let stale = kalends.browser().open(&first).await;
    assert_eq!(stale.heading(), "This link does not work");
    // Another admin does not see it, and Bob's password still works.
    let mut own = kalends.browser_of(&BOB).await;
    let mut other = kalends.browser();
    let form = other.open(&second).await.form("Set the password");
    let page = other
        .submit(
            &form
                .fill("Password", PASSWORD)
                .fill("Password again", PASSWORD),
        )
        .await;
    assert_eq!(page.heading(), "Calendar");
    assert_eq!(
        own.get("/profile").await.leads_to(),
        "/sign-in?next=/profile"
    );
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_the_last_admin_stays() {
    let place = Place::of(&[ALICE, BOB, CHARLIE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    let page = alice.open("/people?q=bob").await.link("Bob").unwrap();
    let form = alice.open(&page).await.form("Disable this person");
    let told = alice.submit(&form).await;
    assert!(told.text().contains("Disabled since"), "{}", told.text());
    assert_eq!(
        bob.get("/calendar").await.leads_to(),
        "/sign-in?next=/calendar"
    );
    let form = bob.open("/sign-in").await.form("Sign in");
    let refused = bob
        .submit(&form.fill("Email", BOB.email).fill("Password", BOB.password))
        .await;
    assert_eq!(refused.heading(), "Sign in");
    let form = alice.open(&page).await.form("Enable");
    alice.submit(&form).await;
    bob.sign_in(&BOB).await;

    let own = alice.open("/people?q=alice").await.link("Alice").unwrap();
    for button in ["Make a member", "Disable this person"] {
        let form = alice.open(&own).await.form(button);
        let told = alice.submit(&form).await;
        assert!(
            told.text().contains("At least one administrator"),
            "{button}: {}",
            told.text()
        );
    }
    let form = alice.open(&page).await.form("Make an administrator");
    alice.submit(&form).await;
    assert_eq!(bob.get("/people").await.status, StatusCode::OK);
    let form = alice.open(&own).await.form("Make a member");
    alice.submit(&form).await;
    assert_eq!(alice.get("/people").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_table_is_shown_before_anybody_is_invited() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let table = "name,email,role,addresses\nBob,bob@example.test,,\nCharlie,charlie@example.test,admin,room@example.test\nX,nothing,,";
    let read = alice
        .post_parts("/api/read_import", &[("table", table)])
        .await;
    let page = alice.follow(read).await;
    for words in [
        "1 person would be invited.",
        "2 lines are left out.",
        "Has an account already.",
        "Administrator; also room@example.test",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert!(
        alice
            .open("/people?q=charlie")
            .await
            .text()
            .contains("Nobody here.")
    );
    let list = alice.submit(&page.form("Send invitations")).await;
    for words in [
        "1 person has an account now, with a link to set a password.",
        "2 lines invited nobody",
        "Has an account already.",
    ] {
        assert!(list.text().contains(words), "{words}: {}", list.text());
    }
    // The links lie in the vault: another process shows them as well, to whoever made them.
    kalends.stop();
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let links = alice.get("/people/links.csv").await.body;
    assert!(!place.main_database_holds(&link_of(&links)[17..]));
    assert!(
        links.contains("charlie@example.test") && links.contains("/invitation?link="),
        "{links}"
    );
    assert_eq!(
        kalends
            .browser_of(&BOB)
            .await
            .get("/people/links.csv")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let mut charlie = kalends.browser();
    let form = charlie.open(&link_of(&links)).await.form("Begin");
    charlie
        .submit(
            &form
                .fill("Password", PASSWORD)
                .fill("Password again", PASSWORD),
        )
        .await;
    assert_eq!(charlie.get("/people").await.status, StatusCode::OK);
    for admin in [&mut alice, &mut charlie] {
        let links = admin.get("/people/links.csv").await.body;
        assert_eq!(links.trim(), "name,email,link");
    }
}

#[tokio::test]
async fn tables_of_exchanges_shell_and_of_spreadsheets_are_understood() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    for table in [
        "#TYPE Selected.Microsoft.Exchange.Data.Directory.Management.Mailbox\r\n\"DisplayName\",\"PrimarySmtpAddress\"\r\n\"O'Brien, Sean\",\"sean.o'brien@example.test\"\r\n\"Bob\",\"bob@example.test\"\r\n",
        "\u{FEFF}Anzeigename;E-Mail-Adresse\nO'Brien, Sean;SMTP:Sean.O'Brien@example.test\nBob;smtp:bob@example.test\n",
        "DisplayName   PrimarySmtpAddress\n-----------   ------------------\nO'Brien, Sean sean.o'brien@example.test\nBob           bob@example.test\n",
    ] {
        let read = alice
            .post_parts("/api/read_import", &[("table", table)])
            .await;
        let page = alice.follow(read).await;
        for words in [
            "2 people would be invited.",
            "O'Brien, Sean sean.o'brien@example.test",
        ] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert!(!page.text().contains("left out"), "{}", page.text());
        alice.submit(&page.form("Change the table")).await;
    }
}
