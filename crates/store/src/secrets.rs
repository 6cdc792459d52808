//! Which rows of the vault the main database answers for: announced, pointed to, or to be deleted.
//!
//! A secret is announced before it is sealed. The transaction that points to it takes the announcement away; the one that
//! drops the pointer lists the secret for deletion. So no row of the vault is ever deleted because something is absent.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{clock::Timestamp, id::SecretId};
use std::collections::HashSet;

/// Every id that something points to.
const POINTED_TO: &str = "SELECT secret_id AS id FROM accounts \
     UNION SELECT next_secret_id FROM accounts WHERE next_secret_id IS NOT NULL \
     UNION SELECT secret_id FROM two_factor WHERE secret_id IS NOT NULL \
     UNION SELECT pending_secret_id FROM two_factor WHERE pending_secret_id IS NOT NULL \
     UNION SELECT secret_id FROM webhooks \
     UNION SELECT secret_id FROM one_time_links";

/// How the main database answers for the rows of the vault, read in one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    pub pointed_to: HashSet<SecretId>,
    pub announced: HashSet<SecretId>,
    pub to_delete: HashSet<SecretId>,
    /// Announced before the pair was adopted: perhaps in use in a later state that was lost, so never deleted unasked.
    pub doubtful: HashSet<SecretId>,
}

impl Store {
    /// Announces a row of the vault that is about to be sealed.
    pub async fn announce_secret(&self, now: Timestamp) -> Result<SecretId, StoreError> {
        let id = SecretId::new(now, self.random.bytes());
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO announced_secrets (id, announced_at, instance_id) VALUES ($1, $2, $3)",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Lists an announced secret that nothing came to point to.
    pub async fn withdraw_secret(&self, id: SecretId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if take_announcement(&mut tx, id).await? {
            let_go(&mut tx, &[id], now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends a change that sealed a secret anew: the old one is to be deleted if the pointer was moved, else the new one.
    /// Returns which.
    pub(crate) async fn replaced(
        &self,
        mut tx: Transaction,
        (old, new): (SecretId, SecretId),
        moved: bool,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        point_to(&mut tx, new).await?;
        let gone = if moved { old } else { new };
        let_go(&mut tx, &[gone], now).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Lists what was announced before an instant, since the pair was last adopted, and never pointed to; returns how
    /// many.
    pub async fn list_abandoned_secrets(
        &self,
        announced_before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.list_abandoned("announced_at < $1", announced_before, now)
            .await
    }

    /// As [`Store::list_abandoned_secrets`], what instances announced that were not heard of since. One that comes back all
    /// the same cannot point to them, and tells whoever waits that nothing was saved.
    pub async fn list_secrets_of_silent(
        &self,
        silent_since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let of_silent = "instance_id IN (SELECT i.id FROM instances i WHERE i.seen_at < $1)";
        self.list_abandoned(of_silent, silent_since, now).await
    }

    async fn list_abandoned(
        &self,
        which: &str,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = format!(
            "INSERT INTO secrets_to_delete (id, listed_at) SELECT id, $2 FROM announced_secrets WHERE {which} \
             AND announced_at > COALESCE((SELECT adopted_at FROM installation), -1) ON CONFLICT (id) DO NOTHING"
        );
        let mut tx = self.begin().await?;
        let listed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before.millis())
            .bind(now.millis())
            .execute(tx.conn())
            .await?
            .rows_affected();
        sqlx::query("DELETE FROM announced_secrets WHERE id IN (SELECT id FROM secrets_to_delete)")
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(listed)
    }

    /// Up to a thousand secrets that are to be deleted; never one that something points to.
    pub async fn secrets_to_delete(&self) -> Result<Vec<SecretId>, StoreError> {
        let sql = format!(
            "SELECT id FROM secrets_to_delete WHERE id NOT IN ({POINTED_TO}) ORDER BY listed_at, id LIMIT 1000"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.pool())
            .await?;
        found.iter().map(|row| rows::parsed(row, "id")).collect()
    }

    /// Takes deleted secrets off the list.
    pub async fn secrets_are_deleted(&self, ids: &[SecretId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for id in ids {
            sqlx::query("DELETE FROM secrets_to_delete WHERE id = $1")
                .bind(id.to_string())
                .execute(tx.conn())
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// The ids of all secrets that something points to.
    pub async fn secret_ids(&self) -> Result<Vec<SecretId>, StoreError> {
        let found = sqlx::query(POINTED_TO).fetch_all(self.pool()).await?;
        found.iter().map(|row| rows::parsed(row, "id")).collect()
    }

    /// Everything that the main database answers for.
    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        let sql = format!(
            "SELECT id, 'pointed' AS standing, 0 AS at FROM ({POINTED_TO}) AS pointers \
             UNION ALL SELECT id, 'announced', announced_at FROM announced_secrets \
             UNION ALL SELECT id, 'listed', 0 FROM secrets_to_delete \
             UNION ALL SELECT '', 'adopted', adopted_at FROM installation WHERE adopted_at IS NOT NULL"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.pool())
            .await?;
        let mut ledger = Ledger::default();
        let (mut adopted, mut announced) = (i64::MIN, Vec::new());
        for row in &found {
            match rows::text(row, "standing")?.as_str() {
                "adopted" => adopted = rows::number(row, "at")?,
                "announced" => {
                    announced.push((rows::parsed(row, "id")?, rows::number(row, "at")?));
                }
                "listed" => {
                    ledger.to_delete.insert(rows::parsed(row, "id")?);
                }
                _ => {
                    ledger.pointed_to.insert(rows::parsed(row, "id")?);
                }
            }
        }
        for (id, at) in announced {
            if at <= adopted {
                ledger.doubtful.insert(id);
            } else {
                ledger.announced.insert(id);
            }
        }
        Ok(ledger)
    }

    /// Lists secrets whose deletion an operator asked for, with the line of the trail.
    pub async fn list_pruned_secrets(
        &self,
        ids: &[SecretId],
        entry: &kalends_core::audit::AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for id in ids {
            take_announcement(&mut tx, *id).await?;
        }
        let_go(&mut tx, ids, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }
}

/// Takes the announcement of a secret that a change points to.
pub(crate) async fn point_to(tx: &mut Transaction, id: SecretId) -> Result<(), StoreError> {
    if take_announcement(tx, id).await? {
        Ok(())
    } else {
        Err(StoreError::SecretNotAnnounced)
    }
}

/// Whether there was one.
async fn take_announcement(tx: &mut Transaction, id: SecretId) -> Result<bool, StoreError> {
    let taken = sqlx::query("DELETE FROM announced_secrets WHERE id = $1")
        .bind(id.to_string())
        .execute(tx.conn())
        .await?;
    Ok(taken.rows_affected() > 0)
}

/// Lists secrets that a change lets go of.
pub(crate) async fn let_go(
    tx: &mut Transaction,
    ids: &[SecretId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in ids {
        sqlx::query(
            "INSERT INTO secrets_to_delete (id, listed_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
