//! What whoever watches Kalends by program sees: alive, ready, the numbers, and the log as JSON.

use crate::{
    browser::Browser,
    connect::service_form,
    databases::Database,
    program::{ALICE, BOB, Kalends, Place},
};
use http::StatusCode;
use serde_json::Value;
use std::{io::Write as _, net::TcpStream};

/// A browser at the listener of the numbers.
pub async fn watcher(kalends: &mut Kalends) -> Browser {
    let url = kalends.said("Kalends tells its numbers at ").await;
    Browser::new(url.trim_end_matches("/metrics"))
}

#[tokio::test]
async fn a_kalends_that_serves_is_alive_and_ready_for_everybody() {
    let mut place = Place::of(&[BOB]);
    place.set("KALENDS_METRICS_LISTEN", "127.0.0.1:0");
    let mut kalends = place.start().await;
    let mut watcher = watcher(&mut kalends).await;
    for browser in [&mut kalends.browser(), &mut watcher] {
        for (path, word) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
            let answer = browser.get(path).await;
            assert_eq!((answer.status, &*answer.body), (StatusCode::OK, word));
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
}

#[tokio::test]
async fn while_it_stops_it_is_not_ready() {
    let mut place = Place::of(&[BOB]);
    place.set("KALENDS_METRICS_LISTEN", "127.0.0.1:0");
    let mut kalends = place.start().await;
    let mut watcher = watcher(&mut kalends).await;
    // A request whose body does not come keeps it from ending.
    let mut half = TcpStream::connect(kalends.authority()).unwrap();
    let head = format!(
        "POST /api/sign_in HTTP/1.1\r\nhost: x\r\norigin: {}\r\ncontent-type: {}\r\ncontent-length: 10\r\n\r\n",
        kalends.url,
        crate::browser::FORM
    );
    half.write_all(head.as_bytes()).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    kalends.terminate();
    kalends.said("stopping: open requests may end").await;
    let answer = watcher.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body, "stopping\n");
    assert_eq!(watcher.get("/healthz").await.body, "alive\n");
    drop(half);
    let ended = tokio::task::spawn_blocking(move || (kalends.end(), kalends.log()));
    let (code, log) = ended.await.unwrap();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn while_a_key_of_the_vault_is_missing_here_it_is_not_ready() {
    let mut place = Place::of(&[BOB]);
    let _exchange = place.exchange().await;
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let form = service_form(&mut bob, BOB.email).await;
    assert_eq!(bob.submit(&form).await.heading(), "Connected");
    assert_eq!(bob.get("/readyz").await.status, StatusCode::OK);
    // As after another instance has sealed with a newer key.
    let mut vault = Database::file(&place, "vault.db").await;
    let newer = "UPDATE secrets SET key_id = key_id || '-newer'";
    assert_eq!(vault.execute(newer).await, 1);
    let answer = bob.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        answer.body.contains("needs a key that is not here"),
        "{}",
        answer.body
    );
    assert_eq!(bob.get("/healthz").await.body, "alive\n");
    let back = "UPDATE secrets SET key_id = REPLACE(key_id, '-newer', '')";
    assert_eq!(vault.execute(back).await, 1);
    assert_eq!(bob.get("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_numbers_are_told_at_their_own_address_and_name_nobody() {
    let mut place = Place::of(&[ALICE, BOB]);
    let _exchange = place.exchange().await;
    place.set("KALENDS_METRICS_LISTEN", "127.0.0.1:0");
    let mut kalends = place.start().await;
    let mut watcher = watcher(&mut kalends).await;
    let mut bob = kalends.browser_of(&BOB).await;
    let wrong = [("email", BOB.email), ("password", "wrong")];
    kalends.browser().post("/api/sign_in", &wrong).await;
    let form = service_form(&mut bob, BOB.email).await;
    assert_eq!(bob.submit(&form).await.heading(), "Connected");
    let form = service_form(&mut bob, BOB.email).await;
    let form = form.fill("Service account password", "not it");
    bob.submit(&form).await;

    let answer = watcher.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "kalends_people 2",
        "kalends_notices{state=\"waiting\"} 0",
        "kalends_notices{state=\"failed\"} 0",
        "kalends_sessions 1",
        "kalends_second_factors 0",
        "kalends_connections{state=\"connected\"} 1",
        "kalends_connections{state=\"action_needed\"} 0",
        "kalends_sign_ins_total{outcome=\"signed-in\"} 1",
        "kalends_sign_ins_total{outcome=\"wrong-password\"} 1",
        "kalends_sign_ins_total{outcome=\"wrong-code\"} 0",
        "kalends_exchange_sign_ins_refused_total 1",
        "# EOF",
    ] {
        let found = answer.body.lines().any(|found| found == line);
        assert!(found, "{line} in\n{}", answer.body);
    }
    for part in [
        "kalends_build_info{version=\"",
        "kalends_exchange_call_seconds_bucket{le=\"0.05\",operation=\"FindItem\",code=\"NoError\"}",
        "operation=\"GetFolder\",code=\"sign-in-refused\"",
    ] {
        assert!(answer.body.contains(part), "{part} in\n{}", answer.body);
    }
    for name in ["@", "Bob", "example.test", "svc-kalends", "127.0.0.1"] {
        assert!(!answer.body.contains(name), "{name} in\n{}", answer.body);
    }
    assert_eq!(watcher.get("/profile").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get("/metrics").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_the_setting_no_numbers_are_told() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    assert!(!kalends.log().contains("numbers"), "{}", kalends.log());
}

#[tokio::test]
async fn each_line_of_a_json_log_is_an_object_and_an_answer_names_its_request() {
    let mut place = Place::of(&[BOB]);
    place.set("KALENDS_LOG_FORMAT", "json");
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let answers = [
        browser.get("/profile?email=bob@example.test").await,
        browser.get("/nothing/of-bob").await,
        browser.post("/api/save_details", &[("name", "Bob")]).await,
        browser.get("/favicon.svg").await,
    ];
    let log = kalends.log();
    // What the program says to whoever started it goes to standard output.
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| !line.starts_with("Kalends "))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let routes = ["/profile", "none", "/api/save_details"];
    let ids: Vec<&str> = answers.iter().map(|it| it.header("x-request-id")).collect();
    for (id, route) in ids.iter().zip(routes) {
        assert_eq!(id.len(), 16, "{id}");
        let found = lines.iter().find(|line| line["span"]["request.id"] == *id);
        let line = found.unwrap_or_else(|| panic!("{id} is not in {log}"));
        assert_eq!(line["message"], "answered");
        assert_eq!(line["span"]["request.route"], route);
        assert!(
            line["status"].is_number() && line["millis"].is_number(),
            "{line}"
        );
    }
    assert_eq!(ids[3].len(), 16, "files of the site have an id as well");
    assert_ne!(ids[0], ids[1]);
    assert!(!log.contains("bob"), "{log}");
}
