//! What every answer carries, and which requests may change something.

use crate::{
    browser::{Answer, Browser, FORM, HTML, encoded},
    program::{ALICE, BOB, Place},
};
use app::App;
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use std::collections::BTreeSet;

/// Every page, with an id that is nobody's.
fn pages() -> Vec<String> {
    let routes = leptos_axum::generate_route_list(App);
    let paths = routes.iter().map(|route| route.path().to_owned());
    let unknown = "019c0000-0000-7000-8000-000000000000";
    let paths: BTreeSet<String> = paths
        .map(|path| path.replace("{id}", unknown).replace(":id", unknown))
        .collect();
    assert!(paths.len() >= 10, "{paths:?}");
    paths.into_iter().collect()
}

fn functions() -> Vec<String> {
    let paths: BTreeSet<String> = server_fn_paths()
        .map(|(path, method)| {
            assert_eq!(method, Method::POST, "{path} changes or tells something");
            path.to_owned()
        })
        .collect();
    assert!(paths.len() >= 15, "{paths:?}");
    paths.into_iter().collect()
}

fn assert_guarded(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self' 'nonce-",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline"), "{what}: {policy}");
    assert!(!policy.contains("'unsafe-eval'"), "{what}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(answer.header("strict-transport-security"), "", "{what}");
    assert!(answer.headers.contains_key("cache-control"), "{what}");
}

#[tokio::test]
async fn every_page_file_and_answer_carries_the_headers() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut signed_out = kalends.browser();
    let mut admin = kalends.browser_of(&ALICE).await;
    for page in pages().iter().map(String::as_str).chain(["/nothing/here"]) {
        for browser in [&mut signed_out, &mut admin] {
            let answer = browser.get(page).await;
            assert_guarded(page, &answer);
            assert_eq!(answer.header("cache-control"), "no-store", "{page}");
        }
    }
    for file in ["/favicon.svg", "/pkg/a-1.js", "/pkg/a-1.css"] {
        let answer = signed_out.get(file).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_guarded(file, &answer);
        assert!(
            answer.header("cache-control").starts_with("public"),
            "{file}"
        );
        assert_eq!(answer.header("set-cookie"), "", "{file}");
    }
    for function in functions() {
        let answer = admin.post(&function, &[]).await;
        assert_guarded(&function, &answer);
        assert_eq!(answer.header("cache-control"), "no-store", "{function}");
        admin = kalends.browser();
    }
    let refused = signed_out.send(Method::POST, "/api/sign_in", &[], "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_guarded("403", &refused);
}

#[tokio::test]
async fn the_nonce_is_that_of_the_scripts_and_new_each_time() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    let mut seen = BTreeSet::new();
    for path in [
        "/sign-in",
        "/profile",
        "/profile",
        "/connections",
        "/calendar",
    ] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        let nonce = rest.split('\'').next().unwrap();
        assert!(nonce.len() >= 22, "{nonce}");
        assert!(seen.insert(nonce.to_owned()), "{nonce} again");
        let page = answer.page();
        let scripts = page.texts("script").len();
        let nonces = page.attributes("script", "nonce");
        assert_eq!(nonces.len(), scripts, "{path}");
        assert!(
            scripts > 0 && nonces.iter().all(|found| found == nonce),
            "{path}: {nonces:?}"
        );
        assert!(page.texts("style, [style], [onclick]").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn pages_are_packed_for_their_reader_and_never_for_another_site() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    let packs = ("accept-encoding", "gzip, deflate, br, zstd");
    let words = "/connections?q=bob";
    for (path, asks, into, packed) in [
        ("/profile", Some("none"), "document", "gzip"),
        ("/profile", Some("same-origin"), "document", "gzip"),
        ("/profile", Some("same-origin"), "empty", "gzip"),
        ("/profile", Some("same-site"), "document", ""),
        ("/profile", Some("cross-site"), "document", ""),
        ("/profile", None, "document", ""),
        (words, Some("same-origin"), "document", "gzip"),
        (words, Some("same-origin"), "empty", ""),
        (words, Some("cross-site"), "document", ""),
    ] {
        let what = format!("{path} {asks:?} {into}");
        let mut headers = vec![("accept", HTML), packs, ("sec-fetch-dest", into)];
        headers.extend(asks.map(|asks| ("sec-fetch-site", asks)));
        let answer = browser.send(Method::GET, path, &headers, "").await;
        assert_eq!(answer.header("content-encoding"), packed, "{what}");
        assert!(answer.body.contains("</html>"), "{what}");
    }
}

#[tokio::test]
async fn a_change_is_taken_from_our_own_pages_only() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser();
    let ours = kalends.url.clone();
    let localhost = ours.replace("127.0.0.1", "localhost");
    let other_port = format!("{}1", ours.trim_end_matches(char::is_numeric));
    let forbidden: &[&[(&str, &str)]] = &[
        &[],
        &[("origin", "https://evil.example.test")],
        &[("origin", "null")],
        &[("origin", &other_port)],
        &[("origin", "http://127.0.0.1.evil.example.test")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("referer", &ours)],
    ];
    let taken: &[&[(&str, &str)]] = &[
        &[("origin", &ours)],
        &[("origin", &localhost)],
        &[("sec-fetch-site", "same-origin")],
    ];
    for function in functions() {
        for (cases, refused) in [(forbidden, true), (taken, false)] {
            for case in cases {
                let headers = [&[("accept", HTML), ("content-type", FORM)], *case].concat();
                let answer = browser.send(Method::POST, &function, &headers, "").await;
                let was = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(was, refused, "{function} {case:?}: {answer:?}");
                browser.cookies.clear();
            }
        }
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = browser.send(method, "/api/sign_out", &[], "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn the_public_url_is_the_origin_behind_a_proxy() {
    let mut place = Place::of(&[BOB]);
    place.set("KALENDS_PUBLIC_URL", "https://Kalends.example.test/");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    place.set("KALENDS_LISTEN", &address);
    let kalends = place.start().await;
    assert_eq!(kalends.url, "https://kalends.example.test");
    let mut browser = Browser::new(&format!("http://{address}"));
    let post =
        |origin: &'static str| [("origin", origin), ("accept", HTML), ("content-type", FORM)];
    let fields = encoded(&[("email", BOB.email), ("password", BOB.password)]);
    let refused = browser
        .send(
            Method::POST,
            "/api/sign_in",
            &post("http://kalends.example.test"),
            &fields,
        )
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let taken = browser
        .send(
            Method::POST,
            "/api/sign_in",
            &post("https://kalends.example.test"),
            &fields,
        )
        .await;
    assert_eq!(taken.leads_to(), "/");
    assert!(taken.header("set-cookie").contains("Secure"), "{taken:?}");
    assert!(
        taken
            .header("strict-transport-security")
            .contains("max-age=")
    );
}

#[tokio::test]
async fn a_body_over_64_kilobytes_is_refused() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let name = "x".repeat(64 * 1024);
    let answer = browser
        .post(
            "/api/save_details",
            &[("name", &name), ("time_zone", "UTC")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_guarded("413", &answer);
    let page = browser.open("/profile").await;
    assert_eq!(page.form("Save").field("Name").value, "Bob");
}
