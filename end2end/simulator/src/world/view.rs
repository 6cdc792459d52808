//! What a calendar view holds: singles and expanded series, overlapping a window.
//! Expansion goes by local wall time in the entry's zone, so UTC starts move with daylight saving.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::DateTime, tz::TimeZone};
use serde::Serialize;

use super::{
    entry::{Draft, Entry, Exception, FreeBusy, MyResponse, Sensitivity, instant},
    item_id::change_key,
    mailbox::Mailbox,
};

/// The two instants that an overlap is tested against; the end is exclusive.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    Single,
    Occurrence,
    Exception,
    RecurringMaster,
}

/// One line of a calendar view.
#[derive(Clone, Debug)]
pub struct Instance<'a> {
    pub entry: &'a Entry,
    pub kind: Kind,
    /// Local start that the pattern gave it; the entry's own start for singles.
    pub original: DateTime,
    pub start: Timestamp,
    pub end: Timestamp,
    pub changed: Option<&'a Exception>,
}

/// What a client must end up holding for one line; the truth that tests compare with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    pub id: String,
    pub change_key: String,
    pub uid: String,
    /// As `FindItem` shows it: cut at 255 UTF-16 units, characters that no XML document may hold replaced by U+FFFD.
    pub subject: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub all_day: bool,
    pub free_busy: FreeBusy,
    pub sensitivity: Sensitivity,
    pub cancelled: bool,
    pub my_response: MyResponse,
    pub kind: Kind,
    pub zone: String,
    pub last_modified: Timestamp,
}

impl Window {
    fn touches(self, start: Timestamp, end: Timestamp) -> bool {
        let begun = end > self.start || (start == end && start == self.start);
        begun && start < self.end
    }
}

/// The lines of `mailbox` within `window`, by start, then id.
pub fn view(mailbox: &Mailbox, window: Window) -> Vec<Instance<'_>> {
    let mut lines: Vec<_> = mailbox
        .entries()
        .iter()
        .flat_map(|entry| instances(entry, window.end))
        .filter(|line| window.touches(line.start, line.end))
        .collect();
    lines.sort_by_cached_key(|line| (line.start, line.id()));
    lines
}

/// The occurrences of an entry whose pattern start is not long past `until`; for singles the one line they are.
pub fn instances(entry: &Entry, until: Timestamp) -> Vec<Instance<'_>> {
    let mut lines = pattern(entry, until);
    lines.retain(|line| !entry.draft.deleted.contains(&line.original));
    lines
}

/// As [`instances`], deleted ones included.
pub fn pattern(entry: &Entry, until: Timestamp) -> Vec<Instance<'_>> {
    let draft = &entry.draft;
    let zone = draft.time_zone();
    let Some(recurrence) = &draft.recurrence else {
        return vec![line(entry, Kind::Single, draft.start, None, &zone)];
    };
    // An exception may have been moved into the window from far behind it.
    let horizon = draft
        .exceptions
        .iter()
        .map(|exception| exception.original.date())
        .chain([until.to_zoned(zone.clone()).date()])
        .max()
        .and_then(|date| date.checked_add(1.day()).ok())
        .unwrap_or(draft.start.date());
    recurrence
        .dates(draft.start.date(), horizon)
        .into_iter()
        .map(|date| date.to_datetime(draft.start.time()))
        .map(|original| {
            let changed = draft
                .exceptions
                .iter()
                .find(|exception| exception.original == original);
            let kind = match changed {
                Some(_) => Kind::Exception,
                None => Kind::Occurrence,
            };
            line(entry, kind, original, changed, &zone)
        })
        .collect()
}

/// A single entry, or the master of a series with the times of its first occurrence.
pub fn single_or_master(entry: &Entry) -> Option<Instance<'_>> {
    let start = instant(entry.draft.start, &entry.draft.time_zone());
    let first = pattern(entry, start + SignedDuration::from_hours(24 * 800));
    let mut line = first.into_iter().next()?;
    if line.kind != Kind::Single {
        line.kind = Kind::RecurringMaster;
    }
    Some(line)
}

fn line<'a>(
    entry: &'a Entry,
    kind: Kind,
    original: DateTime,
    changed: Option<&'a Exception>,
    zone: &TimeZone,
) -> Instance<'a> {
    let length = local_length(&entry.draft);
    let start = changed.and_then(|change| change.start).unwrap_or(original);
    let end = changed
        .and_then(|change| change.end)
        .or_else(|| start.checked_add(length).ok())
        .unwrap_or(start);
    Instance {
        entry,
        kind,
        original,
        start: instant(start, zone),
        end: instant(end, zone),
        changed,
    }
}

/// The difference of the wall clocks, which stays the same across a change of daylight saving.
fn local_length(draft: &Draft) -> SignedDuration {
    draft.start.duration_until(draft.end)
}

impl Instance<'_> {
    pub fn id(&self) -> String {
        match self.kind {
            Kind::Single | Kind::RecurringMaster => self.entry.id.as_str().to_owned(),
            Kind::Occurrence | Kind::Exception => self.entry.id.occurrence(self.original),
        }
    }

    pub fn subject(&self) -> Option<&str> {
        self.changed
            .and_then(|change| change.subject.as_deref())
            .or(self.entry.draft.subject.as_deref())
    }

    pub fn location(&self) -> Option<&str> {
        self.changed
            .and_then(|change| change.location.as_deref())
            .or(self.entry.draft.location.as_deref())
    }

    pub fn free_busy(&self) -> FreeBusy {
        self.changed
            .and_then(|change| change.free_busy)
            .unwrap_or(self.entry.draft.free_busy)
    }

    pub fn truth(&self, mailbox: &str) -> Truth {
        let draft = &self.entry.draft;
        Truth {
            id: self.id(),
            change_key: change_key(mailbox, 0x0f, self.entry.save),
            uid: self.entry.uid.clone(),
            subject: self
                .subject()
                .map(|text| crate::soap::text::legal(crate::soap::text::cut(text)))
                .filter(|text| !text.is_empty()),
            start: self.start,
            end: self.end,
            all_day: draft.all_day,
            free_busy: self.free_busy(),
            sensitivity: draft.sensitivity,
            cancelled: draft.cancelled,
            my_response: draft.my_response,
            kind: self.kind,
            zone: draft.zone.clone(),
            last_modified: self.entry.modified,
        }
    }
}
