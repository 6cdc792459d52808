//! Whether a database can be written to: a look that really writes, so that a lock of somebody else, a read-only server and
//! a full disk show.

use super::{Database, Engine, describe, in_being, last_write_probe::WriteProbe};
use sqlx::{AnyConnection, Connection as _, Executor as _};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::{Instant, timeout};

/// How long one look may take.
const LIMIT: Duration = Duration::from_millis(2_500);
/// For so long one look answers for all who ask.
const PROBE_CACHE_LIFETIME: Duration = Duration::from_secs(1);
/// The id that both databases carry, as it is.
const WRITE: &str = "UPDATE installation SET installation_id = installation_id";

impl Database {
    /// Whether changes can be made, known within three seconds; the error says why not. One that this process is writing to
    /// can be written to.
    pub async fn can_be_written(&self) -> Result<(), String> {
        let mut last = self.last_look.0.lock().await;
        if let Some(look) = &*last
            && look.at.elapsed() < PROBE_CACHE_LIFETIME
        {
            return look.found.clone();
        }
        let before = self.turns.load(Ordering::Relaxed);
        let found = match timeout(LIMIT, self.write()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if !is_busy(&error) => Err(describe(&error)),
            // Changes of this process are what it waits for.
            _ if before % 2 == 1 || self.turns.load(Ordering::Relaxed) != before => Ok(()),
            Ok(Err(_)) | Err(_) => {
                Err("another process keeps it locked, or it is too slow".to_owned())
            }
        };
        *last = Some(WriteProbe {
            at: Instant::now(),
            found: found.clone(),
        });
        found
    }

    /// Over a connection of its own: those of the pool may all be waiting.
    async fn write(&self) -> Result<(), sqlx::Error> {
        self.in_place()?;
        let url = in_being(self.url.reveal());
        let mut connection = AnyConnection::connect(&url).await?;
        if self.engine == Engine::Sqlite {
            connection.execute("PRAGMA busy_timeout = 2000").await?;
        }
        let written = connection.execute(WRITE).await;
        drop(timeout(PROBE_CACHE_LIFETIME, connection.close()).await);
        written.map(drop)
    }
}

/// Whether somebody else's change stands in the way (SQLite's `SQLITE_BUSY`).
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "5" || code == "261" || code == "517")
}
