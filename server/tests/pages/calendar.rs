//! The calendar by addresses alone: its views, one's own clock, and the page of an entry.

use crate::{
    browser::Browser,
    connect::service_form,
    page::Page,
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};

async fn connected() -> (Place, impl Sized, Kalends, Browser) {
    let mut place = Place::of(&[ALICE, BOB, CHARLIE]);
    let exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, "bob@example.test").await;
    bob.submit(&form).await;
    for _ in 0..100 {
        if bob.open("/calendar").await.text().contains("as of") {
            return (place, exchange, kalends, bob);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no round ends");
}

#[tokio::test]
async fn each_view_shows_its_days_without_inline_style() {
    let (_place, _exchange, _kalends, mut bob) = connected().await;
    for (query, columns, cells, days) in [
        ("", 7, 0, 7),
        ("?view=agenda", 0, 0, 7),
        ("?view=day&day=2026-03-29", 1, 0, 1),
        ("?view=three&day=2026-03-29", 3, 0, 3),
        ("?view=week&hours=all", 7, 0, 7),
        ("?view=month&day=2026-03-29", 0, 42, 1),
        ("?view=decade&day=never&hours=many", 7, 0, 7),
    ] {
        let page = bob.open(&format!("/calendar{query}")).await;
        let count = |selector: &str| page.attributes(selector, "class").len();
        let found = (count(".column"), count(".month-day"), count(".day"));
        assert_eq!(found, (columns, cells, days), "{query}");
        assert!(page.attributes("[style]", "style").is_empty(), "{query}");
    }
    // Beyond what is kept nobody knows what is planned.
    let page = bob.open("/calendar?view=month&day=2020-03-29").await;
    let told = page.text();
    assert!(
        told.contains(", not read") && !told.contains("nothing planned"),
        "{told}"
    );
}

#[tokio::test]
async fn how_one_reads_calendars_is_kept_and_wrong_choices_are_refused() {
    let (_place, _exchange, kalends, mut bob) = connected().await;
    let first = |page: &Page| page.attributes(".grid-head time", "datetime")[0].clone();
    let day = "/calendar?view=week&hours=all&day=2026-03-04";
    let page = bob.open(day).await;
    assert_eq!(first(&page), "2026-03-02");
    assert_eq!(page.texts(".axis li")[13], "13:00");

    let form = bob.open("/profile").await.form("Save these settings");
    let form = form
        .fill("First day of the week", "saturday")
        .fill("Clock", "twelve");
    assert_eq!(
        bob.submit(&form).await.status(),
        "Your calendar is shown this way from now on."
    );
    let page = bob.open(day).await;
    assert_eq!(first(&page), "2026-02-28");
    assert_eq!(page.texts(".axis li")[13], "1 PM");

    let wrong = bob
        .post(
            "/api/save_preferences",
            &[("first_day", "noday"), ("clock", "twelve")],
        )
        .await;
    assert!(
        wrong.status.is_redirection() || wrong.status.is_client_error(),
        "{wrong:?}"
    );
    assert_eq!(first(&bob.open(day).await), "2026-02-28");
    // Nobody else's.
    let page = kalends.browser_of(&CHARLIE).await.open("/profile").await;
    assert_eq!(
        page.form("Save these settings").field("Clock").value,
        "twenty_four"
    );
}

#[tokio::test]
async fn an_entry_has_a_page_for_its_owner_alone() {
    let (_place, _exchange, kalends, mut bob) = connected().await;
    let agenda = bob.open("/calendar?view=agenda").await;
    let entries = agenda.attributes("a.entry-subject", "href");
    let subjects = agenda.texts("a.entry-subject");
    let page = bob.open(&entries[0]).await;
    assert_eq!(page.heading(), subjects[0]);
    assert!(page.text().contains("bob@example.test"), "{}", page.text());
    assert!(page.link("Back to the calendar").is_some());
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    assert_eq!(charlie.get(&entries[0]).await.status, 404);
    for odd in [
        "/calendar/entries/1",
        "/calendar/entries/019c0000-0000-7000-8000-000000000000",
    ] {
        assert_eq!(bob.get(odd).await.status, 404, "{odd}");
    }
}

#[tokio::test]
async fn keeping_less_asks_first_and_names_what_is_lost() {
    let (_place, _exchange, kalends, mut bob) = connected().await;
    let titles = async |bob: &mut Browser| {
        let page = bob.open("/calendar?view=agenda").await;
        page.texts("a.entry-subject")
    };
    let before = titles(&mut bob).await;
    let less = [("privacy", "free_busy")];
    assert_eq!(
        bob.post("/api/save_privacy", &less).await.leads_to(),
        "/profile#privacy"
    );
    let page = bob.open("/profile").await;
    assert!(
        page.text().contains(" entries are deleted."),
        "{}",
        page.text()
    );
    assert_eq!(titles(&mut bob).await, before);
    // Asked once: whoever turns away loses nothing.
    assert!(!bob.open("/profile").await.text().contains("are deleted."));

    let mut alice = kalends.browser_of(&ALICE).await;
    let policy = [
        ("typed", "own_address"),
        ("personal", "on"),
        ("privacy", "free_busy"),
    ];
    alice.post("/api/save_policy", &policy).await;
    let page = alice.open("/organisation/policy").await;
    assert!(
        page.text()
            .contains(" of all entries of 1 calendar are deleted."),
        "{}",
        page.text()
    );
    assert_eq!(titles(&mut bob).await, before);
    let saved = alice
        .submit(&page.form("Save the policy and delete them"))
        .await;
    assert!(
        saved.text().contains("The policy is saved."),
        "{}",
        saved.text()
    );
    assert_ne!(titles(&mut bob).await, before);
}
