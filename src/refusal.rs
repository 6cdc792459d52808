//! The refusal rule: a locked service account takes the whole organisation down, so a refused password is never
//! sent in a loop, whoever caused it.
//!
//! A typed password goes out once a click, and at most three are refused an hour per account name. The first refusal
//! of a saved password stops all work of its account; one probe follows after 15 minutes; refused again, that password
//! is never sent until somebody puts in another.

use crate::{
    account_name::AccountName,
    auth::{BasicUse, Gate, offer::Offer},
    clock::{Clock, Timestamp},
    connection::SignInMethod,
    id::RecordId,
    outbound::connection::Facts,
    problem::Problem,
    store::{Account, Store, StoreError},
};
use futures::future::BoxFuture;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Refused sign-ins an hour per account name.
const MOST: usize = 3;
const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
/// How long a click waits for a place that another one's answer may free, and how often it looks.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(100);
/// Single refusals happen under load: one probe after this long.
const PROBE_AFTER: Duration = Duration::from_mins(15);

/// Stands before a password that somebody just typed.
#[derive(Debug)]
pub struct TypedGate {
    store: Store,
    clock: Clock,
    /// Counted ahead of the answer, so that two clicks at once cannot both take the last place.
    reserved: Mutex<Option<RecordId>>,
    /// How whoever typed it wants it to be sent.
    method: SignInMethod,
}

impl TypedGate {
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            reserved: Mutex::new(None),
            method: SignInMethod::Automatic,
        }
    }

    /// Sends the password as whoever typed it said.
    #[must_use]
    pub const fn signing_in(mut self, method: SignInMethod) -> Self {
        self.method = method;
        self
    }

    /// Gives back what was reserved for an answer that never came.
    pub async fn settle(&self) -> Result<(), StoreError> {
        match self.taken() {
            Some(id) => self.store.take_back_try(id).await,
            None => Ok(()),
        }
    }

    fn has_place(&self) -> bool {
        self.reserved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// The place that the click took is a refusal.
    fn count(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(id) = self.taken()
                && let Err(error) = self.store.confirm_refusal(id).await
            {
                tracing::error!(%error, "a refused sign-in is not counted");
            }
        })
    }

    fn taken(&self) -> Option<RecordId> {
        self.reserved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Gate for TypedGate {
    fn offered<'a>(
        &'a self,
        host: &'a str,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(remember(&self.store, &self.clock, host, offer))
    }

    fn basic_at<'a>(
        &'a self,
        host: &'a str,
        account: &'a AccountName,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<BasicUse, Problem>> {
        Box::pin(basic_at(&self.store, self.method, host, account, offer))
    }

    fn may_sign_in<'a>(
        &'a self,
        _host: &'a str,
        account: &'a AccountName,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            // One click, one place: a host that gave no verdict on the password before this one has it already.
            if self.has_place() {
                return Ok(());
            }
            let begun = Instant::now();
            loop {
                let now = self.clock.now();
                let reserved = self
                    .store
                    .reserve_try(&account.refusal_key(), (MOST, now - HOUR), now)
                    .await;
                let recent = match reserved.map_err(|error| unreadable(&error))? {
                    Ok(id) => {
                        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
                        return Ok(());
                    }
                    Err(recent) => recent,
                };
                // Places taken by others whose answers are on their way are free again in a moment.
                if recent.len() >= MOST || begun.elapsed() > WAIT_FOR_OTHERS {
                    return Err(Problem::SignInPaused {
                        until: free_again(&recent, now),
                    });
                }
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    fn refused<'a>(&'a self, _at: &'a Facts, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        self.count()
    }

    /// Counted as a refusal: it may have been one.
    fn doubted<'a>(&'a self, _host: &'a str, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        self.count()
    }

    fn accepted<'a>(&'a self, _host: &'a str, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.settle().await {
                tracing::error!(%error, "an accepted sign-in stays counted as refused");
            }
        })
    }
}

/// When the oldest of the last three is an hour old; soon, where answers on their way take the places.
fn free_again(recent: &[Timestamp], now: Timestamp) -> Timestamp {
    let place = recent.len().saturating_sub(MOST);
    recent
        .get(place)
        .filter(|_| recent.len() >= MOST)
        .map_or(now + MINUTE, |oldest| *oldest + HOUR)
}

/// Stands before a saved password. Whoever uses it holds the account's lease.
#[derive(Debug)]
pub struct SavedGate {
    store: Store,
    clock: Clock,
    account: Account,
    /// Shared by connections of the account that are opened at the same time.
    one_at_a_time: Option<Arc<Semaphore>>,
    /// Opens while the account is paused too: an admin asks what its password can still do.
    is_probe: bool,
    /// Told when a page came in answer to the password.
    doubt: Arc<AtomicBool>,
    /// Held from the sign-in to its verdict, or to the end of a connection that got none.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl SavedGate {
    pub fn new(store: Store, clock: Clock, account: Account) -> Self {
        Self {
            store,
            clock,
            account,
            one_at_a_time: None,
            is_probe: false,
            doubt: Arc::default(),
            turn: Mutex::new(None),
        }
    }

    /// Opens while the account is paused or held too.
    #[must_use]
    pub const fn for_a_probe(mut self) -> Self {
        self.is_probe = true;
        self
    }

    /// Opens only while no other gate with the same semaphore waits for a verdict, so that a password changed elsewhere
    /// is refused once.
    #[must_use]
    pub fn one_after_another(mut self, one_at_a_time: Arc<Semaphore>) -> Self {
        self.one_at_a_time = Some(one_at_a_time);
        self
    }

    /// Raises `doubt` when the password was answered by a page, which may have been a refusal.
    #[must_use]
    pub fn telling_doubt(mut self, doubt: Arc<AtomicBool>) -> Self {
        self.doubt = doubt;
        self
    }

    fn set_turn(&self, turn: Option<OwnedSemaphorePermit>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    /// Why the saved password of an account may not be sent now.
    pub async fn closed(
        store: &Store,
        clock: &Clock,
        account: &Account,
    ) -> Result<Option<Problem>, StoreError> {
        let now = clock.now();
        if store.is_paused(account.id).await? {
            return Ok(Some(Problem::AccountPaused));
        }
        if let Some(until) = account.held_until.filter(|until| *until > now) {
            return Ok(Some(Problem::PasswordChanging { until }));
        }
        Self::after_refusals(store, account, now).await
    }

    /// Whether a refusal keeps the saved password from being sent, pauses aside.
    pub async fn refused_before(
        store: &Store,
        clock: &Clock,
        account: &Account,
    ) -> Result<bool, StoreError> {
        let closed = Self::after_refusals(store, account, clock.now()).await?;
        Ok(closed.is_some())
    }

    async fn after_refusals(
        store: &Store,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<Problem>, StoreError> {
        match (account.saved_refusals, account.stopped_until) {
            (0, _) => Ok(None),
            (1, Some(until)) if until <= now => {
                let recent = store
                    .refusals_since(&account.name.refusal_key(), now - HOUR)
                    .await?;
                let full = recent.len() >= MOST;
                Ok(full.then(|| Problem::SignInPaused {
                    until: free_again(&recent, now),
                }))
            }
            (1, Some(until)) => Ok(Some(Problem::SignInPaused { until })),
            _ => Ok(Some(store.refusal_of(account.id).await?)),
        }
    }
}

impl Gate for SavedGate {
    fn offered<'a>(
        &'a self,
        host: &'a str,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(remember(&self.store, &self.clock, host, offer))
    }

    fn basic_at<'a>(
        &'a self,
        host: &'a str,
        account: &'a AccountName,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<BasicUse, Problem>> {
        Box::pin(basic_at(
            &self.store,
            self.account.sign_in,
            host,
            account,
            offer,
        ))
    }

    fn may_sign_in<'a>(
        &'a self,
        _host: &'a str,
        _account: &'a AccountName,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if let Some(one_at_a_time) = &self.one_at_a_time {
                let turn = Arc::clone(one_at_a_time).acquire_owned().await;
                self.set_turn(turn.ok());
            }
            let now = self.store.account(self.account.id).await;
            // Another password is there, or none: this one has had its time.
            let now = now.map_err(|error| unreadable(&error))?;
            let now = now.filter(|now| now.secret_id == self.account.secret_id);
            let Some(now) = now else {
                return Err(Problem::Interrupted);
            };
            let closed = if self.is_probe {
                Self::after_refusals(&self.store, &now, self.clock.now()).await
            } else {
                Self::closed(&self.store, &self.clock, &now).await
            };
            match closed.map_err(|error| unreadable(&error))? {
                Some(problem) => Err(problem),
                None => Ok(()),
            }
        })
    }

    fn refused<'a>(&'a self, at: &'a Facts, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let now = self.clock.now();
            let changed = match &at.certificate {
                Some(shown) => {
                    let store = &self.store;
                    store.changed_certificate(&at.host, at.port, shown).await
                }
                None => Ok(None),
            };
            let problem = Problem::PasswordRefused {
                changed: changed.unwrap_or_else(|error| {
                    tracing::error!(%error, "an earlier certificate could not be looked up");
                    None
                }),
            };
            let stopped = self
                .store
                .stop_account(&self.account, &problem, now + PROBE_AFTER, now)
                .await;
            match stopped {
                Ok(()) => {
                    tracing::warn!(account.id = %self.account.id, "the saved password was refused: the account is stopped");
                }
                Err(error) => {
                    tracing::error!(%error, account.id = %self.account.id, "a refused account could not be stopped");
                }
            }
            self.set_turn(None);
        })
    }

    fn doubted<'a>(&'a self, _host: &'a str, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        self.doubt.store(true, Ordering::Relaxed);
        Box::pin(async {})
    }

    fn accepted<'a>(&'a self, _host: &'a str, _account: &'a AccountName) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.set_turn(None);
            if self.account.saved_refusals == 0 {
                return;
            }
            if let Err(error) = self
                .store
                .resume_account(&self.account, self.clock.now())
                .await
            {
                tracing::error!(%error, account.id = %self.account.id, "an accepted account could not be resumed");
            }
        })
    }
}

/// Where what is offered cannot be remembered, no password goes out.
async fn remember(store: &Store, clock: &Clock, host: &str, offer: &Offer) -> Result<(), Problem> {
    if !offer.keeps_the_password() && !offer.offers_basic() {
        return Ok(());
    }
    let kept = store.remember_offer(host, offer.keeps_the_password(), clock.now());
    kept.await.map_err(|error| unreadable(&error))
}

/// Whether the password itself may go to a host: on purpose, or where nothing better was ever offered.
async fn basic_at(
    store: &Store,
    method: SignInMethod,
    host: &str,
    account: &AccountName,
    offer: &Offer,
) -> Result<BasicUse, Problem> {
    let used = async {
        Ok(
            if method == SignInMethod::Basic || store.is_basic_chosen(host, account).await? {
                BasicUse::OnPurpose
            } else if offer.keeps_the_password() || store.has_offered_better(host).await? {
                BasicUse::Withheld
            } else {
                BasicUse::NothingBetter
            },
        )
    };
    used.await.map_err(|error: StoreError| unreadable(&error))
}

/// Where the count cannot be read, no password goes out.
fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(%error, "the count of refused sign-ins could not be read");
    Problem::Interrupted
}
