//! What it costs that pages are open and follow while nothing changes: the processor time of the server, by Linux's count.

use crate::{Browser, Kalends};
use http_body_util::BodyExt as _;
use hyper::Method;
use std::{fs, time::Duration};
use tokio::{task::JoinSet, time::sleep};

/// So many people with so many pages each: the most of one person is eight.
const PEOPLE: [&str; 10] = [
    "ben.albers.1@example.test",
    "clara.albers.2@example.test",
    "david.albers.3@example.test",
    "emma.albers.4@example.test",
    "greta.albers.6@example.test",
    "hugo.albers.7@example.test",
    "anna.brandt.8@example.test",
    "ben.brandt.9@example.test",
    "david.brandt.11@example.test",
    "emma.brandt.12@example.test",
];
const PAGES_EACH: usize = 5;
const WATCHED: Duration = Duration::from_secs(30);
/// The unit of `/proc/PID/stat` on every Linux that Kalends runs on.
const TICKS_PER_SECOND: f64 = 100.0;

pub async fn measure(kalends: &Kalends) {
    let mut streams = JoinSet::new();
    for email in PEOPLE {
        let mut browser = Browser::open(&kalends.address).await;
        browser.sign_in(email).await;
        let page = browser.text("/calendar").await;
        let topics = page.split("data-topics=\"").nth(1).unwrap();
        let topic = topics.split('"').next().unwrap();
        let path = format!("/events?topic={topic}&age=0");
        for _ in 0..PAGES_EACH {
            let mut page = Browser::open(&kalends.address).await;
            page.cookie.clone_from(&browser.cookie);
            let answer = page.send(Method::GET, &path, "").await;
            assert_eq!(answer.status(), 200, "{path}");
            let mut events = answer.into_body();
            streams.spawn(async move {
                while events.frame().await.is_some() {}
                drop(page);
            });
        }
    }
    // What was asked for at the start is over by then.
    sleep(Duration::from_secs(3)).await;
    let before = processor_seconds(kalends.child.id());
    sleep(WATCHED).await;
    let used = processor_seconds(kalends.child.id()) - before;
    let open = PEOPLE.len() * PAGES_EACH;
    assert!(streams.try_join_next().is_none(), "a stream ended");
    println!(
        "{open} open pages that follow while nothing changes: {:.2} % of a core",
        used / WATCHED.as_secs_f64() * 100.0
    );
}

fn processor_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold anything: the state is the first field, both times are the twelfth and thirteenth.
    let fields = stat.rsplit(") ").next().unwrap();
    let ticks = fields.split(' ').skip(11).take(2);
    ticks
        .map(|field| field.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS_PER_SECOND
}
