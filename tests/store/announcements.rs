//! What changes is told to those who follow it, here and on other instances, and nothing else is.

use crate::{
    World,
    engines::on_both_engines,
    pooler,
    world::{NOW, SERVICE},
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    calendar::{EntryKind, Event, FreeBusyStatus, Sensitivity},
    connection::{Connection, ConnectionState},
    problem::Problem,
    random::Random,
    topic::Topic,
};
use kalends_store::{CompletedRun, Failed, Follower, Store, database::Engine};
use sqlx::Row as _;
use std::{collections::BTreeSet, time::Duration};
use tokio::{task::JoinSet, time::timeout};

/// Within this long nothing came.
const SOON: Duration = Duration::from_millis(300);
/// What is asked for every second, with time to spare on a busy machine.
const ASKED: Duration = Duration::from_secs(8);

/// Every table, and what is announced when it changes.
const TABLES: &[(&str, &str)] = &[
    ("account_domains", "organisation"),
    (
        "accounts",
        "organisation, its connections; leases and back-offs: nothing",
    ),
    ("analyses", "analysis; wish to stop: nothing"),
    ("announced_secrets", "nothing"),
    ("audit", "nothing: whoever reads the trail asks for it"),
    ("audit_head", "nothing"),
    ("calendars", "with its connection"),
    ("calls", "with the sync run"),
    ("changes", "nothing"),
    ("checks", "check, person who began it"),
    ("clock_jumps", "overview"),
    (
        "connections",
        "connection, calendar, connections, overview, people; times of runs: nothing",
    ),
    ("discovered_endpoints", "nothing"),
    ("events", "calendar, connection"),
    ("global_pause", "everything"),
    ("heartbeats", "nothing"),
    ("host_sign_in_methods", "nothing"),
    ("incidents", "organisation"),
    ("installation", "nothing: a start or a command"),
    ("instances", "nothing"),
    ("invitations", "person, people"),
    ("job_items", "organisation"),
    ("jobs", "organisation; leases that are renewed: nothing"),
    ("known_devices", "nothing"),
    ("known_servers", "nothing"),
    ("limit_slots", "nothing"),
    ("mailbox_claims", "both people"),
    ("mailbox_requests", "person, organisation"),
    ("mailbox_scope_rows", "organisation"),
    ("mailbox_scopes", "organisation"),
    ("notice_attempts", "organisation"),
    ("notices", "organisation"),
    ("one_time_links", "nothing: whoever made them asks for them"),
    ("policy", "everything"),
    ("recovery_codes", "person, people"),
    ("refusals", "nothing: what follows is told with the account"),
    ("revocations", "organisation"),
    ("search_words", "nothing"),
    ("secrets_to_delete", "nothing"),
    ("server_builds", "overview"),
    ("server_certificates", "overview"),
    ("sessions", "person; use: nothing"),
    ("setup_codes", "nothing"),
    ("state_changes", "with its connection"),
    ("suppressed_sign_in_failures", "nothing"),
    ("sync_delay_hours", "nothing"),
    ("sync_run_hours", "nothing"),
    ("sync_runs", "connection, calendar"),
    ("tombstones_to_review", "nothing: a start or a command"),
    ("two_factor", "person, people"),
    ("user_addresses", "person, people"),
    ("users", "person, people, their connections"),
    ("webhooks", "organisation"),
];

async fn told(follower: &Follower) -> Vec<Topic> {
    let changed = timeout(SOON, follower.changed()).await;
    changed.unwrap_or_default().into_iter().collect()
}

fn all_of(connection: &Connection) -> [Topic; 7] {
    [
        Topic::Calendar(connection.user_id),
        Topic::Connection(connection.id),
        Topic::Person(connection.user_id),
        Topic::Connections,
        Topic::Overview,
        Topic::People,
        Topic::Organisation,
    ]
}

fn sorted<const N: usize>(topics: [Topic; N]) -> Vec<Topic> {
    BTreeSet::from(topics).into_iter().collect()
}

fn entry(item_id: &str) -> Event {
    Event {
        item_id: item_id.to_owned(),
        change_key: "DwAAABY".to_owned(),
        uid: None,
        subject: Some("Review".to_owned()),
        location: None,
        organizer: None,
        start: NOW,
        end: NOW + Duration::from_hours(1),
        all_day: None,
        status: FreeBusyStatus::Busy,
        sensitivity: Sensitivity::Normal,
        kind: EntryKind::Single,
        cancelled: false,
        last_modified: Some(NOW),
    }
}

async fn run(world: &World, connection: &Connection, events: &[Event]) -> Connection {
    let run = CompletedRun {
        calls: &[],
        events,
        started_at: NOW,
        now: NOW,
        next: NOW + Duration::from_mins(5),
    };
    world.store.save_run(connection, &run).await.unwrap();
    world
        .store
        .connection(connection.id)
        .await
        .unwrap()
        .unwrap()
}

async fn announce(store: &Store, topic: Topic) {
    let mut tx = store.begin().await.unwrap();
    tx.changed([topic]);
    tx.commit().await.unwrap();
}

/// An instance at work, until the second value is dropped.
fn hearing(store: &Store) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let store = store.clone();
    tasks.spawn(async move { store.hear_other_instances().await });
    tasks
}

on_both_engines! {
    async fn a_change_is_told_once_it_is_kept_and_only_then(world) {
        let follower = world.store.announcements().follow([Topic::Overview, Topic::People], Duration::ZERO);
        let mut tx = world.store.begin().await.unwrap();
        tx.changed([Topic::Overview]);
        assert_eq!(told(&follower).await, []);
        drop(tx);
        assert_eq!(told(&follower).await, []);
        let mut tx = world.store.begin().await.unwrap();
        tx.changed([Topic::Overview, Topic::Connections]);
        tx.changed([Topic::Overview]);
        tx.commit().await.unwrap();
        assert_eq!(told(&follower).await, [Topic::Overview]);
        // One row for each topic, where instances read them, and none of what was taken back.
        let rows = if world.store.engine() == Engine::Postgres { 2 } else { 0 };
        assert_eq!(world.number("SELECT COUNT(*) FROM changes").await, rows);
    }

    async fn changed_entries_are_told_and_a_run_that_changed_nothing_is_not(world) {
        let user = world.user("bob").await;
        let connection = world.connect(&user, SERVICE).await;
        let first = world.store.announcements().follow(all_of(&connection), Duration::ZERO);
        let connection = run(world, &connection, &[]).await;
        // The page says that the first one is under way until then.
        assert!(told(&first).await.contains(&Topic::Calendar(user.id)));
        let connection = run(world, &connection, &[entry("a")]).await;
        let entries = sorted([Topic::Calendar(user.id), Topic::Connection(connection.id)]);
        assert_eq!(told(&first).await, entries);
        let connection = run(world, &connection, &[entry("a")]).await;
        assert_eq!(told(&first).await, []);
        run(world, &connection, &[]).await;
        assert_eq!(told(&first).await, entries);
    }

    async fn the_end_of_a_run_that_was_asked_for_is_told_once_also_where_nothing_changed(world) {
        let user = world.user("bob").await;
        let connection = world.connect(&user, SERVICE).await;
        let connection = run(world, &connection, &[entry("a")]).await;
        let follower = world.store.announcements().follow(all_of(&connection), Duration::ZERO);
        world.store.make_due_now(connection.id, NOW).await.unwrap();
        assert_eq!(told(&follower).await, [Topic::Connection(connection.id)]);
        let connection = run(world, &connection, &[entry("a")]).await;
        assert_eq!(told(&follower).await, [Topic::Connection(connection.id)]);
        run(world, &connection, &[entry("a")]).await;
        assert_eq!(told(&follower).await, []);
    }

    async fn a_new_state_is_told_to_all_who_see_it_and_a_repeated_one_to_its_readers(world) {
        let user = world.user("bob").await;
        let connection = world.connect(&user, SERVICE).await;
        let follower = world.store.announcements().follow(all_of(&connection), Duration::ZERO);
        let failed = Failed {
            problem: &Problem::ImpersonationDenied,
            request_id: None,
            calls: &[],
            state: ConnectionState::ActionNeeded,
            started_at: NOW,
            now: NOW,
            next: None,
        };
        world.store.fail_run(&connection, &failed).await.unwrap();
        assert_eq!(
            told(&follower).await,
            sorted([
                Topic::Calendar(user.id),
                Topic::Connection(connection.id),
                Topic::Connections,
                Topic::Overview,
                Topic::People
            ])
        );
        world.store.fail_run(&connection, &failed).await.unwrap();
        assert_eq!(
            told(&follower).await,
            sorted([Topic::Calendar(user.id), Topic::Connection(connection.id)])
        );
        assert!(world.disconnect(user.id).await);
        let changed = told(&follower).await;
        assert!(changed.contains(&Topic::Connection(connection.id)), "{changed:?}");
        assert!(changed.contains(&Topic::Connections), "{changed:?}");
    }

    async fn what_many_see_is_told_as_everything(world) {
        let user = world.user("bob").await;
        let connection = world.connect(&user, SERVICE).await;
        let follower = world.store.announcements().follow(all_of(&connection), Duration::ZERO);
        let entry = AuditEntry::by(user.id, AuditAction::Connected);
        world.store.pause_everything(true, &entry, NOW).await.unwrap();
        assert_eq!(told(&follower).await, [Topic::Everything]);
        for n in 0..101 {
            let other = world.user(&format!("colleague{n}")).await;
            world.connect(&other, SERVICE).await;
        }
        told(&follower).await;
        world.store.pause_account(connection.account_id, true, &entry, NOW).await.unwrap();
        assert_eq!(told(&follower).await, [Topic::Everything]);
    }

    async fn every_table_has_a_decision(world) {
        let sql = match world.store.engine() {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Engine::Postgres => "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'public'",
        };
        let found = sqlx::query(sql).fetch_all(world.store.pool()).await.unwrap();
        let found: BTreeSet<String> = found.iter().map(|row| row.get("name")).collect();
        let found: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|name| !name.starts_with("sqlite_") && *name != "_sqlx_migrations")
            .collect();
        let decided: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(found, decided);
    }
}

mod postgres_alone {
    use super::*;

    fn following(store: &Store) -> Follower {
        let announcements = store.announcements();
        announcements.follow([Topic::Overview], Duration::ZERO)
    }

    #[tokio::test]
    async fn another_instance_hears_of_a_change_within_a_second() {
        let world = World::open(Engine::Postgres).await;
        let _hearing = hearing(&world.other);
        let follower = following(&world.other);
        // Until it listens, it asks.
        announce(&world.store, Topic::Overview).await;
        let changed = timeout(ASKED, follower.changed()).await;
        assert!(changed.is_ok(), "the first is heard of");
        for _ in 0..5 {
            announce(&world.store, Topic::Overview).await;
            let changed = timeout(Duration::from_secs(1), follower.changed()).await;
            assert_eq!(changed.unwrap(), BTreeSet::from([Topic::Overview]));
            announce(&world.store, Topic::People).await;
        }
        assert_eq!(told(&follower).await, []);
        world.close().await;
    }

    #[tokio::test]
    async fn what_is_told_while_the_listening_connection_is_lost_is_heard_of_too() {
        let world = World::open(Engine::Postgres).await;
        let _hearing = hearing(&world.other);
        let follower = following(&world.other);
        announce(&world.store, Topic::Overview).await;
        timeout(ASKED, follower.changed()).await.unwrap();
        for _ in 0..2 {
            let ended = world
                .number(
                    "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                     WHERE datname = current_database() AND query LIKE 'LISTEN%'",
                )
                .await;
            announce(&world.store, Topic::Overview).await;
            let changed = timeout(ASKED, follower.changed()).await;
            assert!(changed.is_ok(), "after {ended} connections were ended");
            assert_eq!(told(&follower).await, []);
        }
        world.close().await;
    }

    #[tokio::test]
    async fn behind_a_pooler_an_instance_asks_while_somebody_follows() {
        let world = World::open(Engine::Postgres).await;
        let (url, _pooler) = pooler::before(world.main_url()).await;
        let pooled = Store::open(&url, Random::from_system()).await.unwrap();
        announce(&world.store, Topic::People).await;
        let _hearing = hearing(&pooled);
        // Longer than the proof takes that no notification arrives.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let follower = pooled
            .announcements()
            .follow([Topic::Overview, Topic::People], Duration::ZERO);
        for _ in 0..3 {
            announce(&world.store, Topic::Overview).await;
            let changed = timeout(ASKED, follower.changed()).await.unwrap();
            // Once each, and nothing of before it followed.
            assert_eq!(changed, BTreeSet::from([Topic::Overview]));
        }
        assert_eq!(told(&follower).await, []);
        pooled.pool().close().await;
        world.close().await;
    }

    #[tokio::test]
    async fn old_rows_go_and_the_latest_stay() {
        let world = World::open(Engine::Postgres).await;
        announce(&world.store, Topic::Overview).await;
        announce(&world.store, Topic::People).await;
        let aged = "UPDATE changes SET at = at - 150000 WHERE topic = 'overview'";
        sqlx::query(aged).execute(world.store.pool()).await.unwrap();
        assert_eq!(world.store.trim_changes().await.unwrap(), 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM changes").await, 1);
        world.close().await;
    }
}
