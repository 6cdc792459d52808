//! Instants as pages show them: the server words them in the reader's zone, the browser reuses the words.

use jiff::{civil::Date, tz::TimeZone};
use kalends_core::{
    clock::Timestamp,
    preferences::{HourClock, Preferences},
};

/// An instant with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For machines, in UTC: `2026-03-02T09:00:00Z`.
    pub iso: String,
    /// For people, relative where that is clearer: `today 10:00`, `3 minutes ago`.
    pub text: String,
    /// The exact instant in the reader's zone, shown on demand.
    pub exact: String,
}

/// Tells instants in words, for one reader at one time.
#[derive(Debug, Clone)]
pub struct Formatter {
    pub zone: TimeZone,
    pub now: Timestamp,
    /// How the reader reads calendars.
    pub calendar: Preferences,
    /// Whether the reader may know where names lead within the network.
    pub tells_addresses: bool,
}

impl Formatter {
    pub fn new(zone_name: &str, now: Timestamp) -> Self {
        Self {
            zone: TimeZone::get(zone_name).unwrap_or(TimeZone::UTC),
            now,
            calendar: Preferences::default(),
            tells_addresses: false,
        }
    }

    /// Whether failures are told with addresses within the network.
    #[must_use]
    pub fn telling_addresses(self, tells_addresses: bool) -> Self {
        Self {
            tells_addresses,
            ..self
        }
    }

    #[must_use]
    pub fn with(self, calendar: Preferences) -> Self {
        Self { calendar, ..self }
    }

    /// The time of day as the reader's clock tells it: `14:30` or `2:30 PM`.
    pub fn time(&self, zoned: &jiff::Zoned) -> String {
        let format = match self.calendar.clock {
            HourClock::TwentyFour => "%H:%M",
            HourClock::Twelve => "%-I:%M %p",
        };
        zoned.strftime(format).to_string()
    }

    pub fn zoned(&self, at: Timestamp) -> jiff::Zoned {
        jiff::Timestamp::from_millisecond(at.millis())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
    }

    pub fn today(&self) -> Date {
        self.zoned(self.now).date()
    }

    /// The start of the day so many days after a date; `None` beyond the calendar.
    pub fn midnight(&self, date: Date, days: i64) -> Option<Timestamp> {
        let span = jiff::Span::new().try_days(days).ok()?;
        let day = date.checked_add(span).ok()?;
        let zoned = day.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    /// `3 minutes ago`, `in 4 minutes`, `today 10:00`, `tomorrow 10:00`, `Mon 2 March 10:00`.
    pub fn moment(&self, at: Timestamp) -> Moment {
        self.worded(at, self.relative(at))
    }

    /// As [`Formatter::moment`], for what is planned: where its time has come, it begins any moment.
    pub fn upcoming(&self, at: Timestamp) -> Moment {
        if at <= self.now {
            self.worded(at, "in a moment".to_owned())
        } else {
            self.moment(at)
        }
    }

    /// As [`Formatter::upcoming`], and says so where it has waited for its turn longer than that.
    pub fn upcoming_or_late(&self, at: Timestamp, late_after: std::time::Duration) -> Moment {
        if self.now.since(at) <= late_after {
            return self.upcoming(at);
        }
        let planned = self.appointment(at, false).text;
        let text =
            format!("late: planned for {planned}, and it waits for other calendars that take long");
        self.worded(at, text)
    }

    /// Seconds east of UTC at present.
    pub fn utc_offset(&self) -> i32 {
        self.zoned(self.now).offset().seconds()
    }

    /// As [`Formatter::moment`], but always with the clock time: for entries of a calendar.
    pub fn appointment(&self, at: Timestamp, all_day: bool) -> Moment {
        let zoned = self.zoned(at);
        let day = days_words(zoned.date(), self.today());
        let text = if all_day {
            day
        } else {
            format!("{day} {}", self.time(&zoned))
        };
        self.worded(at, text)
    }

    fn worded(&self, at: Timestamp, text: String) -> Moment {
        let zoned = self.zoned(at);
        Moment {
            iso: zoned.timestamp().to_string(),
            text,
            exact: self.exact(&zoned),
        }
    }

    fn exact(&self, zoned: &jiff::Zoned) -> String {
        let format = match self.calendar.clock {
            HourClock::TwentyFour => "%a %-d %b %Y %H:%M:%S %Z",
            HourClock::Twelve => "%a %-d %b %Y %-I:%M:%S %p %Z",
        };
        zoned.strftime(format).to_string()
    }

    fn relative(&self, at: Timestamp) -> String {
        let (ahead, gap) = if at > self.now {
            (true, at.since(self.now))
        } else {
            (false, self.now.since(at))
        };
        let minutes = gap.as_secs() / 60;
        let amount = match minutes {
            0 => {
                return if ahead {
                    "in a moment".to_owned()
                } else {
                    "just now".to_owned()
                };
            }
            1 => "1 minute".to_owned(),
            2..60 => format!("{minutes} minutes"),
            60..120 => "1 hour".to_owned(),
            120..360 => format!("{} hours", minutes / 60),
            _ => {
                let zoned = self.zoned(at);
                return format!(
                    "{} {}",
                    days_words(zoned.date(), self.today()),
                    self.time(&zoned)
                );
            }
        };
        if ahead {
            format!("in {amount}")
        } else {
            format!("{amount} ago")
        }
    }
}

/// `today`, `tomorrow`, `yesterday`, else `Mon 2 March`, with the year where it is another one.
pub fn days_words(day: Date, today: Date) -> String {
    match day.since(today).map(|span| span.get_days()) {
        Ok(0) => "today".to_owned(),
        Ok(1) => "tomorrow".to_owned(),
        Ok(-1) => "yesterday".to_owned(),
        _ if day.year() == today.year() => day.strftime("%a %-d %B").to_string(),
        _ => day.strftime("%a %-d %B %Y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn near_instants_are_relative_and_far_ones_are_dated() {
        let now = Timestamp::from_seconds(1_772_445_600); // 2026-03-02T10:00:00Z
        let words = Formatter::new("Europe/Berlin", now);
        assert_eq!(
            words.moment(now - Duration::from_mins(3)).text,
            "3 minutes ago"
        );
        assert_eq!(
            words.moment(now + Duration::from_mins(1)).text,
            "in 1 minute"
        );
        assert_eq!(
            words.moment(now - Duration::from_hours(24)).text,
            "yesterday 11:00"
        );
        assert_eq!(
            words
                .appointment(now + Duration::from_hours(24), false)
                .text,
            "tomorrow 11:00"
        );
        assert_eq!(
            words.moment(now - Duration::from_hours(960)).text,
            "Wed 21 January 11:00"
        );
        let twelve = words.with(Preferences {
            clock: HourClock::Twelve,
            ..Preferences::default()
        });
        let afternoon = twelve.moment(now - Duration::from_hours(22));
        assert_eq!(afternoon.text, "yesterday 1:00 PM");
        assert_eq!(afternoon.exact, "Sun 1 Mar 2026 1:00:00 PM CET");
    }
}
