//! Where the databases and the vault's keys are, and how a command opens the pair.

use crate::setting_error::{SettingError, setting};
use clap::Args;
use kalends::accounts::custody::{self, Custody, CustodyError, Mispaired, PairError};
use kalends_core::{
    clock::{Clock, Timestamp},
    random::Random,
};
use kalends_store::{
    Store, StoreError,
    database::{DatabaseError, DatabaseLock, LockError, sqlite_file},
    vault::{KeySource, LockedVault, Vault, VaultError},
};
use std::{env, path::PathBuf};
use tempfile::TempDir;

/// Where the databases and the vault's keys are.
#[derive(Debug, Args)]
pub struct Data {
    /// A file with the vault's keys; made beside a new SQLite vault if there is none.
    #[arg(long, env = "KALENDS_VAULT_KEYS_FILE")]
    vault_keys_file: Option<PathBuf>,
}

/// Beside whom a command works with the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody else on SQLite: the command of this name, for whoever comes second.
    Alone(&'static str),
    /// A running server, perhaps.
    Beside,
}

/// A pair of databases that belong together.
#[derive(Debug)]
pub struct OpenedPair {
    pub store: Store,
    pub vault: Vault,
    /// Held as long as the command works.
    pub locks: Vec<DatabaseLock>,
}

impl OpenedPair {
    pub fn custody(&self, clock: &Clock) -> Custody {
        Custody {
            store: self.store.clone(),
            vault: self.vault.clone(),
            clock: clock.clone(),
        }
    }
}

impl Data {
    /// Opens both databases, and migrates them where nobody else works with them. The pair must belong together.
    pub async fn open(
        &self,
        access: Access,
        random: &Random,
        now: Timestamp,
    ) -> Result<OpenedPair, SettingError> {
        let place = self.place()?;
        let (store, locked, locks) = match access {
            Access::Alone(command) => place.open_alone(command, random).await?,
            Access::Beside => {
                let (store, locked) = place.open_beside(random).await?;
                (store, locked, Vec::new())
            }
        };
        let opened = custody::open_pair(&store, locked, &place.keys, random, now);
        Ok(OpenedPair {
            vault: opened.await.map_err(|error| place.told(error))?,
            store,
            locks,
        })
    }

    /// Opens both databases alone, whether they belong together or not.
    pub async fn open_unpaired(
        &self,
        command: &'static str,
        random: &Random,
    ) -> Result<(OpenedPair, LockedVault), SettingError> {
        let place = self.place()?;
        let (store, locked, locks) = place.open_alone(command, random).await?;
        let vault = locked.clone().unlock(&place.keys, random.clone());
        let vault = vault.await.map_err(|error| vault_error(&error))?;
        let held = custody::holds_every_key(&store, &vault).await;
        held.map_err(|error| place.told(error.into()))?;
        let opened = OpenedPair {
            store,
            vault,
            locks,
        };
        Ok((opened, locked))
    }

    /// As `open` beside others; where there is no main database yet, throwaway ones in a folder that goes when it is
    /// dropped.
    pub async fn open_or_lend(
        &self,
        random: &Random,
        now: Timestamp,
    ) -> Result<(OpenedPair, Option<TempDir>), SettingError> {
        if sqlite_file(&main_url()).is_none_or(|file| file.exists()) {
            return Ok((self.open(Access::Beside, random, now).await?, None));
        }
        let folder = TempDir::new().map_err(|error| SettingError::told(&error))?;
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let place = DatabaseLocation {
            main: url("kalends.db"),
            vault: url("vault.db"),
            keys: KeySource {
                keys: None,
                file: None,
                new_file: folder.path().join("vault.keys"),
            },
        };
        let (store, locked, locks) = place.open_alone("doctor", random).await?;
        let vault = custody::open_pair(&store, locked, &place.keys, random, now);
        let opened = OpenedPair {
            vault: vault.await.map_err(|error| place.told(error))?,
            store,
            locks,
        };
        Ok((opened, Some(folder)))
    }

    /// Where the main database lies, or should lie, if it is a file.
    pub fn main_place() -> String {
        sqlite_file(&main_url()).map_or_else(String::new, |file| file.display().to_string())
    }

    fn place(&self) -> Result<DatabaseLocation, SettingError> {
        let (main, vault) = (
            main_url(),
            setting("KALENDS_VAULT_DATABASE_URL", "sqlite://data/vault.db"),
        );
        if main == vault {
            return Err(SettingError::hidden(
                "KALENDS_VAULT_DATABASE_URL",
                "the vault needs a database of its own",
            ));
        }
        let keys = KeySource {
            keys: env::var("KALENDS_VAULT_KEYS").ok().map(Into::into),
            file: self.vault_keys_file.clone(),
            new_file: new_keys_file(&vault),
        };
        Ok(DatabaseLocation { main, vault, keys })
    }
}

/// The two URLs, which may hold passwords, and where the keys are.
struct DatabaseLocation {
    main: String,
    vault: String,
    keys: KeySource,
}

impl DatabaseLocation {
    /// Both databases, locked and migrated.
    async fn open_alone(
        &self,
        command: &str,
        random: &Random,
    ) -> Result<(Store, LockedVault, Vec<DatabaseLock>), SettingError> {
        let mut locks = Vec::new();
        for (name, url) in [
            ("KALENDS_DATABASE_URL", &self.main),
            ("KALENDS_VAULT_DATABASE_URL", &self.vault),
        ] {
            kalends_store::database::make_folder_of(url)
                .map_err(|error| SettingError::hidden(name, unusable(&error)))?;
            let holder = format!("kalends {command}, process {}", std::process::id());
            let lock = DatabaseLock::take(url, &holder);
            locks.extend(lock.map_err(|error| in_use(name, &error))?);
        }
        let locked = LockedVault::open(&self.vault).await;
        let locked = locked.map_err(|error| vault_error(&error))?;
        let store = Store::open(&self.main, random.clone()).await;
        let store = store.map_err(|error| main_error(&error))?;
        Ok((store, locked, locks))
    }

    /// Both databases beside others; new ones, or of an earlier version, are migrated first, which nobody may be working
    /// with.
    async fn open_beside(&self, random: &Random) -> Result<(Store, LockedVault), SettingError> {
        if let Some(joined) = self.join(random).await? {
            return Ok(joined);
        }
        let (store, locked, _) = self.open_alone("migrate", random).await?;
        Ok((store, locked))
    }

    /// Both databases beside others; `None` where one of them is not in the present shape.
    async fn join(&self, random: &Random) -> Result<Option<(Store, LockedVault)>, SettingError> {
        let is_new = |url: &str| sqlite_file(url).is_some_and(|file| !file.exists());
        if is_new(&self.main) || is_new(&self.vault) {
            return Ok(None);
        }
        let locked = match LockedVault::join(&self.vault).await {
            Err(VaultError::Database(DatabaseError::Outdated)) => return Ok(None),
            locked => locked.map_err(|error| vault_error(&error))?,
        };
        match Store::join(&self.main, random.clone()).await {
            Err(StoreError::Database(DatabaseError::Outdated)) => Ok(None),
            store => Ok(Some((store.map_err(|error| main_error(&error))?, locked))),
        }
    }

    fn told(&self, error: PairError) -> SettingError {
        match error {
            PairError::Mispaired(mispaired) => self.mispaired(mispaired),
            PairError::Custody(CustodyError::Store(error)) => main_error(&error),
            PairError::Custody(CustodyError::Vault(error)) => vault_error(&error),
        }
    }

    /// What to look at, and how to say that it is meant so.
    fn mispaired(&self, why: Mispaired) -> SettingError {
        let where_is = |url: &str| {
            sqlite_file(url)
                .map_or_else(|| "Postgres".to_owned(), |file| file.display().to_string())
        };
        SettingError::told(&format!(
            "KALENDS_DATABASE_URL and KALENDS_VAULT_DATABASE_URL do not belong together: {why}. Main database: {}. Vault: {}. \
             Look for a slip in the two settings; nothing was changed. If this pair is meant, run: kalends vault adopt",
            where_is(&self.main),
            where_is(&self.vault)
        ))
    }
}

fn main_url() -> String {
    setting("KALENDS_DATABASE_URL", "sqlite://data/kalends.db")
}

fn in_use(name: &'static str, error: &LockError) -> SettingError {
    match error {
        LockError::Held { .. } => SettingError::hidden(
            name,
            format!("{error}. Stop that one first: a SQLite database serves one process"),
        ),
        LockError::Linked { .. } => SettingError::hidden(
            name,
            format!(
                "{error}: it could be in use under that one unseen. Remove the other name, or work with a copy of the file"
            ),
        ),
        LockError::Folder { .. } => SettingError::hidden(
            name,
            format!("{error}. Name a file in it, such as sqlite://data/kalends.db"),
        ),
        LockError::File { .. } => SettingError::hidden(
            name,
            format!("{error}. Name a file in a folder that Kalends can write to"),
        ),
    }
}

fn main_error(error: &StoreError) -> SettingError {
    let words = match error {
        StoreError::Database(it) => unusable(it),
        error => not_opened(error),
    };
    SettingError::hidden("KALENDS_DATABASE_URL", words)
}

fn vault_error(error: &VaultError) -> SettingError {
    match error {
        VaultError::Key(error) => SettingError::told(error),
        VaultError::Database(error) => {
            SettingError::hidden("KALENDS_VAULT_DATABASE_URL", unusable(error))
        }
        error => SettingError::hidden("KALENDS_VAULT_DATABASE_URL", not_opened(error)),
    }
}

/// Advice on how to reach a database is only for one that was not reached.
fn unusable(error: &DatabaseError) -> String {
    match error {
        DatabaseError::Foreign
        | DatabaseError::Newer(_)
        | DatabaseError::Url
        | DatabaseError::Migrate(_) => error.to_string(),
        DatabaseError::TooOld => {
            format!("{error}. Start with a new one: name a place that is empty")
        }
        DatabaseError::Folder { .. } => format!("{error}. Name a place that Kalends can write to"),
        DatabaseError::NoDatabase => format!(
            "{error} (file is not a database). Name another file, or one that is not there yet"
        ),
        error => not_opened(error),
    }
}

fn not_opened(error: &dyn std::fmt::Display) -> String {
    format!(
        "the database cannot be opened ({error}). For Postgres, check that the server runs and that the address, name and password are right; for SQLite, that the folder can be written and the file is a database"
    )
}

/// Beside the vault's file.
fn new_keys_file(vault_url: &str) -> PathBuf {
    sqlite_file(vault_url)
        .unwrap_or_else(|| PathBuf::from("data/vault.db"))
        .with_extension("keys")
}
