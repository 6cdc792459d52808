//! Limits of what is done in a stretch of time or at the same time, and what each counts under.
//!
//! Whoever acts takes a place first ([`crate::store::Store::take_place`]) and gives it back when it turns out that
//! nothing had to be counted. Places lie in the main database, so that a limit holds over all instances together.
//!
//! ```text
//! let place = match store.take_place(&[&WrongLinks(address)], clock.now()).await? {
//!     Ok(place) => place,
//!     Err(full) => return Err(Later(full.until)),
//! };
//! if it_went_well { store.give_back(place).await?; }
//! ```

use std::time::Duration;

/// How many places there are under one key, and for how long one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Names the limit in the database; no two limits share one.
    pub purpose: &'static str,
    pub most: usize,
    pub lasts: PlaceLifetime,
    pub keys: Keys,
}

/// When a place that nobody gives back is free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceLifetime {
    /// So long after it was taken.
    Each(Duration),
    /// When whoever took it gives it back, when its process is gone, or so long after it was taken at the latest.
    Held(Duration),
    /// One place after another: a full limit has one free place more each time that this has passed.
    Refill(Duration),
}

impl Limit {
    /// The longest time for which a place is taken.
    pub(crate) fn longest(&self) -> Duration {
        match self.lasts {
            PlaceLifetime::Each(time) | PlaceLifetime::Held(time) => time,
            PlaceLifetime::Refill(time) => {
                time.saturating_mul(u32::try_from(self.most).unwrap_or(u32::MAX))
            }
        }
    }
}

/// Who decides how many keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// The organisation: people, accounts and the like.
    Ours,
    /// Anybody: so many places are kept in all, and the one that ends first makes room.
    Anybodys { most_places: u32 },
}

/// What a limit counts under. Each limit has a key of its own type, so that no name that somebody types can stand for
/// something else.
pub trait LimitKey: Send + Sync {
    fn limit(&self) -> Limit;

    /// What is counted, such as an id or an address. Only its SHA-256 is stored.
    fn key(&self) -> String;

    /// Where a limit counts different things under one key: the thing. It takes one place however often it comes; each
    /// time renews the place.
    fn member(&self) -> Option<String> {
        None
    }
}
