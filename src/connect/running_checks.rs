//! The tests that this process has under way, by the form that started each.

use super::form::ConnectRequest;
use kalends_core::{
    account_name::Password,
    check::Typed,
    connection::{Mode, SignInMethod},
    id::{CheckId, UserId},
    mailbox::SmtpAddress,
};
use kalends_store::held_place::HeldPlace;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

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
pub struct RunningChecks {
    all: Arc<Mutex<HashMap<CheckId, UnderWay>>>,
    starting: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct UnderWay {
    place: HeldPlace,
    submission: Option<Submission>,
}

impl RunningChecks {
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
