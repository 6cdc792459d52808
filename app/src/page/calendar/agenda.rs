//! Lays stored entries out by day in the reader's zone.

use super::{Day, Entry, Tag};
use crate::moment::Words;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use kalends::{
    calendar::{DaySpan, Event, FreeBusyStatus, Window},
    clock::Timestamp,
};

const DAYS: i32 = 7;

/// Seven days from the Monday of the week of a day.
#[derive(Debug, Clone, Copy)]
pub struct Week {
    first: Date,
}

impl Week {
    /// The week of an ISO date, or this week where the text is none or lies outside the years shown.
    pub fn from_day(day: &str, words: &Words) -> Self {
        let day = day
            .parse::<Date>()
            .ok()
            .filter(|day| (1990..=2190).contains(&day.year()))
            .unwrap_or_else(|| words.today());
        let back = i32::from(day.weekday().to_monday_zero_offset());
        Self {
            first: plus_days(day, -back),
        }
    }

    /// The week before, unless nothing as early as that is kept.
    pub fn previous(self, kept: Option<Window>, words: &Words) -> Option<String> {
        let is_kept = kept.is_none_or(|kept| midnight(self.first, words) > kept.start);
        is_kept.then(|| plus_days(self.first, -DAYS).to_string())
    }

    /// The week after, unless nothing as late as that is kept.
    pub fn next(self, kept: Option<Window>, words: &Words) -> Option<String> {
        let end = plus_days(self.first, DAYS);
        let is_kept = kept.is_none_or(|kept| midnight(end, words) < kept.end);
        is_kept.then(|| end.to_string())
    }

    /// What is kept, in words, if the week reaches beyond it.
    pub fn beyond(self, kept: Window, words: &Words) -> Option<String> {
        let is_within = midnight(self.first, words) >= kept.start
            && midnight(plus_days(self.first, DAYS), words) <= kept.end;
        let date = |at| words.zoned(at).strftime("%-d %B %Y").to_string();
        (!is_within).then(|| {
            format!(
                "Kalends keeps your calendar from {} to {}: 30 days back and a year ahead.",
                date(kept.start),
                date(kept.end)
            )
        })
    }

    pub fn title(self) -> String {
        let last = plus_days(self.first, DAYS - 1);
        let start = if self.first.year() != last.year() {
            "%-d %B %Y"
        } else if self.first.month() != last.month() {
            "%-d %B"
        } else {
            "%-d"
        };
        format!(
            "{} – {}",
            self.first.strftime(start),
            last.strftime("%-d %B %Y")
        )
    }

    pub fn window(self, words: &Words) -> Window {
        // All-day entries are compared by date below; a day more on both sides finds those made in other zones.
        Window {
            start: midnight(plus_days(self.first, -1), words),
            end: midnight(plus_days(self.first, DAYS + 1), words),
        }
    }

    pub fn days(self, events: &[Event], kept: Option<Window>, words: &Words) -> Vec<Day> {
        (0..DAYS)
            .map(|offset| {
                let day = plus_days(self.first, offset);
                Day {
                    iso: day.to_string(),
                    title: day.strftime("%A %-d %B").to_string(),
                    is_today: day == words.today(),
                    is_read: kept.is_some_and(|kept| {
                        midnight(day, words) >= kept.start
                            && midnight(plus_days(day, 1), words) <= kept.end
                    }),
                    entries: entries_of(day, events, words),
                }
            })
            .collect()
    }
}

fn entries_of(day: Date, events: &[Event], words: &Words) -> Vec<Entry> {
    let (from, to) = (midnight(day, words), midnight(plus_days(day, 1), words));
    let mut found: Vec<&Event> = events
        .iter()
        .filter(|event| match event.all_day {
            Some(span) => (span.first..span.end).contains(&day_number(day)),
            None => {
                (event.start < to && event.end > from)
                    || (event.start == event.end && (from..to).contains(&event.start))
            }
        })
        .collect();
    found.sort_by(|a, b| {
        (a.all_day.is_none(), a.start, a.end, &a.subject).cmp(&(
            b.all_day.is_none(),
            b.start,
            b.end,
            &b.subject,
        ))
    });
    found
        .into_iter()
        .map(|event| entry(event, from, to, words))
        .collect()
}

fn entry(event: &Event, from: Timestamp, to: Timestamp, words: &Words) -> Entry {
    let private = event.sensitivity.hides_content();
    let shown = |text: &Option<String>| {
        if private {
            None
        } else {
            text.clone().filter(|text| !text.trim().is_empty())
        }
    };
    Entry {
        time: time_words(event, from, to, words),
        subject: match (&event.subject, private) {
            (_, true) => "Private".to_owned(),
            (Some(subject), false) if !subject.trim().is_empty() => subject.clone(),
            _ => "(No subject)".to_owned(),
        },
        location: shown(&event.location),
        organizer: None,
        tags: tags(event, words),
    }
}

fn time_words(event: &Event, from: Timestamp, to: Timestamp, words: &Words) -> String {
    let clock = |at: Timestamp| words.zoned(at).strftime("%H:%M").to_string();
    match (event.all_day, event.start < from, event.end > to) {
        (Some(_), _, _) | (None, true, true) => "All day".to_owned(),
        (None, true, false) => format!("until {}", clock(event.end)),
        (None, false, true) => format!("from {}", clock(event.start)),
        (None, false, false) if event.start == event.end => clock(event.start),
        (None, false, false) => format!("{} – {}", clock(event.start), clock(event.end)),
    }
}

fn tags(event: &Event, words: &Words) -> Vec<Tag> {
    let mut tags = Vec::new();
    if event.cancelled {
        tags.push(Tag::Cancelled);
    }
    match event.status {
        FreeBusyStatus::Tentative => tags.push(Tag::Tentative),
        FreeBusyStatus::OutOfOffice => tags.push(Tag::OutOfOffice),
        FreeBusyStatus::WorkingElsewhere => tags.push(Tag::WorkingElsewhere),
        // A cancelled entry takes no time anyway.
        FreeBusyStatus::Free if !event.cancelled => tags.push(Tag::Free),
        FreeBusyStatus::Free
        | FreeBusyStatus::Busy
        | FreeBusyStatus::NoData
        | FreeBusyStatus::Other(_) => {}
    }
    if event.sensitivity.hides_content() {
        tags.push(Tag::Private);
    }
    let several = if let Some(DaySpan { first, end }) = event.all_day {
        end - first > 1
    } else {
        let last = Timestamp::from_millis(
            event
                .end
                .millis()
                .saturating_sub(1)
                .max(event.start.millis()),
        );
        words.zoned(event.start).date() != words.zoned(last).date()
    };
    if several {
        tags.push(Tag::SeveralDays);
    }
    tags
}

fn midnight(day: Date, words: &Words) -> Timestamp {
    day.to_zoned(words.zone.clone())
        .map_or(Timestamp::from_millis(0), |zoned| {
            Timestamp::from_millis(zoned.timestamp().as_millisecond())
        })
}

fn plus_days(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

fn day_number(day: Date) -> i32 {
    day.since(date(1970, 1, 1))
        .map_or(0, |span| span.get_days())
}
