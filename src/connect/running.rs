//! How many tests one person has under way: each takes a place before it starts and holds it until the last that works
//! on it has ended, a cancelled one too, which may still wait for the verdict on its password. Those that keep trying
//! hold one more from the first try to the last.

use super::limits::KEEP_TRYING_FOR;
use crate::{
    accounts::permission::{Forbidden, MAX_RUNNING, Refusal},
    services::Services,
};
use kalends_core::id::UserId;
use kalends_store::{
    held_place::HeldPlace,
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
};
use std::time::Duration;

/// Longer than any test takes; the places of a process that is gone are free again by then.
const MAX_HELD: Duration = Duration::from_mins(10);

/// The tests that one person has under way.
struct RunningChecksKey(UserId);

impl LimitKey for RunningChecksKey {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "running-checks",
            most: MAX_RUNNING,
            lasts: PlaceLifetime::Held(MAX_HELD),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// The tests of one person that keep trying, whether they run or wait.
struct PatientChecksKey(UserId);

impl LimitKey for PatientChecksKey {
    fn limit(&self) -> Limit {
        Limit {
            purpose: "patient-checks",
            most: MAX_RUNNING,
            lasts: PlaceLifetime::Held(KEEP_TRYING_FOR.saturating_add(MAX_HELD)),
            keys: Keys::Ours,
        }
    }

    fn key(&self) -> String {
        self.0.to_string()
    }
}

/// Takes a place for one more test of a person.
pub(crate) async fn take_place(services: &Services, user: UserId) -> Result<HeldPlace, Forbidden> {
    take(services, &RunningChecksKey(user)).await
}

/// Takes a place for one more test of a person that keeps trying.
pub(super) async fn take_patient_place(
    services: &Services,
    user: UserId,
) -> Result<HeldPlace, Forbidden> {
    take(services, &PatientChecksKey(user)).await
}

async fn take(services: &Services, key: &dyn LimitKey) -> Result<HeldPlace, Forbidden> {
    let now = services.clock.now();
    let taken = services.store.take_place(&[key], now).await?;
    let place = taken.map_err(|_| Refusal::TooMany)?;
    Ok(HeldPlace::new(services.store.clone(), place))
}
