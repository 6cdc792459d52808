//! How many tests one person has under way: each takes a place before it starts and holds it until the last that works
//! on it has ended, a cancelled one too, which may still wait for the verdict on its password. Those that keep trying
//! hold one more from the first try to the last.

use super::{ConnectRequest, KEEP_TRYING};
use crate::{
    accounts::permission::{Forbidden, MOST_RUNNING, Refusal},
    services::Services,
};
use kalends_core::{
    account_name::Password,
    check::Typed,
    connection::{Mode, SignInMethod},
    id::{CheckId, UserId},
    mailbox::SmtpAddress,
};
use kalends_store::{
    held_place::HeldPlace,
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
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
            purpose: "running-checks",
            most: MOST_RUNNING,
            lasts: PlaceLifetime::Held(LONGEST),
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
            lasts: PlaceLifetime::Held(KEEP_TRYING.saturating_add(LONGEST)),
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

/// Everything that a person sent in one form: sent twice, it is one test, or a wrong password would go out twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Submission {
    user: UserId,
    mode: Mode,
    typed: Typed,
    password: Password,
    control: Option<SmtpAddress>,
    confirmed: Vec<String>,
    keep_trying: bool,
    sign_in: SignInMethod,
}

impl Submission {
    pub(super) fn of(user: UserId, request: &ConnectRequest) -> Self {
        Self {
            user,
            mode: request.mode,
            typed: request.typed.clone(),
            password: request.password.clone(),
            control: request.control.clone(),
            confirmed: request.confirmed.clone(),
            keep_trying: request.keep_trying,
            sign_in: request.sign_in,
        }
    }
}

/// The tests of this process that are under way. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Running {
    all: Arc<Mutex<HashMap<CheckId, UnderWay>>>,
    starting: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct UnderWay {
    place: HeldPlace,
    submission: Option<Submission>,
}

impl Running {
    /// Held from the look for a running test of the same form until the new one is there.
    pub(super) async fn starting(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.starting).lock_owned().await
    }

    /// The test of the same form that runs already.
    pub(super) fn of(&self, submission: &Submission) -> Option<CheckId> {
        self.with(|all| {
            let mut all = all.iter();
            let same = all.find(|(_, it)| it.submission.as_ref() == Some(submission));
            same.map(|(id, _)| *id)
        })
    }

    pub(super) fn begin(&self, id: CheckId, place: HeldPlace) {
        self.insert(id, place, None);
    }

    pub(super) fn begin_of(&self, submission: Submission, id: CheckId, place: HeldPlace) {
        self.insert(id, place, Some(submission));
    }

    fn insert(&self, id: CheckId, place: HeldPlace, submission: Option<Submission>) {
        self.with(|all| all.insert(id, UnderWay { place, submission }));
    }

    /// The place of a test, for whoever goes on with it when it has ended for everybody else.
    pub(super) fn held(&self, id: CheckId) -> Option<HeldPlace> {
        self.with(|all| all.get(&id).map(|it| it.place.clone()))
    }

    /// A test is about to end, and nobody joins it any more.
    pub(super) fn cancel(&self, id: CheckId) {
        self.with(|all| {
            if let Some(it) = all.get_mut(&id) {
                it.submission = None;
            }
        });
    }

    /// A test has ended, or waits for its next try.
    pub(super) fn end(&self, id: CheckId) {
        self.with(|all| all.remove(&id));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<CheckId, UnderWay>) -> T) -> T {
        work(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
