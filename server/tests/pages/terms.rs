//! One term for each thing on every page as it is shown, in every state that the office of these tests can be in.

use crate::{
    access::{PAGES, filled, office},
    program::{ALICE, BOB},
};

/// Words that stand for something with a name of its own.
const SYNONYMS: &[&str] = &[
    "admin",
    "admins",
    "round",
    "rounds",
    "event",
    "events",
    "appointment",
    "appointments",
    "organizer",
    "organizers",
    "synchronise",
    "synchronize",
    "synchronisation",
    "synchronization",
    "resync",
    "sysadmin",
];

/// Nobody that Kalends knows.
const THIRD_ACTORS: &[&str] = &[
    "exchange team",
    "it department",
    "it team",
    "help desk",
    "mailbox administrator",
    "mail administrator",
    "domain administrator",
    "system administrator",
    "server administrator",
];

/// What others called so.
const NAMES: &[&str] = &["event 4625", "event log", "the other way round"];

fn wrong(prose: &str) -> Vec<String> {
    let mut prose = prose.to_lowercase();
    for name in NAMES {
        prose = prose.replace(name, " ");
    }
    let words = prose.split(|c: char| !c.is_alphabetic());
    let words = words.filter(|word| SYNONYMS.contains(word));
    let actors = THIRD_ACTORS.iter().filter(|it| prose.contains(**it));
    words.chain(actors.copied()).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_page_calls_each_thing_by_one_name() {
    let (_place, exchange, kalends, ids) = office().await;
    let mut found = Vec::new();
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    // Once as all is well, once with an account that was refused and what was done about it.
    for is_refused in [false, true] {
        if is_refused {
            exchange.world().settings.directory_down = true;
            let form = alice.open(&filled("/connections/CONNECTION", &ids)).await;
            alice.submit(&form.form("Check now")).await;
            let form = alice.open(&filled("/connections/CONNECTION", &ids)).await;
            alice.submit(&form.form("Sync now")).await;
        }
        for (path, _) in PAGES {
            for browser in [&mut alice, &mut bob] {
                let answer = browser.get(&filled(path, &ids)).await;
                for word in wrong(&answer.page().prose()) {
                    found.push(format!("{path}: {word}"));
                }
            }
        }
    }
    let problems = alice.open("/help/problems").await;
    for link in problems.attributes("main a[href^='/help/problems/']", "href") {
        for word in wrong(&alice.open(&link).await.prose()) {
            found.push(format!("{link}: {word}"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn buttons_and_headings_are_called_as_people_know_them() {
    let (_place, exchange, kalends, ids) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let says =
        async |browser: &mut crate::browser::Browser, path: &str, selector: &str, words: &str| {
            let page = browser.open(&filled(path, &ids)).await;
            let texts = page.texts(selector);
            assert!(
                texts.contains(&words.to_owned()),
                "{path}: {words}: {texts:?}"
            );
        };
    says(&mut alice, "/people/invite", "button", "Send invitation").await;
    says(&mut alice, "/people/import", "button", "Preview").await;
    says(
        &mut alice,
        "/connections/CONNECTION",
        "button",
        "Re-read the calendar",
    )
    .await;
    let notices = alice.open("/organisation/notices").await;
    assert!(
        notices.text().contains("No open alerts"),
        "{}",
        notices.text()
    );
    let overview = alice.open("/overview").await;
    assert!(
        overview.text().contains("Sync delay"),
        "{}",
        overview.text()
    );
    exchange.world().settings.directory_down = true;
    let page = alice.open(&filled("/connections/CONNECTION", &ids)).await;
    alice.submit(&page.form("Check now")).await;
    says(&mut alice, "/overview", "a", "Open account").await;
}

#[tokio::test]
async fn every_date_says_in_which_zone_it_is_meant() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut dates = 0;
    for (path, _) in PAGES {
        let page = alice.get(&filled(path, &ids)).await.page();
        for name in page.attributes("main input[type=date]", "name") {
            dates += 1;
            let told = page.said_of(&name).contains("in UTC")
                || page
                    .text()
                    .contains("Days and times are those of Europe/Berlin.");
            assert!(told, "{path}: {name}");
        }
    }
    assert!(dates >= 4, "{dates}");
}
