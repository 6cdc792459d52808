//! The signed-in connections of one account while somebody holds its lease: a few at most, each for one mailbox at a
//! time. They sign in one after another, so that a changed password is refused once and not once for each.

use crate::{
    accounts::refusals::{PermitEvents, SavedGate},
    connect::{certificate, context::controls_of},
    services::Services,
};
use kalends_core::{account_name::Password, call::Call, mailbox::SmtpAddress, problem::Problem};
use kalends_exchange::{
    auth::Credentials,
    diagnose::{
        Evidence,
        control::{is_ambiguous, narrowed},
        diagnose,
    },
    ews::{Client, EwsError},
};
use kalends_store::{
    Account,
    vault::{Destination, VaultError},
};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Semaphore;

/// Connections of one account at the same time. Exchange counts them: three hundred and more are allowed to an account
/// by default, and a quick answer to a few beats a slow one to many.
const MAX_CONCURRENT: usize = 4;

/// Why something did not reach the end.
#[derive(Debug)]
pub struct RunFailure {
    pub problem: Problem,
    /// The password was sent and refused, and the refusal rule has stopped the account.
    pub is_refusal: bool,
    /// The id under which Exchange's own log knows the call.
    pub request_id: Option<String>,
    /// What was called before it, and what failed.
    pub calls: Vec<Call>,
}

impl From<Problem> for RunFailure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            is_refusal: false,
            request_id: None,
            calls: Vec::new(),
        }
    }
}

impl RunFailure {
    /// What an error at an account's endpoint means for a mailbox.
    fn of(error: &EwsError, account: &Account, mailbox: &SmtpAddress) -> Self {
        let url = account.endpoint.to_string();
        let evidence = Evidence { url: &url, mailbox };
        let problem = diagnose(error, &evidence);
        Self {
            is_refusal: matches!(problem, Problem::SignInRefused { .. }),
            problem,
            request_id: error.ids.shown().map(ToOwned::to_owned),
            calls: Vec::new(),
        }
    }
}

/// Clients of the account's endpoint.
pub struct Clients<'a> {
    services: &'a Services,
    account: &'a Account,
    password: tokio::sync::Mutex<Option<Password>>,
    idle: Mutex<Vec<Client>>,
    signing_in: Arc<Semaphore>,
    /// The password was accepted in this turn, on a connection that stays signed in.
    is_proven: AtomicBool,
    /// What came of the password in this turn.
    told: PermitEvents,
}

impl<'a> Clients<'a> {
    /// Takes over those that are kept from before. The caller holds the account's lease.
    pub fn new(services: &'a Services, account: &'a Account) -> Self {
        let kept = services
            .idle_connections
            .take(account, services.clock.now());
        Self {
            services,
            account,
            password: tokio::sync::Mutex::default(),
            idle: Mutex::new(kept),
            signing_in: Arc::new(Semaphore::new(1)),
            is_proven: AtomicBool::new(false),
            told: PermitEvents::default(),
        }
    }

    /// How many mailboxes may be worked on at the same time: one until the password has proven itself, or after a pause
    /// that the server asked for. Where every request carries the password it stays at one, for a refusal would come for
    /// each.
    pub fn at_once(&self) -> usize {
        if self.is_proven.load(Ordering::Relaxed) && self.account.busy_times == 0 {
            MAX_CONCURRENT
        } else {
            1
        }
    }

    /// Whether the password was answered by a page, which may have been a proxy's way to refuse it.
    pub fn is_doubted(&self) -> bool {
        self.told.is_doubted()
    }

    /// Whether the refusal rule has stopped the account in this turn.
    pub fn is_stopped(&self) -> bool {
        self.told.is_stopped()
    }

    /// An idle client, or a new one.
    pub async fn take(&self, mailbox: &SmtpAddress) -> Result<(Client, Origin), RunFailure> {
        let idle = self.with(Vec::pop);
        match idle {
            Some(client) => Ok((client, Origin::Idle)),
            None => Ok((self.open(mailbox).await?, Origin::New)),
        }
    }

    /// A new client; the password is opened once for all of them.
    pub async fn open(&self, mailbox: &SmtpAddress) -> Result<Client, RunFailure> {
        let credentials = Credentials {
            account: self.account.name.clone(),
            password: self.password(mailbox).await?,
        };
        let opened = Client::open(
            &self.services.outbound,
            &self.services.random,
            self.account.endpoint.clone(),
            credentials,
            self.gate(),
        );
        match opened.await {
            Ok(opened) => Ok(opened),
            Err(error) => {
                let mut trouble = RunFailure::of(&error, self.account, mailbox);
                certificate::tell_change(self.services, &mut trouble.problem).await;
                Err(trouble)
            }
        }
    }

    /// Why a call over a client failed.
    pub async fn trouble(
        &self,
        error: &EwsError,
        client: &Client,
        mailbox: &SmtpAddress,
    ) -> RunFailure {
        let mut trouble = RunFailure::of(error, self.account, mailbox);
        if let Problem::SignInRefused { changed, .. } | Problem::BasicWithheld { changed, .. } =
            &mut trouble.problem
        {
            let endpoint = &self.account.endpoint;
            if let Some(shown) = &client.connection().facts().certificate {
                *changed = certificate::changed(self.services, endpoint, shown).await;
            }
            trouble.problem = trouble.problem.of_saved();
        }
        trouble
    }

    /// A client whose last call ended well; one that failed is not trusted with the next mailbox and is dropped.
    pub fn give_back(&self, client: Client) {
        if client.is_bound() {
            self.is_proven.store(true, Ordering::Relaxed);
        }
        self.with(|idle| idle.push(client));
    }

    /// Leaves idle clients to the next turn, without the password.
    pub fn keep(self) {
        let now = self.services.clock.now();
        for client in self.with(std::mem::take) {
            self.services
                .idle_connections
                .put(self.account, client, now);
        }
    }

    /// The saved password, for something else at the same host.
    pub async fn password(&self, mailbox: &SmtpAddress) -> Result<Password, Problem> {
        let mut password = self.password.lock().await;
        if let Some(password) = password.as_ref() {
            return Ok(password.clone());
        }
        let opened = open_secret(self.services, self.account, mailbox).await?;
        Ok(password.insert(opened).clone())
    }

    /// A refusal told more exactly where a mailbox is known that works.
    pub async fn narrowed(
        &self,
        problem: Problem,
        client: &mut Client,
        mailbox: &SmtpAddress,
    ) -> Problem {
        if !is_ambiguous(&problem) {
            return problem;
        }
        let controls = controls_of(self.services, &self.account.name, mailbox).await;
        match controls.at(self.account.endpoint.host()) {
            Some(control) => narrowed(problem, client, control).await,
            None => problem,
        }
    }

    pub fn gate(&self) -> Arc<SavedGate> {
        let gate = SavedGate::new(self.services, self.account.clone());
        let gate = gate.one_after_another(Arc::clone(&self.signing_in));
        Arc::new(gate.telling(self.told.clone()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Client>) -> T) -> T {
        work(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a client comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Idle,
    New,
}

/// Opens the saved password for one use and writes that down.
pub async fn open_secret(
    services: &Services,
    account: &Account,
    mailbox: &SmtpAddress,
) -> Result<Password, Problem> {
    let to = Destination::new(&account.host, &account.name);
    let opened = services
        .vault
        .open_secret(account.secret_id, &to)
        .await
        .map_err(|error| {
            tracing::error!(%error, account.id = %account.id, "a saved password does not open");
            match error {
                VaultError::Missing => Problem::SecretMissing,
                VaultError::Database(_)
                | VaultError::Sql(_)
                | VaultError::Key(_)
                | VaultError::Seal
                | VaultError::AnchorForged
                | VaultError::AnchorKey(_)
                | VaultError::EndingsChanged
                | VaultError::NotPaired => Problem::Interrupted,
            }
        })?;
    if let Err(error) = services
        .store
        .audit_opened(&account.name, mailbox, services.clock.now())
        .await
    {
        // What is not on record does not happen.
        tracing::error!(%error, "the opening of a password could not be written down");
        return Err(Problem::Interrupted);
    }
    Ok(opened)
}
