//! The simulator's clock.
//! A test may hold it still or move it; the binary follows the machine.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use jiff::Timestamp;

/// A shared clock; clones tell the same time.
#[derive(Clone, Debug, Default)]
pub struct SimulatedClock(Arc<Mutex<Option<Timestamp>>>);

impl SimulatedClock {
    /// Follows the machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Stands still at `instant` until [`SimulatedClock::set`].
    pub fn fixed(instant: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Some(instant))))
    }

    /// Stops the clock at `instant`.
    pub fn set(&self, instant: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(instant);
    }

    /// The present instant, in whole seconds, as Exchange tells it.
    pub fn now(&self) -> Timestamp {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the practice Exchange takes the time"
        )]
        let system = SystemTime::now();
        let instant = held
            .or_else(|| Timestamp::try_from(system).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH);
        Timestamp::from_second(instant.as_second()).unwrap_or(instant)
    }
}
