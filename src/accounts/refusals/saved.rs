//! Stands before a saved password. Whoever uses it holds the account's lease.

use super::{
    full::{full_until, whose},
    method::{basic_at, remember},
    probes::put_off_probes,
    reserve::{reserve, unreadable},
    vouching::counted_under,
};
use crate::services::Services;
use futures::future::BoxFuture;
use kalends_core::policy::next_probe;
use kalends_core::{
    account_name::AccountName, connection::SignInMethod, id::RecordId, policy::Probes,
    problem::Problem,
};
use kalends_exchange::{
    auth::{BasicUse, Gate, Permit, SignInVerdict, offer::Offer},
    outbound::connection::ConnectionFacts,
};
use kalends_store::{Account, PasswordSource, StoreError};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Why a saved password is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// As the rule plans it.
    Planned,
    /// An administrator asks what it can still do, paused or held or not.
    Probe,
    /// An administrator has it sent once more, whenever the next probe is planned.
    OnceMore {
        /// The refusals that the administrator knows of: one more has answered another who asked for the same.
        known_refusals: i64,
    },
}

impl Sending {
    /// An administrator who sees this account asks for it.
    pub const fn once_more(account: &Account) -> Self {
        Self::OnceMore {
            known_refusals: account.saved_refusals,
        }
    }
}

/// Lets a saved password out unless its account is stopped, paused or held.
#[derive(Debug)]
pub struct SavedGate {
    services: Services,
    account: Account,
    sending: Sending,
    /// Shared by connections of the account that are opened at the same time.
    one_at_a_time: Option<Arc<Semaphore>>,
    told: PermitEvents,
    /// What stands in front of the server, as far as its offers of sign-ins give it away.
    proxy: Mutex<Option<String>>,
}

/// What permits of an account tell whoever works with it.
#[derive(Debug, Clone, Default)]
pub struct PermitEvents {
    /// A page came in answer to the password, which may have been a refusal.
    doubt: Arc<AtomicBool>,
    /// The password was taken.
    taken: Arc<AtomicBool>,
    /// The account's work was stopped.
    stop: Arc<AtomicBool>,
}

impl PermitEvents {
    pub fn is_doubted(&self) -> bool {
        self.doubt.load(Ordering::Relaxed)
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl SavedGate {
    pub fn new(services: &Services, account: Account) -> Self {
        Self {
            services: services.clone(),
            account,
            sending: Sending::Planned,
            one_at_a_time: None,
            told: PermitEvents::default(),
            proxy: Mutex::default(),
        }
    }

    #[must_use]
    pub const fn sending(mut self, sending: Sending) -> Self {
        self.sending = sending;
        self
    }

    /// Opens only while no other gate with the same semaphore waits for a verdict, so that a password changed elsewhere
    /// is refused once.
    #[must_use]
    pub fn one_after_another(mut self, one_at_a_time: Arc<Semaphore>) -> Self {
        self.one_at_a_time = Some(one_at_a_time);
        self
    }

    #[must_use]
    pub fn telling(mut self, told: PermitEvents) -> Self {
        self.told = told;
        self
    }

    /// Why the saved password of an account may not be sent now.
    pub async fn closed(
        services: &Services,
        account: &Account,
        sending: Sending,
    ) -> Result<Option<Problem>, StoreError> {
        if let Some(problem) = Self::stopped(services, account, sending).await? {
            return Ok(Some(problem));
        }
        let until = full_until(services, account).await?;
        Ok(until.map(|until| Problem::SignInPaused { until }))
    }

    /// As [`SavedGate::closed`], free places aside.
    async fn stopped(
        services: &Services,
        account: &Account,
        sending: Sending,
    ) -> Result<Option<Problem>, StoreError> {
        let now = services.clock.now();
        if sending != Sending::Probe {
            if services.store.is_paused(account.id).await? {
                return Ok(Some(Problem::AccountPaused));
            }
            if let Some(until) = account.held_until.filter(|until| *until > now) {
                return Ok(Some(Problem::PasswordChanging { until }));
            }
        }
        if let Sending::OnceMore { known_refusals } = sending {
            let is_answered = account.saved_refusals > known_refusals;
            return Ok(is_answered.then(|| account.stopped_problem()));
        }
        Ok(match (account.saved_refusals, account.stopped_until) {
            (0, _) => None,
            (_, Some(until)) if until <= now => None,
            (_, Some(until)) => Some(Problem::SignInPaused { until }),
            (_, None) => Some(account.stopped_problem()),
        })
    }

    async fn ask(&self, at: &ConnectionFacts) -> Result<SavedPermit, Problem> {
        let turn = match &self.one_at_a_time {
            Some(one_at_a_time) => Arc::clone(one_at_a_time).acquire_owned().await.ok(),
            None => None,
        };
        self.may_send().await?;
        let (services, name) = (&self.services, &self.account.name);
        let person = whose(services, &self.account).await;
        let person = person.map_err(|error| unreadable(&error))?;
        let (store, outbound) = (&services.store, &services.outbound);
        let under = counted_under(store, outbound, at, name, &person).await;
        let under = under.map_err(|error| unreadable(&error))?;
        let reserved = reserve(services, &under, PasswordSource::Saved).await;
        let place = reserved
            .map_err(|error| unreadable(&error))?
            .map_err(|none| Problem::SignInPaused { until: none.until })?;
        // Somebody else's verdict may have come while this one waited for its place.
        if let Err(problem) = self.may_send().await {
            let given_back = store.give_back_sign_in(place).await;
            given_back.map_err(|error| unreadable(&error))?;
            return Err(problem);
        }
        Ok(SavedPermit {
            services: services.clone(),
            account: self.account.clone(),
            place,
            told: self.told.clone(),
            proxy: lock(&self.proxy).clone(),
            _turn: turn,
        })
    }

    async fn may_send(&self) -> Result<(), Problem> {
        let now = self.services.store.account(self.account.id).await;
        // Another password is there, or none: this one has had its time.
        let now = now.map_err(|error| unreadable(&error))?;
        let now = now.filter(|now| now.secret_id == self.account.secret_id);
        let Some(now) = now else {
            return Err(Problem::Interrupted);
        };
        let stopped = Self::stopped(&self.services, &now, self.sending).await;
        match stopped.map_err(|error| unreadable(&error))? {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }
}

impl Gate for SavedGate {
    fn offered<'a>(
        &'a self,
        host: &'a str,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        // Basic needs no connection of its own, which a proxy could part.
        if self.account.sign_in == SignInMethod::Automatic && !offer.is_only_basic() {
            lock(&self.proxy).clone_from(&offer.proxy);
        }
        Box::pin(remember(&self.services, host, offer))
    }

    fn basic_at<'a>(
        &'a self,
        host: &'a str,
        account: &'a AccountName,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<BasicUse, Problem>> {
        Box::pin(basic_at(
            &self.services,
            self.account.sign_in,
            host,
            account,
            offer,
        ))
    }

    fn permit<'a>(
        &'a self,
        at: &'a ConnectionFacts,
        _account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>> {
        Box::pin(async move {
            let permit = self.ask(at).await?;
            Ok(Box::new(permit) as Box<dyn Permit>)
        })
    }
}

fn lock(proxy: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    proxy.lock().unwrap_or_else(PoisonError::into_inner)
}

struct SavedPermit {
    services: Services,
    account: Account,
    place: RecordId,
    told: PermitEvents,
    proxy: Option<String>,
    /// Held until the verdict is known.
    _turn: Option<OwnedSemaphorePermit>,
}

impl SavedPermit {
    async fn accepted(&self) -> Result<(), StoreError> {
        let store = &self.services.store;
        self.told.taken.store(true, Ordering::Relaxed);
        store.give_back_sign_in(self.place).await?;
        if self.account.saved_refusals > 0 {
            let now = self.services.clock.now();
            store.resume_account(&self.account, now).await?;
            self.services.wake.notify_one();
        }
        Ok(())
    }

    async fn stop(&self, problem: &Problem) -> Result<(), StoreError> {
        let (store, now) = (&self.services.store, self.services.clock.now());
        let policy = store.policy().await;
        let probes = policy.map_or(Probes::FirstOnly, |policy| policy.probes);
        let next = next_probe(self.account.saved_refusals + 1, probes, now);
        store
            .stop_account(&self.account, self.place, problem, next, now)
            .await?;
        put_off_probes(&self.services, &self.account.name.refusal_key()).await?;
        self.told.stop.store(true, Ordering::Relaxed);
        tracing::warn!(account.id = %self.account.id, code = problem.code(), "the account is stopped");
        Ok(())
    }

    /// The problem of a refusal, with what the server shows now if that changed.
    async fn refusal(&self, at: &ConnectionFacts) -> Problem {
        let changed = match &at.certificate {
            Some(shown) => {
                let store = &self.services.store;
                store.changed_certificate(&at.host, at.port, shown).await
            }
            None => Ok(None),
        };
        Problem::PasswordRefused {
            taken_before: self.told.taken.load(Ordering::Relaxed),
            proxy: self.proxy.clone(),
            changed: changed.unwrap_or_else(|error| {
                tracing::error!(%error, "an earlier certificate could not be looked up");
                None
            }),
        }
    }
}

impl Permit for SavedPermit {
    fn settle(self: Box<Self>, at: &ConnectionFacts, verdict: SignInVerdict) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let store = &self.services.store;
            let settled = match verdict {
                SignInVerdict::Accepted => self.accepted().await,
                SignInVerdict::Unjudged | SignInVerdict::NotSent => {
                    store.give_back_sign_in(self.place).await
                }
                SignInVerdict::Refused => self.stop(&self.refusal(at).await).await,
                SignInVerdict::Unanswered => self.stop(&Problem::SignInUnanswered).await,
                SignInVerdict::Doubted => {
                    self.told.doubt.store(true, Ordering::Relaxed);
                    let now = self.services.clock.now();
                    let kept = store.keep_refusal(self.place, now).await;
                    let name = self.account.name.refusal_key();
                    kept.and(put_off_probes(&self.services, &name).await)
                }
            };
            if let Err(error) = settled {
                tracing::error!(%error, account.id = %self.account.id, "what came of a sign-in could not be written down");
            }
        })
    }
}
