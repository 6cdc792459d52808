//! Where randomness comes from. Every part that needs some is handed a [`Random`], so that tests can repeat a run.

use rand::{Rng as _, SeedableRng, rngs::StdRng};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// A cryptographically strong generator, seeded from the operating system or, in tests, from a number.
#[derive(Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Random {
    pub fn from_system() -> Self {
        Self(Arc::new(Mutex::new(rand::make_rng())))
    }

    /// The same numbers at every run: for tests alone.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }

    /// `N` random bytes in hex.
    pub fn hex<const N: usize>(&self) -> String {
        self.bytes::<N>()
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// A number from 0 (included) to `below` (not included); 0 when `below` is 0.
    pub fn below(&self, below: u64) -> u64 {
        let number = u64::from_le_bytes(self.bytes());
        if below == 0 { 0 } else { number % below }
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}
