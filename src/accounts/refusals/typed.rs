//! Stands before a password that somebody just typed.

use super::{
    method::{basic_at, remember},
    person::{PersonAccounts, PersonRefusals},
    probes::put_off_probes,
    reserve::{reserve, unreadable},
    vouching::counted_under,
};
use crate::services::Services;
use futures::future::BoxFuture;
use kalends_core::{
    account_name::AccountName,
    connection::SignInMethod,
    id::{RecordId, UserId},
    problem::Problem,
    rights::Role,
};
use kalends_exchange::{
    auth::{BasicUse, Gate, Permit, SignInVerdict, offer::Offer},
    outbound::connection::ConnectionFacts,
};
use kalends_store::{CountedUnder, LimitPlace, PasswordSource, Store, StoreError, limit::LimitKey};

/// Lets a typed password out as often as the places of its account name and of who types it allow.
#[derive(Debug)]
pub struct TypedGate {
    services: Services,
    /// `None`: whoever runs Kalends, at its command line.
    person: Option<UserId>,
    /// How whoever typed it wants it to be sent.
    method: SignInMethod,
}

impl TypedGate {
    pub fn new(services: &Services, person: Option<UserId>) -> Self {
        Self {
            services: services.clone(),
            person,
            method: SignInMethod::Automatic,
        }
    }

    /// Sends the password as whoever typed it said.
    #[must_use]
    pub const fn signing_in(mut self, method: SignInMethod) -> Self {
        self.method = method;
        self
    }
}

impl Gate for TypedGate {
    fn offered<'a>(
        &'a self,
        host: &'a str,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(remember(&self.services, host, offer))
    }

    fn basic_at<'a>(
        &'a self,
        host: &'a str,
        account: &'a AccountName,
        offer: &'a Offer,
    ) -> BoxFuture<'a, Result<BasicUse, Problem>> {
        Box::pin(basic_at(&self.services, self.method, host, account, offer))
    }

    fn permit<'a>(
        &'a self,
        at: &'a ConnectionFacts,
        account: &'a AccountName,
    ) -> BoxFuture<'a, Result<Box<dyn Permit>, Problem>> {
        Box::pin(async move {
            let Services {
                store, outbound, ..
            } = &self.services;
            let person = self.person.map(|it| it.to_string()).unwrap_or_default();
            let under = counted_under(store, outbound, at, account, &person).await;
            let under = under.map_err(|error| unreadable(&error))?;
            let of_person = self.place_of_person(&under).await?;
            let sent = self.sent(&under, &at.host, account).await;
            let sent = sent.map_err(|error| unreadable(&error))?;
            let reserved = reserve(&self.services, &under, sent).await;
            let place = match reserved.map_err(|error| unreadable(&error))? {
                Ok(place) => place,
                Err(none) => {
                    let given_back = give_back(store, of_person).await;
                    given_back.map_err(|error| unreadable(&error))?;
                    return Err(Problem::SignInPaused { until: none.until });
                }
            };
            Ok(Box::new(TypedPermit {
                services: self.services.clone(),
                name: account.refusal_key(),
                place,
                of_person,
            }) as Box<dyn Permit>)
        })
    }
}

impl TypedGate {
    /// Whether whoever typed it answers for the account: an administrator, or whose own it is. Where it is nobody's, there
    /// is nobody to keep a place for.
    async fn sent(
        &self,
        under: &CountedUnder,
        host: &str,
        account: &AccountName,
    ) -> Result<PasswordSource, StoreError> {
        let Some(person) = self.person.filter(|_| !under.is_of_one_person()) else {
            return Ok(PasswordSource::TypedByOwner);
        };
        let store = &self.services.store;
        let user = store.user(person).await?;
        if user.is_some_and(|user| user.role == Role::Admin) {
            return Ok(PasswordSource::TypedByOwner);
        }
        let owners = store.owners_of(&account.refusal_key(), host).await?;
        Ok(if owners.has(person) {
            PasswordSource::TypedByOwner
        } else {
            PasswordSource::Typed
        })
    }

    /// Nobody tries out names through Kalends: each person has a few refusals an hour, of a few accounts.
    async fn place_of_person(&self, under: &CountedUnder) -> Result<Option<LimitPlace>, Problem> {
        let Some(person) = self.person else {
            return Ok(None);
        };
        let accounts = PersonAccounts {
            person,
            account: under.as_str().to_owned(),
        };
        let refusals = PersonRefusals(person);
        let keys: [&dyn LimitKey; 2] = [&accounts, &refusals];
        let Services { store, clock, .. } = &self.services;
        let taken = store.take_place(&keys, clock.now()).await;
        match taken.map_err(|error| unreadable(&error))? {
            Ok(place) => Ok(Some(place)),
            Err(full) => Err(Problem::TooManyTries { until: full.until }),
        }
    }
}

async fn give_back(store: &Store, place: Option<LimitPlace>) -> Result<(), StoreError> {
    match place {
        Some(place) => store.give_back(place).await,
        None => Ok(()),
    }
}

struct TypedPermit {
    services: Services,
    /// Bare.
    name: String,
    place: RecordId,
    of_person: Option<LimitPlace>,
}

impl Permit for TypedPermit {
    fn settle(self: Box<Self>, _at: &ConnectionFacts, verdict: SignInVerdict) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let settled = match verdict {
                SignInVerdict::Accepted | SignInVerdict::Unjudged | SignInVerdict::NotSent => {
                    let store = &self.services.store;
                    let given_back = store.give_back_sign_in(self.place).await;
                    given_back.and(give_back(store, self.of_person).await)
                }
                // It may have been one.
                SignInVerdict::Refused | SignInVerdict::Doubted | SignInVerdict::Unanswered => {
                    let now = self.services.clock.now();
                    let kept = self.services.store.keep_refusal(self.place, now).await;
                    kept.and(put_off_probes(&self.services, &self.name).await)
                }
            };
            if let Err(error) = settled {
                tracing::error!(%error, "a sign-in keeps its place for an hour, whatever came of it");
            }
        })
    }
}
