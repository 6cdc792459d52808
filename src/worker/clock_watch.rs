//! A clock that was set, or stands behind what was seen last: it is told, what was planned by the wrong time is not believed, nothing is forgotten by its age until
//! the clock has gone on by itself for a day, and the hour of a refused sign-in is an hour in which Kalends ran.

use crate::services::{Services, instance};
use kalends_core::clock::Timestamp;
use kalends_store::{ClockJump, StoreError};
use std::time::Duration;
use tokio::sync::Mutex;

/// The clock may go so much faster or slower between two looks without being told.
const SLACK: i64 = 60_000;
/// Stored instants are looked through this often.
const CUT_EVERY: Duration = Duration::from_mins(1);
/// For so long a clock that was set must go on by itself before anything is forgotten by its age. An installation that
/// stood still for longer looks the same, and also waits.
const DOUBT: Duration = Duration::from_hours(24);

/// A clock that stands behind what was stored last by more than this, in milliseconds, may be the wrong one of the two.
const BEHIND: i64 = 3_600_000;

/// What the clock showed at the last look. Clones are of one process.
#[derive(Debug, Default)]
pub struct ClockWatch(Mutex<Watch>);

/// Durations are as [`Clock::passed`](kalends_core::clock::Clock::passed) tells them.
#[derive(Debug, Default)]
struct Watch {
    last: Option<(Timestamp, Duration)>,
    doubted_until: Duration,
    cut_at: Option<Duration>,
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
struct Moved {
    /// By how much it was set; negative: back.
    set_by: i64,
    /// How much of what it shows went by while no process was seen to run: it was set ahead, or nothing ran for so long,
    /// which looks the same.
    unseen: i64,
}

impl Watch {
    /// Takes note that the clock was set, or how far it stood behind at the first look.
    fn falls_behind(&mut self, by: i64, passed: Duration) {
        self.behind_by = self.behind_by.saturating_add(by);
        self.behind_since = (self.behind_by > BEHIND).then_some(passed);
        if self.behind_since.is_some() {
            self.doubted_until = passed + DOUBT;
        }
    }

    /// Whether the clock may be the wrong one; not after it went on by itself for a day.
    fn is_in_doubt(&mut self, passed: Duration) -> bool {
        self.behind_since = self
            .behind_since
            .filter(|since| passed.saturating_sub(*since) < DOUBT);
        self.behind_since.is_some()
    }

    /// `others` is when another process was last heard of, for the first look.
    fn moved(&mut self, now: Timestamp, passed: Duration, others: Option<Timestamp>) -> Moved {
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
        let stood_still = others.is_some_and(|others| now.since(others) > DOUBT);
        if set_by.abs() > SLACK || stood_still {
            self.doubted_until = passed + DOUBT;
        }
        Moved {
            set_by,
            unseen: unseen.max(0),
        }
    }
}

/// Looks at the clock, tells where it was set, and cuts what was planned by a clock that ran ahead.
pub async fn watch_clock(services: &Services) -> Result<(), StoreError> {
    look(services).await.map(drop)
}

/// Whether something may be forgotten because of its age.
pub async fn may_forget_by_age(services: &Services) -> Result<bool, StoreError> {
    look(services).await
}

async fn look(services: &Services) -> Result<bool, StoreError> {
    let Services { store, clock, .. } = services;
    let mut watch = services.clock_watch.0.lock().await;
    let (others, line) = match watch.last {
        Some(_) => (None, None),
        None => (
            store.last_heartbeat_of_others(&services.instance).await?,
            store.latest_line_at().await?,
        ),
    };
    let is_first = watch.last.is_none();
    let (now, passed) = (clock.now(), clock.passed());
    let Moved { set_by, unseen } = watch.moved(now, passed, others);
    if unseen > SLACK {
        let unseen = Duration::from_millis(unseen.unsigned_abs());
        store.keep_places_over(unseen, now).await?;
    }
    let is_set = set_by.abs() > SLACK;
    if is_first {
        let seen = others.max(line).unwrap_or(now);
        watch.falls_behind(seen.millis().saturating_sub(now.millis()).max(0), passed);
    } else if is_set {
        watch.falls_behind(-set_by, passed);
    }
    let is_in_doubt = watch.is_in_doubt(passed);
    if is_set {
        let jump = ClockJump {
            instance: instance::name(),
            seconds: set_by / 1000,
            at: now,
        };
        tracing::warn!(
            seconds = jump.seconds,
            to = now.time_in_words(),
            "the clock of this machine jumped; look at its time service"
        );
        store.note_clock_jump(&jump).await?;
    }
    let cut_at = watch.cut_at.filter(|_| !is_set);
    if cut_at.is_none_or(|at| passed.saturating_sub(at) >= CUT_EVERY) {
        let cut = store.cut_future(now, is_in_doubt).await?;
        watch.cut_at = Some(passed);
        if cut > 0 {
            tracing::warn!(
                cut,
                "stored times lay in the future and were cut: a clock had run ahead"
            );
        }
    }
    Ok(passed >= watch.doubted_until)
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
        assert_eq!(watch.doubted_until, after(45) + DOUBT);
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
