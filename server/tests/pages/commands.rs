//! The commands of whoever runs Kalends; passwords come on standard input and from nowhere else.

use crate::program::{ALICE, BOB, Place};
use std::os::unix::fs::PermissionsExt;

#[test]
fn migrate_makes_both_databases_and_may_be_run_again() {
    let place = Place::new();
    for _ in 0..2 {
        let ended = place.run(&["migrate"], "");
        assert_eq!(
            (ended.code, &*ended.out),
            (Some(0), "Both databases are up to date.\n")
        );
    }
    for file in ["kalends.db", "vault.db", "vault.keys"] {
        assert!(place.path().join(file).exists(), "{file}");
    }
    let keys = std::fs::metadata(place.path().join("vault.keys")).unwrap();
    assert_eq!(keys.permissions().mode() & 0o777, 0o600);
}

#[test]
fn people_are_added_and_listed_by_name() {
    let place = Place::of(&[BOB, ALICE]);
    let list = place.run(&["user", "list"], "");
    assert_eq!(
        list.out,
        "alice@example.test\tAlice\tadmin\nbob@example.test\tBob\tmember\n"
    );
}

#[test]
fn who_cannot_be_added_is_told_why() {
    let place = Place::of(&[ALICE]);
    let add = |email: &str, name: &str, zone: &str, password: &str| {
        let words = [
            "user",
            "add",
            "--email",
            email,
            "--name",
            name,
            "--time-zone",
            zone,
        ];
        let ended = place.run(&words, password);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!ended.err.contains("a-long-password"), "{}", ended.err);
        ended.err
    };
    let (good, berlin) = ("a-long-password", "Europe/Berlin");
    assert!(add("bob", "Bob", berlin, good).contains("complete email address"));
    assert!(add(" ALICE@example.test", "Al", berlin, good).contains("alice@example.test"));
    assert!(add("bob@example.test", "Bob", berlin, "short").contains("at least 12"));
    assert!(add("bob@example.test", "Bob", berlin, "").contains("at least 12"));
    assert!(add("bob@example.test", "Bob", "Mars/Base", good).contains("Mars/Base"));
    assert!(add("bob@example.test", "\u{7}", berlin, good).contains("name"));
    assert_eq!(place.run(&["user", "list"], "").out.lines().count(), 1);
}

#[test]
fn a_password_is_taken_from_no_argument() {
    let place = Place::new();
    let words = [
        "user",
        "add",
        "--email",
        "bob@example.test",
        "--name",
        "Bob",
    ];
    let words = [&words[..], &["--password", "a-long-password"]].concat();
    assert_eq!(place.run(&words, "").code, Some(2));
    let help = place.run(&["user", "add", "--help"], "").out;
    assert!(
        !help.contains("--password") && help.contains("standard input"),
        "{help}"
    );
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_works_at_once() {
    let place = Place::of(&[BOB]);
    let kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let words = ["user", "set-password", "--email", "bob@example.test"];
    let ended = place.run(&words, "another-password\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        browser
            .get("/profile")
            .await
            .leads_to()
            .starts_with("/sign-in")
    );

    let form = browser
        .open("/sign-in")
        .await
        .form("Sign in")
        .fill("Email", BOB.email);
    let old = browser
        .submit(&form.clone().fill("Password", BOB.password))
        .await;
    assert_eq!(old.alert(), "Email or password is wrong.");
    let new = browser
        .submit(&form.fill("Password", "another-password"))
        .await;
    assert_ne!(new.heading(), "Sign in");

    let words = ["user", "set-password", "--email", "nobody@example.test"];
    let ended = place.run(&words, "another-password");
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .err
            .contains("nobody with the address nobody@example.test"),
        "{}",
        ended.err
    );
}
