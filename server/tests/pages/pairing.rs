//! Main database, vault and keys that do not belong together, are set back, or are shared by two processes.

use crate::{
    databases::Database,
    program::{ALICE, BOB, Ended, Place},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// The file of a database with what belongs to it.
fn copy(from: &Path, to: &Path) {
    for end in ["", "-wal", "-shm"] {
        let with_end = |path: &Path| format!("{}{end}", path.display());
        let _ = fs::remove_file(with_end(to));
        if Path::new(&with_end(from)).exists() {
            fs::copy(with_end(from), with_end(to)).unwrap();
        }
    }
}

fn sqlite(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// Every command that opens both databases, with its standard input.
const COMMANDS: [(&[&str], &str); 8] = [
    (&["serve"], ""),
    (&["migrate"], ""),
    (&["user", "list"], ""),
    (
        &[
            "user",
            "add",
            "--email",
            "charlie@example.test",
            "--name",
            "Charlie",
        ],
        "practice-charlie",
    ),
    (&["audit", "verify"], ""),
    (&["vault", "rotate"], ""),
    (&["vault", "prune", "--yes"], ""),
    (
        &[
            "doctor",
            "--mailbox",
            "bob@example.test",
            "--account",
            "svc-kalends@example.test",
        ],
        "Practice-2026!",
    ),
];

fn is_refused(ended: &Ended, words: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains(words), "{ended:?}");
    assert!(ended.err.contains("kalends vault adopt"), "{ended:?}");
}

#[test]
fn a_pair_that_does_not_belong_together_is_worked_with_by_no_command() {
    let (mut place, other) = (Place::of(&[ALICE]), Place::of(&[BOB]));
    let at = |name: &str| place.path().join(name);
    let (main, vault) = (sqlite(&at("kalends.db")), sqlite(&at("vault.db")));
    let (slip, new_vault) = (sqlite(&at("kalend.db")), sqlite(&at("vaults.db")));
    let others_main = sqlite(&other.path().join("kalends.db"));
    let others_vault = sqlite(&other.path().join("vault.db"));
    for (main_url, vault_url, words) in [
        (&slip, &vault, "the main database is new and empty"),
        (&main, &new_vault, "the vault is new and empty"),
        (&others_main, &vault, "belongs to the installation"),
        (&main, &others_vault, "belongs to the installation"),
    ] {
        place.set("KALENDS_DATABASE_URL", main_url);
        place.set("KALENDS_VAULT_DATABASE_URL", vault_url);
        for (words_of_command, input) in COMMANDS {
            is_refused(&place.run(words_of_command, input), words);
        }
    }
    place.set("KALENDS_DATABASE_URL", &main);
    place.set("KALENDS_VAULT_DATABASE_URL", &vault);
    let verified = place.run(&["audit", "verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(!place.run(&["user", "list"], "").out.contains("charlie"));
}

#[test]
fn a_new_pairing_on_purpose_is_adopted_with_a_line_of_the_trail() {
    let mut place = Place::of(&[ALICE]);
    let new_vault = sqlite(&place.path().join("new.db"));
    let old_vault = place.settings["KALENDS_VAULT_DATABASE_URL"].clone();
    place.set("KALENDS_VAULT_DATABASE_URL", &new_vault);
    assert_eq!(place.run(&["migrate"], "").code, Some(1));
    let unasked = place.run(&["vault", "adopt"], "");
    assert_eq!(unasked.code, Some(1), "{unasked:?}");
    assert_eq!(place.run(&["migrate"], "").code, Some(1));
    let adopted = place.run(&["vault", "adopt", "--yes"], "");
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    let verified = place.run(&["audit", "verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(place.main_database_holds("vault-adopted"));
    // The one that was left does not come back unseen.
    place.set("KALENDS_VAULT_DATABASE_URL", &old_vault);
    is_refused(&place.run(&["migrate"], ""), "belongs to the installation");
}

#[test]
fn two_installations_are_named_as_two_before_they_are_made_one() {
    let (mut place, other) = (Place::of(&[ALICE]), Place::of(&[BOB]));
    place.set(
        "KALENDS_DATABASE_URL",
        &sqlite(&other.path().join("kalends.db")),
    );
    let unasked = place.run(&["vault", "adopt"], "");
    assert_eq!(unasked.code, Some(1), "{unasked:?}");
    assert!(unasked.out.contains("two installations"), "{unasked:?}");
    assert!(
        unasked.out.contains("belongs to the installation"),
        "{unasked:?}"
    );
    // A pair that belongs together is not called two.
    place.set(
        "KALENDS_DATABASE_URL",
        &sqlite(&place.path().join("kalends.db")),
    );
    let unasked = place.run(&["vault", "adopt"], "");
    assert!(!unasked.out.contains("two installations"), "{unasked:?}");
}

#[test]
fn swapped_settings_are_told_as_that() {
    let mut place = Place::of(&[ALICE]);
    let (main, vault) = (
        place.settings["KALENDS_DATABASE_URL"].clone(),
        place.settings["KALENDS_VAULT_DATABASE_URL"].clone(),
    );
    place.set("KALENDS_DATABASE_URL", &vault);
    place.set("KALENDS_VAULT_DATABASE_URL", &main);
    for (command, input) in COMMANDS {
        let ended = place.run(command, input);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("are swapped"), "{ended:?}");
        assert!(!ended.err.contains("newer Kalends"), "{ended:?}");
    }
    place.set("KALENDS_DATABASE_URL", &main);
    place.set("KALENDS_VAULT_DATABASE_URL", &vault);
    let verified = place.run(&["audit", "verify"], "");
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.out.contains("1 line, from"), "{verified:?}");
}

#[tokio::test]
async fn a_main_database_that_is_set_back_is_told_and_what_may_be_back_is_listed() {
    let place = Place::of(&[ALICE, BOB]);
    let (main, backup) = (
        place.path().join("kalends.db"),
        place.path().join("backup.db"),
    );
    copy(&main, &backup);
    let ended = place.run(
        &["user", "set-password", "--email", BOB.email],
        "a-newer-password-of-bob",
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    copy(&backup, &main);

    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let overview = alice.open("/overview").await;
    let text = overview.text();
    assert!(
        text.contains("The main database is older than the vault"),
        "{text}"
    );
    assert!(text.contains(BOB.email), "{text}");
    drop(kalends);
    let verified = place.run(&["audit", "verify"], "");
    assert_eq!(verified.code, Some(3), "{verified:?}");
    let pruned = place.run(&["vault", "prune", "--yes"], "");
    assert_eq!(pruned.code, Some(1), "{pruned:?}");

    let adopted = place.run(&["vault", "adopt", "--yes"], "");
    assert!(adopted.out.contains(BOB.email), "{adopted:?}");
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let overview = alice.open("/overview").await;
    assert!(!overview.text().contains("is older than the vault"));
    assert!(overview.text().contains("Perhaps back since the restore"));
    let reviewed = overview.form("I have gone through these");
    let after = alice.submit(&reviewed).await;
    assert!(!after.text().contains("Perhaps back"), "{}", after.text());
    assert_eq!(place.run(&["audit", "verify"], "").code, Some(0));
}

#[tokio::test]
async fn one_process_at_a_time_works_with_sqlite_and_people_are_made_beside_it() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    for words in [
        &["serve"][..],
        &["migrate"],
        &["vault", "rotate"],
        &["vault", "adopt", "--yes"],
        &["vault", "prune", "--yes"],
    ] {
        let second = place.run(words, "");
        assert_eq!(second.code, Some(1), "{second:?}");
        assert!(second.err.contains("kalends serve, process"), "{second:?}");
    }
    place.add(&BOB);
    assert_eq!(place.run(&["audit", "verify"], "").code, Some(0));
    kalends.browser_of(&BOB).await;
    drop(kalends);
    assert_eq!(place.run(&["migrate"], "").code, Some(0));
}

#[test]
fn another_key_under_the_same_name_is_refused_and_nothing_is_lost() {
    let mut place = Place::of(&[ALICE]);
    let keys = place.path().join("vault.keys");
    let right = fs::read_to_string(&keys).unwrap();
    place.set("KALENDS_VAULT_KEYS", &format!("k1:{}E=", "B".repeat(42)));
    for (words, input) in COMMANDS {
        let ended = place.run(words, input);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("KALENDS_VAULT_KEYS"), "{ended:?}");
        assert!(!ended.err.contains("BBBB"), "{ended:?}");
    }
    place.settings.remove("KALENDS_VAULT_KEYS");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    let open = place.run(&["migrate"], "");
    assert_eq!(open.code, Some(1), "{open:?}");
    assert!(open.err.contains("chmod 600"), "{open:?}");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(place.run(&["migrate"], "").code, Some(0));
    assert_eq!(fs::read_to_string(&keys).unwrap(), right);
}

#[tokio::test]
async fn the_audit_log_is_shown_and_says_so_where_the_memory_of_it_was_changed() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let page = alice.open("/audit").await;
    assert!(page.text().contains("signed in"), "{}", page.text());
    for (change, told) in [
        (
            "UPDATE audit_anchors SET hash = 'z' || substr(hash, 2)",
            "was changed or damaged",
        ),
        (
            "UPDATE audit_anchors SET key_id = 'another'",
            "signed with the key another",
        ),
    ] {
        Database::file(&place, "vault.db")
            .await
            .execute(change)
            .await;
        let page = alice.open("/audit").await;
        assert!(page.text().contains("signed in"), "{}", page.text());
        assert!(page.text().contains(told), "{}", page.text());
    }
}
