//! Fills a main database with a large organisation, for benchmarks: `office DATABASE_URL VAULT_DATABASE_URL
//! PEOPLE ENTRIES_EACH`.
//!
//! Alice is its admin and signs in with `practice-alice`. A database that is filled already is only planned anew: no round
//! is due within the next nine minutes, in which nothing is asked of any Exchange.

use kalends::{
    accounts::custody::open_pair,
    people::{
        hashing::{Hashing, Queue},
        sign_in::hash_new,
    },
};
use kalends_core::{
    account_name::{AccountName, Password},
    audit::{AuditAction, AuditEntry},
    calendar::{EntryKind, Event, FreeBusyStatus, Sensitivity},
    clock::{Clock, Timestamp},
    connection::{Connection, ConnectionState, Mode},
    problem::Problem,
    random::Random,
    rights::Role,
};
use kalends_store::{
    CompletedRun, ConnectedMailbox, Failed, NewConnection, NewUser, Store, StoreError,
    database::sqlite_file,
    vault::{KeySource, LockedVault},
};
use std::{error::Error, time::Duration};

/// Less than the pause between two sync runs at its longest: what lies further ahead is not believed.
const AHEAD: Duration = Duration::from_mins(9);
/// Whose calendar the others' are copies of.
const TEMPLATE: usize = 1;
const FIRST: [&str; 8] = [
    "Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hugo",
];
const LAST: [&str; 8] = [
    "Albers", "Brandt", "Conrad", "Dietz", "Ernst", "Falk", "Graf", "Haas",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, vault, people, entries] = words.as_slice() else {
        return Err("office DATABASE_URL VAULT_DATABASE_URL PEOPLE ENTRIES_EACH".into());
    };
    let (people, entries): (usize, usize) = (people.parse()?, entries.parse()?);
    let (clock, random) = (Clock::system(), Random::from_system());
    let store = Store::open(url, random.clone()).await?;
    let now = clock.now();
    if store.has_users().await? {
        return plan(&store, now).await;
    }
    pair(&store, vault, &random, now).await?;
    let hash = hash_new(
        &Hashing::new(random.clone()),
        Queue::Known,
        &Password::from("practice-alice".to_owned()),
    )
    .await?;
    let accounts = [
        ("mail.example.test", "svc-kalends@example.test"),
        ("mail.branch.test", "svc-kalends@branch.test"),
    ];
    let events: Vec<Event> = (0..entries).map(|number| event(number, now)).collect();
    // Alice signs in and looks at her week.
    let crowded: Vec<Event> = (0..400).map(|number| crowded(number, now)).collect();
    let mut connected = Vec::new();
    for number in 0..people {
        let (name, email, role) = person(number);
        let user = store
            .create_user(
                NewUser {
                    email: email.parse()?,
                    name,
                    role,
                    password_hash: hash.clone(),
                    time_zone: "Europe/Berlin".to_owned(),
                },
                now,
            )
            .await?;
        if number % 20 == 19 {
            continue;
        }
        let (host, account) = accounts[usize::from(number % 5 == 0 && number > 0)];
        let secret_id = store.announce_secret(now).await?;
        let new = NewConnection {
            mode: Mode::ServiceAccount,
            account: AccountName::parse(account, "")?,
            endpoint: format!("https://{host}/EWS/Exchange.asmx").parse()?,
            secret_id,
            control: None,
            sign_in: kalends_core::connection::SignInMethod::Automatic,
            reads: ConnectedMailbox {
                user_id: user.id,
                mailbox: user.email.clone(),
                // Whoever read the same folder of a host as another would claim it, each of them all the earlier ones.
                folder_id: format!("AQ{number:06}=="),
                folder_name: "Calendar".to_owned(),
            },
        };
        let entry = AuditEntry::by(user.id, AuditAction::Connected).about(user.email.as_str());
        let saved = store.save_connection(&new, &entry, now).await?;
        let Some(connection) = store.connection(saved.connection_id).await? else {
            continue;
        };
        if number <= TEMPLATE {
            let round = CompletedRun {
                events: if number == 0 { &crowded } else { &events },
                calls: &[],
                started_at: now,
                now,
                next: now + AHEAD,
            };
            store.save_run(&connection, &round).await?;
        }
        connected.push((number, connection));
    }
    if let Some((_, template)) = connected.get(TEMPLATE) {
        copy(&store, template).await?;
    }
    // Whoever connects later would have them looked at at once.
    for (number, connection) in connected {
        if let Some(problem) = problem_of(number) {
            break_down(&store, &connection, &problem, now).await?;
        }
    }
    plan(&store, clock.now()).await
}

/// Somebody's name, address and role.
fn person(number: usize) -> (String, String, Role) {
    if number == 0 {
        (
            "Alice".to_owned(),
            "alice@example.test".to_owned(),
            Role::Admin,
        )
    } else {
        let domain = if number.is_multiple_of(5) {
            "branch.test"
        } else {
            "example.test"
        };
        let (first, last) = (FIRST[number % 8], LAST[number / 8 % 8]);
        (
            format!("{first} {last} {number}"),
            format!("{first}.{last}.{number}@{domain}").to_lowercase(),
            Role::Member,
        )
    }
}

/// Gives whoever has no copy of their calendar yet the one of this connection: a million entries at once.
async fn copy(store: &Store, template: &Connection) -> Result<(), Box<dyn Error>> {
    let lacking = "SELECT id FROM connections WHERE last_synced_at IS NULL";
    let of_template = "SELECT id FROM calendars WHERE connection_id = $1";
    // An id is half the entry's and half the calendar's, which are both random there.
    let entries = format!(
        "INSERT INTO events (id, calendar_id, item_id, change_key, starts_at, ends_at, uid, subject, free_busy, sensitivity, \
         modified_at, details) SELECT substr(e.id, 1, 18) || substr(c.id, 19), c.id, e.item_id, e.change_key, e.starts_at, \
         e.ends_at, e.uid, e.subject, e.free_busy, e.sensitivity, e.modified_at, e.details \
         FROM calendars c, events e WHERE e.calendar_id IN ({of_template}) AND c.connection_id IN ({lacking})"
    );
    let runs = format!(
        "INSERT INTO sync_runs (id, connection_id, started_at, duration_ms, inserted, updated, deleted) \
         SELECT substr(r.id, 1, 18) || substr(c.id, 19), c.id, r.started_at, r.duration_ms, r.inserted, r.updated, r.deleted \
         FROM connections c, sync_runs r WHERE r.connection_id = $1 AND c.id IN ({lacking})"
    );
    let standing = "UPDATE connections SET state = t.state, last_run_at = t.last_run_at, last_synced_at = t.last_synced_at, \
         run_count = t.run_count, entries = t.entries FROM connections t WHERE t.id = $1 AND connections.last_synced_at IS NULL";
    for sql in [entries.as_str(), &runs, standing] {
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(template.id.to_string())
            .execute(store.pool())
            .await?;
    }
    Ok(())
}

/// Puts every round ahead of now.
async fn plan(store: &Store, now: Timestamp) -> Result<(), Box<dyn Error>> {
    sqlx::query("UPDATE connections SET due_at = $1")
        .bind((now + AHEAD).millis())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Gives both databases the id of one installation.
async fn pair(
    store: &Store,
    vault: &str,
    random: &Random,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let keys = KeySource {
        keys: None,
        file: None,
        new_file: sqlite_file(vault)
            .unwrap_or_default()
            .with_extension("keys"),
    };
    let locked = LockedVault::open(vault).await?;
    open_pair(store, locked, &keys, random, now).await?;
    Ok(())
}

const fn problem_of(number: usize) -> Option<Problem> {
    match number % 40 {
        7 => Some(Problem::PasswordRefused {
            proxy: None,
            changed: None,
            taken_before: false,
        }),
        11 => Some(Problem::ImpersonationDenied),
        13 => Some(Problem::Throttled {
            wait_millis: 60_000,
        }),
        _ => None,
    }
}

async fn break_down(
    store: &Store,
    connection: &Connection,
    problem: &Problem,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = Failed {
        problem,
        request_id: None,
        calls: &[],
        state: ConnectionState::after(problem),
        started_at: now,
        now,
        next: Some(now + AHEAD),
    };
    store.fail_run(connection, &failed).await
}

/// Two weeks around now of 200 overlapping entries each: whatever day it is, this week's page shows 200.
fn crowded(number: usize, now: Timestamp) -> Event {
    let minutes = u64::try_from(number).unwrap_or(0) * 50;
    let start = now - Duration::from_hours(24 * 7) + Duration::from_mins(minutes);
    Event {
        start,
        end: start + Duration::from_mins(100),
        ..event(number, now)
    }
}

/// A working day's entries, one after another, from a month back on.
fn event(number: usize, now: Timestamp) -> Event {
    let hours = u64::try_from(number).unwrap_or(0);
    let start =
        now - Duration::from_hours(24 * 7) + Duration::from_hours(hours / 4 * 24 + hours % 4 * 2);
    Event {
        item_id: format!("AAMkAGI2TG93AAA{number:06}="),
        change_key: "DwAAABYAAAAB".to_owned(),
        uid: Some(format!("040000008200E00074C5B7101A82E008{number:08X}")),
        subject: Some(format!("Planning {number}")),
        location: None,
        organizer: None,
        start,
        end: start + Duration::from_hours(1),
        all_day: None,
        status: FreeBusyStatus::from("Busy".to_owned()),
        sensitivity: Sensitivity::from("Normal".to_owned()),
        kind: EntryKind::Single,
        cancelled: false,
        last_modified: Some(now - Duration::from_mins(hours % 50)),
    }
}
