//! The second factor: set up, asked for at the sign-in, used once, limited, lost and reset.

use crate::{
    browser::Browser,
    connect::service_form,
    page::Page,
    program::{ALICE, BOB, CHARLIE, Kalends, Person, Place},
};
use http::StatusCode;
use kalends_core::clock::Clock;
use totp_rs::{Builder, Secret, Totp};

const PAGE: &str = "/profile/security/second-factor";

/// What a person takes home from setting up.
struct Phone {
    totp: Totp,
    codes: Vec<String>,
    /// The step of the last code that was typed.
    used: u64,
}

impl Phone {
    fn reading(page: &Page) -> Self {
        let texts = page.texts("code");
        let (key, codes) = texts.split_first().unwrap();
        let secret = Secret::try_from_base32(key.replace(' ', "")).unwrap();
        Self {
            totp: Builder::new().with_secret(secret).build().unwrap(),
            codes: codes.to_vec(),
            used: 0,
        }
    }

    /// A code that was not typed yet: of the present step, or of the next one, which is taken as well.
    fn code(&mut self) -> String {
        let now = u64::try_from(Clock::system().now().millis()).unwrap();
        self.used = (now / 30_000).max(self.used + 1);
        self.totp.generate(self.used * 30).to_string()
    }

    fn last(&self) -> String {
        self.totp.generate(self.used * 30).to_string()
    }
}

/// Turns the second factor of somebody on.
async fn set_up(browser: &mut Browser, person: &Person) -> Phone {
    let form = browser.open(PAGE).await.form("Set up");
    let page = browser
        .submit(&form.fill("Password", person.password))
        .await;
    let mut phone = Phone::reading(&page);
    let form = page.form("Turn on").fill("Code", &phone.code());
    let page = browser.submit(&form).await;
    assert!(
        page.status().contains("second factor is on"),
        "{}",
        page.text()
    );
    phone
}

/// The page behind a right password.
async fn asked(kalends: &Kalends, person: &Person) -> (Browser, Page) {
    let mut browser = kalends.browser();
    let form = browser.open("/profile").await.form("Sign in");
    let form = form
        .fill("Email", person.email)
        .fill("Password", person.password);
    let page = browser.submit(&form).await;
    (browser, page)
}

async fn typed(browser: &mut Browser, code: &str) -> Page {
    let form = browser.open("/sign-in/code").await.form("Sign in");
    browser.submit(&form.fill("Code", code)).await
}

#[tokio::test]
async fn a_second_factor_is_set_up_and_asked_for_behind_the_password() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let mut other = kalends.browser_of(&BOB).await;
    let form = browser.open(PAGE).await.form("Set up");
    let wrong = browser
        .submit(&form.clone().fill("Password", "wrong"))
        .await;
    assert!(wrong.said_of("password").contains("not your password"));
    let page = browser.submit(&form.fill("Password", BOB.password)).await;
    assert_eq!(page.texts(".codes li").len(), 10);
    assert_eq!(page.attributes("svg.qr path", "d").len(), 1);
    assert!(page.texts("[style], style").is_empty());
    // Another device of his gave no password: it sees neither key nor codes.
    let seen = other.open(PAGE).await;
    assert_eq!(seen.heading(), "Second factor");
    assert!(seen.texts("code").is_empty(), "{}", seen.text());
    let mut phone = Phone::reading(&page);
    let form = page.form("Turn on");
    let again = browser.submit(&form.fill("Code", "12345")).await;
    assert!(
        again.said_of("code").contains("wrong or was used"),
        "{}",
        again.text()
    );
    assert_eq!(
        again.texts("code"),
        page.texts("code"),
        "the key stays the same"
    );
    let form = again.form("Turn on").fill("Code", &phone.code());
    let page = browser.submit(&form).await;
    assert_eq!(page.heading(), "Security");
    assert_eq!(other.open("/profile").await.heading(), "Sign in");
    assert!(
        page.text().contains("10 recovery codes left"),
        "{}",
        page.text()
    );
    let shown = browser.open(PAGE).await;
    assert!(shown.texts("code").is_empty(), "never shown again");

    let (mut other, page) = asked(&kalends, &BOB).await;
    assert_eq!(page.heading(), "Enter your code");
    for path in ["/profile", "/calendar"] {
        assert!(
            other.get(path).await.leads_to().starts_with("/sign-in"),
            "{path}"
        );
    }
    let again = typed(&mut other, &phone.last()).await;
    assert!(
        again.said_of("code").contains("was used before"),
        "{}",
        again.text()
    );
    let code = phone.code();
    let page = typed(&mut other, &format!("{} {}", &code[..3], &code[3..])).await;
    assert_eq!(page.heading(), "Profile Settings", "the way back is kept");
    let (mut third, _) = asked(&kalends, &BOB).await;
    let again = typed(&mut third, &code).await;
    assert!(
        again.said_of("code").contains("was used before"),
        "{}",
        again.text()
    );
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_turning_off_asks_for_password_and_code() {
    let place = Place::of(&[BOB, CHARLIE]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let phone = set_up(&mut browser, &BOB).await;
    let code = phone.codes[3].to_uppercase().replace('-', " ");
    let (mut other, _) = asked(&kalends, &BOB).await;
    assert_eq!(typed(&mut other, &code).await.heading(), "Profile Settings");
    let (mut third, _) = asked(&kalends, &BOB).await;
    assert!(!typed(&mut third, &code).await.said_of("code").is_empty());
    let page = other.open("/profile/security").await;
    assert!(
        page.text().contains("9 recovery codes left"),
        "{}",
        page.text()
    );

    let fields = |password, code| [("password", password), ("code", code)];
    for (password, code) in [
        ("wrong", &*phone.codes[0]),
        (BOB.password, ""),
        (BOB.password, &*phone.codes[3]),
    ] {
        let answer = browser
            .post("/api/end_second_factor", &fields(password, code))
            .await;
        let page = browser.follow(answer).await;
        assert_eq!(page.form("Turn off").wrong().len(), 1, "{}", page.text());
    }
    let answer = browser
        .post(
            "/api/end_second_factor",
            &fields(BOB.password, &phone.codes[0]),
        )
        .await;
    let page = browser.follow(answer).await;
    assert_eq!(page.status(), "Your second factor is off.");
    kalends.browser_of(&BOB).await;
    // Somebody else's page says nothing of all this.
    let mut charlie = kalends.browser_of(&CHARLIE).await;
    assert!(
        charlie
            .open("/profile/security")
            .await
            .link("Set up a second factor")
            .is_some()
    );
}

#[tokio::test]
async fn another_phone_takes_over_once_its_code_is_right_and_not_before() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let old = set_up(&mut browser, &BOB).await;
    let form = browser.open(PAGE).await.form("Set up anew");
    let form = form
        .fill("Password", BOB.password)
        .fill("Code", &old.codes[0]);
    let page = browser.submit(&form).await;
    let mut new = Phone::reading(&page);
    assert!(old.codes.iter().all(|code| !new.codes.contains(code)));
    let (mut other, _) = asked(&kalends, &BOB).await;
    assert_eq!(
        typed(&mut other, &old.codes[1]).await.heading(),
        "Profile Settings"
    );

    let form = page.form("Turn on").fill("Code", &new.code());
    browser.submit(&form).await;
    let (mut other, _) = asked(&kalends, &BOB).await;
    let page = typed(&mut other, &old.codes[2]).await;
    assert!(page.said_of("code").contains("wrong"), "{}", page.text());
    assert_eq!(
        typed(&mut other, &new.codes[2]).await.heading(),
        "Profile Settings"
    );
}

#[tokio::test]
async fn wrong_codes_count_as_wrong_passwords_do_and_a_new_password_ends_the_wait() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let mut phone = set_up(&mut browser, &BOB).await;
    let (mut other, page) = asked(&kalends, &BOB).await;
    let form = page.form("Sign in");
    let mut told = String::new();
    for _ in 0..15 {
        if !told.is_empty() {
            break;
        }
        told = other
            .submit(&form.clone().fill("Code", "000000"))
            .await
            .alert();
    }
    assert!(told.starts_with("Too many tries. Try again in "), "{told}");
    let right = other.submit(&form.fill("Code", &phone.code())).await;
    assert!(
        right.alert().starts_with("Too many tries"),
        "{}",
        right.text()
    );

    let words = ["user", "set-password", "--email", BOB.email];
    assert_eq!(place.run(&words, "another-password").code, Some(0));
    let answer = other
        .post("/api/sign_in_code", &[("code", &phone.codes[0])])
        .await;
    assert_eq!(answer.leads_to(), "/sign-in");
}

/// How many lines the audit trail has.
fn lines_of_audit(place: &Place) -> usize {
    let verified = place.run(&["audit", "verify"], "");
    let (_, rest) = verified.out.split_once("whole: ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn of_many_codes_at_the_same_moment_eight_are_looked_at() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let mut phone = set_up(&mut browser, &BOB).await;
    let (other, page) = asked(&kalends, &BOB).await;
    let before = lines_of_audit(&place);
    let guesses = (0..200).map(|number| {
        let (mut other, code) = (other.clone(), format!("{number:06}"));
        tokio::spawn(async move {
            other
                .post("/api/sign_in_code", &[("code", &code)])
                .await
                .status
        })
    });
    let answered = futures::future::join_all(guesses).await;
    assert!(
        answered
            .iter()
            .all(|it| *it.as_ref().unwrap() == StatusCode::SEE_OTHER)
    );
    assert_eq!(
        lines_of_audit(&place) - before,
        8,
        "each one that is looked at is written down"
    );
    let mut other = other;
    let right = other
        .submit(&page.form("Sign in").fill("Code", &phone.code()))
        .await;
    assert!(
        right.alert().starts_with("Too many tries"),
        "{}",
        right.text()
    );
}

#[tokio::test]
async fn the_key_and_the_codes_lie_in_no_log_and_not_in_the_main_database() {
    let mut place = Place::of(&[BOB]);
    place.set("KALENDS_LOG", "trace");
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let form = browser.open(PAGE).await.form("Set up");
    let page = browser.submit(&form.fill("Password", BOB.password)).await;
    let key = page.texts("code")[0].replace(' ', "");
    let mut phone = Phone::reading(&page);
    let code = phone.code();
    let form = page.form("Turn on").fill("Code", &code);
    browser.submit(&form).await;
    let (mut other, _) = asked(&kalends, &BOB).await;
    typed(&mut other, &phone.codes[0]).await;
    let log = kalends.log();
    kalends.stop();
    let mut places = vec![("log".to_owned(), log.into_bytes())];
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            places.push((name, std::fs::read(&path).unwrap()));
        }
    }
    assert!(places.len() > 3);
    for (name, bytes) in places {
        let text = String::from_utf8_lossy(&bytes);
        for secret in [&*key, &*phone.codes[0], &*phone.codes[9]] {
            assert!(!text.contains(secret), "{name}");
            assert!(!text.contains(&secret.replace('-', "")), "{name}");
        }
    }
}

#[tokio::test]
async fn whoever_runs_kalends_resets_a_second_factor() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let words = ["user", "reset-second-factor", "--email", BOB.email];
    let none = place.run(&words, "");
    assert_eq!(
        (none.code, &*none.out),
        (Some(0), "bob@example.test has no second factor.\n")
    );
    let mut browser = kalends.browser_of(&BOB).await;
    set_up(&mut browser, &BOB).await;
    let ended = place.run(&words, "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("password alone"), "{ended:?}");
    kalends.browser_of(&BOB).await;
    let nobody = place.run(
        &["user", "reset-second-factor", "--email", "x@example.test"],
        "",
    );
    assert!(
        nobody
            .err
            .contains("nobody with the address x@example.test"),
        "{nobody:?}"
    );
    let verified = place.run(&["audit", "verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

/// A check that somebody has begun, of a server that nobody knows.
async fn check_of(browser: &mut Browser) -> String {
    let form = service_form(browser, "bob@example.test").await;
    let answer = browser.post_body(&form.action, &form.body()).await;
    answer.leads_to().to_owned()
}

#[tokio::test]
async fn where_admins_must_have_one_their_pages_wait_for_it() {
    let place = Place::of(&[ALICE, BOB]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut bob = kalends.browser_of(&BOB).await;
    let check = check_of(&mut bob).await;
    assert!(alice.get(&check).await.status.is_success());
    let fields = [
        ("typed", "own_address"),
        ("personal", "on"),
        ("privacy", "free_busy"),
        ("admins", "required"),
    ];
    let saved = alice.post("/api/save_policy", &fields).await;
    assert_eq!(saved.leads_to(), "/organisation/policy");
    for path in ["/organisation", "/audit", "/connections"] {
        assert_eq!(
            alice.get(path).await.leads_to(),
            "/profile/security",
            "{path}"
        );
    }
    let optional = [&fields[..3], &[("admins", "optional")]].concat();
    let refused = alice.post("/api/save_policy", &optional).await;
    assert_eq!(refused.leads_to(), "/profile/security");
    assert_eq!(alice.get("/audit.csv").await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.get(&check).await.status, StatusCode::NOT_FOUND);
    let id = check.rsplit('/').next().unwrap();
    for function in ["check", "check_page", "cancel_check", "mend_form"] {
        let asked = alice.post(&format!("/api/{function}"), &[("id", id)]).await;
        assert_eq!(asked.status, StatusCode::NOT_FOUND, "{function}");
    }
    let own = check_of(&mut alice).await;
    assert!(alice.get(&own).await.status.is_success());
    let page = alice.open("/profile/security").await;
    assert!(
        page.text().contains("administrators need a second factor"),
        "{}",
        page.text()
    );
    set_up(&mut alice, &ALICE).await;
    let page = alice.open("/organisation").await;
    assert!(
        page.text().contains("must use a second factor"),
        "{}",
        page.text()
    );
    assert!(alice.get("/audit.csv").await.status.is_success());
    assert!(alice.get(&check).await.status.is_success());
    let page = bob.open("/profile/security").await;
    assert!(!page.text().contains("administrators"), "{}", page.text());
    assert_eq!(bob.get("/organisation").await.status, StatusCode::NOT_FOUND);
}
