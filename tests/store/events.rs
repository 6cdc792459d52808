//! Stored entries, and how a round brings them in step.

use crate::{
    World,
    engines::on_both_engines,
    world::{NOW, SERVICE},
};
use kalends_core::{
    calendar::{DaySpan, EntryKind, Event, FreeBusyStatus, Sensitivity, Window},
    clock::Timestamp,
    connection::{Connection, ConnectionState},
    problem::Problem,
};
use kalends_store::{Changes, CompletedRun, Failed, database::Engine};
use sqlx::Row;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const LATER: Timestamp = Timestamp::from_millis(NOW.millis() + 300_000);

fn event(item_id: &str, start: Timestamp) -> Event {
    Event {
        item_id: item_id.to_owned(),
        change_key: "DwAAABY".to_owned(),
        uid: Some("040000008200E000".to_owned()),
        subject: Some("Übergabe \"Ost\" & 'West' \u{1F4C5}".to_owned()),
        location: None,
        organizer: Some("Alice Albers".to_owned()),
        start,
        end: start + HOUR,
        all_day: Some(DaySpan {
            first: 20_514,
            end: 20_515,
        }),
        status: FreeBusyStatus::Other("Elsewhere2030".to_owned()),
        sensitivity: Sensitivity::Normal,
        kind: EntryKind::Exception,
        cancelled: true,
        last_modified: Some(NOW),
    }
}

async fn keep(
    world: &World,
    connection: &Connection,
    events: &[Event],
    now: Timestamp,
) -> Option<Changes> {
    let round = CompletedRun {
        calls: &[],
        events,
        started_at: now,
        now,
        next: now + Duration::from_mins(5),
    };
    world.store.save_run(connection, &round).await.unwrap()
}

const fn changes(inserted: i64, updated: i64, deleted: i64) -> Changes {
    Changes {
        inserted,
        updated,
        deleted,
    }
}

async fn stored(world: &World, connection: &Connection) -> Vec<Event> {
    world.other.all_events(connection.id).await.unwrap()
}

async fn connected(world: &World, name: &str) -> Connection {
    let user = world.user(name).await;
    world.connect(&user, SERVICE).await
}

/// Makes every further write to `events` fail.
async fn forbid_writes(world: &World) {
    let forbidding = match world.store.engine() {
        Engine::Sqlite => [
            "CREATE TRIGGER no_insert BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'written'); END",
            "CREATE TRIGGER no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'written'); END",
            "CREATE TRIGGER no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'written'); END",
        ],
        Engine::Postgres => [
            "CREATE FUNCTION no_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''written''; END'",
            "CREATE TRIGGER no_write BEFORE INSERT OR UPDATE OR DELETE ON events EXECUTE FUNCTION no_write()",
            "SELECT 1",
        ],
    };
    for sql in forbidding {
        sqlx::raw_sql(sql)
            .execute(world.store.pool())
            .await
            .unwrap();
    }
}

on_both_engines! {
    async fn a_round_inserts_updates_and_deletes_until_the_copy_is_what_was_read(world) {
        let connection = connected(world, "alice").await;
        let first = [event("one", NOW), event("two", NOW + HOUR), event("three", NOW + HOUR * 2)];
        assert_eq!(keep(world, &connection, &first, NOW).await, Some(changes(3, 0, 0)));
        assert_eq!(stored(world, &connection).await, first);

        let moved = Event { change_key: "DwAAABZ".to_owned(), ..event("two", NOW + HOUR * 5) };
        let second = [event("one", NOW), event("four", NOW + HOUR * 3), moved];
        assert_eq!(keep(world, &connection, &second, LATER).await, Some(changes(1, 1, 1)));
        assert_eq!(stored(world, &connection).await, second);
        let found = world.store.connection(connection.id).await.unwrap().unwrap();
        assert_eq!((found.entries, found.last_synced_at, found.state), (3, Some(LATER), ConnectionState::Connected));
        let sync_runs = world.store.last_runs(connection.id, 10).await.unwrap();
        assert_eq!(sync_runs.iter().map(|round| round.changes).collect::<Vec<_>>(), [changes(1, 1, 1), changes(3, 0, 0)]);

        assert_eq!(keep(world, &connection, &[], LATER).await, Some(changes(0, 0, 3)));
        assert!(stored(world, &connection).await.is_empty());
    }

    async fn an_unchanged_round_writes_only_when_it_was(world) {
        let connection = connected(world, "alice").await;
        let events = [event("one", NOW), event("two", NOW + HOUR)];
        keep(world, &connection, &events, NOW).await;
        let before = world.number("SELECT (SELECT COUNT(*) FROM sync_runs) + (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM calls)").await;
        forbid_writes(world).await;
        for _ in 0..3 {
            assert_eq!(keep(world, &connection, &events, LATER).await, Some(changes(0, 0, 0)));
        }
        let after = world.number("SELECT (SELECT COUNT(*) FROM sync_runs) + (SELECT COUNT(*) FROM audit) + (SELECT COUNT(*) FROM calls)").await;
        assert_eq!(before, after);
        let row = sqlx::query("SELECT run_count, last_run_at, last_synced_at, since FROM connections")
            .fetch_one(world.store.pool())
            .await
            .unwrap();
        let numbers: [i64; 4] = [row.get(0), row.get(1), row.get(2), row.get(3)];
        assert_eq!(numbers, [4, LATER.millis(), LATER.millis(), NOW.millis()]);
    }

    async fn ids_that_differ_only_in_case_are_two_entries(world) {
        let connection = connected(world, "alice").await;
        let (upper, lower) = (event("AAMkADk3", NOW), event("AAMkADK3", NOW));
        let both = [lower.clone(), upper.clone()];
        assert_eq!(keep(world, &connection, &both, NOW).await, Some(changes(2, 0, 0)));
        let changed = Event { subject: None, ..lower };
        assert_eq!(keep(world, &connection, &[changed.clone(), upper.clone()], LATER).await, Some(changes(0, 1, 0)));
        assert_eq!(keep(world, &connection, std::slice::from_ref(&upper), LATER).await, Some(changes(0, 0, 1)));
        assert_eq!(stored(world, &connection).await, [upper]);
    }

    async fn two_calendars_may_hold_the_same_entry(world) {
        let (hers, his) = (connected(world, "alice").await, connected(world, "bob").await);
        let meeting = [event("one", NOW)];
        keep(world, &hers, &meeting, NOW).await;
        keep(world, &his, &meeting, NOW).await;
        keep(world, &hers, &[], LATER).await;
        assert_eq!(stored(world, &his).await, meeting);
    }

    async fn a_window_shows_what_overlaps_it_by_start(world) {
        let connection = connected(world, "alice").await;
        let events: Vec<Event> = (0..6).map(|hour| event(&format!("at{hour}"), NOW + HOUR * hour)).collect();
        keep(world, &connection, &events, NOW).await;
        let half = Duration::from_mins(30);
        let window = Window { start: NOW + HOUR + half, end: NOW + HOUR * 4 };
        let shown = world.store.entries_in(&connection, window).await.unwrap();
        let ids: Vec<&str> = shown.iter().map(|it| it.event.item_id.as_str()).collect();
        assert_eq!(ids, ["at1", "at2", "at3"]);
    }

    async fn an_entry_is_found_by_the_id_of_its_row_in_its_own_calendar_alone(world) {
        let (hers, his) = (connected(world, "alice").await, connected(world, "bob").await);
        keep(world, &hers, &[event("one", NOW)], NOW).await;
        keep(world, &his, &[event("one", NOW)], NOW).await;
        let always = Window { start: NOW - HOUR, end: NOW + HOUR };
        let [entry] = &world.store.entries_in(&hers, always).await.unwrap()[..] else {
            panic!("one entry was kept");
        };
        assert_eq!(entry.event, event("one", NOW));
        assert_eq!(world.other.entry(&hers, entry.id).await.unwrap().as_ref(), Some(entry));
        assert_eq!(world.other.entry(&his, entry.id).await.unwrap(), None);
        // It stays while the entry does, whatever changes in it.
        let moved = event("one", NOW + HOUR);
        keep(world, &hers, std::slice::from_ref(&moved), LATER).await;
        assert_eq!(world.other.entry(&hers, entry.id).await.unwrap().unwrap().event, moved);
        keep(world, &hers, &[], LATER).await;
        assert_eq!(world.other.entry(&hers, entry.id).await.unwrap(), None);
    }

    async fn a_failed_round_keeps_the_copy_and_tells_the_problem_until_one_succeeds(world) {
        let connection = connected(world, "alice").await;
        let events = [event("one", NOW)];
        keep(world, &connection, &events, NOW).await;
        let problem = Problem::ImpersonationDenied;
        let failed = Failed {
            calls: &[],
            problem: &problem,
            request_id: Some("0d3e"),
            state: ConnectionState::ActionNeeded,
            started_at: LATER,
            now: LATER,
            next: Some(LATER + HOUR),
        };
        world.store.fail_run(&connection, &failed).await.unwrap();
        let found = world.other.connection(connection.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.problem.as_ref(), found.since), (ConnectionState::ActionNeeded, Some(&problem), LATER));
        assert_eq!((found.due_at, found.last_synced_at), (Some(LATER + HOUR), Some(NOW)));
        assert_eq!(stored(world, &connection).await, events);
        assert_eq!(world.store.last_runs(connection.id, 1).await.unwrap()[0].problem, Some(problem));
        assert_eq!(world.number("SELECT COUNT(*) FROM calls WHERE request_id = '0d3e' AND problem_code = 'impersonation-denied'").await, 1);

        keep(world, &connection, &events, LATER + HOUR).await;
        let healed = world.other.connection(connection.id).await.unwrap().unwrap();
        assert_eq!((healed.state, healed.problem, healed.since), (ConnectionState::Connected, None, LATER + HOUR));
    }

    async fn a_round_of_a_connection_that_is_gone_writes_nothing(world) {
        let alice = world.user("alice").await;
        let gone = world.connect(&alice, SERVICE).await;
        let new = world.connect(&alice, SERVICE).await;
        assert_eq!(keep(world, &gone, &[event("one", NOW)], NOW).await, None);
        let problem = Problem::Interrupted;
        let failed = Failed { problem: &problem, request_id: None, calls: &[], state: ConnectionState::Delayed, started_at: NOW, now: NOW, next: None };
        world.store.fail_run(&gone, &failed).await.unwrap();
        assert_eq!(world.number("SELECT (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM sync_runs) + (SELECT COUNT(*) FROM calls)").await, 0);
        assert_eq!(world.store.connection_of(alice.id).await.unwrap(), Some(new));
    }

    async fn reconnecting_during_a_round_never_fails_either(world) {
        let alice = world.user("alice").await;
        let events: Vec<Event> = (0..60).map(|hour| event(&format!("at{hour}"), NOW + HOUR * hour)).collect();
        for _ in 0..8 {
            let connection = world.connect(&alice, SERVICE).await;
            let (store, events) = (world.other.clone(), events.clone());
            let round = tokio::spawn(async move {
                let round = CompletedRun { events: &events, calls: &[], started_at: NOW, now: NOW, next: LATER };
                store.save_run(&connection, &round).await.unwrap()
            });
            world.connect(&alice, SERVICE).await;
            round.await.unwrap();
        }
    }
}

/// An entry as Exchange sends it: the lengths of its ids are those of a real mailbox.
fn typical(number: i64) -> Event {
    let start = NOW + HOUR * u32::try_from(number).unwrap();
    Event {
        item_id: format!("AAMkA{}{number:0>20}AAA=", "DkzYTI1".repeat(18)),
        change_key: format!("DwAAABYAAAB{number:0>20}AAAABnJc"),
        uid: Some(format!("040000008200E00074C5B7101A82E008{number:0>80}")),
        subject: Some(format!("Planning of the week, part {number}")),
        location: Some("Meeting room 4".to_owned()),
        organizer: Some("Alice Albers".to_owned()),
        all_day: None,
        status: FreeBusyStatus::Busy,
        kind: EntryKind::Single,
        cancelled: false,
        ..event("", start)
    }
}

/// The item id alone is 154 bytes long, the uid 112; two indexes are there to find an entry.
#[tokio::test]
async fn an_entry_takes_little_room() {
    const ENTRIES: i64 = 10_000;
    const MAX_BYTES: i64 = 700;
    let world = World::open(Engine::Sqlite).await;
    let connection = connected(&world, "alice").await;
    let bytes = "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)";
    let before = world.number(bytes).await;
    let events: Vec<Event> = (0..ENTRIES).map(typical).collect();
    keep(&world, &connection, &events, NOW).await;
    let each = (world.number(bytes).await - before) / ENTRIES;
    assert!(each < MAX_BYTES, "{each} bytes");
    println!("{each} bytes an entry");
    world.close().await;
}
