//! Who may open what: every page, file and server function for nobody, Bob, Charlie and Alice. A route without a row
//! fails.

use crate::{
    browser::{Answer, Browser},
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};
use app::App;
use leptos::server_fn::axum::server_fn_paths;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The page, or that the form was taken or is wrong.
    Fine,
    /// To sign in first.
    SignIn,
    /// That there is no such thing.
    Missing,
}
use Says::{Fine, Missing, SignIn};

/// Nobody, Bob, Charlie, Alice. What has an id has one of Bob's.
type Row = (&'static str, [Says; 4]);

const OPEN: [Says; 4] = [Fine; 4];
/// Leads to the sign-in page, whoever asks: there are people already, or nobody is signed in after it.
const TO_SIGN_IN: [Says; 4] = [SignIn; 4];
const PERSONS: [Says; 4] = [SignIn, Fine, Fine, Fine];
const ADMINS: [Says; 4] = [SignIn, Missing, Missing, Fine];
/// Bob's own, which admins may look at.
const BOBS: [Says; 4] = [SignIn, Fine, Missing, Fine];
/// Bob's own, and nobody else's.
const BOBS_ALONE: [Says; 4] = [SignIn, Fine, Missing, Missing];

const PAGES: &[Row] = &[
    ("/", PERSONS),
    ("/setup", TO_SIGN_IN),
    ("/sign-in", OPEN),
    ("/calendar", PERSONS),
    ("/profile", PERSONS),
    ("/profile/stored", PERSONS),
    ("/profile/purge", PERSONS),
    ("/profile/exchange/connect", PERSONS),
    ("/profile/exchange/disconnect", PERSONS),
    ("/profile/exchange/request", PERSONS),
    ("/profile/exchange/checks/CHECK", BOBS),
    ("/connections", ADMINS),
    ("/connections/check-exchange", ADMINS),
    // An analysis is its admin's alone, and this id is none.
    (
        "/connections/check-exchange/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/connections/CONNECTION", ADMINS),
    ("/organisation", ADMINS),
    ("/organisation/pause", ADMINS),
    ("/organisation/policy", ADMINS),
    ("/organisation/requests", ADMINS),
    ("/organisation/mailboxes", ADMINS),
    ("/organisation/mailboxes/MAP", ADMINS),
    ("/organisation/accounts/new", ADMINS),
    ("/organisation/accounts/ACCOUNT", ADMINS),
    ("/organisation/accounts/ACCOUNT/server", ADMINS),
    ("/organisation/accounts/ACCOUNT/pause", ADMINS),
    ("/organisation/accounts/ACCOUNT/disconnect", ADMINS),
    // Nothing has ended.
    (
        "/organisation/ended/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/audit", ADMINS),
    ("/help/service-account", PERSONS),
    ("/help/problems", PERSONS),
    ("/help/problems/throttled", PERSONS),
];

const FILES: &[Row] = &[
    ("/audit.csv", [Missing, Missing, Missing, Fine]),
    (
        "/organisation/mailboxes/MAP/addresses.csv",
        [Missing, Missing, Missing, Fine],
    ),
    ("/profile/stored.json", PERSONS),
    ("/profile/calendar.ics", PERSONS),
];

/// Functions with the fields that they need.
const FUNCTIONS: &[(&str, &str, [Says; 4])] = &[
    ("viewer", "", OPEN),
    ("home", "", PERSONS),
    ("setup", "", OPEN),
    ("setup_form", "", TO_SIGN_IN),
    ("sign_in", "", TO_SIGN_IN),
    ("sign_in_form", "", OPEN),
    ("profile", "", PERSONS),
    ("save_details", "name=X&time_zone=Europe%2FBerlin", PERSONS),
    ("change_password", "", PERSONS),
    ("save_privacy", "privacy=free_busy", PERSONS),
    ("save_preferences", "first_day=sunday&clock=twelve", PERSONS),
    ("stored", "", PERSONS),
    ("what_is_purged", "", PERSONS),
    ("connect_form", "", PERSONS),
    ("connect", "", PERSONS),
    ("connect_mine", "", PERSONS),
    ("what_is_lost", "", PERSONS),
    ("ask_form", "mailbox=", PERSONS),
    ("ask_for_mailbox", "", PERSONS),
    ("withdraw_request", "id=REQUEST", BOBS_ALONE),
    ("check", "id=CHECK", BOBS),
    ("check_page", "id=CHECK", BOBS),
    ("cancel_check", "id=CHECK", BOBS),
    ("mend_form", "id=CHECK", BOBS),
    ("calendar", "week=&day=", PERSONS),
    ("connections", "filter=&page=", ADMINS),
    ("connection", "id=CONNECTION", ADMINS),
    ("analysis_form", "", ADMINS),
    ("check_exchange", "", ADMINS),
    ("analysis", "id=CHECK", [SignIn, Missing, Missing, Missing]),
    (
        "cancel_analysis",
        "id=CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("organisation", "", ADMINS),
    ("how_many_pause", "", ADMINS),
    ("policy_form", "", ADMINS),
    (
        "save_policy",
        "typed=any_mailbox&personal=on&privacy=everything",
        ADMINS,
    ),
    ("requests", "", ADMINS),
    ("decide_request", "id=REQUEST&decision=refuse", ADMINS),
    ("mailboxes", "", ADMINS),
    ("map", "id=MAP&place=&page=", ADMINS),
    ("cancel_map", "id=MAP", ADMINS),
    ("go_on_with_map", "id=MAP", ADMINS),
    ("connect_mailboxes", "id=MAP", ADMINS),
    ("account_form", "", ADMINS),
    ("add_account", "", ADMINS),
    ("account", "id=ACCOUNT", ADMINS),
    ("move_account_form", "id=ACCOUNT", ADMINS),
    ("move_account", "id=ACCOUNT", ADMINS),
    ("change_account", "id=ACCOUNT", ADMINS),
    ("test_password", "id=ACCOUNT", ADMINS),
    ("work_account", "id=ACCOUNT&click=drop", ADMINS),
    ("account_to_pause", "id=ACCOUNT", ADMINS),
    ("account_to_end", "id=ACCOUNT", ADMINS),
    ("end_account", "id=ACCOUNT&name=x", ADMINS),
    (
        "ended_account",
        "id=CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("audit", "wanted[kind]=", ADMINS),
    ("help_problems", "", PERSONS),
    ("help_problem", "code=throttled", PERSONS),
    ("help_service_account", "", PERSONS),
    ("check_now", "id=CONNECTION", ADMINS),
    ("sync_now", "id=CONNECTION", ADMINS),
    // Without a file it is no form.
    ("map_mailboxes", "", [Fine; 4]),
    ("pause_everything", "resume=true", ADMINS),
    ("purge", "", PERSONS),
    ("disconnect", "", PERSONS),
    ("sign_out", "", TO_SIGN_IN),
    ("sign_out_everywhere", "", TO_SIGN_IN),
];

fn said(answer: &Answer) -> Option<Says> {
    let location = answer.header("location");
    match answer.status.as_u16() {
        404 => Some(Missing),
        401 => Some(SignIn),
        _ if location.starts_with("/sign-in") => Some(SignIn),
        200 | 302 | 303 | 400 => Some(Fine),
        _ => None,
    }
}

fn filled(text: &str, ids: &BTreeMap<&str, String>) -> String {
    let mut text = text.to_owned();
    for (name, id) in ids {
        text = text.replace(name, id);
    }
    text
}

/// Bob connected, with a request; an account and a map of Alice's.
async fn office() -> (Place, impl Sized, Kalends, BTreeMap<&'static str, String>) {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    let mut ids = BTreeMap::new();
    let added = alice
        .post(
            "/api/add_account",
            &[
                ("label", "Head office"),
                ("account", "svc-kalends@example.test"),
                ("password", "Practice-2026!"),
                ("control", "alice@example.test"),
                ("endpoint", "mail.example.test"),
            ],
        )
        .await;
    let check = added.leads_to().to_owned();
    let body = until(&mut alice, &check, "/organisation/accounts/").await;
    ids.insert("ACCOUNT", id_behind(&body, "/organisation/accounts/"));
    let connected = bob
        .post("/api/connect_mine", &[("mailbox", "bob@example.test")])
        .await;
    let check = connected.leads_to().to_owned();
    until(&mut bob, &check, "is connected and syncing").await;
    ids.insert("CHECK", id_behind(&check, "/profile/exchange/checks/"));
    let list = alice.get("/connections").await.body;
    ids.insert(
        "CONNECTION",
        id_behind(
            &list.replace("/connections/check-exchange", ""),
            "/connections/",
        ),
    );
    bob.post(
        "/api/ask_for_mailbox",
        &[("mailbox", "room@example.test"), ("reason", "Meetings")],
    )
    .await;
    let asked = alice.get("/organisation/requests").await.body;
    ids.insert("REQUEST", id_behind(&asked, "name=\"id\" value=\""));
    // No map is made by a form without a file; one that is nobody's stands for it in what follows.
    ids.insert("MAP", "019c0000-0000-7000-8000-000000000000".to_owned());
    (place, exchange, kalends, ids)
}

async fn until(browser: &mut Browser, path: &str, text: &str) -> String {
    for _ in 0..100 {
        let body = browser.get(path).await.body;
        if body.contains(text) {
            return body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{path} never says {text}")
}

fn id_behind(text: &str, before: &str) -> String {
    let at = text.find(before).unwrap_or_else(|| panic!("no {before}"));
    text[at + before.len()..].chars().take(36).collect()
}

#[tokio::test]
async fn every_page_file_and_function_answers_each_person_as_written() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut wrong = Vec::new();
    let mut people: Vec<Option<Browser>> = vec![None];
    for person in [&BOB, &CHARLIE, &ALICE] {
        people.push(Some(kalends.browser_of(person).await));
    }
    let no_map = |path: &str, expected: Says, person: usize| {
        // Nobody's map is missing for admins as well.
        if path.contains("MAP") && person == 3 {
            Missing
        } else {
            expected
        }
    };
    for (path, expected) in PAGES.iter().chain(FILES) {
        for (place, (person, expected)) in people.iter().zip(expected).enumerate() {
            let mut browser = person.clone().unwrap_or_else(|| kalends.browser());
            let answer = browser.get(&filled(path, &ids)).await;
            let expected = no_map(path, *expected, place);
            if said(&answer) != Some(expected) {
                wrong.push(format!(
                    "{path} says {} to person {place}, not {expected:?}",
                    answer.status
                ));
            }
        }
    }
    // What is about something of Bob's first: others make and end it.
    let (about, others): (Vec<_>, Vec<_>) = FUNCTIONS
        .iter()
        .partition(|(_, fields, _)| fields.contains("id="));
    for (name, fields, expected) in about.into_iter().chain(others) {
        for (place, expected) in expected.iter().enumerate() {
            // Some forms end the session that sent them.
            let mut browser = match place {
                0 => kalends.browser(),
                1 => kalends.browser_of(&BOB).await,
                2 => kalends.browser_of(&CHARLIE).await,
                _ => kalends.browser_of(&ALICE).await,
            };
            let answer = browser
                .post_body(&format!("/api/{name}"), &filled(fields, &ids))
                .await;
            let expected = no_map(fields, *expected, place);
            if said(&answer) != Some(expected) {
                wrong.push(format!(
                    "{name} says {} to person {place}, not {expected:?}",
                    answer.status
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn every_route_and_function_has_its_row() {
    let written: BTreeSet<String> = FUNCTIONS
        .iter()
        .map(|(name, ..)| format!("/api/{name}"))
        .collect();
    let functions: BTreeSet<String> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(functions, written);
    let shape = |path: &str| -> String {
        let parts = path.split('/').map(|part| {
            let varies = part.starts_with([':', '{'])
                || part == "throttled"
                || part.chars().any(|c| c.is_ascii_uppercase());
            if varies { "*" } else { part }
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let routes: BTreeSet<String> = leptos_axum::generate_route_list(App)
        .iter()
        .map(|route| shape(route.path()))
        .collect();
    let written: BTreeSet<String> = PAGES.iter().map(|(path, _)| shape(path)).collect();
    assert_eq!(routes, written);
}
