//! Files to take away: what a browser gets, packed on its way, is byte for byte what plain HTTP gives.

use crate::{
    access::{FILES, filled, office},
    browser::Browser,
    program::{ALICE, BOB, Kalends},
};
use http::Method;

/// What browsers send with a click on a download, and with an address that was typed.
const BROWSERS: [&[(&str, &str)]; 3] = [
    &[
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("sec-fetch-site", "same-origin"),
    ],
    &[
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-dest", "document"),
    ],
    &[
        ("accept-encoding", "gzip"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-dest", "document"),
    ],
];

async fn fetched(browser: &mut Browser, path: &str, headers: &[(&str, &str)]) -> (bool, String) {
    let answer = browser.send(Method::GET, path, headers, "").await;
    assert_eq!(answer.status, 200, "{path}");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment"), "{path}");
    let is_packed = answer.header("content-encoding") == "gzip";
    (is_packed, answer.body)
}

/// A file without what each download changes: its own moment and its own line in the trail.
fn lasting(path: &str, body: &str) -> String {
    if path != "/profile/data.json" {
        return body.to_owned();
    }
    let mut all: serde_json::Value = serde_json::from_str(body).unwrap();
    let all = all.as_object_mut().unwrap();
    for name in ["exported_at", "what_you_did", "who_looked"] {
        all.remove(name).unwrap();
    }
    serde_json::to_string(all).unwrap()
}

/// Compares what each browser gets with what plain HTTP gives, once that stands still.
async fn expect_same(browser: &mut Browser, path: &str, is_to_be_packed: bool) -> String {
    for headers in BROWSERS {
        let mut is_same = false;
        for _ in 0..10 {
            let (_, before) = fetched(browser, path, &[]).await;
            let (is_packed, sent) = fetched(browser, path, headers).await;
            let (_, after) = fetched(browser, path, &[]).await;
            assert_eq!(is_packed, is_to_be_packed, "{path} {headers:?}");
            assert!(!sent.is_empty(), "{path} {headers:?}");
            if lasting(path, &before) == lasting(path, &after) {
                assert_eq!(lasting(path, &sent), lasting(path, &after), "{path}");
                is_same = true;
                break;
            }
        }
        assert!(is_same, "{path} changes all the time");
    }
    fetched(browser, path, &[]).await.1
}

async fn alice(kalends: &Kalends) -> Browser {
    kalends.browser_of(&ALICE).await
}

#[tokio::test]
async fn every_download_reaches_a_browser_byte_for_byte() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut alice = alice(&kalends).await;
    let table = "name,email,role,addresses\nDora,dora@example.test,,";
    let read = alice
        .post_parts("/api/read_import", &[("table", table)])
        .await;
    let page = alice.follow(read).await;
    alice.submit(&page.form("Send invitations")).await;
    for (path, _) in FILES {
        let mut browser = if path.starts_with("/profile") {
            kalends.browser_of(&BOB).await
        } else {
            alice.clone()
        };
        expect_same(&mut browser, &filled(path, &ids), true).await;
    }
    // A filtered list has words in its address: packed only where the reader opens it as a document.
    let (_, list) = fetched(&mut alice, "/connections.csv?q=bob", BROWSERS[1]).await;
    assert!(list.contains("bob@example.test"), "{list}");
}

#[tokio::test]
async fn a_list_of_several_pages_is_whole() {
    let (_place, _exchange, kalends, ids) = office().await;
    let mut alice = alice(&kalends).await;
    let addresses: Vec<String> = (0..1201).map(|n| format!("room{n}@example.test")).collect();
    let fields = [
        ("account", &*ids["ACCOUNT"]),
        ("from", "list"),
        ("addresses", &addresses.join("\n")),
    ];
    let mapped = alice.post_parts("/api/check_scope", &fields).await;
    let map = mapped.leads_to().to_owned();
    let id = map.rsplit('/').next().unwrap();
    alice.post("/api/cancel_scope", &[("id", id)]).await;
    let list = expect_same(&mut alice, &format!("{map}/addresses.csv"), true).await;
    assert_eq!(list.lines().count(), 1 + addresses.len());
}
