//! Signing in and out: sessions that cannot be fixed or outlived, one answer for whatever is wrong, and a way back.

use crate::{
    browser::Browser,
    page::Form,
    program::{ALICE, BOB, CHARLIE, Place},
};
use http::StatusCode;

async fn filled(browser: &mut Browser, email: &str, password: &str) -> Form {
    let form = browser.open("/sign-in").await.form("Sign in");
    form.fill("Email", email).fill("Password", password)
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/profile").await.status == StatusCode::OK
}

#[tokio::test]
async fn the_cookie_is_for_this_site_alone_and_new_after_signing_in() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser();
    let wrong = filled(&mut browser, BOB.email, "wrong").await;
    browser.submit(&wrong).await;
    browser.post_body(&wrong.action, &wrong.body()).await;
    let before = browser.cookies["kalends"].clone();
    let mut planted = browser.clone();

    let right = wrong.fill("Password", BOB.password);
    let answer = browser.post_body(&right.action, &right.body()).await;
    let cookie = answer.header("set-cookie");
    for part in ["kalends=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert_ne!(browser.cookies["kalends"], before);
    assert!(is_signed_in(&mut browser).await);
    assert!(
        !is_signed_in(&mut planted).await,
        "the id from before signs nobody in"
    );
}

#[tokio::test]
async fn a_made_up_cookie_is_no_session() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    for value in [
        "AAAAAAAAAAAAAAAAAAAAAA",
        "x",
        "' OR 1=1 --",
        "%00",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let mut browser = kalends.browser();
        browser
            .cookies
            .insert("kalends".to_owned(), value.to_owned());
        let answer = browser.get("/profile").await;
        assert_eq!(answer.leads_to(), "/sign-in?next=/profile", "{value}");
        browser.sign_in(&BOB).await;
        assert_ne!(browser.cookies["kalends"], value);
    }
}

#[tokio::test]
async fn signing_out_ends_this_session_and_everywhere_ends_all() {
    let place = Place::of(&[BOB, CHARLIE]);
    let kalends = place.start().await;
    let mut first = kalends.browser_of(&BOB).await;
    let mut second = kalends.browser_of(&BOB).await;
    let mut third = kalends.browser_of(&BOB).await;
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    let mut thief = first.clone();

    let form = first.open("/profile").await.form("Sign out");
    assert_eq!(first.submit(&form).await.heading(), "Sign in");
    assert!(!is_signed_in(&mut first).await);
    assert!(
        !is_signed_in(&mut thief).await,
        "the id is worth nothing any more"
    );
    assert!(is_signed_in(&mut second).await);

    let form = second.open("/profile").await.form("Sign out everywhere");
    assert_eq!(second.submit(&form).await.heading(), "Sign in");
    assert!(!is_signed_in(&mut second).await);
    assert!(!is_signed_in(&mut third).await);
    assert!(is_signed_in(&mut charlie).await);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_look_the_same() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut told = Vec::new();
    for email in [
        BOB.email,
        "nobody@example.test",
        "not-an-address",
        "' OR 1=1 --",
    ] {
        let mut browser = kalends.browser();
        let form = filled(&mut browser, email, "wrong-password").await;
        let answer = browser.post_body(&form.action, &form.body()).await;
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        let lengths = (
            answer.header("location").to_owned(),
            answer.header("content-length").to_owned(),
        );
        let status = answer.status;
        let page = browser.follow(answer).await;
        let again = page.form("Sign in");
        assert_eq!(again.field("Email").value, email);
        assert_eq!(again.field("Password").value, "");
        assert_eq!(page.alert(), "Email or password is wrong.");
        told.push((status, names, lengths));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
}

#[tokio::test]
async fn after_too_many_tries_the_page_says_when_to_try_again() {
    let place = Place::of(&[BOB, CHARLIE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser();
    let form = filled(&mut browser, BOB.email, "wrong-password").await;
    let mut told = "Email or password is wrong.".to_owned();
    for _ in 0..15 {
        if told != "Email or password is wrong." {
            break;
        }
        told = browser.submit(&form).await.alert();
    }
    let right = form
        .fill("Password", BOB.password)
        .fill("Email", " BOB@Example.test ");
    let told = browser.submit(&right).await.alert();
    let (words, wait) = told.split_once(" in ").unwrap();
    assert_eq!(words, "Too many tries. Try again");
    let seconds: u32 = wait.trim_end_matches(" seconds.").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{wait}");
    assert!(!is_signed_in(&mut browser).await);
    browser.sign_in(&CHARLIE).await;
}

#[tokio::test]
async fn next_leads_to_pages_of_ours_only() {
    let place = Place::of(&[BOB, CHARLIE]);
    let kalends = place.start().await;
    for (number, (next, to)) in [
        ("/profile", "/profile"),
        (
            "/connections?state=delayed&page=2",
            "/connections?state=delayed&page=2",
        ),
        ("//evil.example.test", "/"),
        ("/\\evil.example.test", "/"),
        ("\\\\evil.example.test", "/"),
        ("https://evil.example.test", "/"),
        ("javascript:alert(1)", "/"),
        ("/api/disconnect", "/"),
        ("/\t/evil.example.test", "/"),
        ("/profile\r\nSet-Cookie: a=b", "/"),
        ("", "/"),
    ]
    .into_iter()
    .enumerate()
    {
        let person = [BOB, CHARLIE][number % 2];
        let query = crate::browser::encoded(&[("next", next)]);
        let mut browser = kalends.browser();
        let page = browser.open(&format!("/sign-in?{query}")).await;
        let form = page.form("Sign in");
        // Neither the page nor a posted field may lead elsewhere.
        let hidden = form
            .fields
            .iter()
            .find(|field| field.name == "next")
            .unwrap();
        assert!(
            hidden.value.is_empty() || hidden.value == to,
            "{next}: {hidden:?}"
        );
        let fields = [
            ("email", person.email),
            ("password", person.password),
            ("next", next),
        ];
        assert_eq!(
            browser.post(&form.action, &fields).await.leads_to(),
            to,
            "{next:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_try_keeps_the_way_back() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser();
    let page = browser.open("/profile/exchange/connect").await;
    let form = page
        .form("Sign in")
        .fill("Email", BOB.email)
        .fill("Password", "wrong");
    let page = browser.submit(&form).await;
    let form = page.form("Sign in").fill("Password", BOB.password);
    let page = browser.submit(&form).await;
    assert_eq!(page.heading(), "Connect Microsoft Exchange");
}

#[tokio::test]
async fn who_is_signed_out_is_led_to_sign_in_and_back() {
    // An account takes eight tries at once, so two people share the pages.
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let unknown = "019c0000-0000-7000-8000-000000000000";
    for (number, path) in [
        "/calendar",
        "/calendar?week=2026-W10",
        "/profile",
        "/profile/exchange/connect",
        "/profile/exchange/disconnect",
        &format!("/profile/exchange/checks/{unknown}"),
        "/connections",
        "/connections?state=delayed&page=2",
        &format!("/connections/{unknown}"),
        "/help/service-account",
        "/help/problems",
        "/help/problems/impersonation-denied",
    ]
    .into_iter()
    .enumerate()
    {
        let person = [ALICE, BOB][number % 2];
        let mut browser = kalends.browser();
        let answer = browser.get(path).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.heading(), "Sign in", "{path}");
        let form = page.form("Sign in");
        let form = form
            .fill("Email", person.email)
            .fill("Password", person.password);
        let answer = browser.post_body(&form.action, &form.body()).await;
        assert_eq!(answer.leads_to(), path);
    }
    assert_eq!(kalends.browser().open("/").await.heading(), "Sign in");
}

#[tokio::test]
async fn what_is_an_admins_does_not_exist_for_a_member() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let unknown = "/connections/019c0000-0000-7000-8000-000000000000";
    for (person, list) in [(&ALICE, StatusCode::OK), (&BOB, StatusCode::NOT_FOUND)] {
        let mut browser = kalends.browser_of(person).await;
        assert_eq!(browser.get("/connections").await.status, list);
        let answer = browser.get(unknown).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.page().heading(), "Page not found");
        let link = browser.open("/profile").await.link("Connections");
        assert_eq!(link.is_some(), person.admin);
    }
}
