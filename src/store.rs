//! The main database: people, sessions, accounts, connections, entries, checks, rounds, audit. One file per noun.
//!
//! It holds no secret, only ids of rows in the vault. Both engines run the same text; where they differ, both texts
//! stand side by side.

mod accounts;
mod audit;
mod certificates;
mod checks;
mod connections;
mod endpoints;
mod events;
mod maps;
mod organisation;
mod pauses;
mod policy;
mod privacy;
mod refusals;
mod requests;
mod revocations;
mod rounds;
mod rows;
mod saving;
mod sessions;
mod stored;
mod users;

pub use accounts::{Account, Leased, NextSlot};
pub use connections::{Filter, ListItem, PAGE};
pub use events::{Changes, ReadRound, StoredEntry};
pub use maps::{Connecting, Found, MailboxMap, MapRow, Place};
pub use organisation::{Conflict, EndedAccount, Held, NewAccount, Terms};
pub use requests::{MailboxRequest, RequestState};
pub use revocations::{Probe, Revocation};
pub use rounds::{Failed, Round};
pub use saving::{NewConnection, Reads, Saved};
pub use sessions::SessionRow;
pub use stored::{Kept, Looked};
pub use users::{NewUser, Role, User};

use crate::{
    database::{Database, DatabaseError, Engine, Writing},
    random::Random,
};

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the main database: {0}")]
    Database(#[from] DatabaseError),
    #[error("the main database: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the main database holds a {0} that cannot be read")]
    Corrupt(&'static str),
    /// Somebody else has connected the mailbox, and no admin has said that two may.
    #[error("the mailbox is connected by somebody else")]
    MailboxTaken,
    #[error("{0} has an account already")]
    EmailTaken(String),
}

/// The main database.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    random: Random,
}

/// Tables on which some changes must be alone. Whoever changes both accounts and connections touches accounts first,
/// so that no two wait for each other.
#[derive(Debug, Clone, Copy)]
enum Table {
    Users,
    Accounts,
}

impl Store {
    /// Opens and migrates. `random` makes the ids of new rows.
    pub async fn open(url: &str, random: Random) -> Result<Self, StoreError> {
        let database = Database::open(url, &sqlx::migrate!("migrations/main")).await?;
        let store = Self { database, random };
        store.chain_old_lines().await?;
        Ok(store)
    }

    /// The pool, for tests that look at the rows themselves.
    pub const fn pool(&self) -> &sqlx::AnyPool {
        &self.database.pool
    }

    pub const fn engine(&self) -> Engine {
        self.database.engine()
    }

    async fn begin(&self) -> Result<Writing, StoreError> {
        Ok(self.database.begin().await?)
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
