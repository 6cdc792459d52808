//! Floods over HTTP: many at the same moment get through as few as one after another, whoever is known is not kept
//! waiting, and memory comes back.

use crate::{
    browser::{Answer, Browser, encoded},
    people::link_of,
    program::{ALICE, BOB, Kalends, Place},
};
use futures::future::join_all;
use http::{Method, StatusCode};

/// Resident memory of the program, in MiB.
pub fn resident(kalends: &Kalends, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", kalends.id())).unwrap();
    let found = status.lines().find_map(|it| it.strip_prefix(line)).unwrap();
    let kib: u64 = found.trim_end_matches(" kB").trim().parse().unwrap();
    kib / 1024
}

/// The same form posted at the same moment, each by a browser of its own.
pub async fn at_once(many: usize, browser: &Browser, path: &str, body: &str) -> Vec<Answer> {
    all_at_once(vec![body.to_owned(); many], browser, path).await
}

/// As [`at_once`], each with a body of its own.
pub async fn all_at_once(bodies: Vec<String>, browser: &Browser, path: &str) -> Vec<Answer> {
    let posts = bodies.into_iter().map(|body| {
        let (mut browser, path) = (browser.clone(), path.to_owned());
        tokio::spawn(async move { browser.post_body(&path, &body).await })
    });
    join_all(posts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

/// An address of this machine at which nobody listens.
fn free_address() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().to_string()
}

async fn told_after_sign_in(browser: &mut Browser, email: &str, password: &str) -> String {
    let form = browser.open("/sign-in").await.form("Sign in");
    let form = form.fill("Email", email).fill("Password", password);
    let answer = browser.post_body(&form.action, &form.body()).await;
    if answer.leads_to() == "/" {
        return "in".to_owned();
    }
    browser.follow(answer).await.alert()
}

#[tokio::test]
async fn strangers_close_an_address_and_alices_own_browser_stays_open() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/profile").await.form("Sign out");
    alice.submit(&form).await;
    for number in 0..31 {
        let name = format!("nobody-{number}@example.test");
        let fields = [("email", name.as_str()), ("password", "wrong")];
        kalends.browser().post("/api/sign_in", &fields).await;
    }
    let told = told_after_sign_in(&mut kalends.browser(), BOB.email, BOB.password).await;
    assert!(told.starts_with("Too many tries"), "{told}");
    assert_eq!(
        told_after_sign_in(&mut alice, ALICE.email, ALICE.password).await,
        "in"
    );
}

#[tokio::test]
async fn a_device_is_known_by_a_cookie_of_its_own() {
    let mut place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let fields = [("email", BOB.email), ("password", BOB.password)];
    let device = |answer: &Answer, name: &str| {
        let lines = answer.headers.get_all("set-cookie").iter();
        let found: Vec<_> = lines
            .map(|it| it.to_str().unwrap().to_owned())
            .filter(|it| it.starts_with(name))
            .collect();
        assert_eq!(found.len(), 1, "{answer:?}");
        found[0].clone()
    };
    let mut browser = kalends.browser();
    let cookie = device(&browser.post("/api/sign_in", &fields).await, "device=");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=15552000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    let token = browser.cookies["device"].clone();
    assert!(
        !place.main_database_holds(&token),
        "its hash is stored alone"
    );
    let wrong = kalends
        .browser()
        .post(
            "/api/sign_in",
            &[("email", BOB.email), ("password", "wrong")],
        )
        .await;
    assert!(
        !format!("{:?}", wrong.headers).contains("device="),
        "{wrong:?}"
    );
    kalends.stop();

    place.set("KALENDS_PUBLIC_URL", "https://kalends.example.test");
    place.set("KALENDS_LISTEN", &free_address());
    let kalends = place.start().await;
    let mut browser = Browser::new(&format!("http://{}", place.settings["KALENDS_LISTEN"]));
    let answer = browser.post("/api/sign_in", &fields).await;
    let cookie = device(&answer, "__Host-device=");
    assert!(
        cookie.contains("Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"),
        "{cookie}"
    );
    kalends.stop();
}

#[tokio::test]
async fn four_hundred_hashes_at_once_take_little_memory_and_give_it_back() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open("/people?q=bob").await.link("Bob").unwrap();
    let form = alice.open(&page).await.form("Link to set a new password");
    let link = link_of(&alice.submit(&form).await.text());
    let token = link.split_once('=').unwrap().1;
    let before = resident(&kalends, "VmRSS:");
    let fields = [
        ("token", token),
        ("password", "hedgehog under seven lamps"),
        ("again", "hedgehog under seven lamps"),
        ("time_zone", "UTC"),
    ];
    let answers = at_once(
        400,
        &kalends.browser(),
        "/api/accept_invitation",
        &encoded(&fields),
    )
    .await;
    let busy: Vec<_> = answers
        .iter()
        .filter(|it| it.status == StatusCode::SERVICE_UNAVAILABLE)
        .collect();
    assert!(!busy.is_empty(), "a queue of 34 takes no 400");
    for answer in &busy {
        assert!(
            answer.header("retry-after").parse::<u32>().unwrap() > 0,
            "{answer:?}"
        );
        assert_eq!(answer.page().heading(), "Kalends is busy");
    }
    let others = answers
        .iter()
        .filter(|it| it.status != StatusCode::SERVICE_UNAVAILABLE);
    let led: Vec<_> = others.map(Answer::leads_to).collect();
    assert_eq!(
        led.iter().filter(|to| **to == "/").count(),
        1,
        "the link works once: {led:?}"
    );
    let (peak, after) = (resident(&kalends, "VmHWM:"), resident(&kalends, "VmRSS:"));
    println!("before {before} MiB, at most {peak} MiB, afterwards {after} MiB");
    assert!(
        peak < before + 150,
        "{before} MiB before, {peak} MiB at most"
    );
    assert!(
        after < before + 100,
        "{before} MiB before, {after} MiB afterwards"
    );
    assert_eq!(
        told_after_sign_in(
            &mut kalends.browser(),
            BOB.email,
            "hedgehog under seven lamps"
        )
        .await,
        "in"
    );
}

#[tokio::test]
async fn whoever_is_known_is_signed_in_while_strangers_fill_the_queue() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let form = alice.open("/profile").await.form("Sign out");
    alice.submit(&form).await;
    let form = alice.open("/sign-in").await.form("Sign in");
    let form = form
        .fill("Email", ALICE.email)
        .fill("Password", ALICE.password);
    let mut admin = kalends.browser_of(&ALICE).await;
    let page = admin.open("/people?q=bob").await.link("Bob").unwrap();
    let link = admin.open(&page).await.form("Link to set a new password");
    let link = link_of(&admin.submit(&link).await.text());
    let fields = [
        ("token", link.split_once('=').unwrap().1),
        ("password", "hedgehog under seven lamps"),
        ("again", "hedgehog under seven lamps"),
        ("time_zone", "UTC"),
    ];
    let (strange, body) = (kalends.browser(), encoded(&fields));
    let flood = at_once(300, &strange, "/api/accept_invitation", &body);
    let (answers, mine) = tokio::join!(flood, async {
        alice.post_body(&form.action, &form.body()).await
    });
    assert!(
        answers
            .iter()
            .any(|it| it.status == StatusCode::SERVICE_UNAVAILABLE)
    );
    assert_eq!(mine.leads_to(), "/");
}

#[tokio::test]
async fn an_https_address_with_one_peer_alone_is_told_unless_that_is_a_trusted_proxy() {
    let mut place = Place::of(&[ALICE]);
    place.set("KALENDS_PUBLIC_URL", "https://kalends.example.test");
    for (trusted, is_told) in [("", true), ("10.0.0.0/8", true), ("127.0.0.0/8", false)] {
        place.set("KALENDS_TRUSTED_PROXIES", trusted);
        place.set("KALENDS_LISTEN", &free_address());
        let kalends = place.start().await;
        let mut alice = Browser::new(&format!("http://{}", place.settings["KALENDS_LISTEN"]));
        alice.sign_in(&ALICE).await;
        let text = alice.open("/overview").await.text();
        assert_eq!(text.contains("KALENDS_TRUSTED_PROXIES"), is_told, "{text}");
        assert_eq!(text.contains("127.0.0.1"), is_told, "{text}");
        let log = kalends.log();
        let lines = log
            .lines()
            .filter(|it| it.contains("KALENDS_TRUSTED_PROXIES"));
        assert_eq!(lines.count(), usize::from(is_told), "{log}");
        kalends.stop();
    }
    place.settings.remove("KALENDS_PUBLIC_URL");
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let text = alice.open("/overview").await.text();
    assert!(!text.contains("KALENDS_TRUSTED_PROXIES"), "{text}");
}

#[tokio::test]
async fn each_visitor_behind_a_proxy_counts_alone_however_the_proxy_writes_addresses() {
    let mut place = Place::of(&[ALICE, BOB]);
    place.set("KALENDS_TRUSTED_PROXIES", "127.0.0.1");
    let kalends = place.start().await;
    let origin = kalends.browser().origin.clone();
    let tried = async |email: &str, password: &str, forwarded: &str| {
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &*origin),
            ("x-forwarded-for", forwarded),
        ];
        let body = encoded(&[("email", email), ("password", password)]);
        let mut browser = kalends.browser();
        let answer = browser.send(Method::POST, "/api/sign_in", &headers, &body);
        answer.await.leads_to().to_owned()
    };
    for (wrong, right) in [
        ("198.51.100.7:4711", "198.51.100.8:4711"),
        ("[2001:db8:1::7]:4711", "[2001:db8:2::8]:4711"),
        ("[2001:db8:3::7]", "[2001:db8:4::8]"),
    ] {
        for number in 0..31 {
            tried(&format!("nobody{number}@example.test"), "wrong", wrong).await;
        }
        assert_eq!(tried(BOB.email, BOB.password, right).await, "/", "{right}");
    }
    let mut alice = kalends.browser_of(&ALICE).await;
    let told = "X-Forwarded-For";
    assert!(!alice.open("/overview").await.text().contains(told));
    tried("nobody@example.test", "wrong", "a-visitor").await;
    tried("nobody@example.test", "wrong", "a-visitor").await;
    assert!(alice.open("/overview").await.text().contains(told));
    let log = kalends.log();
    assert_eq!(log.matches(told).count(), 1, "{log}");
}
