//! A clock that was set, or stands behind what was seen last: it is told, what was planned by the wrong time is not believed, nothing is forgotten by its age until
//! the clock has gone on by itself for a day, and the hour of a refused sign-in is an hour in which Kalends ran.

use kalends_core::clock::Timestamp;
use std::time::Duration;
use tokio::sync::Mutex;

/// The clock may go so much faster or slower between two looks without being told.
pub(super) const MAX_DRIFT_MILLIS: i64 = 60_000;
/// For so long a clock that was set must go on by itself before anything is forgotten by its age. An installation that
/// stood still for longer looks the same, and also waits.
const CLOCK_SETTLE_TIME: Duration = Duration::from_hours(24);

/// A clock that stands behind what was stored last by more than this, in milliseconds, may be the wrong one of the two.
const MAX_LAG_MILLIS: i64 = 3_600_000;

/// What the clock showed at the last look. Clones are of one process.
#[derive(Debug, Default)]
pub struct ClockWatch(pub(super) Mutex<Watch>);

/// Durations are as [`Clock::passed`](kalends_core::clock::Clock::passed) tells them.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) last: Option<(Timestamp, Duration)>,
    pub(super) doubted_until: Duration,
    pub(super) cut_at: Option<Duration>,
    /// By how many milliseconds the clock stands behind what was seen last.
    behind_by: i64,
    /// Since when it goes on by itself there.
    behind_since: Option<Duration>,
}

impl ClockWatch {
    /// By how much the clock stands behind what was seen last; `None` where it does not, or has gone on by itself for a
    /// day, so that it is believed.
    pub async fn behind(&self) -> Option<Duration> {
        let watch = self.0.lock().await;
        let is_in_doubt = watch.behind_since.is_some();
        is_in_doubt.then(|| Duration::from_millis(watch.behind_by.unsigned_abs()))
    }
}

/// How the clock went on since the last look, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    /// By how much it was set; negative: back.
    pub(super) set_by: i64,
    /// How much of what it shows went by while no process was seen to run: it was set ahead, or nothing ran for so long,
    /// which looks the same.
    pub(super) unseen: i64,
}

impl Watch {
    /// Takes note that the clock was set, or how far it stood behind at the first look.
    pub(super) fn falls_behind(&mut self, by: i64, passed: Duration) {
        self.behind_by = self.behind_by.saturating_add(by);
        self.behind_since = (self.behind_by > MAX_LAG_MILLIS).then_some(passed);
        if self.behind_since.is_some() {
            self.doubted_until = passed + CLOCK_SETTLE_TIME;
        }
    }

    /// Whether the clock may be the wrong one; not after it went on by itself for a day.
    pub(super) fn is_in_doubt(&mut self, passed: Duration) -> bool {
        self.behind_since = self
            .behind_since
            .filter(|since| passed.saturating_sub(*since) < CLOCK_SETTLE_TIME);
        self.behind_since.is_some()
    }

    /// `others` is when another process was last heard of, for the first look.
    pub(super) fn moved(
        &mut self,
        now: Timestamp,
        passed: Duration,
        others: Option<Timestamp>,
    ) -> Moved {
        let expected = self
            .last
            .replace((now, passed))
            .map(|(shown, had_passed)| shown + passed.saturating_sub(had_passed));
        let since = |then: Timestamp| now.millis().saturating_sub(then.millis());
        let unseen = expected.or(others).map_or(0, since);
        let set_by = match expected {
            Some(_) => unseen,
            // A clock that runs ahead looks like a long standstill; one that ran ahead does not.
            None => unseen.min(0),
        };
        let stood_still = others.is_some_and(|others| now.since(others) > CLOCK_SETTLE_TIME);
        if set_by.abs() > MAX_DRIFT_MILLIS || stood_still {
            self.doubted_until = passed + CLOCK_SETTLE_TIME;
        }
        Moved {
            set_by,
            unseen: unseen.max(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(seconds).unwrap())
    }

    #[test]
    fn a_clock_that_is_set_either_way_is_noticed_once_and_time_that_goes_by_is_not() {
        let mut watch = Watch::default();
        let after = Duration::from_secs;
        let set = |set_by: i64| Moved {
            set_by,
            unseen: set_by.max(0),
        };
        assert_eq!(watch.moved(at(1_000), after(5), None), set(0));
        assert_eq!(watch.moved(at(1_010), after(15), None), set(0));
        assert_eq!(watch.doubted_until, Duration::ZERO);
        assert_eq!(watch.moved(at(90_020), after(25), None), set(89_000_000));
        assert_eq!(watch.moved(at(90_030), after(35), None), set(0));
        assert_eq!(watch.moved(at(1_040), after(45), None), set(-89_000_000));
        assert_eq!(watch.doubted_until, after(45) + CLOCK_SETTLE_TIME);
    }

    #[test]
    fn the_first_look_compares_with_what_other_processes_wrote_down() {
        let first = |now: u64, others: u64| {
            let mut watch = Watch::default();
            let Moved { set_by, unseen } = watch.moved(at(now), Duration::ZERO, Some(at(others)));
            (set_by, unseen, watch.doubted_until > Duration::ZERO)
        };
        let now = 1_000 * HOUR;
        assert_eq!(first(now, now - HOUR), (0, 3_600_000, false));
        assert_eq!(first(now, now - 25 * HOUR), (0, 90_000_000, true));
        assert_eq!(first(now, now + 30), (-30_000, 0, false));
        assert_eq!(first(now, now + HOUR), (-3_600_000, 0, true));
    }
}
