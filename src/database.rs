//! A database behind one SQL text: SQLite (one writer, WAL) or Postgres, chosen by the URL.
//!
//! Every change goes through [`Database::begin`], so that a writer on SQLite never meets another half-way.

mod lock;

pub use lock::{DatabaseLock, LockError, sqlite_file};

use sqlx::{
    AnyPool, Connection as _, Executor as _, Row as _, any::AnyPoolOptions, migrate::Migrator,
};
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

/// How long a look whether the database answers may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

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
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("its tables are not in the present shape")]
    Outdated,
    #[error("its tables cannot be brought to the present shape: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Why a database cannot be worked with now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unready {
    #[error("does not answer")]
    Silent,
    #[error("lacks migrations")]
    Outdated,
}

/// A pool of connections to one database.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) pool: AnyPool,
    engine: Engine,
    writer: Arc<Mutex<()>>,
    /// The versions of its migrations.
    versions: Arc<[i64]>,
}

impl Database {
    /// Connects, makes folder and file for SQLite, and brings the tables to the present shape.
    pub async fn open(url: &str, migrations: &Migrator) -> Result<Self, DatabaseError> {
        let database = Self::connect(url, migrations).await?;
        migrations.run(&database.pool).await?;
        Ok(database)
    }

    /// Connects to a database that another process may be working with: its tables stay as they are.
    ///
    /// # Errors
    /// [`DatabaseError::Outdated`] if they are not in the present shape.
    pub async fn join(url: &str, migrations: &Migrator) -> Result<Self, DatabaseError> {
        let database = Self::connect(url, migrations).await?;
        if database.ready().await.is_err() {
            database.pool.close().await;
            return Err(DatabaseError::Outdated);
        }
        Ok(database)
    }

    async fn connect(url: &str, migrations: &Migrator) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        let (engine, url) = if let Some(path) = url.strip_prefix("sqlite://") {
            make_folder_of(url)?;
            let joint = if path.contains('?') { '&' } else { '?' };
            (Engine::Sqlite, format!("{url}{joint}mode=rwc"))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (Engine::Postgres, url.to_owned())
        } else {
            return Err(DatabaseError::Url);
        };
        let mut options = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(15))
            // A change that could not be ended, as on a full disk, leaves its connection where no other can begin.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            });
        if engine == Engine::Sqlite {
            options = options.after_connect(|connection, _| {
                Box::pin(async move {
                    let pragmas = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;";
                    connection.execute(pragmas).await.map(|_| ())
                })
            });
        }
        let pool = options.connect(&url).await?;
        Ok(Self {
            pool,
            engine,
            writer: Arc::default(),
            versions: migrations.iter().map(|it| it.version).collect(),
        })
    }

    /// Asks whether it answers, and whether each migration that this program knows is in place.
    pub async fn ready(&self) -> Result<(), Unready> {
        let asked = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success");
        let found = timeout(LOOK_LIMIT, asked.fetch_all(&self.pool)).await;
        let found = found.ok().and_then(Result::ok).ok_or(Unready::Silent)?;
        let in_place: BTreeSet<i64> = found
            .iter()
            .filter_map(|row| row.try_get("version").ok())
            .collect();
        let whole = self.versions.iter().all(|it| in_place.contains(it));
        whole.then_some(()).ok_or(Unready::Outdated)
    }

    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Starts a change; nothing of it is kept unless [`Writing::commit`] is reached. Make no network call inside.
    pub async fn begin(&self) -> Result<Writing, sqlx::Error> {
        let (guard, transaction) = match self.engine {
            Engine::Sqlite => {
                let guard = Arc::clone(&self.writer).lock_owned().await;
                (Some(guard), self.pool.begin_with("BEGIN IMMEDIATE").await?)
            }
            Engine::Postgres => (None, self.pool.begin().await?),
        };
        Ok(Writing {
            transaction,
            _guard: guard,
        })
    }
}

/// A change under way.
#[derive(Debug)]
pub struct Writing {
    transaction: sqlx::Transaction<'static, sqlx::Any>,
    _guard: Option<OwnedMutexGuard<()>>,
}

impl Writing {
    /// The connection to run statements on.
    pub fn on(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.transaction
    }

    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await
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
