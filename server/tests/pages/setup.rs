//! The first start: whoever can read the program's output makes the first administrator, once.

use crate::program::Place;

const CODE: &str = "with this one-time code: ";

#[tokio::test]
async fn the_printed_code_makes_the_first_admin_and_is_worth_nothing_afterwards() {
    let place = Place::new();
    let mut kalends = place.start().await;
    let code = kalends.said(CODE).await;
    let mut browser = kalends.browser();

    let form = browser.open("/").await.form("Create administrator");
    let form = form
        .fill("One-time code", "aaaa-aaaa-aaaa-aaaa")
        .fill("Name", "Alice")
        .fill("Email", "alice@example.test")
        .fill("Password", "practice-alice");
    let page = browser.submit(&form).await;
    let refused = page.form("Create administrator");
    assert_eq!(refused.wrong(), ["One-time code"]);
    assert_eq!(refused.field("Name").value, "Alice");
    assert_eq!(refused.field("Email").value, "alice@example.test");
    assert_eq!(refused.field("Password").value, "");

    let short = form
        .clone()
        .fill("One-time code", &code)
        .fill("Password", "short");
    let page = browser.submit(&short).await;
    assert_eq!(page.form("Create administrator").wrong(), ["Password"]);

    let right = form.fill("One-time code", &format!(" {} ", code.to_uppercase()));
    let page = browser.submit(&right).await;
    assert_eq!(page.heading(), "Overview");
    assert!(
        page.link("Connections").is_some(),
        "an admin sees everybody"
    );

    let mut other = kalends.browser();
    assert_eq!(other.get("/setup").await.leads_to(), "/sign-in");
    let second = right.fill("Email", "bob@example.test").fill("Name", "Bob");
    let page = other.submit(&second).await;
    assert_eq!(page.heading(), "Sign in");
    let people = place.run(&["user", "list"], "");
    assert_eq!(people.out, "alice@example.test\tAlice\tadmin\n");

    kalends.stop();
    let mut again = place.start().await;
    assert_eq!(again.browser().get("/setup").await.leads_to(), "/sign-in");
    assert!(!again.log().contains(CODE), "{}", again.log());
    again.terminate();
    assert_eq!(again.end(), Some(0));
}

#[tokio::test]
async fn of_two_who_use_the_code_at_once_one_becomes_admin() {
    let place = Place::new();
    let mut kalends = place.start().await;
    let code = kalends.said(CODE).await;
    let (mut one, mut two) = (kalends.browser(), kalends.browser());
    let fields = |email| {
        [
            ("code", code.as_str()),
            ("name", "Admin"),
            ("email", email),
            ("password", "practice-admin"),
        ]
    };
    let (alice, bob) = (fields("alice@example.test"), fields("bob@example.test"));
    let (one, two) = tokio::join!(one.post("/api/setup", &alice), two.post("/api/setup", &bob));
    let mut led = [one.leads_to(), two.leads_to()];
    led.sort_unstable();
    assert_eq!(led, ["/overview", "/setup"]);
    assert_eq!(place.run(&["user", "list"], "").out.lines().count(), 1);
}

#[tokio::test]
async fn guessing_the_code_is_slowed_down() {
    let place = Place::new();
    let kalends = place.start().await;
    let mut browser = kalends.browser();
    let guess = [
        ("code", "guess"),
        ("name", "M"),
        ("email", "m@example.test"),
    ];
    for _ in 0..15 {
        let answer = browser.post("/api/setup", &guess).await;
        let page = browser.follow(answer).await;
        if page.alert().contains("Try again in") {
            return;
        }
        assert_eq!(page.form("Create administrator").wrong(), ["One-time code"]);
    }
    panic!("fifteen guesses in a row were taken");
}

#[tokio::test]
async fn the_code_is_taken_as_it_is_typed_kept_on_mistakes_and_every_field_is_told() {
    let place = Place::new();
    let mut kalends = place.start().await;
    let code = kalends.said(CODE).await.replace('-', "");
    let mut browser = kalends.browser();
    let empty = browser.open("/setup").await.form("Create administrator");
    let page = browser.submit(&empty).await;
    let refused = page.form("Create administrator");
    let all = ["One-time code", "Name", "Email", "Password"];
    assert_eq!(refused.wrong(), all);
    assert!(
        page.said_of("code").contains("Enter the code"),
        "{}",
        page.text()
    );
    let form = refused
        .fill("One-time code", &code)
        .fill("Name", "Alice")
        .fill("Email", "alice@bad!domain.test")
        .fill("Password", "short");
    let refused = browser.submit(&form).await.form("Create administrator");
    assert_eq!(refused.wrong(), ["Email", "Password"]);
    assert_eq!(refused.field("One-time code").value, code);
    let form = refused
        .fill("Email", "alice@example.test")
        .fill("Password", "practice-alice");
    assert_eq!(browser.submit(&form).await.heading(), "Overview");
}
