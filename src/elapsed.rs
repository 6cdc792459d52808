//! Time that goes by, on the server: what a [`Clock`] counts and sleeps for, however the system's clock is set. The
//! browser has no such count.

use crate::clock::Clock;
use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

impl Clock {
    /// How much time went by since some moment of this process. Setting the system's clock does not change it.
    pub fn passed(&self) -> Duration {
        static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
        self.passed_by_hand().unwrap_or_else(|| BEGAN.elapsed())
    }

    /// Returns once so much time went by.
    pub async fn sleep(&self, time: Duration) {
        /// How often a held clock is looked at.
        const LOOK: Duration = Duration::from_millis(5);
        let Some(began) = self.passed_by_hand() else {
            return tokio::time::sleep(time).await;
        };
        let end = began + time;
        while self.passed() < end {
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn a_clock_that_is_set_does_not_make_time_go_by() {
        let clock = Clock::held(Timestamp::from_seconds(10));
        clock.advance(Duration::from_secs(5));
        clock.set_ahead(-12_000);
        assert_eq!(clock.now(), Timestamp::from_seconds(3));
        assert_eq!(clock.passed(), Duration::from_secs(5));
    }
}
