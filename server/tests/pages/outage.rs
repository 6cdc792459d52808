//! A database that is down: at the start, while Kalends serves, and one that another version has changed.

use crate::{
    browser::Browser,
    databases::Database,
    health::watcher,
    program::{ALICE, Kalends, Place},
};
use http::StatusCode;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// Within this people learn that a database is down.
const SOON: Duration = Duration::from_secs(5);

/// A way to the Postgres of tests that can be cut.
struct Way {
    at: SocketAddr,
    state: Arc<AtomicU8>,
    cut: Arc<Notify>,
}

const OPEN: u8 = 0;
/// Connections are closed at once.
const CLOSED: u8 = 1;
/// Nothing that is sent arrives.
const SILENT: u8 = 2;

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self {
            at: listener.local_addr().unwrap(),
            state: Arc::default(),
            cut: Arc::default(),
        };
        let (state, cut) = (Arc::clone(&way.state), Arc::clone(&way.cut));
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (state, cut, server) = (Arc::clone(&state), Arc::clone(&cut), server.clone());
                tokio::spawn(async move {
                    if state.load(Ordering::SeqCst) == OPEN {
                        let Ok(mut far) = TcpStream::connect(&server).await else {
                            return;
                        };
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            () = cut.notified() => {}
                        }
                    }
                    // Kept open and never read from again.
                    while state.load(Ordering::SeqCst) == SILENT {
                        cut.notified().await;
                    }
                });
            }
        });
        way
    }

    fn becomes(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
        self.cut.notify_waiters();
    }
}

fn postgres() -> (String, String) {
    let url = std::env::var("KALENDS_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("This test needs a Postgres. Run `cargo xtask test pages`: it starts one.")
    });
    let rest = url.split_once("://").unwrap().1;
    let (who, rest) = rest.split_once('@').unwrap();
    (who.to_owned(), rest.split('/').next().unwrap().to_owned())
}

async fn administer(sql: &str) {
    let (who, server) = postgres();
    let url = format!("postgres://{who}@{server}/postgres");
    Database::at(&url).await.execute(sql).await;
}

#[test]
fn a_database_that_is_down_at_the_start_is_told_in_its_own_words() {
    for (name, other) in [
        ("KALENDS_DATABASE_URL", "KALENDS_VAULT_DATABASE_URL"),
        ("KALENDS_VAULT_DATABASE_URL", "KALENDS_DATABASE_URL"),
    ] {
        let mut place = Place::new();
        // Nothing listens at this port.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        place.set(
            name,
            &format!("postgres://kalends:s3cret-word@{at}/kalends"),
        );
        let begun = Instant::now();
        let ended = place.run(&["serve"], "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("connection refused"), "{}", ended.err);
        assert!(
            ended.err.contains(name) && !ended.err.contains(other),
            "{}",
            ended.err
        );
        for word in ["pool", "s3cret-word"] {
            assert!(!ended.err.contains(word), "{}", ended.err);
        }
        assert!(begun.elapsed() < SOON * 2, "{:?}", begun.elapsed());
    }
}

// Commands are waited for while the way to the database works.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_down_is_told_within_seconds_and_comes_back() {
    let (who, server) = postgres();
    let name = format!("kalends_outage_{}", std::process::id());
    administer(&format!("CREATE DATABASE {name}")).await;
    let way = Way::to(server).await;
    let mut place = Place::new();
    let url = format!("postgres://{who}@{}/{name}", way.at);
    place.set("KALENDS_DATABASE_URL", &url);
    place.set("KALENDS_METRICS_LISTEN", "127.0.0.1:0");
    place.add(&ALICE);
    let mut kalends = place.start().await;
    let mut watcher = watcher(&mut kalends).await;
    let mut alice = kalends.browser_of(&ALICE).await;
    for state in [CLOSED, SILENT] {
        way.becomes(state);
        let begun = Instant::now();
        let numbers = watcher.get("/metrics").await;
        assert_eq!(numbers.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        for path in ["/overview", "/sign-in", "/connections.csv"] {
            let begun = Instant::now();
            let answer = alice.get(path).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert_eq!(answer.header("retry-after"), "5", "{path}");
            assert!(begun.elapsed() < SOON, "{path}: {:?}", begun.elapsed());
            assert!(
                answer.body.contains("cannot use its database"),
                "{}",
                answer.body
            );
        }
        let begun = Instant::now();
        let answer = alice
            .post("/api/sign_in", &[("email", "a@example.test")])
            .await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        // The process is alive, and not ready.
        assert_eq!(alice.get("/healthz").await.status, StatusCode::OK);
        let ready = alice.get("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            ready.body.contains("main database does not answer"),
            "{}",
            ready.body
        );
        way.becomes(OPEN);
        assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
    }
    assert!(
        !kalends.log().contains("pool timed out"),
        "{}",
        kalends.log()
    );
    kalends.stop();
    administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

/// Every way in which a change is asked for, by somebody signed in and by strangers.
const CHANGES: [(&str, &[(&str, &str)]); 3] = [
    (
        "/api/sign_in",
        &[
            ("email", "alice@example.test"),
            ("password", "practice-alice"),
        ],
    ),
    ("/api/sign_in", &[("email", "nobody@example.test")]),
    ("/api/sign_out", &[]),
];

async fn takes_no_changes(kalends: &Kalends, alice: &mut Browser) {
    for (path, fields) in CHANGES {
        let mut stranger = kalends.browser();
        let browser = if path == "/api/sign_out" {
            &mut *alice
        } else {
            &mut stranger
        };
        let begun = Instant::now();
        let answer = browser.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5", "{path}");
        assert!(
            answer.body.contains("cannot use its database"),
            "{}",
            answer.body
        );
        assert!(begun.elapsed() < SOON * 2, "{path}: {:?}", begun.elapsed());
    }
    // What only reads goes on.
    assert_eq!(alice.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_else_keeps_locked_is_told_within_seconds() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let mut other = Database::file(&place, "kalends.db").await;
    other.execute("BEGIN IMMEDIATE").await;
    takes_no_changes(&kalends, &mut alice).await;
    assert!(
        kalends.log().contains("keeps it locked"),
        "{}",
        kalends.log()
    );
    other.execute("ROLLBACK").await;
    let mut alice = kalends.browser_of(&ALICE).await;
    assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_only_reads_is_told_within_seconds() {
    let (who, server) = postgres();
    let name = format!("kalends_read_only_{}", std::process::id());
    administer(&format!("CREATE DATABASE {name}")).await;
    let mut place = Place::new();
    place.set(
        "KALENDS_DATABASE_URL",
        &format!("postgres://{who}@{server}/{name}"),
    );
    place.add(&ALICE);
    let kalends = place.start().await;
    let mut alice = kalends.browser_of(&ALICE).await;
    let cut =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    administer(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    ))
    .await;
    administer(&cut).await;
    takes_no_changes(&kalends, &mut alice).await;
    assert!(
        kalends.log().contains("read-only transaction"),
        "{}",
        kalends.log()
    );
    administer(&format!(
        "ALTER DATABASE {name} RESET default_transaction_read_only"
    ))
    .await;
    administer(&cut).await;
    let mut alice = kalends.browser_of(&ALICE).await;
    assert_eq!(alice.get("/overview").await.status, StatusCode::OK);
    kalends.stop();
    administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

#[tokio::test]
async fn a_database_that_a_newer_version_changed_is_left_alone() {
    for name in ["kalends.db", "vault.db"] {
        let place = Place::of(&[ALICE]);
        let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'newer', TRUE, X'00', 1)";
        Database::file(&place, name).await.execute(row).await;
        for words in [&["serve"][..], &["user", "list"], &["migrate"]] {
            let ended = place.run(words, "");
            assert_eq!(ended.code, Some(1), "{words:?} {ended:?}");
            assert!(
                ended
                    .err
                    .contains("changed by a newer Kalends (migration 9000)"),
                "{words:?} {}",
                ended.err
            );
        }
    }
}

#[tokio::test]
async fn a_database_that_an_older_build_made_is_left_alone() {
    for (name, setting) in [
        ("kalends.db", "KALENDS_DATABASE_URL"),
        ("vault.db", "KALENDS_VAULT_DATABASE_URL"),
    ] {
        let place = Place::of(&[ALICE]);
        let other_text = "UPDATE _sqlx_migrations SET checksum = X'00'";
        Database::file(&place, name).await.execute(other_text).await;
        for words in [&["serve"][..], &["user", "list"], &["migrate"]] {
            let ended = place.run(words, "");
            assert_eq!(ended.code, Some(1), "{words:?} {ended:?}");
            assert!(
                ended.err.contains(setting) && ended.err.contains("made before 0.1"),
                "{words:?} {}",
                ended.err
            );
            assert!(
                ended.err.contains("Start with a new one"),
                "{words:?} {}",
                ended.err
            );
        }
    }
}
