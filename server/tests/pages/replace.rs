//! A refused password replaced in one form, right where the refusal is told: what passes its test is used at once.

use crate::{
    access::office,
    browser::Browser,
    connect::{SERVICE, service_form},
    page::Page,
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};
use kalends_simulator::{RunningSimulator, world::practice::SERVICE_PASSWORD};

const NEW: &str = "Practice-2027!";
const WRONG: &str = "wrong-and-secret";
const FIELD: &str = "Present password";
const BUTTON: &str = "Test and use it";
const REFUSED: &str = "Exchange refused this password. Nothing was saved.";

fn change_password(exchange: &RunningSimulator, account: &str, password: &str) {
    let mut world = exchange.world();
    password.clone_into(&mut world.account_mut(account).unwrap().password);
}

/// An empty field was told at the field.
fn asks_for_it(page: &Page) {
    let told = page.said_of("present_password");
    assert!(told.contains("Enter the password."), "{}", page.text());
}

/// Types one password into the form of a page and sends it.
async fn replace(browser: &mut Browser, page: &Page, password: &str) -> Page {
    let form = page.form(BUTTON).fill(FIELD, password);
    browser.submit(&form).await
}

/// The page, as soon as it says so.
async fn until(browser: &mut Browser, path: &str, text: &str) -> Page {
    for _ in 0..200 {
        let page = browser.open(path).await;
        if page.text().contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let page = browser.open(path).await;
    panic!("{path} never says {text:?}: {}", page.text())
}

fn has_form(page: &Page) -> bool {
    page.texts("button").contains(&BUTTON.to_owned())
}

/// Bob and Charlie connected by the practice service account that Bob typed, and Alice's pages of both.
async fn two_on_one_account() -> (Place, RunningSimulator, Kalends, [String; 2]) {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    for person in [BOB, CHARLIE] {
        let mut browser = kalends.browser_of(&person).await;
        let form = service_form(&mut browser, person.email).await;
        assert_eq!(browser.submit(&form).await.heading(), "Connected");
        until(&mut browser, "/calendar?view=agenda", "as of today").await;
    }
    let mut alice = kalends.browser_of(&ALICE).await;
    let list = alice.open("/connections").await;
    let pages = ["Bob", "Charlie"].map(|name| list.link(name).unwrap());
    (place, exchange, kalends, pages)
}

async fn check_now(admin: &mut Browser, connection: &str) -> Page {
    let form = admin.open(connection).await.form("Check now");
    admin.submit(&form).await
}

#[tokio::test]
async fn bob_replaces_the_refused_password_on_his_profile_and_all_on_that_account_go_on() {
    let (place, exchange, kalends, [bobs, charlies]) = two_on_one_account().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    assert!(!has_form(&bob.open("/profile").await));

    change_password(&exchange, SERVICE, NEW);
    check_now(&mut alice, &bobs).await;
    for (browser, page) in [(&mut bob, "/profile"), (&mut charlie, "/profile")] {
        let page = browser.open(page).await;
        assert!(page.text().contains("Action needed"), "{}", page.text());
        assert!(has_form(&page), "{}", page.text());
        // The one password, and nothing that is on record.
        let form = page.form(BUTTON);
        let shown: Vec<_> = form
            .fields
            .iter()
            .filter(|it| it.kind != "hidden")
            .collect();
        assert_eq!(shown.len(), 1, "{form:?}");
        assert_eq!(form.field(FIELD).value, "");
    }
    // It is not an administrator's to type.
    assert!(!has_form(&alice.open(&bobs).await));

    let profile = bob.open("/profile").await;
    let empty = replace(&mut bob, &profile, "").await;
    assert_eq!(empty.heading(), "Profile Settings");
    asks_for_it(&empty);
    let wrong = replace(&mut bob, &profile, WRONG).await;
    assert!(
        wrong.alert().contains("Exchange refused"),
        "{}",
        wrong.text()
    );
    assert!(
        wrong.said_of("present_password").contains(REFUSED),
        "{}",
        wrong.text()
    );
    assert_eq!(wrong.form(BUTTON).wrong(), [FIELD]);
    let profile = bob.open("/profile").await;
    assert!(
        profile.text().contains("Action needed"),
        "nothing was saved"
    );

    let right = replace(&mut bob, &wrong, NEW).await;
    assert_eq!(right.heading(), "Connected", "{}", right.text());
    let profile = bob.open("/profile").await;
    assert!(
        profile.text().contains("Microsoft Exchange Connected") && !has_form(&profile),
        "{}",
        profile.text()
    );
    // The same connections as before, with all that is known about them.
    for page in [&bobs, &charlies] {
        until(&mut alice, page, "Connected since").await;
    }
    let checked = check_now(&mut alice, &charlies).await;
    assert_eq!(checked.heading(), "Connected", "{}", checked.text());
    for secret in [NEW, WRONG, SERVICE_PASSWORD] {
        assert!(!kalends.log().contains(secret) && !place.main_database_holds(secret));
    }
}

#[tokio::test]
async fn alice_replaces_the_refused_password_of_the_organisation_in_one_form() {
    let (_place, exchange, kalends, ids) = office().await;
    let account = format!("/organisation/accounts/{}", ids["ACCOUNT"]);
    let connection = format!("/connections/{}", ids["CONNECTION"]);
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    for page in [&account, &connection] {
        assert!(!has_form(&alice.open(page).await));
    }
    change_password(&exchange, SERVICE, NEW);
    let failed = check_now(&mut alice, &connection).await;
    for page in [
        &failed,
        &alice.open(&account).await,
        &alice.open(&connection).await,
    ] {
        assert!(has_form(page), "{}", page.text());
    }
    // What the organisation holds, people do not type.
    assert!(!has_form(&bob.open("/profile").await));

    let page = alice.open(&account).await;
    let empty = replace(&mut alice, &page, "").await;
    assert_eq!(empty.form(BUTTON).wrong(), [FIELD]);
    let wrong = replace(&mut alice, &empty, WRONG).await;
    assert!(
        wrong.said_of("present_password").contains(REFUSED),
        "{}",
        wrong.text()
    );
    assert!(
        alice
            .open(&account)
            .await
            .text()
            .contains("Exchange refused the saved password")
    );
    let saved = replace(&mut alice, &wrong, NEW).await;
    assert_eq!(saved.heading(), "Tested and saved", "{}", saved.text());
    assert!(
        saved
            .status()
            .contains("signs in with this password from now on"),
        "{}",
        saved.status()
    );
    let page = alice.open(&account).await;
    assert!(
        !has_form(&page) && !page.text().contains("Exchange refused"),
        "{}",
        page.text()
    );
    until(&mut bob, "/profile", "Microsoft Exchange Connected").await;
    until(&mut alice, &connection, "Connected since").await;
}

#[tokio::test]
async fn a_first_password_that_was_refused_is_typed_again_where_that_is_told() {
    let mut place = Place::of(&[ALICE, BOB]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    let failed = bob
        .submit(&form.fill("Service account password", WRONG))
        .await;
    assert!(failed.said_of("present_password").contains(REFUSED));
    let empty = replace(&mut bob, &failed, "").await;
    asks_for_it(&empty);
    let right = replace(&mut bob, &empty, SERVICE_PASSWORD).await;
    assert_eq!(right.heading(), "Connected", "{}", right.text());
}

#[tokio::test]
async fn ones_own_account_is_replaced_alone_and_nobody_replaces_for_others() {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let mut alice = kalends.browser_of(&ALICE).await;
    alice
        .post_body(
            "/api/save_policy",
            "typed=any_mailbox&personal=on&privacy=everything",
        )
        .await;
    let form = bob.open("/profile/exchange/connect").await.form("Connect");
    let form = form
        .tick("Use service account for enhanced security", false)
        .group("Your own account")
        .fill("Email", BOB.email)
        .fill("Password", "Bob-2026!")
        .fill("Exchange server", "mail.example.test");
    assert_eq!(bob.submit(&form).await.heading(), "Connected");
    let connection = alice.open("/connections").await.link("Bob").unwrap();
    change_password(&exchange, BOB.email, NEW);
    let failed = check_now(&mut alice, &connection).await;
    assert!(!has_form(&failed) && !has_form(&alice.open(&connection).await));
    let profile = bob.open("/profile").await;
    let form = profile.form(BUTTON);

    // The form of a colleague leads nobody else anywhere.
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    let answer = charlie
        .post(
            &form.action,
            &[("present_password", NEW), ("back", "/profile")],
        )
        .await;
    assert_eq!(answer.leads_to(), "/profile/exchange/connect");
    let elsewhere = bob
        .post(&form.action, &[("back", "https://elsewhere.test/")])
        .await;
    assert_eq!(elsewhere.leads_to(), "/profile");

    let right = replace(&mut bob, &profile, NEW).await;
    assert_eq!(right.heading(), "Connected", "{}", right.text());
    until(&mut alice, &connection, "Connected since").await;
}
