//! The file of a SQLite database while it is worked with: one that was taken away, or another in its place, is noticed
//! before anything is read from it or written to it.

use std::{
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// Why a database's file is not worked with. Said of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    #[error(
        "was taken from its place while Kalends works with it: put the file back, or start Kalends anew"
    )]
    Gone,
    #[error(
        "was replaced by another file while Kalends works with it: put the right one back, or start Kalends anew"
    )]
    Replaced,
}

impl From<Misplaced> for sqlx::Error {
    fn from(misplaced: Misplaced) -> Self {
        Self::Io(io::Error::other(format!("the database {misplaced}")))
    }
}

/// The file that was opened first, by device and inode. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct OpenedFile(Option<Arc<Place>>);

#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Device and inode.
    first: OnceLock<(u64, u64)>,
}

impl OpenedFile {
    /// `None` for a database that is no file: it is always in its place.
    pub fn at(path: Option<PathBuf>) -> Self {
        Self(path.map(|path| {
            let first = OnceLock::new();
            Arc::new(Place { path, first })
        }))
    }

    /// Keeps which file it is; the first one counts.
    pub fn note(&self) -> io::Result<()> {
        if let Some(Place { path, first }) = self.0.as_deref() {
            let id = id_of(&path.metadata()?);
            first.get_or_init(|| id);
        }
        Ok(())
    }

    /// Whether the file at the path is the one that was opened first.
    pub fn in_place(&self) -> Result<(), Misplaced> {
        let Some(Place { path, first }) = self.0.as_deref() else {
            return Ok(());
        };
        let Some(first) = first.get() else {
            return Ok(());
        };
        match path.metadata() {
            Ok(there) if id_of(&there) == *first => Ok(()),
            Ok(_) => Err(Misplaced::Replaced),
            Err(_) => Err(Misplaced::Gone),
        }
    }
}

/// Device and inode.
fn id_of(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
