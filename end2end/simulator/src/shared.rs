//! What all connections and the control endpoint share: the world behind its lock, the clock and the certificates.
//! A task that panicked while it held the lock does not stop the others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{clock::Clock, tls::Leaves, world::World};

pub struct Shared {
    pub world: Mutex<World>,
    pub clock: Clock,
    pub leaves: Leaves,
}

impl Shared {
    /// The world, locked; requests wait while the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the world under its lock.
    pub fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.lock())
    }
}
