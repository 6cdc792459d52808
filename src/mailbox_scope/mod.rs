//! Which mailboxes an account reaches: which mailboxes an account of the organisation reaches, asked without storing anything of them, and
//! connecting those that an admin chose. A row is written down as soon as it is known, so that a restart goes on where
//! the last one stopped.

mod addresses;
mod csv;

pub use self::csv::csv_page;
pub use addresses::{Addresses, MAX_ADDRESSES, read_addresses};

use crate::{
    accounts::custody::CustodyError,
    connect::recheck::{Patience, wait_for_account},
    services::Services,
    sync::{Clients, while_held},
    worker::WorkerContext,
};
use futures::{FutureExt as _, StreamExt as _, stream};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::{AccountId, ScopeId},
    mailbox::SmtpAddress,
    problem::{Concerns, Problem, Retry},
};
use kalends_exchange::ews::{EwsError, MailboxAccess};
use kalends_store::{
    ConnectedMailbox, Leased, MailboxScope, RequestedPause, ScopeConnection, ScopeFinding,
    ScopePlace, ScopeRow, StoreError, User,
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};

/// For how long a scope works before it gives its account back to sync runs and people.
const SLICE: Duration = Duration::from_secs(5);
/// How many addresses are taken up together; as many as connections may be open are asked at the same time.
const BATCH: i64 = 40;
/// Scopes under way at the same time in one instance.
const MAX_CONCURRENT: usize = 8;
/// The longest pause after trouble that passes.
const MAX_PAUSE: Duration = Duration::from_mins(10);

/// Works through scopes until told to stop, several at the same time; what is under way then goes on after the next start.
pub(crate) async fn run(worker: &WorkerContext) {
    let (services, stop) = (&worker.services, &worker.stop);
    let mut under_way = JoinSet::new();
    let mut places = Places::default();
    while !stop.is_cancelled() {
        worker.alive();
        match services.store.due_scopes(services.clock.now()).await {
            Ok(due) => {
                for scope in places.taken(due) {
                    let services = services.clone();
                    under_way.spawn(async move {
                        (scope.id, scope.account_id, work_on(&services, &scope).await)
                    });
                }
            }
            Err(error) => tracing::error!(%error, "mailbox scopes could not be read"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = under_way.join_next() => match ended {
                Ok((scope, account, outcome)) => {
                    places.give_back(scope, account);
                    if let Err(error) = outcome {
                        tracing::error!(%error, scope.id = %scope, "the look at an account's mailboxes was broken off");
                        worker.pause().await;
                    }
                }
                // Which one it was is not known; those under way are taken up again.
                Err(error) => {
                    tracing::error!(%error, "work on a scope broke");
                    under_way.shutdown().await;
                    places = Places::default();
                }
            },
            () = worker.pause() => {}
        }
    }
}

/// Which scopes this process works on. Those that waited longest come first, and each account is in one of them.
#[derive(Debug, Default)]
struct Places {
    accounts: HashSet<AccountId>,
    /// When each scope that is not finished last had its turn, counted in turns.
    turns: HashMap<ScopeId, u64>,
    turn: u64,
}

impl Places {
    fn taken(&mut self, mut due: Vec<MailboxScope>) -> Vec<MailboxScope> {
        self.turns
            .retain(|id, _| due.iter().any(|scope| scope.id == *id));
        due.sort_by_key(|scope| self.turns.get(&scope.id).copied());
        let mut taken = Vec::new();
        for scope in due {
            if self.accounts.len() < MAX_CONCURRENT && self.accounts.insert(scope.account_id) {
                taken.push(scope);
            }
        }
        taken
    }

    fn give_back(&mut self, scope: ScopeId, account: AccountId) {
        self.turn += 1;
        self.turns.insert(scope, self.turn);
        self.accounts.remove(&account);
    }
}

/// Gives each scope that is due a slice of work, and returns how many addresses were dealt with.
pub async fn run_due(services: &Services) -> Result<usize, StoreError> {
    let mut done = 0;
    for scope in services.store.due_scopes(services.clock.now()).await? {
        done += work_on(services, &scope).await?;
    }
    Ok(done)
}

/// Gives a scope a slice of work, as soon as its account is free.
async fn work_on(services: &Services, scope: &MailboxScope) -> Result<usize, StoreError> {
    let leased = match wait_for_account(services, scope.account_id, Patience::OfTest).await {
        Ok(leased) => leased,
        Err(problem) => {
            let due = services.clock.now() + Duration::from_mins(1);
            let why = held_up_by(&problem);
            services.store.delay_scope(scope.id, why, due).await?;
            return Ok(0);
        }
    };
    let worked = while_held(services, &leased, slice(services, scope, &leased)).await;
    services.store.release_account(&leased).await?;
    worked.unwrap_or(Ok(0))
}

/// What people are told of a scope that waits. That others hold the account is nothing to act on.
const fn held_up_by(problem: &Problem) -> Option<&Problem> {
    match problem {
        Problem::AccountInUse | Problem::Interrupted => None,
        problem => Some(problem),
    }
}

async fn slice(
    services: &Services,
    scope: &MailboxScope,
    leased: &Leased,
) -> Result<usize, StoreError> {
    let store = &services.store;
    let clients = Clients::new(services, &leased.account);
    // What is found out is written only while the account is held.
    let mut held = services.clone();
    held.store = held.store.under(&leased.lease);
    let work = Work {
        services: &held,
        scope,
        leased,
        clients: &clients,
        until: Instant::now() + SLICE,
    };
    let mut done = 0;
    loop {
        // The instance that runs it is not the one where it was cancelled.
        let now = store.mailbox_scope(scope.id).await?;
        if now.is_none_or(|now| now.finished_at.is_some())
            || store.is_paused(scope.account_id).await?
        {
            break;
        }
        let mut rows = store.open_rows(scope.id, BATCH).await?;
        if rows.is_empty() {
            let now = services.clock.now();
            store.finish_scope(scope.id, false, None, now).await?;
            break;
        }
        // The first one alone: it proves the password, and tells a missing role from mailboxes outside the scope.
        if done == 0 {
            rows.truncate(1);
        }
        let (dealt_with, stopped) = work.batch(rows).await?;
        done += dealt_with;
        if let Some(problem) = stopped {
            work.pause(problem).await?;
            break;
        }
        if Instant::now() > work.until {
            break;
        }
    }
    clients.keep();
    if done > 0 && leased.account.busy_times > 0 {
        store
            .end_requested_pauses(leased.account.id, services.clock.now())
            .await?;
    }
    Ok(done)
}

struct Work<'a> {
    services: &'a Services,
    scope: &'a MailboxScope,
    leased: &'a Leased,
    clients: &'a Clients<'a>,
    /// When its slice ends.
    until: Instant,
}

impl Work<'_> {
    /// Several addresses: how many were dealt with, and a problem of the account or its server.
    async fn batch(&self, rows: Vec<ScopeRow>) -> Result<(usize, Option<Problem>), StoreError> {
        // A slow server answers no whole batch within the slice, and the account is held for a while only.
        let asked = rows
            .into_iter()
            .take_while(|_| Instant::now() <= self.until)
            .map(|row| async move { self.row(&row).await }.boxed());
        let mut asked = stream::iter(asked).buffer_unordered(self.clients.at_once());
        let (mut done, mut stopped) = (0, None);
        while let Some(ended) = asked.next().await {
            match ended? {
                Ok(()) => done += 1,
                Err(problem) => stopped = Some(problem),
            }
        }
        Ok((done, stopped))
    }

    /// One address, written down. The inner error is one of the account or its server: it says nothing of the address,
    /// which is asked again.
    async fn row(&self, row: &ScopeRow) -> Result<Result<(), Problem>, StoreError> {
        let (store, id) = (&self.services.store, self.scope.id);
        let Ok(address) = row.address.parse::<SmtpAddress>() else {
            let found = ScopeFinding {
                place: ScopePlace::NotAnAddress,
                primary: None,
                problem: None,
            };
            store.keep_found(id, row.position, &found).await?;
            return Ok(Ok(()));
        };
        let asked = self.ask(&address).await;
        if row.is_chosen && row.place.is_some() {
            return self.connect(row, &address, asked).await;
        }
        let found = match asked {
            Ok(_) => ScopeFinding {
                place: ScopePlace::InScope,
                primary: None,
                problem: None,
            },
            Err(problem) => match placed(problem) {
                Ok(found) => found,
                Err(problem) => return Ok(Err(problem)),
            },
        };
        store.keep_found(id, row.position, &found).await?;
        Ok(Ok(()))
    }

    /// The calendar folder of a mailbox: its id and its name.
    async fn ask(&self, address: &SmtpAddress) -> Result<(String, String), Problem> {
        let (mut client, _) = self
            .clients
            .take(address)
            .await
            .map_err(|trouble| trouble.problem)?;
        let whose = MailboxAccess::impersonated(address.clone());
        let mut asked = client.get_calendar(&whose).await;
        if asked.as_ref().is_err_and(EwsError::needs_the_password) {
            let opened = self.clients.open(address).await;
            client = opened.map_err(|trouble| trouble.problem)?;
            asked = client.get_calendar(&whose).await;
        }
        match asked {
            Ok(folder) => {
                self.clients.give_back(client);
                Ok((folder.id, folder.display_name))
            }
            Err(error) => {
                let said = error.is_said_by_exchange();
                let problem = self.clients.trouble(&error, &client, address).await.problem;
                let problem = self.clients.narrowed(problem, &mut client, address).await;
                // An answer of Exchange about this mailbox is no reason to distrust the connection.
                if said {
                    self.clients.give_back(client);
                }
                Err(problem)
            }
        }
    }

    async fn connect(
        &self,
        row: &ScopeRow,
        address: &SmtpAddress,
        asked: Result<(String, String), Problem>,
    ) -> Result<Result<(), Problem>, StoreError> {
        let (store, id) = (&self.services.store, self.scope.id);
        let result = match (&row.person, asked) {
            (None, _) => ScopeConnection::Nobodys,
            (Some(_), _) if row.has_connection => ScopeConnection::HadOne,
            (Some((user_id, _)), Ok((folder_id, folder_name))) => {
                let reads = ConnectedMailbox {
                    user_id: *user_id,
                    mailbox: address.clone(),
                    folder_id,
                    folder_name,
                };
                match self.attach(&reads).await {
                    Ok(()) => ScopeConnection::Connected,
                    Err(CustodyError::Store(StoreError::MailboxTaken)) => ScopeConnection::Taken,
                    Err(CustodyError::Store(error)) => return Err(error),
                    Err(CustodyError::Vault(error)) => {
                        tracing::error!(%error, "an earlier password could not be forgotten");
                        ScopeConnection::Connected
                    }
                }
            }
            (Some(_), Err(problem)) => match placed(problem) {
                Ok(found) => {
                    store.keep_found(id, row.position, &found).await?;
                    ScopeConnection::Failed
                }
                Err(problem) => return Ok(Err(problem)),
            },
        };
        store.keep_result(id, row.position, result).await?;
        self.services.wake.notify_one();
        Ok(Ok(()))
    }

    async fn attach(&self, reads: &ConnectedMailbox) -> Result<(), CustodyError> {
        let account = &self.leased.account;
        let subject = format!("{} through {}", reads.mailbox, account.name);
        let entry = AuditEntry::by(self.scope.made_by, AuditAction::Connected).about(subject);
        let custody = self.services.custody();
        custody.attach(account.id, reads, &entry).await?;
        Ok(())
    }

    /// What concerns the account stops its scope until it has passed, or for good.
    async fn pause(&self, problem: Problem) -> Result<(), StoreError> {
        let now = self.services.clock.now();
        let (store, id) = (&self.services.store, self.scope.id);
        if let Problem::SignInPaused { until } = problem {
            return store.delay_scope(id, Some(&problem), until).await;
        }
        if let Some(asked) = problem.asked_pause() {
            let busy = RequestedPause {
                account: self.scope.account_id,
                connection: None,
                problem: &problem,
                asked,
                now,
            };
            let pause = store.note_requested_pause(&busy).await?;
            let problem = problem.with_pause(pause);
            return store.delay_scope(id, Some(&problem), now + pause).await;
        }
        match problem.retry() {
            Retry::After(wait) => {
                let due = now + wait.min(MAX_PAUSE);
                store.delay_scope(id, Some(&problem), due).await
            }
            // The work of a paused account goes on when it is resumed.
            Retry::Never | Retry::WhenChanged if problem == Problem::AccountPaused => Ok(()),
            Retry::Never | Retry::WhenChanged => {
                store.finish_scope(id, true, Some(&problem), now).await
            }
        }
    }
}

/// What a problem says about an address; an error if it says something about the account or the server.
fn placed(problem: Problem) -> Result<ScopeFinding, Problem> {
    let (place, primary) = match &problem {
        Problem::OutsideScope | Problem::ImpersonationDenied => (ScopePlace::Outside, None),
        Problem::MailboxNotFound => (ScopePlace::NotFound, None),
        Problem::MailboxAlias { primary } => (ScopePlace::Alias, primary.clone()),
        Problem::MailboxMoved { .. }
        | Problem::ExchangeOnline
        | Problem::MailboxServerUnreachable { .. } => (ScopePlace::Moved, None),
        Problem::ImpersonationFailed | Problem::UnknownResponseCode { .. } => {
            (ScopePlace::Failed, None)
        }
        _ if problem.concerns() == Concerns::Mailbox => (ScopePlace::Failed, None),
        _ => return Err(problem),
    };
    Ok(ScopeFinding {
        place,
        primary,
        problem: Some(problem),
    })
}

/// Begins a scope of what an admin typed or uploaded.
pub async fn start(
    services: &Services,
    admin: &User,
    account: &kalends_store::Account,
    addresses: &Addresses,
) -> Result<ScopeId, StoreError> {
    let subject = format!("{} addresses with {}", addresses.all.len(), account.name);
    let entry = AuditEntry::by(admin.id, AuditAction::MailboxScopeChecked).about(subject);
    let now = services.clock.now();
    services
        .store
        .start_scope(account.id, admin.id, &addresses.all, &entry, now)
        .await
}

/// Connects chosen addresses in the organisation's name: all that can be, or those at `positions`.
pub async fn choose(
    services: &Services,
    admin: &User,
    scope: &MailboxScope,
    positions: Option<&[i64]>,
) -> Result<u64, StoreError> {
    let entry = AuditEntry::by(admin.id, AuditAction::MailboxesChosen).about(match positions {
        Some(positions) => format!("{} of a map of {}", positions.len(), scope.total),
        None => format!("all in scope of a map of {}", scope.total),
    });
    let now: Timestamp = services.clock.now();
    services
        .store
        .choose_rows(scope.id, positions, &entry, now)
        .await
}

/// The addresses of everybody who may sign in.
pub async fn everybody(services: &Services) -> Result<Addresses, StoreError> {
    let users = services.store.users().await?;
    Ok(Addresses {
        doubles: 0,
        without: 0,
        all: users
            .into_iter()
            .filter(|user| user.disabled_at.is_none())
            .map(|user| Ok(user.email))
            .collect(),
    })
}
