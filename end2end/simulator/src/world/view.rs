//! What a calendar view holds: singles and expanded series, overlapping a range.
//! Expansion goes by local wall time in the entry's zone, so UTC starts move with daylight saving.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::DateTime, tz::TimeZone};
use serde::Serialize;

use super::{
    entry::{
        CalendarEntry, EntryDraft, EntrySensitivity, Exception, FreeBusy, MyResponse, instant,
    },
    item_id::change_key,
    mailbox::Mailbox,
};

/// The two instants that an overlap is tested against; the end is exclusive.
#[derive(Clone, Copy, Debug)]
pub struct ViewRange {
    pub start: Timestamp,
    pub end: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CalendarItemType {
    Single,
    Occurrence,
    Exception,
    RecurringMaster,
}

/// One item of a calendar view.
#[derive(Clone, Debug)]
pub struct ItemInstance<'a> {
    pub entry: &'a CalendarEntry,
    pub kind: CalendarItemType,
    /// Local start that the pattern gave it; the entry's own start for singles.
    pub original: DateTime,
    pub start: Timestamp,
    pub end: Timestamp,
    pub changed: Option<&'a Exception>,
}

/// What a client must end up storing for one item; tests compare with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedItem {
    pub id: String,
    pub change_key: String,
    pub uid: String,
    /// As `FindItem` sends it: truncated to 255 UTF-16 units, characters that no XML document may hold replaced by U+FFFD.
    pub subject: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub all_day: bool,
    pub free_busy: FreeBusy,
    pub sensitivity: EntrySensitivity,
    pub cancelled: bool,
    pub my_response: MyResponse,
    pub kind: CalendarItemType,
    pub zone: String,
    pub last_modified: Timestamp,
}

impl ViewRange {
    fn overlaps(self, start: Timestamp, end: Timestamp) -> bool {
        let begun = end > self.start || (start == end && start == self.start);
        begun && start < self.end
    }
}

/// The items of `mailbox` within `range`, by start, then id.
pub fn calendar_view(mailbox: &Mailbox, range: ViewRange) -> Vec<ItemInstance<'_>> {
    let mut items: Vec<_> = mailbox
        .entries()
        .iter()
        .flat_map(|entry| existing_instances(entry, range.end))
        .filter(|item| range.overlaps(item.start, item.end))
        .collect();
    items.sort_by_cached_key(|item| (item.start, item.id()));
    items
}

/// The occurrences of an entry whose pattern start is not long past `until`; for singles the one item they are.
pub fn existing_instances(entry: &CalendarEntry, until: Timestamp) -> Vec<ItemInstance<'_>> {
    let mut items = all_instances(entry, until);
    items.retain(|item| !entry.draft.deleted.contains(&item.original));
    items
}

/// As [`existing_instances`], deleted ones included.
pub fn all_instances(entry: &CalendarEntry, until: Timestamp) -> Vec<ItemInstance<'_>> {
    let draft = &entry.draft;
    let zone = draft.time_zone();
    let Some(recurrence) = &draft.recurrence else {
        return vec![instance(
            entry,
            CalendarItemType::Single,
            draft.start,
            None,
            &zone,
        )];
    };
    // An exception may have been moved into the range from far behind it.
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
                Some(_) => CalendarItemType::Exception,
                None => CalendarItemType::Occurrence,
            };
            instance(entry, kind, original, changed, &zone)
        })
        .collect()
}

/// A single entry, or the master of a series with the times of its first occurrence.
pub fn single_or_master(entry: &CalendarEntry) -> Option<ItemInstance<'_>> {
    let start = instant(entry.draft.start, &entry.draft.time_zone());
    let first = all_instances(entry, start + SignedDuration::from_hours(24 * 800));
    let mut item = first.into_iter().next()?;
    if item.kind != CalendarItemType::Single {
        item.kind = CalendarItemType::RecurringMaster;
    }
    Some(item)
}

fn instance<'a>(
    entry: &'a CalendarEntry,
    kind: CalendarItemType,
    original: DateTime,
    changed: Option<&'a Exception>,
    zone: &TimeZone,
) -> ItemInstance<'a> {
    let length = local_length(&entry.draft);
    let start = changed.and_then(|change| change.start).unwrap_or(original);
    let end = changed
        .and_then(|change| change.end)
        .or_else(|| start.checked_add(length).ok())
        .unwrap_or(start);
    ItemInstance {
        entry,
        kind,
        original,
        start: instant(start, zone),
        end: instant(end, zone),
        changed,
    }
}

/// The difference of the wall clocks, which stays the same across a change of daylight saving.
fn local_length(draft: &EntryDraft) -> SignedDuration {
    draft.start.duration_until(draft.end)
}

impl ItemInstance<'_> {
    pub fn id(&self) -> String {
        match self.kind {
            CalendarItemType::Single | CalendarItemType::RecurringMaster => {
                self.entry.id.as_str().to_owned()
            }
            CalendarItemType::Occurrence | CalendarItemType::Exception => {
                self.entry.id.occurrence(self.original)
            }
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

    pub fn expected(&self, mailbox: &str) -> ExpectedItem {
        let draft = &self.entry.draft;
        ExpectedItem {
            id: self.id(),
            change_key: change_key(mailbox, 0x0f, self.entry.revision),
            uid: self.entry.uid.clone(),
            subject: self
                .subject()
                .map(|text| {
                    crate::soap::text::replace_forbidden(crate::soap::text::truncate_to_255(text))
                })
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
