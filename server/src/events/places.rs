//! Places for event streams: few for each person, and in all no more than leave room for requests. One is taken before
//! anything is told, and given back when its stream ends, however that is.

use kalends::reports::metrics::Metrics;
use kalends_core::id::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Pages that one person may follow at the same time.
pub const MAX_OF_PERSON: usize = 8;

/// All places of this process.
#[derive(Debug, Clone)]
pub struct StreamPlaces(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    metrics: Metrics,
    open: Mutex<HashMap<UserId, usize>>,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub struct StreamPlace {
    places: StreamPlaces,
    person: UserId,
}

impl StreamPlaces {
    pub fn new(total: usize, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            total,
            metrics,
            open: Mutex::default(),
        }))
    }

    /// Takes a place for a page of somebody; `None` where none can be had.
    pub fn take(&self, person: UserId) -> Option<StreamPlace> {
        let mut open = self.open();
        let all: usize = open.values().sum();
        let own = open.get(&person).copied().unwrap_or_default();
        if all >= self.0.total || own >= MAX_OF_PERSON {
            return None;
        }
        open.insert(person, own + 1);
        self.0.metrics.event_stream_began();
        Some(StreamPlace {
            places: self.clone(),
            person,
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.places.open();
        if let Some(own) = open.get_mut(&self.person) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.person);
            }
        }
        self.places.0.metrics.event_stream_ended();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_core::clock::{Clock, Timestamp};

    fn places(total: usize) -> StreamPlaces {
        let clock = Clock::held(Timestamp::from_seconds(1_772_438_400));
        StreamPlaces::new(total, Metrics::new(&clock))
    }

    fn person(number: u8) -> UserId {
        UserId::new(Timestamp::from_seconds(1_772_438_400), [number; 10])
    }

    #[test]
    fn a_person_has_eight_places_and_what_is_dropped_is_free_again() {
        let places = places(100);
        let mut bobs: Vec<_> = (0..20).filter_map(|_| places.take(person(1))).collect();
        assert_eq!(bobs.len(), MAX_OF_PERSON);
        assert!(places.take(person(2)).is_some());
        bobs.pop();
        assert!(places.take(person(1)).is_some());
        drop(bobs);
        assert!(places.open().is_empty());
    }

    #[test]
    fn all_together_have_no_more_than_there_are() {
        let places = places(10);
        let all: Vec<_> = (0..20).filter_map(|n| places.take(person(n))).collect();
        assert_eq!(all.len(), 10);
        drop(all);
        assert!(places.take(person(30)).is_some());
    }
}
