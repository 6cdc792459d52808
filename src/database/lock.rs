//! One process at a time works with a SQLite database: a lock of the kernel on a file beside it, gone with the process.
//!
//! Never on the database's own file: closing any handle of it would drop the locks that SQLite holds there.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

/// Why a database could not be had alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works with it; `holder` is what that process wrote down of itself.
    #[error("{} is in use by another Kalends{}", .database.display(), told(.holder))]
    Held { database: PathBuf, holder: String },
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
    _file: File,
}

impl DatabaseLock {
    /// Takes the database of a `sqlite://` URL; `None` for any other engine, and for a database in memory.
    ///
    /// `holder` says who holds it, for whoever comes second: one line, no secret.
    pub fn take(url: &str, holder: &str) -> Result<Option<Self>, LockError> {
        let Some(database) = sqlite_file(url) else {
            return Ok(None);
        };
        let path = lock_path(&database);
        let failed = |error| LockError::File {
            path: path.clone(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
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
        let written = file.set_len(0).and_then(|()| file.rewind());
        written
            .and_then(|()| file.write_all(holder.as_bytes()))
            .map_err(failed)?;
        Ok(Some(Self { _file: file }))
    }
}

/// The file of a `sqlite://` URL.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?.split('?').next()?;
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

/// Beside the file that the path leads to in the end, so that all names of one database share one lock.
fn lock_path(database: &Path) -> PathBuf {
    let real = database.canonicalize().unwrap_or_else(|_| {
        let folder = database.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        folder.join(database.file_name().unwrap_or_default())
    });
    let mut name = real.into_os_string();
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
    fn only_sqlite_files_are_held() {
        for url in ["postgres://localhost/kalends", "sqlite://:memory:"] {
            assert!(DatabaseLock::take(url, "").unwrap().is_none(), "{url}");
        }
    }
}
