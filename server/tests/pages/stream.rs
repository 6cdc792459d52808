//! What open pages are told: that something changed which their reader may see, for as long as they may.

use crate::{
    access::{filled, office},
    browser::Browser,
    databases::Database,
    program::{ALICE, BOB, CHARLIE, Kalends, Place},
};
use http::StatusCode;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::{Instant, timeout},
};

/// Within this long an event comes, also on a busy machine; how soon is said where it matters.
const LIMIT: Duration = Duration::from_secs(10);
/// Within this long nothing came.
const SILENCE: Duration = Duration::from_secs(2);

const PAUSE: [(&str, &str); 1] = [("sure", "true")];

/// An answer of which line after line is read.
pub struct Stream {
    reader: BufReader<TcpStream>,
    pub status: u16,
    headers: BTreeMap<String, String>,
}

impl Stream {
    pub async fn open(browser: &Browser, topics: &[&str]) -> Self {
        let mut path = String::from("/events?age=0");
        for topic in topics {
            let _ = write!(path, "&topic={topic}");
        }
        Self::open_at(browser, &path).await
    }

    async fn open_at(browser: &Browser, path: &str) -> Self {
        let authority = browser.origin.split_once("://").unwrap().1;
        let mut stream = TcpStream::connect(authority).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {authority}\r\naccept: text/event-stream\r\naccept-encoding: gzip, br\r\n\
             sec-fetch-site: same-origin\r\ncookie: {}\r\nconnection: close\r\n\r\n",
            browser.cookie()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut stream = Self {
            reader: BufReader::new(stream),
            status: 0,
            headers: BTreeMap::new(),
        };
        let first = stream.line().await.unwrap();
        stream.status = first.split(' ').nth(1).unwrap().parse().unwrap();
        loop {
            let line = stream.line().await.unwrap();
            let Some((name, value)) = line.split_once(": ") else {
                return stream;
            };
            stream.headers.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The next line; `None` at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next line that begins so, within the limit.
    async fn next(&mut self, begin: &str, limit: Duration) -> Option<String> {
        let found = async {
            loop {
                let line = self.line().await?;
                if let Some(rest) = line.strip_prefix(begin) {
                    return Some(rest.to_owned());
                }
            }
        };
        timeout(limit, found).await.ok().flatten()
    }

    async fn event(&mut self) -> Option<String> {
        self.next("data: ", LIMIT).await
    }

    async fn is_silent(&mut self) -> bool {
        self.next("data: ", SILENCE).await.is_none()
    }

    /// Whether it ends, without another event.
    async fn ends(&mut self) -> bool {
        let end = async { while self.line().await.is_some() {} };
        timeout(LIMIT, end).await.is_ok()
    }
}

async fn sync_now(alice: &mut Browser, connection: &str) {
    let done = alice.post("/api/sync_now", &[("id", connection)]).await;
    assert!(done.status.is_redirection(), "{done:?}");
}

async fn change_bob(alice: &mut Browser, id: &str, click: &str) {
    let done = alice
        .post("/api/change_person", &[("id", id), ("click", click)])
        .await;
    assert!(done.status.is_redirection(), "{done:?}");
}

#[tokio::test]
async fn people_follow_what_they_may_see_and_for_others_it_is_not_there() {
    let (_place, _exchange, kalends, ids) = office().await;
    let people = [
        kalends.browser(),
        kalends.browser_of(&BOB).await,
        kalends.browser_of(&CHARLIE).await,
        kalends.browser_of(&ALICE).await,
    ];
    let (bobs, bobs_and_admins) = ([1].as_slice(), [1, 3].as_slice());
    let (admins, nobody) = ([3].as_slice(), [].as_slice());
    for (topics, may) in [
        (&["calendar:PERSON"][..], bobs),
        (&["connection:CONNECTION"], bobs_and_admins),
        (&["check:CHECK"], bobs_and_admins),
        (&["person:PERSON"], bobs_and_admins),
        (&["connections"], admins),
        (&["overview"], admins),
        (&["people"], admins),
        (&["organisation"], admins),
        (&["calendar:PERSON", "connection:CONNECTION"], bobs),
        (&["calendar:PERSON", "overview"], nobody),
        // No connection and no check has this id.
        (&["connection:PERSON"], admins),
        (&["everything"], nobody),
        (&["weather"], nobody),
        (&["calendar:"], nobody),
        (&[], nobody),
    ] {
        let topics: Vec<String> = topics.iter().map(|topic| filled(topic, &ids)).collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        for (place, browser) in people.iter().enumerate() {
            let mut stream = Stream::open(browser, &topics).await;
            let expected = if may.contains(&place) { 200 } else { 404 };
            assert_eq!(stream.status, expected, "{topics:?} for person {place}");
            if expected == 404 {
                assert_eq!(stream.line().await, None, "{topics:?} for person {place}");
            }
        }
    }
    let many = ["connections"; 11].join("&topic=");
    let stream = Stream::open(&people[3], &[&many]).await;
    assert_eq!(stream.status, 200, "one topic, however often it is named");
}

#[tokio::test]
async fn a_stream_is_neither_packed_nor_kept() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let alice = kalends.browser_of(&ALICE).await;
    let mut stream = Stream::open(&alice, &["overview"]).await;
    for (name, value) in [
        ("content-type", Some("text/event-stream")),
        ("cache-control", Some("no-store")),
        ("x-accel-buffering", Some("no")),
        ("content-encoding", None),
        ("set-cookie", None),
    ] {
        let found = stream.headers.get(name).map(String::as_str);
        assert_eq!(found, value, "{name}");
    }
    let retry = stream.next("retry: ", LIMIT).await.unwrap();
    assert!(
        (1000..4000).contains(&retry.parse::<u32>().unwrap()),
        "{retry}"
    );
}

#[tokio::test]
async fn a_changed_entry_is_told_within_a_second_and_a_run_that_changed_nothing_is_not() {
    let (_place, exchange, kalends, ids) = office().await;
    let bob = kalends.browser_of(&BOB).await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let topic = format!("calendar:{}", ids["PERSON"]);
    let mut stream = Stream::open(&bob, &[&topic]).await;
    let mut list = Stream::open(&alice, &["connections", "overview"]).await;
    sync_now(&mut alice, &ids["CONNECTION"]).await;
    assert!(stream.is_silent().await, "nothing changed");
    {
        let mut world = exchange.world();
        let id = world.mailbox(BOB.email).unwrap().entries()[0].id.clone();
        let now = "2026-03-02T08:00:00Z".parse().unwrap();
        world.remove_entry(BOB.email, id.as_str(), now).unwrap();
    }
    sync_now(&mut alice, &ids["CONNECTION"]).await;
    assert_eq!(stream.event().await.as_deref(), Some(&*topic));
    assert!(stream.is_silent().await, "one change is told once");
    assert!(list.is_silent().await, "how it stands did not change");
    // What is stored and told in one transaction is heard at once.
    let begun = Instant::now();
    alice.post("/api/pause_everything", &PAUSE).await;
    assert_eq!(list.event().await.as_deref(), Some("everything"));
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(stream.event().await.as_deref(), Some("everything"));
}

#[tokio::test]
async fn what_changed_since_the_page_was_asked_for_is_told_at_once() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    // Of what was before its start a process knows nothing, and tells that something may have changed.
    let mut earliest = Stream::open_at(&alice, "/events?topic=overview&age=60000").await;
    assert_eq!(earliest.event().await.as_deref(), Some("overview"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    alice.post("/api/pause_everything", &PAUSE).await;
    let mut early = Stream::open_at(&alice, "/events?topic=overview&age=1500").await;
    assert_eq!(early.event().await.as_deref(), Some("everything"));
    let mut late = Stream::open_at(&alice, "/events?topic=overview&age=0").await;
    assert!(late.is_silent().await);
}

#[tokio::test]
async fn many_changes_are_two_events_a_second() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut stream = Stream::open(&alice, &["overview"]).await;
    let begun = Instant::now();
    let mut changes = 0;
    while begun.elapsed() < Duration::from_secs(2) {
        alice.post("/api/pause_everything", &PAUSE).await;
        changes += 1;
    }
    let changed_for = begun.elapsed();
    let mut events = 0;
    while !stream.is_silent().await {
        events += 1;
    }
    let most = changed_for.as_millis() / 500 + 2;
    assert!(changes > 2 * events, "{changes} changes in {changed_for:?}");
    assert!((1..=most).contains(&events), "{events} events");
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let other = kalends.browser_of(&ALICE).await;
    let mut stream = Stream::open(&alice, &["overview"]).await;
    let mut stays = Stream::open(&other, &["overview"]).await;
    alice.post("/api/sign_out", &[]).await;
    assert!(stream.ends().await);
    assert!(stays.is_silent().await && stays.next(":", SILENCE).await.is_none());
    let again = Stream::open(&alice, &["overview"]).await;
    assert_eq!(again.status, 404);
    // A new password ends every session.
    let mut other = other;
    let fields = [
        ("current", ALICE.password),
        ("password", "practice-alice-2027"),
        ("again", "practice-alice-2027"),
    ];
    let page = other.open("/profile").await;
    let (_, form) = page
        .forms()
        .into_iter()
        .find(|(_, form)| form.action.contains("change_password"))
        .unwrap();
    let passwords = form.fields.iter().filter(|field| field.kind == "password");
    let passwords: Vec<_> = passwords.map(|field| field.name.clone()).collect();
    let typed: Vec<(&str, &str)> = passwords
        .iter()
        .zip(fields)
        .map(|(name, (_, value))| (name.as_str(), value))
        .collect();
    other.post(&form.action, &typed).await;
    assert!(stays.ends().await);
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_what_it_tells() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let bob = kalends.browser_of(&BOB).await;
    let own = format!("calendar:{}", ids["PERSON"]);
    change_bob(&mut alice, &ids["PERSON"], "admin").await;
    let mut list = Stream::open(&bob, &["connections"]).await;
    let mut calendar = Stream::open(&bob, &[&own]).await;
    assert_eq!(list.status, 200);
    change_bob(&mut alice, &ids["PERSON"], "member").await;
    assert!(list.ends().await);
    assert!(calendar.is_silent().await);
    assert_eq!(Stream::open(&bob, &["connections"]).await.status, 404);
    change_bob(&mut alice, &ids["PERSON"], "disable").await;
    assert!(calendar.ends().await);
    assert_eq!(Stream::open(&bob, &[&own]).await.status, 404);
    // Alice owes a second factor from now on.
    let mut overview = Stream::open(&alice, &["overview"]).await;
    let policy = "typed=any_mailbox&personal=on&privacy=everything&admins=required";
    alice.post_body("/api/save_policy", policy).await;
    assert!(overview.ends().await);
}

#[tokio::test]
async fn a_kalends_that_stops_ends_its_streams_at_once() {
    let place = Place::of(&[ALICE]);
    let mut kalends = place.start().await;
    let alice = kalends.browser_of(&ALICE).await;
    let mut stream = Stream::open(&alice, &["overview"]).await;
    let begun = Instant::now();
    kalends.terminate();
    assert!(stream.ends().await);
    assert_eq!(kalends.end(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

async fn open_streams(watcher: &mut Browser) -> String {
    let told = watcher.get("/metrics").await.body;
    let line = told
        .lines()
        .find(|line| line.starts_with("kalends_event_streams "));
    line.unwrap().rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_follows_eight_pages_and_a_place_that_is_given_back_is_free() {
    let mut place = Place::of(&[ALICE, BOB]);
    place.set("KALENDS_METRICS_LISTEN", "127.0.0.1:0");
    let mut kalends = place.start().await;
    let url = kalends.said("Kalends tells its numbers at ").await;
    let mut watcher = Browser::new(url.trim_end_matches("/metrics"));
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let stream = Stream::open(&alice, &["overview"]).await;
        assert_eq!(stream.status, 200);
        open.push(stream);
    }
    assert_eq!(open_streams(&mut watcher).await, "8");
    let refused = Stream::open(&alice, &["overview"]).await;
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.headers.get("retry-after").map(String::as_str),
        Some("30")
    );
    // Her requests are answered as ever.
    assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
    // Refusals of what she may not see keep no place either.
    for _ in 0..10 {
        assert_eq!(Stream::open(&alice, &["weather"]).await.status, 404);
    }
    open.pop();
    let begun = Instant::now();
    while open_streams(&mut watcher).await != "7" {
        assert!(begun.elapsed() < LIMIT, "the place is never given back");
    }
    assert_eq!(Stream::open(&alice, &["overview"]).await.status, 200);
    drop(open);
    while open_streams(&mut watcher).await != "0" {
        assert!(
            begun.elapsed() < 2 * LIMIT,
            "the places are never given back"
        );
    }
}

#[tokio::test]
async fn a_comment_comes_every_twenty_five_seconds() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let alice = kalends.browser_of(&ALICE).await;
    let mut stream = Stream::open(&alice, &["overview"]).await;
    assert_eq!(stream.next(": ", LIMIT).await.as_deref(), Some("following"));
    let begun = Instant::now();
    let comment = stream.next(": ", Duration::from_secs(30)).await;
    assert_eq!(comment.as_deref(), Some("here"));
    assert!(begun.elapsed() > Duration::from_secs(23));
}

/// When the session of the only person was used last, and when it ends without use.
async fn used(place: &Place) -> (i64, i64) {
    let mut database = Database::file(place, "kalends.db").await;
    let found = "SELECT touched_at, idle_expires_at FROM sessions WHERE user_id IS NOT NULL";
    database.pairs(found).await[0]
}

#[tokio::test]
async fn following_does_not_keep_a_session_from_ending() {
    let (place, kalends): (Place, Kalends) = {
        let place = Place::of(&[ALICE]);
        let kalends = place.start().await;
        (place, kalends)
    };
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut database = Database::file(&place, "kalends.db").await;
    // Longer ago than use goes unwritten.
    let ago = "UPDATE sessions SET touched_at = touched_at - 600000, idle_expires_at = idle_expires_at - 600000";
    database.execute(ago).await;
    let before = used(&place).await;
    let stream = Stream::open(&alice, &["overview"]).await;
    assert_eq!(stream.status, 200);
    let by_itself = [("accept", "text/html"), ("kalends-follow", "1")];
    let page = alice
        .send(http::Method::GET, "/overview", &by_itself, "")
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(used(&place).await, before);
    alice.get("/overview").await;
    assert!(used(&place).await.0 > before.0);
    // Nor does it take words that are shown once.
    alice
        .post("/api/pause_everything", &[("resume", "true")])
        .await;
    for _ in 0..2 {
        let page = alice.send(http::Method::GET, "/organisation", &by_itself, "");
        assert_eq!(page.await.status, StatusCode::OK);
    }
    let told = alice.open("/organisation").await.status();
    assert!(told.contains("asks Exchange again"), "{told}");
    let told = alice.open("/organisation").await.status();
    assert!(!told.contains("asks Exchange again"), "{told}");
}
