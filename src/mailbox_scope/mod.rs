//! Which mailboxes an account of the organisation reaches, asked without storing anything of them, and
//! connecting those that an admin chose. A row is written down as soon as it is known, so that a restart goes on where
//! the last one stopped.

mod addresses;
mod csv;

pub use self::csv::csv_page;
pub use addresses::{Addresses, MAX_ADDRESSES, read_addresses};

use crate::{
    accounts::custody::{Custody, CustodyError},
    connect::recheck::{Patience, wait_for_account},
    services::Services,
    sync::{Clients, while_held},
};
use futures::{FutureExt as _, StreamExt as _, stream};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::ScopeId,
    job::{JobError, Turn},
    mailbox::SmtpAddress,
    problem::{Concerns, Problem, Retry},
};
use kalends_exchange::ews::{EwsError, MailboxAccess};
use kalends_store::{
    ConnectedMailbox, Leased, LeasedJob, MailboxScope, RequestedPause, ScopeConnection,
    ScopeFinding, ScopePlace, ScopeRow, Store, StoreError, User,
};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// For how long a scope works before it gives its account back to sync runs and people.
const SLICE: Duration = Duration::from_secs(5);
/// How many addresses are taken up together; as many as connections may be open are asked at the same time.
const BATCH: i64 = 40;
/// The longest pause after trouble that passes.
const MAX_PAUSE: Duration = Duration::from_mins(10);

/// Gives a scope a slice of work, as soon as its account is free.
pub(crate) async fn work(
    services: &Services,
    job: &LeasedJob,
    stop: &CancellationToken,
) -> Result<Turn, StoreError> {
    let Some(scope) = services.store.mailbox_scope(job.job.id.into()).await? else {
        return Ok(Turn::Done);
    };
    let leased = match wait_for_account(services, scope.account_id, Patience::OfTest).await {
        Ok(leased) => leased,
        Err(problem) => {
            return Ok(Turn::Wait {
                until: services.clock.now() + Duration::from_mins(1),
                error: held_up_by(problem),
            });
        }
    };
    let held = Work::new(services, job, &scope, &leased);
    // A call to a slow server is not waited for once the work is to stop.
    let worked = tokio::select! {
        worked = while_held(services, &leased, held.slice(stop)) => worked,
        () = stop.cancelled() => None,
    };
    services.store.release_account(&leased).await?;
    worked.unwrap_or(Ok(Turn::Continue))
}

/// What people are told of a scope that waits. That others hold the account is nothing to act on.
fn held_up_by(problem: Problem) -> Option<JobError> {
    match problem {
        Problem::AccountInUse | Problem::Interrupted => None,
        problem => Some(JobError::Problem(Box::new(problem))),
    }
}

struct Work<'a> {
    /// What is found out is written only while the account and the job are held.
    store: Store,
    services: &'a Services,
    scope: &'a MailboxScope,
    leased: &'a Leased,
    clients: Clients<'a>,
    /// When its slice ends.
    until: Instant,
}

impl<'a> Work<'a> {
    fn new(
        services: &'a Services,
        job: &LeasedJob,
        scope: &'a MailboxScope,
        leased: &'a Leased,
    ) -> Self {
        Self {
            store: services.store.under(&leased.lease).under_job(&job.lease),
            services,
            scope,
            leased,
            clients: Clients::new(services, &leased.account),
            until: Instant::now() + SLICE,
        }
    }

    async fn slice(self, stop: &CancellationToken) -> Result<Turn, StoreError> {
        let mut done = 0;
        let turn = loop {
            if stop.is_cancelled() || self.store.is_paused(self.scope.account_id).await? {
                break Turn::Continue;
            }
            let mut rows = self.store.open_rows(self.scope.id, BATCH).await?;
            if rows.is_empty() {
                break Turn::Done;
            }
            // The first one alone: it proves the password, and tells a missing role from mailboxes outside the scope.
            if done == 0 {
                rows.truncate(1);
            }
            let (dealt_with, stopped) = self.batch(rows).await?;
            done += dealt_with;
            if let Some(problem) = stopped {
                break self.held_up(problem).await?;
            }
            if Instant::now() > self.until {
                break Turn::Continue;
            }
        };
        if done > 0 && self.leased.account.busy_times > 0 {
            let (account, now) = (self.leased.account.id, self.services.clock.now());
            self.store.end_requested_pauses(account, now).await?;
        }
        self.clients.keep();
        Ok(turn)
    }

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
        let (store, id) = (&self.store, self.scope.id);
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
        let (store, id) = (&self.store, self.scope.id);
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
        let custody = Custody {
            store: self.store.clone(),
            ..self.services.custody()
        };
        custody.attach(account.id, reads, &entry).await?;
        Ok(())
    }

    /// What concerns the account stops its scope until it has passed, or for good.
    async fn held_up(&self, problem: Problem) -> Result<Turn, StoreError> {
        let now = self.services.clock.now();
        let wait = |until, problem| Turn::Wait {
            until,
            error: Some(JobError::Problem(Box::new(problem))),
        };
        if let Problem::SignInPaused { until } = problem {
            return Ok(wait(until, problem));
        }
        if let Some(asked) = problem.asked_pause() {
            let busy = RequestedPause {
                account: self.scope.account_id,
                connection: None,
                problem: &problem,
                asked,
                now,
            };
            let pause = self.store.note_requested_pause(&busy).await?;
            return Ok(wait(now + pause, problem.with_pause(pause)));
        }
        Ok(match problem.retry() {
            Retry::After(time) => wait(now + time.min(MAX_PAUSE), problem),
            // The work of a paused account goes on when it is resumed.
            Retry::Never | Retry::WhenChanged if problem == Problem::AccountPaused => {
                Turn::Continue
            }
            Retry::Never | Retry::WhenChanged => Turn::Failed(JobError::Problem(Box::new(problem))),
        })
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
    let started = services
        .store
        .start_scope(account.id, admin.id, &addresses.all, &entry, now)
        .await?;
    services.wake_jobs.notify_one();
    Ok(started)
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
    let chosen = services
        .store
        .choose_rows(scope.id, positions, &entry, now)
        .await?;
    services.wake_jobs.notify_one();
    Ok(chosen)
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
