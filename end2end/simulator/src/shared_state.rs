//! What all connections and the control endpoint share: the world behind its lock, the clock and the certificates.
//! A task that panicked while it held the lock does not stop the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{clock::SimulatedClock, tls::ServerCertificates, world::World};

pub struct SharedState {
    pub world: Mutex<World>,
    pub clock: SimulatedClock,
    pub leaves: ServerCertificates,
}

impl SharedState {
    /// The world, locked; requests wait while the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a closure on the world under its lock.
    pub fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.lock())
    }
}
