//! What Kalends stores about a person, to take away: everything as JSON, the entries as iCalendar.

use crate::{analysis::Analysis, people::two_factor::may, services::Services};
use icalendar::{Calendar, Class, Component, EventLike, EventStatus, Property};
use jiff::civil;
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    calendar::{DaySpan, Event, FreeBusyStatus},
    clock::Timestamp,
    id::ConnectionId,
    problem::Problem,
    rights::Right,
};
use kalends_store::{Store, StoreError, User};
use serde_json::{Value, json};

/// Lines of the trail in an export.
const MAX_LINES: i64 = 10_000;

/// Everything, in one object. Secrets are no part of it: they are sealed and only their existence is told.
pub async fn as_json(services: &Services, user: &User) -> Result<Value, StoreError> {
    let store = &services.store;
    let connection = store.connection_of(user.id).await?;
    let entries = match &connection {
        Some(connection) => store.all_events(connection.id).await?,
        None => Vec::new(),
    };
    let looked = store
        .looked_at(user, connection.as_ref(), MAX_LINES)
        .await?;
    let kept = store.stored_counts(user.id).await?;
    let factor = store.second_factor(user.id).await?;
    let devices = store.devices_of(user.id, services.clock.now()).await?;
    let requests = store.requests_of(user.id).await?;
    let checks = store.last_checks(user.id, MAX_LINES).await?;
    let analyses = store.analyses_of(user.id).await?;
    let own = store.lines_by(user.id, MAX_LINES).await?;
    let tells_addresses = may(store, user, Right::NetworkAddresses).await?;
    let history = match &connection {
        Some(connection) => history(store, connection.id, tells_addresses).await?,
        None => Default::default(),
    };
    let lines: Vec<Value> = looked
        .iter()
        .map(|line| {
            json!({
                "at": iso(line.at),
                "by": if line.by.is_some() { "an administrator or colleague" } else { "Kalends" },
                "action": line.action,
                "about": line.subject,
            })
        })
        .collect();
    audit(services, user, "JSON").await?;
    Ok(json!({
        "exported_at": iso(services.clock.now()),
        "person": {
            "name": user.name,
            "email": user.email.as_str(),
            "time_zone": user.time_zone,
            "calendar": user.calendar,
            "own_privacy_level": user.privacy,
            "privacy_level": store.privacy_of(user.id).await?,
            "sessions": kept.sessions,
            "devices": devices.iter().map(|it| json!({
                "name": it.name,
                "since": it.since.map(iso),
                "last_used": iso(it.last_used),
            })).collect::<Vec<_>>(),
            "second_factor": factor.map(|it| json!({
                "since": iso(it.since),
                "recovery_codes_left": it.codes_left,
                "key": "sealed; not part of this file",
            })),
        },
        "connection": connection.as_ref().map(|it| json!({
            "mailbox": it.mailbox.as_str(),
            "account": it.account.to_string(),
            "endpoint": it.endpoint.to_string(),
            "mode": it.mode,
            "connected_at": iso(it.connected_at),
            "last_synced_at": it.last_synced_at.map(iso),
            "state": it.state,
            "password": "sealed; not part of this file",
        })),
        "requests": requests.iter().map(|it| json!({
            "mailbox": it.mailbox.as_str(),
            "reason": it.reason,
            "state": it.state,
            "asked_at": iso(it.asked_at),
        })).collect::<Vec<_>>(),
        "stored": { "sync_runs": kept.sync_runs, "calls": kept.calls, "checks": kept.checks },
        "checks": checks.iter().map(|it| json!({
            "at": iso(it.started_at),
            "mailbox": it.typed.mailbox,
            "account": it.typed.account,
            "endpoint": it.typed.endpoint,
            "ended": crate::reports::timeline::ended(it.outcome.as_ref()),
            "steps": if tells_addresses { it.ladder.clone() } else { it.ladder.clone().without_addresses() },
        })).collect::<Vec<_>>(),
        "analyses": analyses.iter().filter_map(|row| Analysis::of_row(row).ok()).map(|it| json!({
            "at": iso(it.started_at),
            "mailboxes": it.parts.iter().map(|part| part.mailbox.as_str()).collect::<Vec<_>>(),
            "account": it.typed.account,
            "endpoint": it.typed.endpoint,
            "ended": it.ended_at.map(iso),
        })).collect::<Vec<_>>(),
        "sync_runs": history.0,
        "calls": history.1,
        "states": history.2,
        "who_looked": lines,
        "what_you_did": own.iter().map(|line| json!({
            "at": iso(line.at),
            "action": line.action,
            "about": line.subject,
        })).collect::<Vec<_>>(),
        "entries": entries,
    }))
}

/// Sync runs, calls and changes of state.
async fn history(
    store: &Store,
    id: ConnectionId,
    tells_addresses: bool,
) -> Result<(Vec<Value>, Vec<Value>, Vec<Value>), StoreError> {
    let sync_runs = store.last_runs(id, MAX_LINES).await?;
    let calls = store.last_calls(id, MAX_LINES).await?;
    let states = store.state_changes(id, MAX_LINES).await?;
    let sync_runs = sync_runs.iter().map(|it| {
        json!({
            "at": iso(it.started_at),
            "millis": it.millis,
            "new": it.changes.inserted,
            "changed": it.changes.updated,
            "gone": it.changes.deleted,
            "problem": it.problem.as_ref().map(|problem| shown(problem, tells_addresses)),
        })
    });
    let calls = calls.iter().map(|it| {
        json!({
            "at": iso(it.at),
            "operation": it.operation,
            "millis": it.millis,
            "problem": it.problem,
            "request_id": it.request_id,
        })
    });
    let states = states
        .iter()
        .map(|it| json!({ "at": iso(it.at), "state": it.state, "problem": it.cause }));
    Ok((sync_runs.collect(), calls.collect(), states.collect()))
}

/// The entries as a calendar that any program reads: times in UTC, days as days, private ones marked so.
pub async fn as_icalendar(services: &Services, user: &User) -> Result<String, StoreError> {
    let store = &services.store;
    let entries = match store.connection_of(user.id).await? {
        Some(connection) => store.all_events(connection.id).await?,
        None => Vec::new(),
    };
    audit(services, user, "iCalendar").await?;
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("PRODID", "-//Kalends//Kalends//EN"));
    for entry in &entries {
        calendar.push(entry_of(entry, services.clock.now()));
    }
    Ok(calendar.done().to_string())
}

fn shown(problem: &Problem, tells_addresses: bool) -> Problem {
    if tells_addresses {
        problem.clone()
    } else {
        problem.without_addresses()
    }
}

async fn audit(services: &Services, user: &User, what: &str) -> Result<(), StoreError> {
    let entry = AuditEntry::by(user.id, AuditAction::DataExported).about(what);
    services.store.audit(&entry, services.clock.now()).await
}

fn entry_of(entry: &Event, now: Timestamp) -> icalendar::Event {
    let mut event = icalendar::Event::new();
    let private = entry.sensitivity.hides_content();
    // Occurrences of a series share their uid: the item id tells them apart.
    event.uid(&one_line(&format!("{}@kalends", entry.item_id)));
    event.add_property("DTSTAMP", stamp(entry.last_modified.unwrap_or(now)));
    let title = match &entry.subject {
        _ if private => "Private",
        Some(subject) => subject.as_str(),
        None => entry.status.words(),
    };
    event.summary(&lines(title));
    if let Some(location) = &entry.location {
        event.location(&lines(location));
    }
    if let Some(organizer) = &entry.organizer {
        event.add_property("X-KALENDS-ORGANIZER", one_line(organizer));
    }
    event.class(if private {
        Class::Private
    } else {
        Class::Public
    });
    event.status(if entry.cancelled {
        EventStatus::Cancelled
    } else if entry.status == FreeBusyStatus::Tentative {
        EventStatus::Tentative
    } else {
        EventStatus::Confirmed
    });
    let is_free = matches!(
        entry.status,
        FreeBusyStatus::Free | FreeBusyStatus::WorkingElsewhere
    );
    event.add_property("TRANSP", if is_free { "TRANSPARENT" } else { "OPAQUE" });
    if let Some(DaySpan { first, end }) = entry.all_day {
        for (name, day) in [("DTSTART", first), ("DTEND", end)] {
            let mut property = Property::new(name, day_text(day));
            property.add_parameter("VALUE", "DATE");
            event.append_property(property);
        }
    } else {
        event.add_property("DTSTART", stamp(entry.start));
        // It must lie after the start; without it the entry is a moment (RFC 5545 sections 3.6.1, 3.8.2.2).
        if entry.end > entry.start {
            event.add_property("DTEND", stamp(entry.end));
        }
    }
    event.done()
}

/// A text of Exchange's as iCalendar takes it: each way to end a line is the one that is escaped, and no other control
/// character is left (RFC 5545 section 3.1).
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = text.replace(
        ['\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{B}', '\u{C}'],
        "\n",
    );
    text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "")
}

/// A value that nobody escapes.
fn one_line(text: &str) -> String {
    lines(text).replace('\n', " ")
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default()
}

fn iso(at: Timestamp) -> String {
    instant(at).to_string()
}

fn stamp(at: Timestamp) -> String {
    instant(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn day_text(day: i32) -> String {
    let epoch = civil::date(1970, 1, 1);
    let span = jiff::Span::new().try_days(day);
    let day = span
        .and_then(|span| epoch.checked_add(span))
        .unwrap_or(epoch);
    day.strftime("%Y%m%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_exchange_begins_a_line_of_its_own() {
        for end in [
            "\r", "\n", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{B}", "\u{C}",
        ] {
            let text = format!("Lunch{end}END:VEVENT{end}X:\u{1}\u{0}\u{7f}1\u{1b}[31m");
            assert_eq!(lines(&text), "Lunch\nEND:VEVENT\nX:1[31m");
            assert_eq!(one_line(&text), "Lunch END:VEVENT X:1[31m");
            let mut event = icalendar::Event::new();
            event
                .summary(&lines(&text))
                .location(&lines(&"ä\r".repeat(100)));
            event.add_property("X-KALENDS-ORGANIZER", one_line(&text));
            let mut calendar = Calendar::empty();
            calendar.push(event.done());
            let written = calendar.done().to_string();
            for line in written.split("\r\n") {
                assert!(
                    !line.contains(char::is_control) && line.len() <= 75,
                    "{line:?}"
                );
            }
            assert_eq!(written.matches("END:VEVENT\r\n").count(), 1, "{written}");
        }
    }
}
