//! The devices that are signed in: each is listed to its owner, who signs out one of them or all the others.

use crate::{
    browser::HTML,
    program::{BOB, CHARLIE, Place},
};
use http::Method;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[tokio::test]
async fn devices_are_listed_and_signed_out_one_by_one_or_all_but_this() {
    let place = Place::of(&[BOB, CHARLIE]);
    let kalends = place.start().await;
    let mut bob = kalends.browser_of(&BOB).await;
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = kalends.browser();
        let origin = other.origin.clone();
        let headers = [
            ("accept", HTML),
            ("content-type", crate::browser::FORM),
            ("origin", &*origin),
            ("user-agent", FIREFOX),
        ];
        let body = crate::browser::encoded(&[("email", BOB.email), ("password", BOB.password)]);
        let answer = other
            .send(Method::POST, "/api/sign_in", &headers, &body)
            .await;
        assert_eq!(answer.leads_to(), "/");
        others.push(other);
    }
    let page = bob.open("/profile/security").await;
    assert_eq!(page.texts(".row").len(), 4, "{}", page.text());
    assert_eq!(page.texts(".badge-good"), ["This one"]);
    assert!(page.texts(".row")[0].contains("This one"));
    assert_eq!(page.text().matches("Firefox on Linux").count(), 3);
    let body = bob.get("/profile/security").await.body;
    let mut cookies = bob.cookies.values().chain(others[0].cookies.values());
    assert!(cookies.all(|cookie| !body.contains(cookie)));

    // Charlie cannot end what is Bob's.
    let handle = page.form("Sign out").fields;
    let handles = page.attributes("input[name=device]", "value");
    assert_eq!(
        (handle.len(), handles.len()),
        (0, 3),
        "the frame's form comes first"
    );
    charlie
        .post("/api/sign_out_device", &[("device", &handles[0])])
        .await;
    assert_eq!(bob.open("/profile/security").await.texts(".row").len(), 4);

    let answer = bob
        .post("/api/sign_out_device", &[("device", &handles[0])])
        .await;
    let page = bob.follow(answer).await;
    assert_eq!(
        (page.status(), page.texts(".row").len()),
        ("The device is signed out.".to_owned(), 3)
    );
    let mut alive = 0;
    for other in &mut others {
        alive += usize::from(other.get("/profile").await.status.is_success());
    }
    assert_eq!(alive, 2);

    let form = page.form("Sign out all others");
    let page = bob.submit(&form).await;
    assert_eq!(page.texts(".row").len(), 1);
    for other in &mut others {
        assert!(
            other
                .get("/profile")
                .await
                .leads_to()
                .starts_with("/sign-in")
        );
    }
    assert!(charlie.get("/profile").await.status.is_success());
}
