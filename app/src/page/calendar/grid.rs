//! Lays entries out as a grid of days by hours. A step is five minutes of the wall clock, so that every day has as many,
//! also where clocks are changed: the hour that is left out stays empty, the hour that comes twice shows both.

use super::{
    agenda::{self, DayHours, entries_of, told},
    agenda_view::AgendaTag,
    columns::{BoxContent, ColumnPlace, StepRange, side_by_side},
    grid_view::{Boxed, GridDay, GridView, HourLabel, Lane, More},
    mode::CalendarMode,
    span::{AskedSpan, Span, days_between, is_read, plus_days},
    steps,
};
use crate::moment::Formatter;
use jiff::civil::{DateTime, Time};
use kalends_core::{
    calendar::{Event, Window},
    preferences::HourClock,
};
use kalends_store::StoredEntry;
use std::ops::Range;

/// What stays unfolded where no entry needs more: 7 to 20 o'clock.
const DAYTIME: Range<u16> = 7..20;
/// A shorter box would hide its own words.
const MIN_BOX_STEPS: u16 = 4;
/// Up to this height a box has one line.
const ONE_LINE_STEPS: u16 = 8;
const HOURS: usize = 24;
/// Steps of a day.
const STEPS_PER_DAY: u16 = 24 * steps::PER_HOUR;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// The grid of a span.
pub fn grid(
    asked: AskedSpan,
    span: Span,
    entries: &[StoredEntry],
    kept: Option<Window>,
    words: &Formatter,
) -> GridView {
    let days: Vec<_> = span.dates().map(|date| DayHours::of(date, words)).collect();
    let timed: Vec<Vec<(StepRange, &StoredEntry)>> = days
        .iter()
        .map(|&hours| {
            entries_of(hours, entries)
                .into_iter()
                .filter(|entry| !is_long(&entry.event))
                .map(|entry| (range(&entry.event, hours, words), entry))
                .collect()
        })
        .collect();
    let now = words.zoned(words.now);
    let now_hour = span
        .dates()
        .any(|date| date == now.date())
        .then(|| u16::try_from(now.hour()).unwrap_or(0));
    let needed = timed.iter().flatten().map(|(range, _)| *range);
    let shown = if asked.all_hours {
        ShownHours([true; HOURS])
    } else {
        ShownHours::for_what_needs(needed, now_hour)
    };
    let folds = shown.0.contains(&false);
    let other = AskedSpan {
        all_hours: !asked.all_hours,
        ..asked
    };
    GridView {
        columns: span.days,
        height: steps::height(shown.row(STEPS_PER_DAY)),
        hours: shown.labels(words),
        lane: lane(span, entries, words),
        days: days
            .iter()
            .zip(&timed)
            .map(|(&hours, timed)| day(asked, hours, timed, shown, kept, words))
            .collect(),
        fold: (folds || asked.all_hours).then(|| {
            let address = other.address(asked.mode, Some(asked.day));
            (folds, address)
        }),
    }
}

/// The hours of a day that are not folded.
#[derive(Debug, Clone, Copy)]
struct ShownHours([bool; HOURS]);

impl ShownHours {
    /// Daytime, the hours of entries and of the present; a single hour between them is not worth folding.
    fn for_what_needs(ranges: impl Iterator<Item = StepRange>, now: Option<u16>) -> Self {
        let mut shown = [false; HOURS];
        let ranges =
            ranges.map(|range| range.from / steps::PER_HOUR..range.to.div_ceil(steps::PER_HOUR));
        let present = now.into_iter().map(|hour| hour..hour + 1);
        for hours in std::iter::once(DAYTIME).chain(ranges).chain(present) {
            for hour in hours {
                shown[usize::from(hour)] = true;
            }
        }
        for hour in 1..HOURS - 1 {
            shown[hour] |= shown[hour - 1] && shown[hour + 1];
        }
        Self(shown)
    }

    /// The row at which a step of the day stands.
    fn row(self, step: u16) -> u16 {
        (0..HOURS)
            .zip(0_u16..)
            .filter(|(hour, _)| self.0[*hour])
            .map(|(_, hour)| step.saturating_sub(hour * steps::PER_HOUR))
            .map(|steps_of_it| steps_of_it.min(steps::PER_HOUR))
            .sum()
    }

    /// Classes for a range; `None` if all of it is folded.
    fn classes(self, range: StepRange) -> Option<String> {
        let (from, to) = (self.row(range.from), self.row(range.to));
        (from < to).then(|| steps::classes(from, to - from))
    }

    fn labels(self, words: &Formatter) -> Vec<HourLabel> {
        (0..HOURS)
            .zip(0_u16..)
            .filter(|(hour, _)| self.0[*hour])
            .enumerate()
            .map(|(row, (index, hour))| HourLabel {
                text: hour_words(hour, words),
                after_fold: row > 0 && !self.0[index - 1],
            })
            .collect()
    }
}

/// Whether an entry stands above the hours: it has no times, or covers a day and more.
fn is_long(event: &Event) -> bool {
    event.all_day.is_some() || event.end.millis() - event.start.millis() >= DAY_MILLIS
}

/// The steps of a day that an entry covers, by the wall clock. Where the clock goes back meanwhile, as many as it lasts.
fn range(event: &Event, hours: DayHours, words: &Formatter) -> StepRange {
    let step_of = |time: Time| (i32::from(time.hour()) * 60 + i32::from(time.minute())) / 5;
    let (start, end) = (event.start.max(hours.from), event.end.min(hours.to));
    let start_time = words.zoned(start).time();
    let from = step_of(start_time);
    let whole = i32::from(STEPS_PER_DAY);
    let to = if end >= hours.to {
        whole
    } else {
        let time = words.zoned(end).time();
        let to = step_of(time) + i32::from(time.minute() % 5 > 0 || time.second() > 0);
        let lasts = (end.since(start).as_secs() / 60).div_ceil(5);
        if time > start_time {
            to
        } else {
            from + i32::try_from(lasts).unwrap_or(0)
        }
    };
    let from = from.min(whole - i32::from(MIN_BOX_STEPS));
    let to = to.clamp(from + i32::from(MIN_BOX_STEPS), whole);
    StepRange {
        from: u16::try_from(from).unwrap_or(0),
        to: u16::try_from(to).unwrap_or(0),
    }
}

/// Columns that can still be read.
const fn most_columns(days: i32) -> usize {
    match days {
        1 => 8,
        2..=3 => 4,
        _ => 3,
    }
}

fn day(
    asked: AskedSpan,
    hours: DayHours,
    timed: &[(StepRange, &StoredEntry)],
    shown: ShownHours,
    kept: Option<Window>,
    words: &Formatter,
) -> GridDay {
    let date = hours.date;
    let ranges: Vec<_> = timed.iter().map(|(range, _)| *range).collect();
    let days = asked.span(words).days;
    let agenda = asked.address(Some(CalendarMode::Day), Some(date));
    let (mut boxes, mut more) = (Vec::new(), Vec::new());
    for placed in side_by_side(&ranges, most_columns(days)) {
        let Some(rows) = shown.classes(placed.range) else {
            continue;
        };
        let place = format!("{rows} {}", place_classes(placed.place));
        match placed.holds {
            BoxContent::One(index) => {
                let entry = told(timed[index].1, hours, words);
                let short = placed.range.to - placed.range.from <= ONE_LINE_STEPS;
                boxes.push(Boxed {
                    class: format!(
                        "slot{} {place} {}",
                        if short { " slot-short" } else { "" },
                        entry.class()
                    ),
                    entry,
                });
            }
            BoxContent::More(count) => more.push(More {
                class: format!("slot slot-more {place}"),
                count,
                href: format!("{agenda}#day-{date}"),
            }),
        }
    }
    let is_today = date == words.today();
    let now = words.zoned(words.now);
    let at_now = (i32::from(now.hour()) * 60 + i32::from(now.minute())) / 5;
    let at_now = u16::try_from(at_now).unwrap_or(0);
    GridDay {
        iso: date.to_string(),
        title: date.strftime("%A %-d %B").to_string(),
        short: date.strftime("%a").to_string(),
        number: date.strftime("%-d").to_string(),
        href: asked.address(Some(CalendarMode::Day), Some(date)),
        is_today,
        is_weekend: date.weekday().to_monday_zero_offset() > 4,
        is_read: is_read(date, kept, words),
        clocks: hours.change_words(words),
        left_out: left_out(hours, words).and_then(|range| shown.classes(range)),
        now: is_today.then(|| (steps::start(shown.row(at_now)), words.time(&now))),
        boxes,
        more,
    }
}

fn place_classes(place: ColumnPlace) -> String {
    format!("n{} i{} s{}", place.of, place.column, place.width)
}

/// What the clock leaves out of a day when it goes forward.
fn left_out(hours: DayHours, words: &Formatter) -> Option<StepRange> {
    let (before, after) = hours.change(words)?;
    let step =
        |at: DateTime| u16::try_from((i32::from(at.hour()) * 60 + i32::from(at.minute())) / 5);
    let is_same_day = before.date() == after.date() && after.date() == hours.date;
    let range = StepRange {
        from: step(before.datetime()).ok()?,
        to: step(after.datetime()).ok()?,
    };
    (is_same_day && range.from < range.to).then_some(range)
}

/// Entries of whole days, each once with the columns it covers, the longest first among those that begin together.
fn lane(span: Span, entries: &[StoredEntry], words: &Formatter) -> Vec<Lane> {
    let last_shown = plus_days(span.end(), -1);
    let mut found: Vec<_> = entries
        .iter()
        .filter(|entry| is_long(&entry.event))
        .map(|entry| (agenda::dates_of(&entry.event, words), entry))
        .filter(|((first, last), _)| *first <= last_shown && *last >= span.first)
        .collect();
    found.sort_by(|a, b| {
        let ((a_first, a_last), a) = a;
        let ((b_first, b_last), b) = b;
        let key = (a_first, b_last, &a.event.subject);
        key.cmp(&(b_first, a_last, &b.event.subject))
    });
    found
        .into_iter()
        .map(|((first, last), stored)| {
            let (from, to) = (first.max(span.first), last.min(last_shown));
            let mut entry = told(stored, DayHours::of(from, words), words);
            entry.time = lane_words(&stored.event, words);
            // The dates say so.
            entry.tags.retain(|tag| *tag != AgendaTag::SeveralDays);
            let begins = if first < from { " lane-before" } else { "" };
            let ends = if last > to { " lane-after" } else { "" };
            Lane {
                class: format!(
                    "lane-entry d{} w{}{begins}{ends} {}",
                    days_between(span.first, from),
                    days_between(from, to) + 1,
                    entry.class()
                ),
                entry,
            }
        })
        .collect()
}

/// `Mon 2 March`, `Mon 2 – Thu 5 March`, `Mon 2 March 14:00 – Thu 5 March 10:00`; with the year on both sides where they
/// lie in two.
fn lane_words(event: &Event, words: &Formatter) -> String {
    let (first, last) = agenda::dates_of(event, words);
    if event.all_day.is_none() {
        let years = [event.start, event.end].map(|at| words.zoned(at).year());
        let format = day_format(years[0] != years[1]);
        let at = |at| {
            let day = words.zoned(at).strftime(format).to_string();
            format!("{day} {}", agenda::clock(at, words))
        };
        return format!("{} – {}", at(event.start), at(event.end));
    }
    if first == last {
        return first.strftime("%a %-d %B").to_string();
    }
    let spans_years = first.year() != last.year();
    let end = day_format(spans_years);
    let start = if first.month() == last.month() && !spans_years {
        "%a %-d"
    } else {
        end
    };
    format!("{} – {}", first.strftime(start), last.strftime(end))
}

const fn day_format(with_year: bool) -> &'static str {
    if with_year {
        "%a %-d %B %Y"
    } else {
        "%a %-d %B"
    }
}

fn hour_words(hour: u16, words: &Formatter) -> String {
    match (words.calendar.clock, hour) {
        (HourClock::TwentyFour, hour) => format!("{hour:02}:00"),
        (HourClock::Twelve, 0) => "12 AM".to_owned(),
        (HourClock::Twelve, 12) => "12 PM".to_owned(),
        (HourClock::Twelve, hour @ 1..12) => format!("{hour} AM"),
        (HourClock::Twelve, hour) => format!("{} PM", hour - 12),
    }
}

#[cfg(test)]
#[path = "grid_tests.rs"]
mod tests;
