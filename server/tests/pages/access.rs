//! Who may open what: every page, file and server function for nobody, Bob, Charlie and Alice. A route without a row
//! fails.

use crate::{
    browser::{Answer, Browser},
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};
use app::App;
use kalends_core::rights::{Right, Role};
use kalends_simulator::RunningSimulator;
use leptos::server_fn::axum::server_fn_paths;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// The page, or that the form was taken or is wrong.
    Fine,
    /// To sign in first.
    SignIn,
    /// That there is no such thing.
    Missing,
}
use Says::{Fine, Missing, SignIn};

/// Nobody, Bob, Charlie, Alice. What has an id has one of Bob's.
pub type Row = (&'static str, [Says; 4]);

/// What is told of something that needs a right, by the table of rights.
const fn needs(right: Right) -> [Says; 4] {
    const fn says(role: Role, right: Right) -> Says {
        if role.has(right) { Fine } else { Missing }
    }
    let member = says(Role::Member, right);
    [SignIn, member, member, says(Role::Admin, right)]
}

const OPEN: [Says; 4] = [Fine; 4];
/// Leads to the sign-in page, whoever asks: there are people already, or nobody is signed in after it.
const TO_SIGN_IN: [Says; 4] = [SignIn; 4];
const PERSONS: [Says; 4] = needs(Right::OwnPages);
const CONNECTIONS: [Says; 4] = needs(Right::Connections);
const PEOPLE: [Says; 4] = needs(Right::People);
const ACCOUNTS: [Says; 4] = needs(Right::Accounts);
const REQUESTS: [Says; 4] = needs(Right::Requests);
const NOTICES: [Says; 4] = needs(Right::Notices);
const TRAIL: [Says; 4] = needs(Right::AuditTrail);
const ORGANISATION: [Says; 4] = needs(Right::Organisation);
/// Bob's own, which admins may look at.
const BOBS: [Says; 4] = [SignIn, Fine, Missing, Fine];
/// Bob's own, and nobody else's.
const BOBS_ALONE: [Says; 4] = [SignIn, Fine, Missing, Missing];

pub const PAGES: &[Row] = &[
    ("/", PERSONS),
    ("/setup", TO_SIGN_IN),
    ("/sign-in", OPEN),
    // Nobody whose password was right owes a code.
    ("/sign-in/code", TO_SIGN_IN),
    ("/calendar", PERSONS),
    ("/calendar/entries/ENTRY", BOBS_ALONE),
    ("/profile", PERSONS),
    ("/profile/security", PERSONS),
    ("/profile/security/second-factor", PERSONS),
    ("/profile/data", PERSONS),
    ("/profile/purge", PERSONS),
    ("/profile/exchange/connect", PERSONS),
    ("/profile/exchange/disconnect", PERSONS),
    ("/profile/exchange/request", PERSONS),
    ("/profile/exchange/checks/CHECK", BOBS),
    ("/connections", CONNECTIONS),
    ("/connections/check-exchange", CONNECTIONS),
    // An analysis is its admin's alone, and this id is none.
    (
        "/connections/check-exchange/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/connections/CONNECTION", CONNECTIONS),
    ("/connections/disconnect", CONNECTIONS),
    // Nothing was done to many.
    (
        "/connections/actions/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/overview", CONNECTIONS),
    ("/style", ORGANISATION),
    ("/people", PEOPLE),
    ("/people/invite", PEOPLE),
    ("/people/import", PEOPLE),
    // Nobody was invited from a table.
    ("/people/import/CHECK", [SignIn, Missing, Missing, Missing]),
    ("/people/PERSON", PEOPLE),
    // For whoever has a link.
    ("/invitation", OPEN),
    ("/organisation", ORGANISATION),
    ("/organisation/activity", ORGANISATION),
    ("/organisation/pause", ORGANISATION),
    ("/organisation/policy", ORGANISATION),
    ("/organisation/requests", REQUESTS),
    ("/organisation/notices", NOTICES),
    // Nothing was sent.
    (
        "/organisation/notices/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/organisation/mailboxes", ACCOUNTS),
    ("/organisation/mailboxes/SCOPE", ACCOUNTS),
    ("/organisation/accounts/new", ACCOUNTS),
    ("/organisation/accounts/ACCOUNT", ACCOUNTS),
    ("/organisation/accounts/ACCOUNT/server", ACCOUNTS),
    ("/organisation/accounts/ACCOUNT/pause", ACCOUNTS),
    ("/organisation/accounts/ACCOUNT/disconnect", ACCOUNTS),
    // Nothing has ended.
    (
        "/organisation/ended/CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("/audit", TRAIL),
    ("/help/service-account", PERSONS),
    ("/help/problems", PERSONS),
    ("/help/problems/throttled", PERSONS),
];

pub const FILES: &[Row] = &[
    ("/audit.csv", [Missing, Missing, Missing, Fine]),
    ("/connections.csv", [Missing, Missing, Missing, Fine]),
    ("/people/links.csv", [Missing, Missing, Missing, Fine]),
    (
        "/organisation/mailboxes/SCOPE/addresses.csv",
        [Missing, Missing, Missing, Fine],
    ),
    ("/profile/data.json", PERSONS),
    ("/profile/calendar.ics", PERSONS),
    // Without a topic; what each may follow stands beside the streams.
];

/// Without a topic there is nothing to follow.
const STREAMS: &[Row] = &[("/events", [Missing; 4])];

/// Functions with the fields that they need.
const FUNCTIONS: &[(&str, &str, [Says; 4])] = &[
    ("setup", "", OPEN),
    ("sign_in", "", TO_SIGN_IN),
    ("sign_in_code", "", TO_SIGN_IN),
    ("sign_out_device", "", PERSONS),
    ("sign_out_others", "", PERSONS),
    ("begin_second_factor", "", PERSONS),
    ("end_second_factor", "", PERSONS),
    ("confirm_second_factor", "", PERSONS),
    ("cancel_second_factor", "", PERSONS),
    ("save_details", "name=X&time_zone=Europe%2FBerlin", PERSONS),
    ("change_password", "", PERSONS),
    ("save_privacy", "privacy=free_busy", PERSONS),
    ("save_preferences", "first_day=sunday&clock=twelve", PERSONS),
    ("connect", "", PERSONS),
    ("connect_mine", "", PERSONS),
    ("replace_password", "", PERSONS),
    ("ask_for_mailbox", "", PERSONS),
    ("withdraw_request", "id=REQUEST", BOBS_ALONE),
    ("cancel_check", "id=CHECK", BOBS),
    ("mend_form", "id=CHECK", BOBS),
    (
        "act_on_many",
        "chosen%5B%5D=CONNECTION&action=check",
        CONNECTIONS,
    ),
    ("check_exchange", "", CONNECTIONS),
    (
        "cancel_analysis",
        "id=CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("invite", "", PEOPLE),
    // Without a file it is no form.
    ("read_import", "", [Fine; 4]),
    ("import_people", "drop=true", PEOPLE),
    ("change_person", "id=PERSON", PEOPLE),
    ("change_address", "id=PERSON", PEOPLE),
    ("accept_invitation", "", OPEN),
    (
        "save_policy",
        "typed=any_mailbox&personal=on&privacy=everything",
        ORGANISATION,
    ),
    ("decide_request", "id=REQUEST&decision=refuse", REQUESTS),
    ("end_or_retry", "id=SCOPE", ORGANISATION),
    ("cancel_scope", "id=SCOPE", ACCOUNTS),
    ("resume_scope", "id=SCOPE", ACCOUNTS),
    ("connect_mailboxes", "id=SCOPE", ACCOUNTS),
    ("add_account", "", ACCOUNTS),
    ("move_account", "id=ACCOUNT", ACCOUNTS),
    ("change_account", "id=ACCOUNT", ACCOUNTS),
    ("test_password", "id=ACCOUNT", ACCOUNTS),
    ("replace_account_password", "id=ACCOUNT", ACCOUNTS),
    ("work_account", "id=ACCOUNT&click=drop", ACCOUNTS),
    ("end_account", "id=ACCOUNT&name=x", ACCOUNTS),
    ("test_mail", "", NOTICES),
    ("add_webhook", "", NOTICES),
    (
        "test_webhook",
        "id=CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    (
        "remove_webhook",
        "id=CHECK",
        [SignIn, Missing, Missing, Missing],
    ),
    ("check_now", "id=CONNECTION", CONNECTIONS),
    ("sync_now", "id=CONNECTION", CONNECTIONS),
    ("rebuild", "id=CONNECTION", CONNECTIONS),
    (
        "pause_connection",
        "id=CONNECTION&paused=false",
        CONNECTIONS,
    ),
    // Without a file it is no form.
    ("check_scope", "", [Fine; 4]),
    ("endings_reviewed", "", CONNECTIONS),
    ("pause_everything", "resume=true", ORGANISATION),
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

pub fn filled(text: &str, ids: &BTreeMap<&str, String>) -> String {
    let mut text = text.to_owned();
    for (name, id) in ids {
        text = text.replace(name, id);
    }
    text
}

/// Bob connected, with a request; an account and a mailbox scope of Alice's.
pub async fn office() -> (
    Place,
    RunningSimulator,
    Kalends,
    BTreeMap<&'static str, String>,
) {
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
    let agenda = until(&mut bob, "/calendar?view=agenda", "/calendar/entries/").await;
    ids.insert("ENTRY", id_behind(&agenda, "/calendar/entries/"));
    let people = alice.get("/people?q=bob").await.body;
    ids.insert(
        "PERSON",
        id_behind(
            &people
                .replace("/people/invite", "")
                .replace("/people/import", ""),
            "/people/",
        ),
    );
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
    let fields = [
        ("account", &*ids["ACCOUNT"]),
        ("from", "list"),
        ("addresses", "bob@example.test"),
    ];
    let mapped = alice.post_parts("/api/check_scope", &fields).await;
    ids.insert(
        "SCOPE",
        id_behind(mapped.leads_to(), "/organisation/mailboxes/"),
    );
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
    for (path, expected) in PAGES.iter().chain(FILES).chain(STREAMS) {
        for (place, (person, expected)) in people.iter().zip(expected).enumerate() {
            let mut browser = person.clone().unwrap_or_else(|| kalends.browser());
            let answer = browser.get(&filled(path, &ids)).await;
            if said(&answer) != Some(*expected) {
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
            if said(&answer) != Some(*expected) {
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
