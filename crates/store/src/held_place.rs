//! A place for as long as something runs: given back when the last one who works on it has ended.

use crate::{limits::LimitPlace, store::Store};
use std::sync::Arc;
use tokio::runtime::Handle;

/// A place that is given back when its last clone is dropped. Where the process ends before, it ends by itself.
#[derive(Debug, Clone)]
pub struct HeldPlace {
    _held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    store: Store,
    place: Option<LimitPlace>,
}

impl HeldPlace {
    pub fn new(store: Store, place: LimitPlace) -> Self {
        let place = Some(place);
        Self {
            _held: Arc::new(Held { store, place }),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (Some(place), Ok(handle)) = (self.place.take(), Handle::try_current()) else {
            return;
        };
        let store = self.store.clone();
        handle.spawn(async move {
            if let Err(error) = store.give_back(place).await {
                tracing::error!(%error, "a place was not given back and ends by itself");
            }
        });
    }
}
