//! Calendar entries as rows: what is asked for, compared or erased stands in columns, the rest is packed.
//!
//! The id of a row follows from its calendar and Exchange's item id, so that the item id is stored once, in no index, and
//! an item is in a calendar once.

use crate::{database::Transaction, error::StoreError, rows};
use kalends_core::{
    calendar::{DaySpan, EntryKind, Event, FreeBusyStatus, Sensitivity},
    clock::Timestamp,
    id::{CalendarId, EventId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;

/// The columns of an entry, of a table `e`.
pub(crate) const COLUMNS: &str = "e.id, e.item_id, e.change_key, e.starts_at, e.ends_at, e.uid, e.subject, e.location, e.organizer, \
     e.free_busy, e.sensitivity, e.modified_at, e.details";

const INSERT: &str = "INSERT INTO events (id, change_key, starts_at, ends_at, uid, subject, location, organizer, free_busy, sensitivity, \
     modified_at, details, calendar_id, item_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const UPDATE: &str = "UPDATE events SET change_key = $2, starts_at = $3, ends_at = $4, uid = $5, subject = $6, location = $7, \
     organizer = $8, free_busy = $9, sensitivity = $10, modified_at = $11, details = $12 WHERE id = $1";

/// What no query asks for; what is as in most entries takes no room.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Details {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all_day: Option<DaySpan>,
    #[serde(default = "single", skip_serializing_if = "is_single")]
    kind: EntryKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cancelled: bool,
}

const fn single() -> EntryKind {
    EntryKind::Single
}

fn is_single(kind: &EntryKind) -> bool {
    *kind == EntryKind::Single
}

/// The id of the row of an item in a calendar.
pub(crate) fn id_of(calendar: CalendarId, item_id: &str) -> Result<EventId, StoreError> {
    let hash = Sha256::new()
        .chain_update(calendar.to_string())
        .chain_update(item_id)
        .finalize();
    // 128 bits in hex are the text of a UUID.
    hex::encode(&hash[..16])
        .parse()
        .map_err(|_| StoreError::Corrupt("id"))
}

pub(crate) fn event(row: &AnyRow) -> Result<Event, StoreError> {
    let details: Details = rows::json(row, "details")?;
    Ok(Event {
        item_id: rows::text(row, "item_id")?,
        change_key: rows::text(row, "change_key")?,
        uid: rows::maybe_parsed(row, "uid")?,
        subject: rows::maybe_parsed(row, "subject")?,
        location: rows::maybe_parsed(row, "location")?,
        organizer: rows::maybe_parsed(row, "organizer")?,
        start: rows::instant(row, "starts_at")?,
        end: rows::instant(row, "ends_at")?,
        all_day: details.all_day,
        status: FreeBusyStatus::from(rows::text(row, "free_busy")?),
        sensitivity: Sensitivity::from(rows::text(row, "sensitivity")?),
        kind: details.kind,
        cancelled: details.cancelled,
        last_modified: rows::maybe_instant(row, "modified_at")?,
    })
}

/// Adds an entry that its calendar does not hold.
pub(crate) async fn insert(
    tx: &mut Transaction,
    calendar: CalendarId,
    event: &Event,
) -> Result<(), StoreError> {
    let id = id_of(calendar, &event.item_id)?;
    bound(INSERT, id, event)?
        .bind(calendar.to_string())
        .bind(event.item_id.clone())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes an entry anew that its calendar holds.
pub(crate) async fn update(
    tx: &mut Transaction,
    calendar: CalendarId,
    event: &Event,
) -> Result<(), StoreError> {
    let id = id_of(calendar, &event.item_id)?;
    bound(UPDATE, id, event)?.execute(tx.conn()).await?;
    Ok(())
}

type Query = sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

/// A statement with the id and the columns of an entry as $1 to $12.
fn bound(sql: &'static str, id: EventId, event: &Event) -> Result<Query, StoreError> {
    let details = Details {
        all_day: event.all_day,
        kind: event.kind.clone(),
        cancelled: event.cancelled,
    };
    Ok(sqlx::query(sql)
        .bind(id.to_string())
        .bind(event.change_key.clone())
        .bind(event.start.millis())
        .bind(event.end.millis())
        .bind(event.uid.clone())
        .bind(event.subject.clone())
        .bind(event.location.clone())
        .bind(event.organizer.clone())
        .bind(event.status.as_str().to_owned())
        .bind(event.sensitivity.as_str().to_owned())
        .bind(event.last_modified.map(Timestamp::millis))
        .bind(rows::to_json(&details, "details")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_entries_have_takes_no_room() {
        let usual = Details {
            all_day: None,
            kind: EntryKind::Single,
            cancelled: false,
        };
        let text = serde_json::to_string(&usual).unwrap();
        assert_eq!(text, "{}");
        assert_eq!(serde_json::from_str::<Details>(&text).unwrap(), usual);
    }

    #[test]
    fn an_item_has_one_id_in_each_calendar() {
        let calendar = |byte| CalendarId::new(Timestamp::from_seconds(1), [byte; 10]);
        let id = id_of(calendar(1), "AAMkADk3").unwrap();
        assert_eq!(id_of(calendar(1), "AAMkADk3").unwrap(), id);
        assert_ne!(id_of(calendar(1), "AAMkADK3").unwrap(), id);
        assert_ne!(id_of(calendar(2), "AAMkADk3").unwrap(), id);
    }
}
