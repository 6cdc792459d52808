//! The button "Send the saved password once more": for an administrator who does not wait for the next probe, and never
//! beyond the places for passwords that may be refused.

use crate::{
    access::office,
    browser::{Answer, Browser, encoded},
    connect::{SERVICE, service_form},
    limits::at_once,
    page::Page,
    program::{ALICE, BOB, CHARLIE, Place},
};
use http::StatusCode;
use kalends_simulator::{RunningSimulator, world::practice::SERVICE_PASSWORD};

const BUTTON: &str = "Send the saved password once more";
const FULL: &str = "Too many sign-ins were refused.";

fn directory_is_down(exchange: &RunningSimulator, is_down: bool) {
    exchange.world().settings.directory_down = is_down;
}

fn refused(exchange: &RunningSimulator) -> u64 {
    exchange.world().counters().refused()
}

/// Has a connection checked with its saved password, as its page does.
async fn check_now(admin: &mut Browser, connection: &str) -> Page {
    let form = admin.open(connection).await.form("Check now");
    admin.submit(&form).await
}

async fn press(admin: &mut Browser, page: &str) -> Page {
    let form = admin.open(page).await.form(BUTTON);
    admin.submit(&form).await
}

#[tokio::test]
async fn an_organisations_account_goes_on_after_it_and_waits_where_no_place_is_free() {
    let (_place, exchange, kalends, ids) = office().await;
    let account = format!("/organisation/accounts/{}", ids["ACCOUNT"]);
    let connection = format!("/connections/{}", ids["CONNECTION"]);
    let mut alice = kalends.browser_of(&ALICE).await;
    assert!(
        !alice
            .open(&account)
            .await
            .texts("button")
            .contains(&BUTTON.to_owned())
    );

    directory_is_down(&exchange, true);
    check_now(&mut alice, &connection).await;
    assert_eq!(refused(&exchange), 1);
    for person in [BOB, CHARLIE] {
        let mut member = kalends.browser_of(&person).await;
        let click = [("id", &*ids["ACCOUNT"]), ("click", "send_again")];
        let answer = member.post("/api/work_account", &click).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", person.name);
        let click = [("id", &*ids["CONNECTION"]), ("once_more", "true")];
        let answer = member.post("/api/check_now", &click).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", person.name);
    }
    assert_eq!(refused(&exchange), 1, "a member sends nothing");

    directory_is_down(&exchange, false);
    let sent = press(&mut alice, &account).await;
    assert!(sent.alert().is_empty(), "{}", sent.text());
    let page = alice.open(&account).await;
    assert!(
        !page.texts("button").contains(&BUTTON.to_owned()),
        "{}",
        page.text()
    );
    let checked = check_now(&mut alice, &connection).await;
    assert_eq!(checked.heading(), "Connected", "{}", checked.text());

    directory_is_down(&exchange, true);
    check_now(&mut alice, &connection).await;
    while refused(&exchange) < 4 {
        let sent = press(&mut alice, &account).await;
        assert!(
            sent.alert().contains("no longer takes the saved password"),
            "{}",
            sent.text()
        );
    }
    for page in [&account, &connection] {
        let sent = press(&mut alice, page).await;
        assert!(
            sent.text().contains(FULL) && sent.text().contains("sends none before"),
            "{}",
            sent.text()
        );
    }
    assert_eq!(refused(&exchange), 4);
    let page = alice.open(&account).await;
    assert!(
        page.text().contains("its password is not sent before"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_members_account_goes_on_after_an_administrator_has_its_password_sent() {
    let mut place = Place::of(&[ALICE, BOB]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    assert_eq!(bob.submit(&form).await.heading(), "Connected");
    let mut alice = kalends.browser_of(&ALICE).await;
    let connection = alice.open("/connections").await.link("Bob").unwrap();

    directory_is_down(&exchange, true);
    check_now(&mut alice, &connection).await;
    assert_eq!(refused(&exchange), 1);
    let sent = press(&mut alice, &connection).await;
    assert!(
        sent.alert().contains("no longer takes the saved password"),
        "{}",
        sent.text()
    );
    assert_eq!(refused(&exchange), 2);
    directory_is_down(&exchange, false);
    let sent = press(&mut alice, &connection).await;
    assert_eq!(sent.heading(), "Connected", "{}", sent.text());
    let page = alice.open(&connection).await;
    assert!(
        !page.texts("button").contains(&BUTTON.to_owned()),
        "{}",
        page.text()
    );
    for secret in [SERVICE_PASSWORD, SERVICE] {
        assert!(!kalends.log().contains(secret));
    }
}

#[tokio::test]
async fn of_many_presses_at_once_few_run_and_one_sends_the_password() {
    let (_place, exchange, kalends, ids) = office().await;
    let connection = format!("/connections/{}", ids["CONNECTION"]);
    let mut alice = kalends.browser_of(&ALICE).await;
    directory_is_down(&exchange, true);
    check_now(&mut alice, &connection).await;
    exchange.world().settings.slow_refusal_milliseconds = 2_000;
    let click = encoded(&[("id", &ids["ACCOUNT"]), ("click", "send_again")]);
    let answers = at_once(50, &alice, "/api/work_account", &click).await;
    let started: Vec<_> = answers
        .iter()
        .map(Answer::leads_to)
        .filter(|to| to.starts_with("/profile/exchange/checks/"))
        .collect();
    assert!((1..=5).contains(&started.len()), "{} of 50", started.len());
    for check in started {
        let page = alice.open(check).await;
        assert!(!page.alert().is_empty(), "{}", page.text());
    }
    assert_eq!(refused(&exchange), 2);
}

/// The policy with one other choice about refused saved passwords.
async fn choose_probes(admin: &mut Browser, chosen: &str) {
    let mut form = admin
        .open("/organisation/policy")
        .await
        .form("Save the policy");
    for choice in form
        .fields
        .iter_mut()
        .filter(|field| field.name == "probes")
    {
        choice.checked = choice.value == chosen;
    }
    admin.submit(&form).await;
    let form = admin
        .open("/organisation/policy")
        .await
        .form("Save the policy");
    let choices = form
        .fields
        .iter()
        .filter(|field| field.name == "probes" && field.checked);
    assert_eq!(
        choices.map(|choice| &*choice.value).collect::<Vec<_>>(),
        [chosen]
    );
}

#[tokio::test]
async fn with_no_probes_after_the_first_the_page_promises_none_and_the_button_stays() {
    let (_place, exchange, kalends, ids) = office().await;
    let account = format!("/organisation/accounts/{}", ids["ACCOUNT"]);
    let connection = format!("/connections/{}", ids["CONNECTION"]);
    let mut alice = kalends.browser_of(&ALICE).await;
    choose_probes(&mut alice, "first_only").await;
    directory_is_down(&exchange, true);
    check_now(&mut alice, &connection).await;
    let (planned, none) = (
        "Kalends sends it once more by itself",
        "Nothing is sent any more before somebody acts",
    );
    let page = alice.open(&account).await;
    assert!(page.text().contains(planned), "the first: {}", page.text());
    press(&mut alice, &account).await;
    assert_eq!(refused(&exchange), 2);
    let page = alice.open(&account).await;
    assert!(
        page.text().contains(none) && !page.text().contains(planned),
        "{}",
        page.text()
    );
    assert!(
        page.texts("button").contains(&BUTTON.to_owned()),
        "{}",
        page.text()
    );
    choose_probes(&mut alice, "go_on").await;
    let page = alice.open(&account).await;
    assert!(
        page.text().contains(planned) && !page.text().contains(none),
        "{}",
        page.text()
    );
    assert_eq!(refused(&exchange), 2, "a choice sends nothing");
}
