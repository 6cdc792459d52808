//! The main database: people, second factors, sessions, accounts, connections, entries, checks, sync runs, audit. One file per noun.
//!
//! It holds no secret, only ids of rows in the vault. Both engines run the same text; where they differ, both texts
//! stand side by side.

use crate::{
    announcements::Announcements,
    database::{Database, Engine, Misplaced, Schema, Transaction, Unready},
    error::StoreError,
    job_lease::JobLease,
    lease::Lease,
    unreadable::Unreadable,
};
use kalends_core::random::Random;
use std::sync::Arc;

/// The main database.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) random: Random,
    pub(crate) unreadable: Unreadable,
    pub(crate) announcements: Announcements,
    /// The name of this process among those that share the database.
    pub(crate) instance: Arc<str>,
    /// The leases under which everything is written.
    account_lease: Option<Lease>,
    job_lease: Option<JobLease>,
}

/// Tables on which some changes must be alone. Whoever changes several of them touches jobs first, then accounts, then
/// connections, so that no two wait for each other.
#[derive(Debug, Clone, Copy)]
pub enum LockedTable {
    Users,
    Accounts,
}

fn schema() -> Schema {
    Schema {
        migrations: sqlx::migrate!("../../migrations/main"),
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
        let announcements = Announcements::new(random.clone());
        Self {
            database: database.told_to(announcements.clone()),
            announcements,
            instance: random.hex::<8>().into(),
            random,
            unreadable: Unreadable::default(),
            account_lease: None,
            job_lease: None,
        }
    }

    /// The name of this process among those that share the database: what it holds is held by it.
    pub fn instance(&self) -> Arc<str> {
        Arc::clone(&self.instance)
    }

    /// The same database, for work that needs an account's lease: nothing is written once it is lost.
    #[must_use]
    pub fn under(&self, lease: &Lease) -> Self {
        Self {
            account_lease: Some(lease.clone()),
            ..self.clone()
        }
    }

    /// The same database, for work on a job: nothing is written once the job is another's, or was cancelled.
    #[must_use]
    pub fn under_job(&self, lease: &JobLease) -> Self {
        Self {
            job_lease: Some(lease.clone()),
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

    /// Who follows what changes.
    pub const fn announcements(&self) -> &Announcements {
        &self.announcements
    }

    /// The pool, for tests that look at the rows themselves.
    pub const fn pool(&self) -> &sqlx::AnyPool {
        &self.database.pool
    }

    pub const fn engine(&self) -> Engine {
        self.database.engine()
    }

    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let mut tx = self.database.begin().await?;
        if let Some(lease) = &self.job_lease {
            lease.still_held(&mut tx, self.engine()).await?;
        }
        if let Some(lease) = &self.account_lease {
            lease.still_held(&mut tx, &self.instance).await?;
        }
        Ok(tx)
    }

    /// Begins a change that must be the only one on the table: no other one begins or goes on until it ends. `SQLite`
    /// has a single writer anyway.
    pub async fn begin_with_table_lock(
        &self,
        table: LockedTable,
    ) -> Result<Transaction, StoreError> {
        let mut tx = self.begin().await?;
        if self.engine() == Engine::Postgres {
            let sql = match table {
                LockedTable::Users => "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE",
                LockedTable::Accounts => "LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE",
            };
            sqlx::query(sql).execute(tx.conn()).await?;
        }
        Ok(tx)
    }
}
