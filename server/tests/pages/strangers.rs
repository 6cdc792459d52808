//! What people leave behind who are not signed in: little, and not for long.

use crate::{
    browser::Browser,
    databases::Database,
    program::{ALICE, Kalends, Place},
};
use http::StatusCode;
use std::time::Duration;

/// What sessions of nobody hold, the largest first, and how long they are kept.
async fn left_behind(place: &Place) -> Vec<(usize, Duration)> {
    let sql = "SELECT LENGTH(CAST(data AS BLOB)), idle_expires_at - touched_at FROM sessions \
               WHERE user_id IS NULL ORDER BY 1 DESC";
    let found = Database::file(place, "kalends.db").await.pairs(sql).await;
    let left = |(bytes, kept): (i64, i64)| {
        let bytes = usize::try_from(bytes).unwrap();
        (bytes, Duration::from_millis(kept.unsigned_abs()))
    };
    found.into_iter().map(left).collect()
}

async fn assert_little(place: &Place, what: &str) {
    for (bytes, kept) in left_behind(place).await {
        assert!(bytes <= 1500, "{what}: {bytes} bytes");
        assert!(kept <= Duration::from_mins(15), "{what}: {kept:?}");
    }
}

/// Posts forms that are much too long, each field of them, as one stranger after the other.
async fn flood(kalends: &Kalends) {
    let long = "x".repeat(12_000);
    let wide = "\u{1f600}".repeat(1000);
    for text in [&long, &wide] {
        let fields = ["code", "name", "email", "token", "time_zone", "next"];
        let fields = fields.map(|field| (field, text.as_str()));
        for function in ["setup", "accept_invitation", "sign_in", "sign_in_code"] {
            let answer = kalends
                .browser()
                .post(&format!("/api/{function}"), &fields[..5])
                .await;
            assert!(!answer.status.is_server_error(), "{function}: {answer:?}");
            let location = answer.header("location");
            assert!(location.len() < 400, "{function}: {location}");
        }
    }
}

#[tokio::test]
async fn little_is_kept_of_what_strangers_type() {
    let place = Place::new();
    let kalends = place.start().await;
    flood(&kalends).await;
    assert_little(&place, "before it is set up").await;
    place.add(&ALICE);
    flood(&kalends).await;
    assert_little(&place, "afterwards").await;
}

#[tokio::test]
async fn nothing_is_kept_by_a_set_up_that_is_closed() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let answer = kalends.browser().post("/api/setup", &[("name", "X")]).await;
    assert_eq!(answer.leads_to(), "/setup");
    assert_eq!(left_behind(&place).await, []);
}

#[tokio::test]
async fn a_short_form_comes_back_with_what_was_typed() {
    let place = Place::new();
    let kalends = place.start().await;
    let mut browser: Browser = kalends.browser();
    let name = "ä".repeat(100);
    let fields = [
        ("code", "wrong"),
        ("name", &*name),
        ("email", "alice@example.test"),
    ];
    browser.post("/api/setup", &fields).await;
    let form = browser.open("/setup").await.form("Create administrator");
    assert_eq!(form.field("Name").value, name);
    assert_eq!(form.field("Email").value, "alice@example.test");
    assert_eq!(browser.get("/setup").await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_one_address_few_sessions_are_kept_however_many_forms_it_posts() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    for number in 0..30 {
        let email = format!("nobody{number}@example.test");
        let fields = [("email", email.as_str()), ("password", "wrong")];
        kalends.browser().post("/api/sign_in", &fields).await;
    }
    let kept = left_behind(&place).await.len();
    assert!((1..=20).contains(&kept), "{kept}");
}

#[tokio::test]
async fn a_null_character_finds_nothing_and_nobody() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser();
    alice.sign_in(&ALICE).await;
    for asked in [
        "/connections?account=%00",
        "/connections?cause=a%00b",
        "/connections?domain=%00",
        "/connections.csv?account=%00",
        "/audit?who=%00",
        "/audit?about=x%00",
        "/audit.csv?about=%00",
    ] {
        let answer = alice.get(asked).await;
        assert_eq!(answer.status, StatusCode::OK, "{asked}");
    }
    let answer = alice
        .post_body("/api/sign_in", "email=a%00b&password=x")
        .await;
    assert!(answer.leads_to().starts_with("/sign-in"), "{answer:?}");
}

#[tokio::test]
async fn the_trail_keeps_addresses_alone_of_what_strangers_type() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let line = "x\r\n999,2026-01-01T00:00:00Z,alice@example.test,policy-changed,FAKE LINE,00";
    let escape = "a\u{1b}[2Jb\u{202e}c";
    for email in [line, escape, "Summer-Rain-1", "nobody@example.test"] {
        let fields = [("email", email), ("password", "wrong")];
        kalends.browser().post("/api/sign_in", &fields).await;
    }
    let mut alice = kalends.browser_of(&ALICE).await;
    let bob = [
        ("name", "B\u{202e}ob"),
        ("email", "bob@example.test"),
        ("addresses", ""),
        ("role", "member"),
    ];
    alice.post("/api/invite", &bob).await;
    let table = alice.get("/audit.csv").await.body;
    for hidden in [
        "\u{1b}",
        "\u{202e}",
        "FAKE",
        // As a line of its own: hashes hold every digit.
        "\n999,",
        "summer-rain",
        "Summer-Rain",
    ] {
        assert!(!table.contains(hidden), "{hidden:?}: {table}");
    }
    assert_eq!(
        table.matches("not an address from 127.0.0.1").count(),
        3,
        "{table}"
    );
    assert!(
        table.contains("nobody@example.test from 127.0.0.1"),
        "{table}"
    );
}
