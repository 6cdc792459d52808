//! Instants and where they come from. Every part that needs the time is handed a [`Clock`], so that tests hold it.

use serde::{Deserialize, Serialize};
use std::{
    fmt::Debug,
    ops::{Add, Sub},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// An instant: whole milliseconds since 1970-01-01T00:00:00Z, as stored in both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The day in UTC as people write it, such as "3 March 2026". Needs no time-zone database.
    pub fn day_in_words(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let (year, month, day) = civil(self.0.div_euclid(86_400_000));
        let month = usize::try_from(month)
            .ok()
            .and_then(|month| MONTHS.get(month));
        let month = month.copied().unwrap_or_default();
        format!("{day} {month} {year}")
    }

    /// The last day in UTC before an end, such as that of something that holds to the end of a day.
    pub fn last_day_in_words(self) -> String {
        Self(self.0.saturating_sub(1)).day_in_words()
    }

    /// Day and time in UTC, such as "3 March 2026, 14:05 UTC".
    pub fn time_in_words(self) -> String {
        let minutes = self.0.div_euclid(60_000).rem_euclid(1440);
        let (hour, minute) = (minutes / 60, minutes % 60);
        format!("{}, {hour:02}:{minute:02} UTC", self.day_in_words())
    }

    /// As [`Timestamp::time_in_words`], so many seconds east of UTC, for readers who know their own zone.
    pub fn time_in_words_at(self, offset: i32) -> String {
        let there = Self(self.0 + i64::from(offset) * 1000).time_in_words();
        there.trim_end_matches(" UTC").to_owned()
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Year, month (from 0) and day of a count of days since 1970-01-01, in the Gregorian calendar: whole eras of 400
/// years of 146,097 days, with years that begin in March so that the leap day comes last.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 2
    } else {
        from_march - 10
    };
    let year = year_of_era + era * 400;
    (if month < 2 { year + 1 } else { year }, month, day)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

/// Where the time comes from: the system, or a hand that a test moves.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Held(Arc<HeldHands>),
}

/// Milliseconds on a held clock: what it shows, and how much time went by.
#[derive(Debug)]
struct HeldHands {
    shown: AtomicI64,
    passed: AtomicU64,
}

impl Clock {
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands until [`Clock::advance`] moves it; clones share the hand.
    pub fn held(at: Timestamp) -> Self {
        Self(Source::Held(Arc::new(HeldHands {
            shown: AtomicI64::new(at.0),
            passed: AtomicU64::new(0),
        })))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Held(hands) => Timestamp(hands.shown.load(Ordering::SeqCst)),
        }
    }

    /// Moves a held clock forward; the system's clock goes by itself.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.set_ahead(i64::try_from(millis).unwrap_or(i64::MAX));
        if let Source::Held(hands) = &self.0 {
            hands.passed.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Sets a held clock ahead, or back where `millis` is negative, while no time goes by.
    pub fn set_ahead(&self, millis: i64) {
        if let Source::Held(hands) = &self.0 {
            hands.shown.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// How much time went by since some moment of this process. Setting the system's clock does not change it.
    pub fn passed(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::System => BEGAN.elapsed(),
            Source::Held(hands) => Duration::from_millis(hands.passed.load(Ordering::SeqCst)),
        }
    }

    /// Whether a test moves it.
    pub const fn is_held(&self) -> bool {
        matches!(self.0, Source::Held(_))
    }
}

fn system_now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system's time enters"
    )]
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_clock_stands_until_it_is_moved() {
        let clock = Clock::held(Timestamp::from_seconds(10));
        let other = clock.clone();
        clock.advance(Duration::from_secs(5));
        assert_eq!(other.now(), Timestamp::from_seconds(15));
        assert_eq!(
            other.now().since(Timestamp::from_seconds(20)),
            Duration::ZERO
        );
    }

    #[test]
    fn days_read_as_people_write_them() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!(at(0).day_in_words(), "1 January 1970");
        assert_eq!(at(-1).day_in_words(), "31 December 1969");
        assert_eq!(at(0).last_day_in_words(), "31 December 1969");
        assert_eq!(at(951_782_400).day_in_words(), "29 February 2000");
        assert_eq!(at(1_772_546_700).time_in_words(), "3 March 2026, 14:05 UTC");
        assert_eq!(
            Timestamp::from_millis(i64::MAX).day_in_words(),
            "17 August 292278994"
        );
    }

    #[test]
    fn a_clock_that_is_set_does_not_make_time_go_by() {
        let clock = Clock::held(Timestamp::from_seconds(10));
        clock.advance(Duration::from_secs(5));
        clock.set_ahead(-12_000);
        assert_eq!(clock.now(), Timestamp::from_seconds(3));
        assert_eq!(clock.passed(), Duration::from_secs(5));
    }
}
