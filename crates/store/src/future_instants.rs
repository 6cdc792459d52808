//! Instants that a clock which ran ahead left behind: none is believed longer than the longest pause there is.

use crate::{error::StoreError, store::Store};
use kalends_core::clock::Timestamp;
use kalends_core::lifetimes;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Columns that say when something is due, whose they are, and how far ahead they can lie; a probe of a refused password
/// is planned a day ahead at most. What lies further is due now.
const DUE: [(&str, &str, &str, Duration); 8] = [
    (
        "connections",
        "due_at",
        "state = 'connected'",
        // As long as it may wait for a place to sign in.
        Duration::from_hours(2),
    ),
    (
        "connections",
        "due_at",
        "state = 'delayed'",
        Duration::from_hours(2),
    ),
    ("connections", "due_at", "1 = 1", Duration::from_hours(25)),
    (
        "jobs",
        "due_at",
        "state = 'waiting' AND kind = 'mailbox-scope'",
        Duration::from_mins(15),
    ),
    (
        "jobs",
        "due_at",
        "state = 'waiting'",
        Duration::from_hours(13),
    ),
    (
        "accounts",
        "stopped_until",
        "stopped_until < 9223372036854775807",
        Duration::from_hours(25),
    ),
    ("accounts", "held_until", "1 = 1", HOUR),
    (
        "incidents",
        "next_reminder_at",
        "closed_at IS NULL",
        Duration::from_hours(24 * 7),
    ),
];

/// Columns that say until when a process holds something; it holds it no longer than this.
const LEASED: [(&str, &str, &str, Duration); 4] = [
    ("accounts", "leased_until", "1 = 1", Duration::from_mins(3)),
    ("accounts", "wanted_until", "1 = 1", MINUTE),
    (
        "jobs",
        "leased_until",
        "state = 'waiting'",
        Duration::from_mins(2),
    ),
    ("checks", "alive_until", "outcome IS NULL", DAY),
];

/// Columns that say until when a person has something; whoever has it now has it no longer than this.
const HELD: [(&str, &str, &str, Duration); 5] = [
    (
        "sessions",
        "idle_expires_at",
        "1 = 1",
        lifetimes::SESSION_IDLE,
    ),
    (
        "sessions",
        "absolute_expires_at",
        "1 = 1",
        lifetimes::SESSION,
    ),
    (
        "invitations",
        "expires_at",
        "1 = 1",
        lifetimes::PASSWORD_LINK,
    ),
    (
        "one_time_links",
        "shown_until",
        "1 = 1",
        lifetimes::SHOWN_ONCE,
    ),
    (
        "known_devices",
        "expires_at",
        "1 = 1",
        lifetimes::KNOWN_DEVICE,
    ),
];

/// Columns that say when a process was last heard of or stood still.
const HEARD: [(&str, &str, &str); 3] = [
    ("global_pause", "paused_at", "1 = 1"),
    ("instances", "seen_at", "1 = 1"),
    ("analyses", "touched_at", "outcome IS NULL"),
];

/// Columns that say when something was.
const PAST: [(&str, &str, &str); 25] = [
    ("connections", "since", "1 = 1"),
    ("connections", "connected_at", "1 = 1"),
    ("connections", "last_run_at", "1 = 1"),
    ("connections", "last_synced_at", "1 = 1"),
    ("connections", "paused_at", "1 = 1"),
    ("accounts", "paused_at", "1 = 1"),
    ("checks", "started_at", "outcome IS NULL"),
    ("analyses", "started_at", "outcome IS NULL"),
    ("analyses", "finished_at", "1 = 1"),
    ("incidents", "opened_at", "closed_at IS NULL"),
    ("mailbox_requests", "asked_at", "decided_at IS NULL"),
    ("heartbeats", "at", "1 = 1"),
    ("clock_jumps", "at", "1 = 1"),
    ("users", "disconnected_at", "1 = 1"),
    ("sessions", "touched_at", "1 = 1"),
    ("sessions", "started_at", "1 = 1"),
    ("invitations", "created_at", "1 = 1"),
    ("setup_codes", "created_at", "1 = 1"),
    ("two_factor", "pending_since", "1 = 1"),
    ("two_factor", "enabled_at", "1 = 1"),
    ("jobs", "created_at", "1 = 1"),
    ("mailbox_claims", "at", "1 = 1"),
    ("announced_secrets", "announced_at", "1 = 1"),
    ("secrets_to_delete", "listed_at", "1 = 1"),
    ("server_certificates", "since", "1 = 1"),
];

/// An instant that another instance wrote may lie so far ahead of this one's clock.
const APART: Duration = Duration::from_secs(10);

/// Table, column, which rows, how far ahead an instant may lie, and how far ahead what is cut lies then.
type Bound = (&'static str, &'static str, &'static str, Duration, Duration);

/// What is cut; while the clock itself is in doubt, only what is set anew by itself.
fn bounds(is_in_doubt: bool) -> Vec<Bound> {
    let due = DUE
        .into_iter()
        .map(|it| (it, Duration::ZERO, Duration::ZERO));
    let until = |it: (&'static str, &'static str, &'static str, Duration)| (it, APART, it.3);
    let was = |(table, column, which)| {
        (
            (table, column, which, APART),
            Duration::ZERO,
            Duration::ZERO,
        )
    };
    let mut bounds: Vec<_> = due
        .chain(LEASED.into_iter().map(until))
        .chain(HEARD.into_iter().map(was))
        .collect();
    if !is_in_doubt {
        bounds.extend(HELD.into_iter().map(until));
        bounds.extend(PAST.into_iter().map(was));
    }
    let flat = bounds.into_iter();
    flat.map(|((table, column, which, longest), apart, left)| {
        (table, column, which, longest + apart, left)
    })
    .collect()
}

impl Store {
    /// Cuts stored instants that lie further ahead than anything is planned, and returns how many there were. Where the
    /// clock is in doubt, what people see and what ends something stays.
    pub async fn cut_future(&self, now: Timestamp, is_in_doubt: bool) -> Result<u64, StoreError> {
        let bounds = bounds(is_in_doubt);
        if !self.has_future(&bounds, now).await? {
            return Ok(0);
        }
        let mut cut = 0;
        let mut tx = self.begin().await?;
        for (table, column, which, longest, left) in &bounds {
            let sql = format!("UPDATE {table} SET {column} = $2 WHERE {column} > $1 AND {which}");
            let found = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind((now + *longest).millis())
                .bind((now + *left).millis())
                .execute(tx.conn())
                .await?;
            cut += found.rows_affected();
        }
        tx.commit().await?;
        Ok(cut)
    }

    /// Looks before anything is written.
    async fn has_future(&self, bounds: &[Bound], now: Timestamp) -> Result<bool, StoreError> {
        for (table, column, which, longest, _) in bounds {
            let sql =
                format!("SELECT 1 AS found FROM {table} WHERE {column} > $1 AND {which} LIMIT 1");
            let found = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind((now + *longest).millis())
                .fetch_optional(self.pool())
                .await?;
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
