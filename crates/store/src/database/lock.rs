//! One process at a time works with a SQLite database: a lock of the kernel on a file beside it, gone with the process.
//!
//! Never on the database's own file: closing any handle of it would drop the locks that SQLite holds there.

use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use std::{
    fs::{File, Metadata, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// How often a lock file is taken anew that was deleted between opening and locking it.
const MAX_ATTEMPTS: usize = 5;

/// How many links are followed from one name to the next.
const LINKS: usize = 40;

/// Why a database could not be had alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works with it; `holder` is what that process wrote down of itself.
    #[error("{} is in use by another Kalends{}", .database.display(), told(.holder))]
    Held { database: PathBuf, holder: String },
    /// The same file may be in use under its other name, which no lock beside this one shows.
    #[error("{} has another name on this disk (a hard link)", .database.display())]
    Linked { database: PathBuf },
    #[error("{} is a folder, and no database", .path.display())]
    Folder { path: PathBuf },
    #[error("{} cannot be used: {error}", .path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
}

fn told(holder: &str) -> String {
    if holder.is_empty() {
        String::new()
    } else {
        format!(" ({holder})")
    }
}

/// Held until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct DatabaseLock {
    database: PathBuf,
    path: PathBuf,
    holder: String,
    file: File,
}

/// What became of a lock that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    Held,
    /// Its file was taken away, and it was taken anew before anybody else had it.
    TakenAnew,
    /// Its file was taken away, and another process holds the one that stands there now, or it cannot be made.
    Lost,
}

impl DatabaseLock {
    /// Takes the database of a `sqlite://` URL; `None` for any other engine, and for a database in memory. Makes the file
    /// if there is none.
    ///
    /// `holder` says who holds it, for whoever comes second: one line, no secret.
    pub fn take(url: &str, holder: &str) -> Result<Option<Self>, LockError> {
        let Some(database) = sqlite_file(url) else {
            return Ok(None);
        };
        let database = real(&database).map_err(|error| LockError::File {
            path: database,
            error,
        })?;
        let path = lock_path(&database);
        let failed = |error| LockError::File {
            path: path.clone(),
            error,
        };
        // None where it is new.
        let metadata = database.metadata().ok();
        if metadata.as_ref().is_some_and(Metadata::is_dir) {
            return Err(LockError::Folder { path: database });
        }
        if metadata.is_some_and(|file| file.nlink() > 1) {
            return Err(LockError::Linked { database });
        }
        for _ in 0..MAX_ATTEMPTS {
            let file = opened(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Whoever is just writing it has written nothing yet.
                    let _ = (&file).take(200).read_to_string(&mut holder);
                    let holder = holder.trim().to_owned();
                    return Err(LockError::Held { database, holder });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            if !stands_at(&file, &path).map_err(failed)? {
                continue;
            }
            sign(&file, holder).map_err(failed)?;
            // Only whoever holds the lock makes a file: where it was taken away from under a server, none is put there.
            if !database.exists() {
                opened(&database).map_err(|error| LockError::File {
                    path: database.clone(),
                    error,
                })?;
            }
            return Ok(Some(Self {
                database,
                path,
                holder: holder.to_owned(),
                file,
            }));
        }
        Err(failed(std::io::Error::other(
            "it is taken away again and again",
        )))
    }

    /// The file of the database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Whether the file that is locked still stands where others look for it. One that was taken away is made and locked
    /// anew.
    pub fn renew(&mut self) -> LockState {
        if stands_at(&self.file, &self.path).unwrap_or(false) {
            return LockState::Held;
        }
        let Ok(file) = opened(&self.path) else {
            return LockState::Lost;
        };
        if file.try_lock().is_err() || sign(&file, &self.holder).is_err() {
            return LockState::Lost;
        }
        self.file = file;
        LockState::TakenAnew
    }
}

fn opened(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

fn sign(mut file: &File, holder: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

/// Whether a file is the one at a path.
fn stands_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let is_one =
        |one: &Metadata, other: &Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    match path.symlink_metadata() {
        Ok(there) => Ok(is_one(&file.metadata()?, &there)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The file of a `sqlite://` URL, as the driver opens it.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite://") {
        return None;
    }
    let options = SqliteConnectOptions::from_url(&url.parse().ok()?).ok()?;
    let path = options.get_filename().to_owned();
    let in_memory = path.to_string_lossy().starts_with("file:sqlx-in-memory-");
    (!path.as_os_str().is_empty() && !in_memory).then_some(path)
}

/// The path that all names of a database lead to, as far as links show it, whether there is a file yet or not.
fn real(database: &Path) -> std::io::Result<PathBuf> {
    if database.exists() {
        return database.canonicalize();
    }
    let mut path = database.to_owned();
    for _ in 0..LINKS {
        let folder = folder_of(&path).canonicalize()?;
        let name = path.file_name().ok_or(std::io::ErrorKind::NotFound)?;
        let place = folder.join(name);
        match place.read_link() {
            Ok(to) => path = folder.join(to),
            Err(_) => return Ok(place),
        }
    }
    Err(std::io::Error::other("its links lead to no end"))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Beside the file, so that all names of one database share one lock.
fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_database_by_whatever_name_and_the_next_has_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kalends.db");
        let url = |path: &Path| format!("sqlite://{}", path.display());
        let first = DatabaseLock::take(&url(&file), "process 7").unwrap();
        assert!(first.is_some());
        std::fs::write(&file, "").unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for name in [
            url(&file),
            format!("{}?mode=rwc", url(&file)),
            url(&folder.path().join("./kalends.db")),
            url(&link),
            url(&folder.path().join("%6balends%2Edb")),
            url(&folder.path().join("nowhere/../kalends.db")),
            url(&folder.path().join("%2e/kalends.db")),
        ] {
            let refused = DatabaseLock::take(&name, "process 8").unwrap_err();
            assert!(refused.to_string().contains("process 7"), "{refused}");
        }
        let other = folder.path().join("other.db");
        assert!(DatabaseLock::take(&url(&other), "process 8").is_ok());
        drop(first);
        assert!(DatabaseLock::take(&url(&file), "process 8").is_ok());
    }

    #[test]
    fn a_link_that_leads_nowhere_yet_shares_the_lock_of_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        std::os::unix::fs::symlink(folder.path().join("real.db"), folder.path().join("link.db"))
            .unwrap();
        let _held = DatabaseLock::take(&url("link.db"), "process 7").unwrap();
        assert!(matches!(
            DatabaseLock::take(&url("real.db"), ""),
            Err(LockError::Held { .. })
        ));
    }

    #[test]
    fn a_database_with_a_second_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one.db"), folder.path().join("other.db"));
        std::fs::write(&one, "").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        for file in [&one, &other] {
            let refused = DatabaseLock::take(&format!("sqlite://{}", file.display()), "");
            assert!(
                matches!(refused, Err(LockError::Linked { .. })),
                "{refused:?}"
            );
        }
        std::fs::remove_file(&other).unwrap();
        assert!(DatabaseLock::take(&format!("sqlite://{}", one.display()), "").is_ok());
    }

    #[test]
    fn a_lock_file_that_was_taken_away_is_noticed_and_taken_anew_unless_somebody_was_quicker() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("kalends.db").display());
        let mut lock = DatabaseLock::take(&url, "process 7").unwrap().unwrap();
        assert_eq!(lock.renew(), LockState::Held);
        let path = folder.path().join("kalends.db.lock");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(lock.renew(), LockState::TakenAnew);
        assert_eq!(lock.renew(), LockState::Held);
        let refused = DatabaseLock::take(&url, "process 8").unwrap_err();
        assert!(refused.to_string().contains("process 7"), "{refused}");
        std::fs::remove_file(&path).unwrap();
        let second = DatabaseLock::take(&url, "process 8").unwrap();
        assert_eq!(lock.renew(), LockState::Lost);
        drop(second);
        assert_eq!(lock.renew(), LockState::TakenAnew);
        // A link in its place is not it.
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert_eq!(lock.renew(), LockState::Lost);
    }

    #[test]
    fn only_sqlite_files_are_held() {
        for url in ["postgres://localhost/kalends", "sqlite://:memory:"] {
            assert!(DatabaseLock::take(url, "").unwrap().is_none(), "{url}");
        }
    }
}
