//! One action for many connections: nothing is said to be done before it is, and what failed stands first.

use crate::{
    browser::Browser,
    page::Page,
    program::{ALICE, Kalends, Place},
};
use kalends_simulator::{RunningSimulator, world::practice::SERVICE_PASSWORD};

const PEOPLE: usize = 64;
/// Their mailboxes are gone by the time of the sync.
const GONE: [usize; 3] = [7, 33, 64];

fn address(number: usize) -> String {
    format!("person{number:02}@example.test")
}

/// Alice, and many whose calendars are connected through the organisation's account.
async fn office() -> (Place, RunningSimulator, Kalends) {
    let mut place = Place::of(&[ALICE]);
    let exchange = place.exchange().await;
    let now = exchange.clock.now();
    let all: Vec<String> = (1..=PEOPLE).map(address).collect();
    for mailbox in &all {
        let mut world = exchange.world();
        world.add_mailbox(mailbox, "Person", now).unwrap();
    }
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let read = alice
        .post_parts("/api/read_import", &[("table", &all.join("\n"))])
        .await;
    let preview = alice.follow(read).await;
    alice.submit(&preview.form("Send invitations")).await;
    let form = alice.open("/organisation/accounts/new").await;
    let form = form.form("Test and save");
    let form = form
        .fill("Name", "Head office")
        .fill("Service account username", "svc-kalends@example.test")
        .fill("Service account password", SERVICE_PASSWORD)
        .fill("Control mailbox", ALICE.email)
        .fill("Exchange server", "mail.example.test");
    let saved = alice.submit(&form).await;
    assert_eq!(saved.heading(), "Tested and saved", "{}", saved.text());
    let page = alice.open("/organisation/mailboxes").await;
    let (_, form) = page.forms().remove(1);
    let mut fields: Vec<(&str, &str)> = vec![("from", "list")];
    let list = all.join(" ");
    fields.push(("addresses", &list));
    let account = form.fields.iter().find(|field| field.name == "account");
    fields.extend(account.map(|field| ("account", &*field.value)));
    let map = alice.post_parts("/api/check_scope", &fields).await;
    let map = map.leads_to().to_owned();
    let ready = until(&mut alice, &map, "Connect all 64 in scope").await;
    let form = ready.form("Connect all 64 in scope");
    alice.post_body(&form.action, &form.body()).await;
    until(
        &mut alice,
        &map,
        "64 of 64 chosen mailboxes dealt with. Complete.",
    )
    .await;
    (place, exchange, kalends)
}

async fn until(browser: &mut Browser, path: &str, text: &str) -> Page {
    for _ in 0..600 {
        let page = browser.get(path).await.page();
        if page.text().contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let page = browser.get(path).await.page();
    panic!("{path} never says {text:?}: {}", page.text())
}

/// Begins an action for everybody, and looks until it is over; while it runs, nothing is told as done.
async fn act(admin: &mut Browser, action: &str) -> Page {
    let fields = [("all", "true"), ("action", action)];
    let begun = admin.post("/api/act_on_many", &fields).await;
    let page = begun.leads_to().to_owned();
    assert!(page.starts_with("/connections/actions/"), "{page}");
    for _ in 0..600 {
        let shown = admin.get(&page).await.page();
        let runs = shown.text().contains("looks again by itself");
        let doing = shown.heading().split(' ').next().unwrap().ends_with("ing");
        assert_eq!(runs, doing, "{}: {}", shown.heading(), shown.status());
        if !runs {
            return shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{action} never ends")
}

#[tokio::test]
async fn of_many_results_those_that_failed_stand_first_and_nothing_is_told_ahead() {
    let (_place, exchange, kalends) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let list = alice.open("/connections").await;
    assert!(
        list.text().contains("50 at most at a time"),
        "said before the click: {}",
        list.text()
    );
    for number in GONE {
        exchange.world().remove_mailbox(&address(number)).unwrap();
    }
    let synced = act(&mut alice, "sync").await;
    assert_eq!(synced.heading(), "Connections synced");
    assert!(
        synced.status().contains("All 64 done, 3 of them failed."),
        "{}",
        synced.status()
    );
    let mailboxes = synced.texts("tbody td[data-label=Mailbox]");
    let results = synced.texts("tbody td[data-label=Result]");
    assert_eq!((mailboxes.len(), results.len()), (PEOPLE, PEOPLE));
    let mut first = mailboxes[..GONE.len()].to_vec();
    first.sort_unstable();
    assert_eq!(first, GONE.map(address));
    for (place, result) in results.iter().enumerate() {
        let is_bad = !result.starts_with("Synced");
        assert_eq!(is_bad, place < GONE.len(), "{place}: {result}");
    }

    let paused = act(&mut alice, "pause").await;
    assert_eq!(paused.heading(), "Connections paused");
    // Nothing that is paused was synced.
    let none = act(&mut alice, "sync").await;
    assert_eq!(none.heading(), "No connection synced");
    assert!(
        none.status().contains("All 64 failed."),
        "{}",
        none.status()
    );
    // More than fifty sign-ins at a time are not begun.
    let fields = [("all", "true"), ("action", "check")];
    let refused = alice.post("/api/act_on_many", &fields).await;
    assert_eq!(refused.leads_to(), "/connections");

    // Each question is about what it names: an older one is not the answer to a newer one.
    let list = alice.get("/connections").await.body;
    let ids: Vec<&str> = list
        .split("id=\"row-")
        .skip(1)
        .map(|row| &row[..36])
        .collect();
    let mut questions = Vec::new();
    for id in &ids[..2] {
        let fields = [("chosen[0]", *id), ("action", "disconnect")];
        let asked = alice.post("/api/act_on_many", &fields).await;
        let page = asked.leads_to().to_owned();
        questions.push(alice.open(&page).await);
    }
    let stale = alice.submit(&questions[0].form("Disconnect")).await;
    assert!(
        stale
            .text()
            .contains("the question was replaced by a newer one"),
        "{}",
        stale.text()
    );
    let done = alice.submit(&questions[1].form("Disconnect")).await;
    assert_eq!(
        (done.heading().as_str(), done.texts("tbody tr").len()),
        ("Calendars disconnected", 1)
    );
}
