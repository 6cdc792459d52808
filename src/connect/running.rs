//! How many tests one person has under way: each takes a place before it starts and holds it until the last that works
//! on it has ended, a cancelled one too, which may still wait for the verdict on its password. Those that keep trying
//! hold one more from the first try to the last.

use super::KEEP_TRYING;
use crate::{
    id::{CheckId, UserId},
    limits::{HeldPlace, Keys, Lasts, Limit, LimitKey, RUNNING_CHECKS},
    permission::{Forbidden, MOST_RUNNING, Refusal},
    services::Services,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Longer than any test takes; the places of a process that is gone are free again by then.
const LONGEST: Duration = Duration::from_mins(10);

/// The tests that one person has under way.
struct RunningChecks(UserId);

impl LimitKey for RunningChecks {
    fn limit(&self) -> Limit {
        Limit {
            purpose: RUNNING_CHECKS,
            most: MOST_RUNNING,
            lasts: Lasts::Each(LONGEST),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// The tests of one person that keep trying, whether they run or wait.
struct PatientChecks(UserId);

impl LimitKey for PatientChecks {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "patient-checks",
            most: MOST_RUNNING,
            lasts: Lasts::Each(KEEP_TRYING.saturating_add(LONGEST)),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// Takes a place for one more test of a person.
pub(crate) async fn take_place(services: &Services, user: UserId) -> Result<HeldPlace, Forbidden> {
    take(services, &RunningChecks(user)).await
}

/// Takes a place for one more test of a person that keeps trying.
pub(super) async fn take_patient_place(
    services: &Services,
    user: UserId,
) -> Result<HeldPlace, Forbidden> {
    take(services, &PatientChecks(user)).await
}

async fn take(services: &Services, key: &dyn LimitKey) -> Result<HeldPlace, Forbidden> {
    let now = services.clock.now();
    let taken = services.store.take_place(&[key], now).await?;
    let place = taken.map_err(|_| Refusal::TooMany)?;
    Ok(HeldPlace::new(services.store.clone(), place))
}

/// The places of the tests of this process that are under way. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<HashMap<CheckId, HeldPlace>>>);

impl Running {
    pub(super) fn begin(&self, id: CheckId, place: HeldPlace) {
        self.with(|all| all.insert(id, place));
    }

    /// The place of a test, for whoever goes on with it when it has ended for everybody else.
    pub(super) fn held(&self, id: CheckId) -> Option<HeldPlace> {
        self.with(|all| all.get(&id).cloned())
    }

    /// A test has ended, or waits for its next try.
    pub(super) fn end(&self, id: CheckId) {
        self.with(|all| all.remove(&id));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<CheckId, HeldPlace>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
