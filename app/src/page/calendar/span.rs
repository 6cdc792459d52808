//! Which days an address asks for, and the addresses of what lies beside them.

use super::mode::CalendarMode;
use crate::moment::Formatter;
use jiff::{ToSpan, civil::Date};
use kalends_core::{calendar::Window, clock::Timestamp, preferences::FirstDay};

/// What an address asks for. Texts that make no sense ask for today, in the view that fits the screen.
#[derive(Debug, Clone, Copy)]
pub struct AskedSpan {
    /// `None`: the week as a grid where there is room, else the agenda.
    pub mode: Option<CalendarMode>,
    pub day: Date,
    pub all_hours: bool,
}

/// Days in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: Date,
    pub days: i32,
}

/// Whether all of a day was read.
pub fn is_read(date: Date, kept: Option<Window>, words: &Formatter) -> bool {
    let one = Span {
        first: date,
        days: 1,
    };
    kept.is_some_and(|kept| one.is_within(kept, words))
}

impl AskedSpan {
    pub fn new(view: &str, day: &str, hours: &str, words: &Formatter) -> Self {
        let day = day
            .parse::<Date>()
            .ok()
            .filter(|day| (1990..=2190).contains(&day.year()));
        Self {
            mode: CalendarMode::ALL
                .into_iter()
                .find(|mode| mode.code() == view),
            day: day.unwrap_or_else(|| words.today()),
            all_hours: hours == "all",
        }
    }

    pub fn shown(self) -> CalendarMode {
        self.mode.unwrap_or(CalendarMode::Week)
    }

    /// The days whose entries are shown.
    pub fn span(self, words: &Formatter) -> Span {
        match self.shown() {
            CalendarMode::Agenda | CalendarMode::Week => Span::week_of(self.day, words),
            CalendarMode::Day => Span {
                first: self.day,
                days: 1,
            },
            CalendarMode::Three => Span {
                first: self.day,
                days: 3,
            },
            CalendarMode::Month => {
                let first = Span::week_of(self.day.first_of_month(), words).first;
                let last = Span::week_of(self.day.last_of_month(), words);
                Span {
                    first,
                    days: days_between(first, last.end()),
                }
            }
        }
    }

    /// The same view of another day; `None` for today.
    pub fn address(self, mode: Option<CalendarMode>, day: Option<Date>) -> String {
        let mut address = "/calendar".to_owned();
        let mut separator = '?';
        let mut add = |name: &str, value: &str| {
            address.push(separator);
            address.push_str(name);
            address.push('=');
            address.push_str(value);
            separator = '&';
        };
        if let Some(mode) = mode {
            add("view", mode.code());
        }
        if let Some(day) = day {
            add("day", &day.to_string());
        }
        if self.all_hours && mode.is_none_or(CalendarMode::has_hours) {
            add("hours", "all");
        }
        address
    }

    /// The address of what lies before, unless nothing as early as that is kept.
    pub fn previous(self, kept: Option<Window>, words: &Formatter) -> Option<String> {
        let turned = self.turned(words);
        let before = match self.shown() {
            CalendarMode::Month => plus_days(turned.first, -1).first_of_month(),
            CalendarMode::Agenda | CalendarMode::Day | CalendarMode::Three | CalendarMode::Week => {
                plus_days(turned.first, -turned.days)
            }
        };
        let is_kept = kept.is_none_or(|kept| midnight(turned.first, words) > kept.start);
        is_kept.then(|| self.address(self.mode, Some(before)))
    }

    /// The address of what comes after, unless nothing as late as that is kept.
    pub fn next(self, kept: Option<Window>, words: &Formatter) -> Option<String> {
        let after = self.turned(words).end();
        let is_kept = kept.is_none_or(|kept| midnight(after, words) < kept.end);
        is_kept.then(|| self.address(self.mode, Some(after)))
    }

    /// The days that turning the page passes over: those shown, or the month without its neighbours' days.
    pub fn turned(self, words: &Formatter) -> Span {
        match self.shown() {
            CalendarMode::Month => {
                let first = self.day.first_of_month();
                Span {
                    first,
                    days: i32::from(first.days_in_month()),
                }
            }
            CalendarMode::Agenda | CalendarMode::Day | CalendarMode::Three | CalendarMode::Week => {
                self.span(words)
            }
        }
    }

    /// `Week 10` by ISO 8601, whose weeks begin on Monday.
    pub fn week_words(self, words: &Formatter) -> Option<String> {
        let is_week = matches!(self.shown(), CalendarMode::Agenda | CalendarMode::Week);
        let from_monday = words.calendar.first_day == FirstDay::Monday;
        let number = self.day.iso_week_date().week();
        (is_week && from_monday).then(|| format!("Week {number}"))
    }

    pub fn title(self, words: &Formatter) -> String {
        match self.shown() {
            CalendarMode::Month => self.day.strftime("%B %Y").to_string(),
            CalendarMode::Day => self.day.strftime("%A, %-d %B %Y").to_string(),
            CalendarMode::Agenda | CalendarMode::Three | CalendarMode::Week => {
                self.span(words).title()
            }
        }
    }
}

impl Span {
    /// The week around a day, as its reader counts weeks.
    pub fn week_of(day: Date, words: &Formatter) -> Self {
        let after_monday = day.weekday().to_monday_zero_offset();
        let back = (after_monday - words.calendar.first_day.after_monday()).rem_euclid(7);
        Self {
            first: plus_days(day, -i32::from(back)),
            days: 7,
        }
    }

    /// The day after the last.
    pub fn end(self) -> Date {
        plus_days(self.first, self.days)
    }

    pub fn dates(self) -> impl Iterator<Item = Date> {
        (0..self.days).map(move |offset| plus_days(self.first, offset))
    }

    fn title(self) -> String {
        let last = plus_days(self.end(), -1);
        let start = if self.first.year() != last.year() {
            "%-d %B %Y"
        } else if self.first.month() != last.month() {
            "%-d %B"
        } else {
            "%-d"
        };
        let last = last.strftime("%-d %B %Y");
        format!("{} – {last}", self.first.strftime(start))
    }

    /// What is kept, in words, if the span reaches beyond it.
    pub fn beyond(self, kept: Window, words: &Formatter) -> Option<String> {
        let is_within = self.is_within(kept, words);
        let date = |at| words.zoned(at).strftime("%-d %B %Y").to_string();
        (!is_within).then(|| {
            format!(
                "Kalends keeps your calendar from {} to {}: 30 days back and a year ahead.",
                date(kept.start),
                date(kept.end)
            )
        })
    }

    fn is_within(self, kept: Window, words: &Formatter) -> bool {
        midnight(self.first, words) >= kept.start && midnight(self.end(), words) <= kept.end
    }

    /// The instants to read. All-day entries are compared by date later on: a day more on both sides finds those made
    /// in other zones.
    pub fn window(self, words: &Formatter) -> Window {
        Window {
            start: midnight(plus_days(self.first, -1), words),
            end: midnight(plus_days(self.end(), 1), words),
        }
    }
}

pub fn midnight(day: Date, words: &Formatter) -> Timestamp {
    words.midnight(day, 0).unwrap_or(Timestamp::from_millis(0))
}

pub fn plus_days(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

pub fn days_between(from: Date, to: Date) -> i32 {
    to.since(from).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use kalends_core::preferences::Preferences;

    /// Monday, 2 March 2026, 11:00 in Berlin.
    fn words(first_day: FirstDay) -> Formatter {
        let now = Timestamp::from_seconds(1_772_445_600);
        Formatter::new("Europe/Berlin", now).with(Preferences {
            first_day,
            ..Preferences::default()
        })
    }

    #[test]
    fn a_week_begins_with_the_day_its_reader_chose() {
        for (first_day, first) in [
            (FirstDay::Monday, date(2026, 2, 23)),
            (FirstDay::Saturday, date(2026, 2, 28)),
            (FirstDay::Sunday, date(2026, 3, 1)),
        ] {
            let sunday = date(2026, 3, 1);
            assert_eq!(Span::week_of(sunday, &words(first_day)).first, first);
        }
    }

    #[test]
    fn an_address_that_makes_no_sense_shows_this_week() {
        let words = words(FirstDay::Monday);
        for (view, day) in [
            ("", ""),
            ("decade", "tomorrow"),
            ("", "9999-99-99"),
            ("", "0001-01-01"),
        ] {
            let asked = AskedSpan::new(view, day, "", &words);
            assert_eq!(
                (asked.mode, asked.day),
                (None, date(2026, 3, 2)),
                "{view} {day}"
            );
        }
    }

    #[test]
    fn pages_turn_by_what_they_show() {
        let words = words(FirstDay::Monday);
        for (view, title, previous, next) in [
            (
                "",
                "2 – 8 March 2026",
                "/calendar?day=2026-02-23",
                "/calendar?day=2026-03-09",
            ),
            (
                "agenda",
                "2 – 8 March 2026",
                "/calendar?view=agenda&day=2026-02-23",
                "/calendar?view=agenda&day=2026-03-09",
            ),
            (
                "day",
                "Thursday, 5 March 2026",
                "/calendar?view=day&day=2026-03-04&hours=all",
                "/calendar?view=day&day=2026-03-06&hours=all",
            ),
            (
                "three",
                "5 – 7 March 2026",
                "/calendar?view=three&day=2026-03-02&hours=all",
                "/calendar?view=three&day=2026-03-08&hours=all",
            ),
            (
                "month",
                "March 2026",
                "/calendar?view=month&day=2026-02-01",
                "/calendar?view=month&day=2026-04-01",
            ),
        ] {
            let hours = if previous.ends_with("hours=all") {
                "all"
            } else {
                ""
            };
            let asked = AskedSpan::new(view, "2026-03-05", hours, &words);
            assert_eq!(asked.title(&words), title);
            assert_eq!(asked.previous(None, &words).as_deref(), Some(previous));
            assert_eq!(asked.next(None, &words).as_deref(), Some(next));
        }
    }

    #[test]
    fn nothing_leads_beyond_what_is_kept() {
        let words = words(FirstDay::Monday);
        let week = Span::week_of(words.today(), &words);
        let kept = Window {
            start: midnight(week.first, &words),
            end: midnight(week.end(), &words),
        };
        let asked = AskedSpan::new("", "", "", &words);
        assert_eq!(asked.previous(Some(kept), &words), None);
        assert_eq!(asked.next(Some(kept), &words), None);
        assert_eq!(week.beyond(kept, &words), None);
        let month = AskedSpan::new("month", "", "", &words);
        assert!(month.turned(&words).beyond(kept, &words).is_some());
    }

    #[test]
    fn a_month_shows_whole_weeks() {
        let words = words(FirstDay::Sunday);
        let span = AskedSpan::new("month", "2026-02-14", "", &words).span(&words);
        assert_eq!((span.first, span.days), (date(2026, 2, 1), 28));
        let span = AskedSpan::new("month", "2026-05-31", "", &words).span(&words);
        assert_eq!((span.first, span.days), (date(2026, 4, 26), 42));
    }
}
