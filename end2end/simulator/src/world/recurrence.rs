//! When a series takes place: one pattern and one end, counted in local dates.
//! Short months clamp a day that they lack, as Exchange does.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use serde::{Deserialize, Serialize};

/// A pattern and its end; the series starts at the entry's own start date.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recurrence {
    pub pattern: RecurrencePattern,
    #[serde(default)]
    pub end: RecurrenceEnd,
}

/// How dates repeat. Intervals count days, weeks or months and are at least 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RecurrencePattern {
    Daily {
        interval: u16,
    },
    Weekly {
        interval: u16,
        days: Vec<DayOfWeek>,
        #[serde(default = "monday")]
        first_day: DayOfWeek,
    },
    MonthlyAbsolute {
        interval: u16,
        day: i8,
    },
    MonthlyRelative {
        interval: u16,
        day: DayOfWeek,
        index: DayOfWeekIndex,
    },
    YearlyAbsolute {
        day: i8,
        month: i8,
    },
    YearlyRelative {
        day: DayOfWeek,
        index: DayOfWeekIndex,
        month: i8,
    },
}

/// When a series ends.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RecurrenceEnd {
    #[default]
    Never,
    /// The last possible date, itself included.
    Until { date: Date },
    /// How many, deleted ones included.
    Count { number: u16 },
}

/// A day name of a pattern, with Exchange's three classes of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayOfWeek {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Day,
    Weekday,
    WeekendDay,
}

/// Which of the fitting days of a month.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum DayOfWeekIndex {
    First,
    Second,
    Third,
    Fourth,
    Last,
}

fn monday() -> DayOfWeek {
    DayOfWeek::Monday
}

impl DayOfWeek {
    pub const WORKING: [Self; 5] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
    ];

    fn includes(self, weekday: Weekday) -> bool {
        let weekend = matches!(weekday, Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::Sunday => weekday == Weekday::Sunday,
            Self::Monday => weekday == Weekday::Monday,
            Self::Tuesday => weekday == Weekday::Tuesday,
            Self::Wednesday => weekday == Weekday::Wednesday,
            Self::Thursday => weekday == Weekday::Thursday,
            Self::Friday => weekday == Weekday::Friday,
            Self::Saturday => weekday == Weekday::Saturday,
            Self::Day => true,
            Self::Weekday => !weekend,
            Self::WeekendDay => weekend,
        }
    }
}

impl Recurrence {
    /// The dates of the series from `first` on, not past `horizon`, deleted ones included.
    pub fn dates(&self, first: Date, horizon: Date) -> Vec<Date> {
        let (last, count) = match self.end {
            RecurrenceEnd::Never => (horizon, usize::MAX),
            RecurrenceEnd::Until { date } => (date.min(horizon), usize::MAX),
            RecurrenceEnd::Count { number } => (horizon, usize::from(number)),
        };
        (0..)
            .map_while(|period| self.period(first, period).filter(|start| start.0 <= last))
            .flat_map(|(_, dates)| dates)
            .filter(|date| *date >= first)
            .take(count)
            .take_while(|date| *date <= last)
            .collect()
    }

    /// The first day and the dates of the n-th day, week, month or year of the series.
    fn period(&self, first: Date, n: i32) -> Option<(Date, Vec<Date>)> {
        match &self.pattern {
            RecurrencePattern::Daily { interval } => {
                let date = first.checked_add((n * step(*interval)).days()).ok()?;
                Some((date, vec![date]))
            }
            RecurrencePattern::Weekly {
                interval,
                days,
                first_day,
            } => {
                let mut week = first;
                while !first_day.includes(week.weekday()) {
                    week = week.yesterday().ok()?;
                }
                let week = week.checked_add((n * step(*interval)).weeks()).ok()?;
                let dates = (0..7)
                    .filter_map(|offset| week.checked_add(offset.days()).ok())
                    .filter(|date| days.iter().any(|day| day.includes(date.weekday())))
                    .collect();
                Some((week, dates))
            }
            RecurrencePattern::MonthlyAbsolute { interval, day } => {
                let month = month_after(first, n * step(*interval))?;
                Some((month, vec![clamp_to_month(month, *day)?]))
            }
            RecurrencePattern::MonthlyRelative {
                interval,
                day,
                index,
            } => {
                let month = month_after(first, n * step(*interval))?;
                Some((month, nth_day_of_month(month, *day, *index)))
            }
            RecurrencePattern::YearlyAbsolute { day, month } => {
                let month = month_of_year(first, n, *month)?;
                Some((month, vec![clamp_to_month(month, *day)?]))
            }
            RecurrencePattern::YearlyRelative { day, index, month } => {
                let month = month_of_year(first, n, *month)?;
                Some((month, nth_day_of_month(month, *day, *index)))
            }
        }
    }
}

fn step(interval: u16) -> i32 {
    i32::from(interval.max(1))
}

fn month_after(date: Date, months: i32) -> Option<Date> {
    date.first_of_month().checked_add(months.months()).ok()
}

fn month_of_year(first: Date, years: i32, month: i8) -> Option<Date> {
    let year = first.year().checked_add(i16::try_from(years).ok()?)?;
    Date::new(year, month, 1).ok()
}

fn clamp_to_month(month: Date, day: i8) -> Option<Date> {
    Date::new(
        month.year(),
        month.month(),
        day.clamp(1, month.days_in_month()),
    )
    .ok()
}

fn nth_day_of_month(month: Date, day: DayOfWeek, index: DayOfWeekIndex) -> Vec<Date> {
    let mut fitting = (1..=month.days_in_month())
        .filter_map(|number| Date::new(month.year(), month.month(), number).ok())
        .filter(|date| day.includes(date.weekday()));
    match index {
        DayOfWeekIndex::First => fitting.next(),
        DayOfWeekIndex::Second => fitting.nth(1),
        DayOfWeekIndex::Third => fitting.nth(2),
        DayOfWeekIndex::Fourth => fitting.nth(3),
        DayOfWeekIndex::Last => fitting.next_back(),
    }
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn series(pattern: RecurrencePattern, end: RecurrenceEnd) -> Recurrence {
        Recurrence { pattern, end }
    }

    #[test]
    fn a_monthly_series_on_the_31st_takes_the_last_day_of_short_months() {
        let dates = series(
            RecurrencePattern::MonthlyAbsolute {
                interval: 1,
                day: 31,
            },
            RecurrenceEnd::Count { number: 4 },
        )
        .dates(date(2026, 1, 31), date(2030, 1, 1));
        assert_eq!(
            dates,
            [
                date(2026, 1, 31),
                date(2026, 2, 28),
                date(2026, 3, 31),
                date(2026, 4, 30)
            ]
        );
    }

    #[test]
    fn a_fortnightly_series_counts_weeks_from_its_first_day_of_the_week() {
        let dates = series(
            RecurrencePattern::Weekly {
                interval: 2,
                days: vec![DayOfWeek::Monday, DayOfWeek::Sunday],
                first_day: DayOfWeek::Sunday,
            },
            RecurrenceEnd::Until {
                date: date(2026, 1, 19),
            },
        )
        .dates(date(2026, 1, 5), date(2030, 1, 1));
        assert_eq!(
            dates,
            [date(2026, 1, 5), date(2026, 1, 18), date(2026, 1, 19)]
        );
    }

    #[test]
    fn the_last_weekday_of_a_month_is_not_a_weekend_day() {
        let dates = series(
            RecurrencePattern::MonthlyRelative {
                interval: 1,
                day: DayOfWeek::Weekday,
                index: DayOfWeekIndex::Last,
            },
            RecurrenceEnd::Never,
        )
        .dates(date(2026, 1, 30), date(2026, 3, 31));
        assert_eq!(
            dates,
            [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31)]
        );
    }

    #[test]
    fn yearly_series_clamp_the_29th_of_february_and_find_the_first_sunday_of_may() {
        let leap = series(
            RecurrencePattern::YearlyAbsolute { day: 29, month: 2 },
            RecurrenceEnd::Count { number: 2 },
        )
        .dates(date(2024, 2, 29), date(2030, 1, 1));
        assert_eq!(leap, [date(2024, 2, 29), date(2025, 2, 28)]);
        let sunday = series(
            RecurrencePattern::YearlyRelative {
                day: DayOfWeek::Sunday,
                index: DayOfWeekIndex::First,
                month: 5,
            },
            RecurrenceEnd::Count { number: 2 },
        )
        .dates(date(2026, 5, 3), date(2030, 1, 1));
        assert_eq!(sunday, [date(2026, 5, 3), date(2027, 5, 2)]);
    }

    #[test]
    fn a_daily_series_keeps_its_interval_and_stops_at_the_horizon() {
        let dates = series(
            RecurrencePattern::Daily { interval: 2 },
            RecurrenceEnd::Never,
        )
        .dates(date(2026, 1, 1), date(2026, 1, 6));
        assert_eq!(
            dates,
            [date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 5)]
        );
    }
}
