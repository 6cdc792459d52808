//! The main database: people, second factors, sessions, accounts, connections, entries, checks, rounds, audit. One file per noun.
//!
//! It holds no secret, only ids of rows in the vault. Both engines run the same text; where they differ, both texts
//! stand side by side.

mod accounts;
mod allowed;
mod audit;
mod bulks;
mod busy;
mod certificates;
mod checks;
mod claims;
mod clock_jumps;
mod connections;
mod counted;
mod desk;
mod due;
mod endpoints;
mod events;
mod factors;
mod future;
mod heartbeats;
mod history;
mod holders;
mod installation;
mod known_devices;
mod limits;
mod maps;
mod notices;
mod occasions;
mod offers;
mod organisation;
mod owners;
mod passwords;
mod pauses;
mod people;
mod plans;
mod policy;
mod privacy;
mod query;
mod refusals;
mod requests;
mod revocations;
mod rounds;
mod rows;
mod saving;
mod schemas;
mod search;
mod secrets;
mod sessions;
mod setup_codes;
mod slots;
mod stored;
mod strangers;
mod unreadable;
mod users;
mod vouching;
mod webhooks;

pub use accounts::{Account, Leased, NextSlot};
pub use busy::Busy;
pub use certificates::Server;
pub use claims::Claim;
pub use clock_jumps::ClockJump;
pub use connections::Filter;
pub use counted::Counted;
pub use desk::{Counts, ListItem, PAGE, Person, Sort, Through, Wanted};
pub use due::{Members, Room};
pub use events::{Changes, ReadRound, StoredEntry};
pub use factors::{Confirmed, Factor};
pub use history::{CallLine, DELAYS, RoundEnd, StateChange};
pub use holders::Heard;
pub use installation::Instance;
pub use limits::{Full, LimitPlace};
pub use maps::{Connecting, Found, MailboxMap, MapRow, Place};
pub use notices::HeldUp;
pub use organisation::{Conflict, EndedAccount, Held, NewAccount, Terms};
pub use owners::Owners;
pub use people::{PersonLine, Which};
pub use plans::Asked;
pub use refusals::{CountedUnder, NoPlace, Sent};
pub use requests::{MOST_WAITING, MailboxRequest, RequestState};
pub use revocations::{Probe, Revocation};
pub use rounds::{Failed, Round};
pub use saving::{NewConnection, Reads, Saved};
pub use secrets::Ledger;
pub use sessions::{Device, SessionRow, session_hash};
pub use stored::{Kept, Looked};
pub use users::{NewUser, Role, User};

use unreadable::Unreadable;
pub use vouching::KnownServer;
pub use webhooks::MOST_WEBHOOKS;

use crate::{
    database::{Database, DatabaseError, Engine, Misplaced, Schema, Unready, Writing, in_words},
    random::Random,
};
use std::sync::Arc;

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the main database: {0}")]
    Database(#[from] DatabaseError),
    #[error("the main database: {}", in_words(.0))]
    Sql(#[from] sqlx::Error),
    #[error("the main database holds a {0} that cannot be read")]
    Corrupt(&'static str),
    /// Somebody else has connected the mailbox, and no admin has said that two may.
    #[error("the mailbox is connected by somebody else")]
    MailboxTaken,
    /// The organisation's rules do not allow it, or no longer.
    #[error("the organisation's rules do not allow this connection")]
    NotAllowed,
    /// A save took so long that its secret was listed for deletion meanwhile; nothing points to it.
    #[error("the sealed secret was not announced")]
    SecretNotAnnounced,
    #[error("{0} has an account already")]
    EmailTaken(String),
    /// A limit is full.
    #[error("there are as many as may be")]
    TooMany,
    /// What was held when the work began is held no longer: this process was not heard of for a while.
    #[error("the account is held by somebody else meanwhile")]
    LeaseLost,
}

/// The main database.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    random: Random,
    unreadable: Unreadable,
    /// The name of this process among those that share the database.
    instance: Arc<str>,
    /// The lease under which everything is written.
    fence: Option<Arc<Leased>>,
}

/// Tables on which some changes must be alone. Whoever changes both accounts and connections touches accounts first,
/// so that no two wait for each other.
#[derive(Debug, Clone, Copy)]
enum Table {
    Users,
    Accounts,
}

fn schema() -> Schema {
    Schema {
        migrations: sqlx::migrate!("migrations/main"),
        own_table: "account_domains",
    }
}

impl Store {
    /// Opens and migrates. `random` makes the ids of new rows.
    pub async fn open(url: &str, random: Random) -> Result<Self, StoreError> {
        let database = Database::open(url, &schema()).await?;
        Ok(Self::new(database, random))
    }

    /// As [`Store::open`], beside another process that works with the database: no table is changed.
    pub async fn join(url: &str, random: Random) -> Result<Self, StoreError> {
        let database = Database::join(url, &schema()).await?;
        Ok(Self::new(database, random))
    }

    fn new(database: Database, random: Random) -> Self {
        Self {
            database,
            instance: random.hex::<8>().into(),
            random,
            unreadable: Unreadable::default(),
            fence: None,
        }
    }

    /// The name of this process among those that share the database: what it holds is held by it.
    pub fn instance(&self) -> Arc<str> {
        Arc::clone(&self.instance)
    }

    /// The same database, for work that needs an account's lease: nothing is written once it is lost.
    #[must_use]
    pub fn under(&self, leased: &Leased) -> Self {
        Self {
            fence: Some(Arc::new(leased.clone())),
            ..self.clone()
        }
    }

    /// Whether the database answers and has every table.
    pub async fn ready(&self) -> Result<(), Unready> {
        self.database.ready().await
    }

    /// Whether its file still stands in its place.
    pub fn in_place(&self) -> Result<(), Misplaced> {
        self.database.in_place()
    }

    /// Whether requests can be answered with it; the error says why not.
    pub async fn answers(&self) -> Result<(), String> {
        self.database.answers().await
    }

    /// Whether changes can be made; the error says why not.
    pub async fn can_be_written(&self) -> Result<(), String> {
        self.database.can_be_written().await
    }

    /// The pool, for tests that look at the rows themselves.
    pub const fn pool(&self) -> &sqlx::AnyPool {
        &self.database.pool
    }

    pub const fn engine(&self) -> Engine {
        self.database.engine()
    }

    async fn begin(&self) -> Result<Writing, StoreError> {
        let mut writing = self.database.begin().await?;
        if let Some(leased) = &self.fence {
            accounts::still_held(&mut writing, leased, &self.instance).await?;
        }
        Ok(writing)
    }

    /// Begins a change that must be the only one on the table: no other one begins or goes on until it ends. `SQLite`
    /// has a single writer anyway.
    async fn begin_alone_on(&self, table: Table) -> Result<Writing, StoreError> {
        let mut writing = self.begin().await?;
        if self.engine() == Engine::Postgres {
            let sql = match table {
                Table::Users => "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE",
                Table::Accounts => "LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE",
            };
            sqlx::query(sql).execute(writing.on()).await?;
        }
        Ok(writing)
    }
}
