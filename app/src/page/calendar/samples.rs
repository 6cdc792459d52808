//! Events for the tests of what shows them.

use kalends_core::{
    calendar::{EntryKind, Event, FreeBusyStatus, Sensitivity},
    clock::Timestamp,
};

pub fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap_or_default();
    Timestamp::from_millis(at.as_millisecond())
}

pub fn event(subject: &str, start: &str, end: &str) -> Event {
    Event {
        item_id: subject.to_owned(),
        change_key: String::new(),
        uid: None,
        subject: Some(subject.to_owned()),
        location: None,
        organizer: None,
        start: at(start),
        end: at(end),
        all_day: None,
        status: FreeBusyStatus::Busy,
        sensitivity: Sensitivity::Normal,
        kind: EntryKind::Single,
        cancelled: false,
        last_modified: None,
    }
}
