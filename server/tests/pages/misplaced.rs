//! The file of a database that is taken away from under a server, or replaced by another.

use crate::program::{ALICE, BOB, CHARLIE, Kalends, Place};
use http::StatusCode;
use std::{fs, path::Path};

/// `cp -a`, without what only the server that holds it needs.
fn copy(from: &Path, to: &Path) {
    for name in ["kalends.db", "kalends.db-wal", "vault.db", "vault.db-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

fn apart(place: &Path, name: &str) {
    for file in [
        name.to_owned(),
        format!("{name}-wal"),
        format!("{name}-shm"),
    ] {
        let (from, to) = (place.join(&file), place.join("old").join(&file));
        if from.exists() {
            fs::rename(from, to).unwrap();
        }
    }
}

fn back(place: &Path, name: &str) {
    for file in [
        name.to_owned(),
        format!("{name}-wal"),
        format!("{name}-shm"),
    ] {
        let (from, to) = (place.join("old").join(&file), place.join(&file));
        drop(fs::remove_file(&to));
        if from.exists() {
            fs::rename(from, to).unwrap();
        }
    }
}

/// Nothing is shown and nothing is taken.
async fn nothing_goes_on(kalends: &Kalends, database: &str, what: &str) {
    let mut alice = kalends.browser();
    let ready = alice.get("/readyz").await;
    assert_eq!(
        ready.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        ready.body
    );
    assert!(
        ready.body.contains(database) && ready.body.contains(what),
        "{}",
        ready.body
    );
    for path in ["/sign-in", "/overview", "/connections.csv"] {
        let answer = alice.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.body.contains("cannot use its database"), "{path}");
    }
    let fields = [("email", ALICE.email), ("password", ALICE.password)];
    let answer = alice.post("/api/sign_in", &fields).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(alice.get("/healthz").await.status, StatusCode::OK);
}

async fn is_ready(kalends: &Kalends) -> bool {
    let ready = kalends.browser().get("/readyz").await;
    ready.status == StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_with_a_file_that_was_taken_away_until_it_is_back() {
    for (name, database) in [("kalends.db", "main database"), ("vault.db", "vault")] {
        let place = Place::of(&[ALICE, BOB]);
        fs::create_dir(place.path().join("old")).unwrap();
        let mut kalends = place.start().await;
        let mut alice = kalends.browser_of(&ALICE).await;
        assert!(is_ready(&kalends).await);
        apart(place.path(), name);
        nothing_goes_on(&kalends, database, "was taken from its place").await;
        kalends.said("Nothing is changed until then").await;
        // A command beside it puts no new one there.
        let listed = place.run(&["user", "list"], "");
        assert_eq!(listed.code, Some(1), "{listed:?}");
        assert!(
            listed.err.contains("in use by another Kalends"),
            "{listed:?}"
        );
        assert!(!place.path().join(name).exists());
        back(place.path(), name);
        assert!(is_ready(&kalends).await);
        assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
        kalends.stop();
        let listed = place.run(&["user", "list"], "");
        assert!(listed.out.contains(BOB.email), "{listed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_with_another_file_in_the_place_of_the_one_that_was_opened() {
    let foreign = Place::of(&[CHARLIE]);
    for with_foreign in [false, true] {
        let place = Place::of(&[ALICE, BOB]);
        let old = place.path().join("old");
        fs::create_dir(&old).unwrap();
        let kalends = place.start().await;
        apart(place.path(), "kalends.db");
        copy(
            if with_foreign { foreign.path() } else { &old },
            place.path(),
        );
        nothing_goes_on(&kalends, "main database", "was replaced by another file").await;
        back(place.path(), "kalends.db");
        if !with_foreign {
            assert!(is_ready(&kalends).await);
        }
    }
}
