//! A clock that was set: it is told, and what was planned by the wrong time is not believed.

use crate::{clock::Timestamp, services::Services, store::StoreError};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The clock may go so much faster or slower between two looks without being told.
const SLACK: i64 = 60_000;

/// What the clock showed at the last look, and how much time had gone by. Clones are of one process.
#[derive(Debug, Default)]
pub struct ClockWatch(Mutex<Option<(Timestamp, Duration)>>);

impl ClockWatch {
    /// By how many milliseconds the clock was set since the last look; negative: back.
    fn set_by(&self, now: Timestamp, passed: Duration) -> i64 {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((shown, had_passed)) = last.replace((now, passed)) else {
            return 0;
        };
        let expected = shown + passed.saturating_sub(had_passed);
        now.millis().saturating_sub(expected.millis())
    }
}

/// Looks at the clock, and cuts what was planned by a clock that ran ahead.
pub async fn watch_clock(services: &Services) -> Result<(), StoreError> {
    let Services {
        store,
        clock,
        clock_watch,
        ..
    } = services;
    let now = clock.now();
    let set_by = clock_watch.set_by(now, clock.passed());
    if set_by.abs() > SLACK {
        let (seconds, to) = (set_by / 1000, now.time_in_words());
        tracing::warn!(
            seconds,
            to,
            "the clock of this machine jumped; look at its time service"
        );
    }
    let cut = store.cut_future(now).await?;
    if cut > 0 {
        tracing::warn!(
            cut,
            "stored times lay in the future and were cut: a clock had run ahead"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_either_way_is_noticed_once_and_time_that_goes_by_is_not() {
        let watch = ClockWatch::default();
        let at = Timestamp::from_seconds;
        let after = Duration::from_secs;
        assert_eq!(watch.set_by(at(1_000), after(5)), 0);
        assert_eq!(watch.set_by(at(1_010), after(15)), 0);
        assert_eq!(watch.set_by(at(90_020), after(25)), 89_000_000);
        assert_eq!(watch.set_by(at(90_030), after(35)), 0);
        assert_eq!(watch.set_by(at(1_040), after(45)), -89_000_000);
    }
}
