//! What processes hold, each under its name, and how it is free again when its process is gone: a lease, a place, a test
//! under way, a job. A process that was taken for gone and comes back finds that it
//! holds nothing any more.

use crate::{
    analyses::end_analyses, checks::end_checks, database::Transaction, error::StoreError, rows,
    store::Store,
};
use kalends_core::clock::Timestamp;

/// A process that told of itself, as one looks after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceSeen {
    pub id: String,
    pub seen_at: Timestamp,
}

/// What becomes of everything that a process holds; a condition on its name follows. Jobs come first and accounts next, as
/// everywhere.
/// The place of a password that was sent stays taken, but nobody waits for its verdict any more.
const RELEASE_STATEMENTS: [&str; 4] = [
    "UPDATE jobs SET leased_until = 0, instance_id = NULL WHERE state = 'waiting' AND instance_id",
    "UPDATE accounts SET leased_until = NULL, lease_token = NULL, instance_id = NULL WHERE instance_id",
    "DELETE FROM limit_slots WHERE instance_id",
    "UPDATE refusals SET pending = 0 WHERE pending = 1 AND instance_id",
];

impl Store {
    /// The other processes that told of themselves, without those whose things were freed since.
    pub async fn other_processes(&self) -> Result<Vec<InstanceSeen>, StoreError> {
        let found =
            sqlx::query("SELECT id, seen_at FROM instances WHERE id <> $1 AND cleared_at IS NULL")
                .bind(&*self.instance)
                .fetch_all(self.pool())
                .await?;
        found
            .iter()
            .map(|row| {
                Ok(InstanceSeen {
                    id: rows::text(row, "id")?,
                    seen_at: rows::instant(row, "seen_at")?,
                })
            })
            .collect()
    }

    /// Frees what a process holds that was not heard of since; false if it was, or if somebody else has freed it.
    pub async fn free_what_it_holds(
        &self,
        silent: &InstanceSeen,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let cleared = sqlx::query(
            "UPDATE instances SET cleared_at = $3 WHERE id = $1 AND seen_at = $2 AND cleared_at IS NULL",
        )
        .bind(&silent.id)
        .bind(silent.seen_at.millis())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        if cleared.rows_affected() == 0 {
            return Ok(false);
        }
        free(&mut tx, ("=", &silent.id), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Frees what this process still holds, which ends now.
    pub async fn process_ends(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        free(&mut tx, ("=", &self.instance), now).await?;
        sqlx::query("DELETE FROM instances WHERE id = $1")
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Frees what all other processes hold in a file that this one holds alone: they run no more.
    pub async fn forget_other_processes(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        free(&mut tx, ("<>", &self.instance), now).await?;
        sqlx::query("DELETE FROM instances WHERE id <> $1")
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn free(
    tx: &mut Transaction,
    (is, process): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    for begun in RELEASE_STATEMENTS {
        sqlx::query(sqlx::AssertSqlSafe(format!("{begun} {is} $1")))
            .bind(process)
            .execute(tx.conn())
            .await?;
    }
    let held = format!("instance_id {is} $3");
    end_checks(tx, (&held, process.to_owned()), now).await?;
    end_analyses(tx, (&held, process.to_owned()), now).await
}
