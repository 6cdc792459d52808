//! Tells stored entries in words, and lays them out by day in the reader's zone.

use super::{
    agenda_view::{AgendaDay, AgendaEntry, AgendaTag},
    span::{Span, is_read, midnight, plus_days},
};
use crate::moment::Formatter;
use jiff::{
    Zoned,
    civil::{Date, date},
    tz::TimeZone,
};
use kalends_core::{
    calendar::{DaySpan, Event, FreeBusyStatus, Window},
    clock::Timestamp,
};
use kalends_store::StoredEntry;
use std::time::Duration;

/// The days of a span with what they hold, all-day entries first.
pub fn days(
    span: Span,
    entries: &[StoredEntry],
    kept: Option<Window>,
    words: &Formatter,
) -> Vec<AgendaDay> {
    span.dates()
        .map(|date| {
            let hours = DayHours::of(date, words);
            AgendaDay {
                iso: date.to_string(),
                title: date.strftime("%A %-d %B").to_string(),
                is_today: date == words.today(),
                is_past: date < words.today(),
                is_read: is_read(date, kept, words),
                clocks: hours.change_words(words),
                entries: entries_of(hours, entries)
                    .into_iter()
                    .map(|entry| told(entry, hours, words))
                    .collect(),
            }
        })
        .collect()
}

/// A day in the reader's zone: 24 hours, or 23 or 25 where clocks are changed.
#[derive(Debug, Clone, Copy)]
pub struct DayHours {
    pub date: Date,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl DayHours {
    pub fn of(date: Date, words: &Formatter) -> Self {
        Self {
            date,
            from: midnight(date, words),
            to: midnight(plus_days(date, 1), words),
        }
    }

    /// Whether an entry has a part of this day; one without length has it where it begins.
    pub fn holds(self, event: &Event) -> bool {
        match event.all_day {
            Some(span) => (span.first..span.end).contains(&day_number(self.date)),
            None => {
                (event.start < self.to && event.end > self.from)
                    || (event.start == event.end && (self.from..self.to).contains(&event.start))
            }
        }
    }

    /// The wall clock before and after a change of clocks on this day.
    pub fn change(self, words: &Formatter) -> Option<(Zoned, Zoned)> {
        const MOMENT: Duration = Duration::from_millis(1);
        // It may come with the day itself.
        let from = words.zoned(self.from - MOMENT).timestamp();
        let change = words.zone.following(from).next()?.timestamp();
        let at = Timestamp::from_millis(change.as_millisecond());
        let (before, after) = (words.zoned(at - MOMENT).offset(), words.zoned(at));
        if at >= self.to || before == after.offset() {
            return None;
        }
        let before = before.to_datetime(change).to_zoned(TimeZone::UTC).ok()?;
        Some((before, after))
    }

    /// `Clocks go forward from 02:00 to 03:00.`
    pub fn change_words(self, words: &Formatter) -> Option<String> {
        let (before, after) = self.change(words)?;
        let way = if after.datetime() > before.datetime() {
            "forward"
        } else {
            "back"
        };
        Some(format!(
            "Clocks go {way} from {} to {}.",
            words.time(&before),
            words.time(&after)
        ))
    }
}

/// The entries of a day: those of whole days first, then by start.
pub fn entries_of(hours: DayHours, entries: &[StoredEntry]) -> Vec<&StoredEntry> {
    let mut found: Vec<_> = entries
        .iter()
        .filter(|entry| hours.holds(&entry.event))
        .collect();
    found.sort_by(|a, b| {
        let key = |event: &Event| (event.all_day.is_none(), event.start, event.end);
        let (a, b) = (&a.event, &b.event);
        key(a).cmp(&key(b)).then_with(|| a.subject.cmp(&b.subject))
    });
    found
}

/// An entry in words as its day shows it.
pub fn told(stored: &StoredEntry, hours: DayHours, words: &Formatter) -> AgendaEntry {
    let event = &stored.event;
    AgendaEntry {
        href: format!("/calendar/entries/{}", stored.id),
        time: time_words(event, hours, words),
        subject: subject(event),
        location: shown(event, event.location.as_deref()),
        is_past: event.end <= words.now,
        tags: tags(event, words),
    }
}

/// A text of an entry, unless it is private or blank.
pub fn shown(event: &Event, text: Option<&str>) -> Option<String> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.filter(|_| !event.sensitivity.hides_content())
        .map(ToOwned::to_owned)
}

pub fn subject(event: &Event) -> String {
    if event.sensitivity.hides_content() {
        return "Private".to_owned();
    }
    shown(event, event.subject.as_deref()).unwrap_or_else(|| "(No subject)".to_owned())
}

fn time_words(event: &Event, hours: DayHours, words: &Formatter) -> String {
    let is_before = event.start < hours.from;
    let is_after = event.end > hours.to;
    match (event.all_day, is_before, is_after) {
        (Some(_), _, _) | (None, true, true) => "All day".to_owned(),
        (None, true, false) => format!("until {}", clock(event.end, words)),
        (None, false, true) => format!("from {}", clock(event.start, words)),
        (None, false, false) => times(event, words),
    }
}

/// From when until when, as clocks tell it.
pub fn times(event: &Event, words: &Formatter) -> String {
    let (start, end) = (clock(event.start, words), clock(event.end, words));
    if event.start == event.end {
        return start;
    }
    // 9:00 – 10:00 AM says AM once.
    for half in [" AM", " PM"] {
        if let (Some(start), true) = (start.strip_suffix(half), end.ends_with(half)) {
            return format!("{start} – {end}");
        }
    }
    format!("{start} – {end}")
}

/// `45 minutes`, `1 hour`, `2 h 30 min`; `None` for no time at all.
pub fn length_words(length: Duration) -> Option<String> {
    let minutes = length.as_secs() / 60;
    Some(match (minutes / 60, minutes % 60) {
        (0, 0) => return None,
        (0, 1) => "1 minute".to_owned(),
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    })
}

/// The time of day; with the zone's short name in the hour that clocks pass twice.
pub fn clock(at: Timestamp, words: &Formatter) -> String {
    let zoned = words.zoned(at);
    let time = words.time(&zoned);
    let is_twice = words
        .zone
        .to_ambiguous_timestamp(zoned.datetime())
        .is_ambiguous();
    if is_twice {
        format!("{time} {}", zoned.strftime("%Z"))
    } else {
        time
    }
}

pub fn tags(event: &Event, words: &Formatter) -> Vec<AgendaTag> {
    let mut tags = Vec::new();
    if event.cancelled {
        tags.push(AgendaTag::Cancelled);
    }
    match event.status {
        FreeBusyStatus::Tentative => tags.push(AgendaTag::Tentative),
        FreeBusyStatus::OutOfOffice => tags.push(AgendaTag::OutOfOffice),
        FreeBusyStatus::WorkingElsewhere => tags.push(AgendaTag::WorkingElsewhere),
        // A cancelled entry takes no time anyway.
        FreeBusyStatus::Free if !event.cancelled => tags.push(AgendaTag::Free),
        FreeBusyStatus::Free
        | FreeBusyStatus::Busy
        | FreeBusyStatus::NoData
        | FreeBusyStatus::Other(_) => {}
    }
    if event.sensitivity.hides_content() {
        tags.push(AgendaTag::Private);
    }
    let (first, last) = dates_of(event, words);
    if first != last {
        tags.push(AgendaTag::SeveralDays);
    }
    tags
}

/// The first and the last day of an entry in the reader's zone; days of all-day entries are nobody's zone.
pub fn dates_of(event: &Event, words: &Formatter) -> (Date, Date) {
    if let Some(DaySpan { first, end }) = event.all_day {
        return (date_of(first), date_of(first.max(end - 1)));
    }
    let end = event.end.millis().saturating_sub(1);
    let last = Timestamp::from_millis(end.max(event.start.millis()));
    (words.zoned(event.start).date(), words.zoned(last).date())
}

fn day_number(day: Date) -> i32 {
    super::span::days_between(EPOCH, day)
}

fn date_of(number: i32) -> Date {
    plus_days(EPOCH, number)
}

const EPOCH: Date = date(1970, 1, 1);
