//! A database behind one SQL text: SQLite (one writer, WAL) or Postgres, chosen by the URL.
//!
//! Every change goes through [`Database::begin`], so that a writer on SQLite never meets another half-way.

mod announced;
mod file;
mod last_write_probe;
mod lock;
mod transaction;
mod writable;

pub(crate) use announced::{CHANNEL, NOW_OF_POSTGRES};
pub use file::Misplaced;
pub use lock::{DatabaseLock, LockError, LockState, sqlite_file};
pub use transaction::Transaction;
use transaction::WriterTurn;

use crate::announcements::Announcements;
use kalends_core::account_name::Password;
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _, Row as _,
    any::AnyPoolOptions,
    migrate::{MigrateError, Migrator},
};
use std::{
    collections::BTreeSet,
    io,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// A library that says too much in the log, and the filter that quiets it: Postgres remarks at every start that the table
/// of migrations is there already.
pub const QUIET: (&str, &str) = ("sqlx", "sqlx::postgres::notice=warn");

/// How long a server may take to be there when Kalends starts.
const START_LIMIT: Duration = Duration::from_secs(4);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(500);
/// Within this a pool that is not busy hands out a connection.
const SOON: Duration = Duration::from_millis(500);
/// How long one connection may take to open.
const REACH_LIMIT: Duration = Duration::from_millis(2_500);
/// How long a look whether the database answers may take.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// Which dialect a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Why a database could not be used. Never holds the URL, which may carry a password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("the URL must start with sqlite:// or postgres://")]
    Url,
    #[error("the folder {folder} cannot be made: {error}")]
    Folder {
        folder: String,
        error: std::io::Error,
    },
    #[error("{}", describe(.0))]
    Sql(#[from] sqlx::Error),
    /// Why no connection came about.
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("its tables are not in the present shape")]
    Outdated,
    /// A migration that this program does not know is in place.
    #[error(
        "its tables were changed by a newer Kalends (migration {0}), and this one would damage them. Start the newer version again, or restore the backup that was made before it"
    )]
    Newer(i64),
    /// It is a database of Kalends, and its first migration is another one than this program's.
    #[error("it was made before 0.1, and nothing leads from its tables to the present ones")]
    TooOld,
    /// Its first migration is another program's.
    #[error(
        "it holds other tables than belong there. Look whether KALENDS_DATABASE_URL and KALENDS_VAULT_DATABASE_URL are swapped, or name another program's database"
    )]
    Foreign,
    #[error("its tables cannot be brought to the present shape: {}", migrating(.0))]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the file is not a database of SQLite")]
    NoDatabase,
}

/// Why migrations do not run, and what helps against just that.
fn migrating(error: &MigrateError) -> String {
    const BACKUP: &str =
        "Restore the backup that was made before, or ask for help with what this line says";
    match error {
        MigrateError::Dirty(version) => {
            format!("migration {version} was broken off half-way. {BACKUP}")
        }
        MigrateError::VersionMismatch(version) => format!(
            "migration {version} is in place with another text than this program's. Start the version of Kalends that made it, or restore a backup"
        ),
        MigrateError::VersionMissing(version) => {
            format!("migration {version} is in place, and this program does not know it")
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            let words = describe(error);
            let lower = words.to_lowercase();
            let cure = if lower.contains("permission denied") {
                "Let its user make tables: GRANT CREATE, USAGE ON SCHEMA public TO that user"
            } else if lower.contains("locked") {
                "Another program works with the file: end it, and start Kalends again"
            } else if lower.contains("readonly") || lower.contains("read-only") {
                "Let Kalends write to it"
            } else if lower.contains("full") {
                "Make room on its disk"
            } else {
                BACKUP
            };
            format!("{words}. {cure}")
        }
        error => error.to_string(),
    }
}

/// Whether the file of a SQLite database holds something else; an empty one is a new database.
fn holds_something_else(url: &str) -> bool {
    const BEGIN: &[u8] = b"SQLite format 3\0";
    let mut begin = Vec::new();
    let read = sqlite_file(url)
        .and_then(|file| std::fs::File::open(file).ok())
        .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, 16), &mut begin).ok());
    read.is_some_and(|length| length > 0) && begin != BEGIN
}

/// Why a database cannot be worked with now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    #[error("does not answer")]
    Silent,
    #[error("lacks migrations")]
    Outdated,
    #[error("was changed by a newer Kalends (migration {0})")]
    Newer(i64),
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
}

/// A pool of connections to one database.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) pool: AnyPool,
    engine: Engine,
    writer: Arc<Mutex<()>>,
    /// The beginnings and ends of changes on SQLite: odd in the middle of one.
    turns: Arc<AtomicU64>,
    last_look: last_write_probe::LastWriteProbe,
    /// The versions of its migrations.
    versions: Arc<[i64]>,
    /// May hold a password.
    url: Arc<Password>,
    file: file::OpenedFile,
    /// Who is told of changes; nobody is of those of a vault.
    announcements: Option<Announcements>,
}

/// The tables of one database of Kalends.
#[derive(Debug)]
pub struct Schema {
    pub migrations: Migrator,
    /// A table that every version of this database has, and no other database.
    pub own_table: &'static str,
}

/// Refuses a database whose first migration is another one than the first of these. A database without any is new.
async fn refuse_other_tables(pool: &AnyPool, schema: &Schema) -> Result<(), DatabaseError> {
    let asked = sqlx::query("SELECT checksum FROM _sqlx_migrations ORDER BY version LIMIT 1");
    let Ok(Some(row)) = asked.fetch_optional(pool).await else {
        return Ok(());
    };
    let first = schema.migrations.iter().next();
    let found = row.try_get::<Vec<u8>, _>(0);
    if !matches!((first, found), (Some(first), Ok(found)) if *first.checksum != *found) {
        return Ok(());
    }
    let look = format!("SELECT 1 AS found FROM {} LIMIT 1", schema.own_table);
    let is_ours = sqlx::query(sqlx::AssertSqlSafe(look)).fetch_optional(pool);
    Err(match is_ours.await {
        Ok(_) => DatabaseError::TooOld,
        Err(_) => DatabaseError::Foreign,
    })
}

impl Database {
    /// Connects, makes folder and file for SQLite, and brings the tables to the present shape.
    pub async fn open(url: &str, schema: &Schema) -> Result<Self, DatabaseError> {
        let database = Self::connect(url, schema).await?;
        let migrated = schema.migrations.run(&database.pool).await;
        migrated.map_err(|error| match error {
            MigrateError::VersionMissing(version) => DatabaseError::Newer(version),
            error => DatabaseError::Migrate(error),
        })?;
        Ok(database)
    }

    /// Connects to a database that another process may be working with: its tables stay as they are.
    ///
    /// # Errors
    /// [`DatabaseError::Outdated`] if they are not in the present shape.
    pub async fn join(url: &str, schema: &Schema) -> Result<Self, DatabaseError> {
        let database = Self::connect(url, schema).await?;
        if let Err(unready) = database.ready().await {
            database.pool.close().await;
            return Err(match unready {
                Unready::Newer(version) => DatabaseError::Newer(version),
                Unready::Silent | Unready::Outdated | Unready::Misplaced(_) => {
                    DatabaseError::Outdated
                }
            });
        }
        Ok(database)
    }

    async fn connect(url: &str, schema: &Schema) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        let (engine, url) = engine_of(url)?;
        if engine == Engine::Postgres {
            await_server(&url).await?;
        }
        let file = file::OpenedFile::at(sqlite_file(&url));
        let mut options = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(15));
        if engine == Engine::Sqlite {
            let file = file.clone();
            // A change that could not be ended, as on a full disk, leaves its connection where no other can begin. Postgres
            // ends each, and a look there costs a round trip; every connection is looked at before it is used again.
            options = options.after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            });
            options = options.after_connect(move |connection, _| {
                let file = file.clone();
                Box::pin(async move {
                    file.in_place()?;
                    let pragmas = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;";
                    connection.execute(pragmas).await?;
                    Ok(file.note()?)
                })
            });
        }
        let pool = options.connect(&url).await?;
        if engine == Engine::Sqlite {
            // One that is taken away from now on is not made anew.
            pool.set_connect_options(in_being(&url).parse()?);
        }
        if let Err(other) = refuse_other_tables(&pool, schema).await {
            pool.close().await;
            return Err(other);
        }
        Ok(Self {
            pool,
            engine,
            writer: Arc::default(),
            turns: Arc::default(),
            last_look: last_write_probe::LastWriteProbe::default(),
            versions: schema.migrations.iter().map(|it| it.version).collect(),
            url: Arc::new(url.into()),
            file,
            announcements: None,
        })
    }

    /// The same database, whose changes are told.
    pub(crate) fn told_to(self, announcements: Announcements) -> Self {
        Self {
            announcements: Some(announcements),
            ..self
        }
    }

    /// The address, which may hold a password.
    pub(crate) fn url(&self) -> &Password {
        &self.url
    }

    /// Whether the file that is worked with still stands in its place; a server's database always does.
    pub fn in_place(&self) -> Result<(), Misplaced> {
        self.file.in_place()
    }

    /// Asks whether it answers, and whether each migration that this program knows is in place.
    pub async fn ready(&self) -> Result<(), Unready> {
        self.in_place()?;
        let asked = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success");
        let found = timeout(PROBE_LIMIT, asked.fetch_all(&self.pool)).await;
        let found = found.ok().and_then(Result::ok).ok_or(Unready::Silent)?;
        let in_place: BTreeSet<i64> = found
            .iter()
            .filter_map(|row| row.try_get("version").ok())
            .collect();
        if let Some(newer) = in_place.iter().find(|it| !self.versions.contains(it)) {
            return Err(Unready::Newer(*newer));
        }
        let whole = self.versions.iter().all(|it| in_place.contains(it));
        whole.then_some(()).ok_or(Unready::Outdated)
    }

    /// Whether requests can be answered with it, known within three seconds; the error says why not. One that is only
    /// busy answers.
    pub async fn answers(&self) -> Result<(), String> {
        if self.engine == Engine::Sqlite {
            return self.in_place().map_err(|misplaced| misplaced.to_string());
        }
        if let Ok(Ok(_)) = timeout(SOON, self.pool.acquire()).await {
            return Ok(());
        }
        reach(self.url.reveal(), REACH_LIMIT).await
    }

    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts a change; nothing of it is kept unless [`Transaction::commit`] is reached. Make no network call inside.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        self.in_place()?;
        let (turn, transaction) = match self.engine {
            Engine::Sqlite => {
                let guard = Arc::clone(&self.writer).lock_owned().await;
                let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
                (Some(WriterTurn::new(guard, &self.turns)), transaction)
            }
            Engine::Postgres => (None, self.pool.begin().await?),
        };
        Ok(Transaction::new(
            transaction,
            self.file.clone(),
            (self.engine == Engine::Postgres, self.announcements.clone()),
            turn,
        ))
    }
}

/// The engine of a URL, and the URL that opens it; the folder of a file is made.
fn engine_of(url: &str) -> Result<(Engine, String), DatabaseError> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        make_folder_of(url)?;
        if holds_something_else(url) {
            return Err(DatabaseError::NoDatabase);
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        Ok((Engine::Sqlite, format!("{url}{joint}mode=rwc")))
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok((Engine::Postgres, url.to_owned()))
    } else {
        Err(DatabaseError::Url)
    }
}

/// The URL that opens a `SQLite` file and makes none.
fn in_being(url: &str) -> String {
    url.replace("mode=rwc", "mode=rw")
}

/// Waits a little for a server that is starting.
async fn await_server(url: &str) -> Result<(), DatabaseError> {
    let begun = Instant::now();
    loop {
        let left = START_LIMIT.saturating_sub(begun.elapsed());
        let Err(why) = reach(url, left).await else {
            return Ok(());
        };
        if begun.elapsed() + PAUSE >= START_LIMIT {
            return Err(DatabaseError::Unreachable(why));
        }
        sleep(PAUSE).await;
    }
}

/// Opens a connection of its own and closes it; the error says why there is none.
async fn reach(url: &str, limit: Duration) -> Result<(), String> {
    match timeout(limit, AnyConnection::connect(url)).await {
        Ok(Ok(connection)) => {
            drop(timeout(SOON, connection.close()).await);
            Ok(())
        }
        Ok(Err(error)) => Err(describe(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// What a database or the way to it said, without the name of the library's parts.
pub(crate) fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "connection refused".to_owned()
        }
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
        error => error.to_string(),
    }
}

/// Makes the folder of a `sqlite://` URL's file, if there is none.
pub fn make_folder_of(url: &str) -> Result<(), DatabaseError> {
    let file = sqlite_file(url);
    let folder = file.as_deref().and_then(Path::parent);
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| DatabaseError::Folder {
        folder: folder.display().to_string(),
        error,
    })
}
