//! Posts that no page of ours makes: refused in our own words, never with a panic or a word from inside.

use crate::{
    browser::{Answer, Browser, FORM, HTML},
    program::{ALICE, BOB, Kalends, Place},
};
use app::App;
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;

/// What only the inside knows.
const INSIDE: [&str; 9] = [
    "panicked",
    "leptos",
    "sqlx",
    "SELECT ",
    "argon2",
    ".rs:",
    "missing field",
    "syntax error",
    "deserializ",
];

async fn assert_calm(kalends: &Kalends, what: &str, answer: &Answer) {
    assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
    if !answer.body.contains("<!DOCTYPE html>") {
        for word in INSIDE {
            assert!(
                !answer.body.contains(word),
                "{what} says {word}: {}",
                answer.body
            );
        }
    }
    assert!(
        !kalends.log().contains("panicked"),
        "{what}: {}",
        kalends.log()
    );
    assert_eq!(
        kalends.browser().get("/favicon.svg").await.status,
        StatusCode::OK,
        "{what}"
    );
}

fn functions() -> impl Iterator<Item = &'static str> {
    // The routes are what links the functions in.
    let _ = App;
    server_fn_paths().map(|(path, _)| path)
}

async fn fresh(kalends: &Kalends, signed_in: &Browser) -> Browser {
    let mut browser = signed_in.clone();
    if browser.get("/profile").await.status != StatusCode::OK {
        browser = kalends.browser_of(&ALICE).await;
    }
    browser
}

#[tokio::test]
async fn bodies_that_no_form_makes_are_refused_calmly() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    let origin = kalends.url.clone();
    for function in functions().filter(|path| !path.contains("sign_out")) {
        for (kind, body) in [
            (FORM, ""),
            (FORM, "id=%ff%fe&mailbox=%00"),
            (FORM, "id=1&id=2&id[]=3&service=maybe"),
            (FORM, "&&&===%"),
            ("application/json", "{\"id\":"),
            ("multipart/form-data; boundary=x", "--x"),
            ("multipart/form-data; boundary=x", "--x\r\nnope"),
            ("multipart/form-data; boundary=\"\"", "--"),
            ("multipart/form-data; boundary=", "--"),
            ("", "id=1"),
        ] {
            for accept in [HTML, "application/json"] {
                let headers = [
                    ("accept", accept),
                    ("content-type", kind),
                    ("origin", &*origin),
                ];
                browser = fresh(&kalends, &browser).await;
                let answer = browser.send(Method::POST, function, &headers, body).await;
                assert_calm(
                    &kalends,
                    &format!("{function} {kind} {body} {accept}"),
                    &answer,
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn functions_answer_no_other_method_and_unknown_ones_are_not_found() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    for function in functions() {
        let answer = browser.get(function).await;
        assert!(answer.status.is_client_error(), "{function}: {answer:?}");
        assert_calm(&kalends, function, &answer).await;
    }
    assert_eq!(
        browser.get("/profile").await.status,
        StatusCode::OK,
        "GET ends no session"
    );
    for path in ["/api/nothing", "/api/", "/api/../profile", "/api/sign_in/x"] {
        let answer = browser.post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {answer:?}");
        assert_calm(&kalends, path, &answer).await;
    }
}

#[tokio::test]
async fn ids_that_are_nobodys_are_not_found() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    for id in [
        "019c0000-0000-7000-8000-000000000000",
        "",
        "1",
        "' OR '1'='1",
        "1; DROP TABLE users; --",
        "../../etc/passwd",
        "\u{0}",
        &"9".repeat(5_000),
    ] {
        for function in [
            "check",
            "check_page",
            "cancel_check",
            "mend_form",
            "connection",
            "check_now",
            "sync_now",
        ] {
            let answer = browser
                .post(&format!("/api/{function}"), &[("id", id)])
                .await;
            let what = format!("{function} {id:.30}");
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {answer:?}");
            assert_calm(&kalends, &what, &answer).await;
        }
        let encoded = crate::browser::encoded(&[("", id)])
            .trim_start_matches('=')
            .replace('+', "%20");
        for page in ["/connections/", "/profile/exchange/checks/"] {
            let answer = browser.get(&format!("{page}{encoded}")).await;
            assert!(
                [StatusCode::NOT_FOUND, StatusCode::OK].contains(&answer.status),
                "{page}{id:.30}: {answer:?}"
            );
            assert_calm(&kalends, page, &answer).await;
        }
    }
    for query in [
        "state=x'--&page=-1",
        "page=99999999999999999999",
        "page=9223372036854775807",
        "state=%ff",
    ] {
        let answer = browser.get(&format!("/connections?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert_calm(&kalends, query, &answer).await;
    }
    assert_eq!(place.run(&["user", "list"], "").out.lines().count(), 2);
}

#[tokio::test]
async fn a_form_that_fails_gets_a_page_and_script_gets_a_status() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&ALICE).await;
    let gone = browser.post("/api/cancel_check", &[("id", "gone")]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.page().heading(), "Page not found");
    assert!(gone.body.contains(ALICE.name), "within the frame");

    let long = "x".repeat(70_000);
    let large = browser.post("/api/save_details", &[("name", &long)]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(large.page().heading(), "Too much text");

    let garbled = browser.post("/api/save_details", &[("name[x]", "y")]).await;
    assert_eq!(garbled.status, StatusCode::BAD_REQUEST);
    assert_eq!(garbled.page().heading(), "Form not understood");

    let origin = kalends.url.clone();
    let script = [
        ("accept", "application/json"),
        ("content-type", FORM),
        ("origin", &*origin),
    ];
    let mut nobody = kalends.browser();
    let answer = nobody
        .send(Method::POST, "/api/connect", &script, "service=true")
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.body, "\"signed_out\"");
}
