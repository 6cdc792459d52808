//! Second factors: which row of the vault makes a person's codes, which were used, and the hashes of recovery codes.

use crate::database::Transaction;
use crate::{error::StoreError, rows, secrets, store::Store};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{SecretId, UserId},
    topic::Topic,
};

/// A second factor that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub user_id: UserId,
    /// The row of the vault that makes the codes.
    pub secret_id: SecretId,
    pub since: Timestamp,
    /// Recovery codes that were not used yet.
    pub codes_left: i64,
}

/// What a pending second factor becomes once its first code was right.
#[derive(Debug)]
pub struct ConfirmedFactor<'a> {
    pub pending_id: SecretId,
    /// The same key, sealed anew without the recovery codes.
    pub secret_id: SecretId,
    /// The step of the first code, which is used with it.
    pub step: i64,
    pub hashes: &'a [String],
}

const ON: &str = "SELECT f.user_id, f.secret_id, f.enabled_at, \
                  (SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = f.user_id) AS codes_left \
                  FROM two_factor f WHERE f.secret_id IS NOT NULL";

fn second_factor(row: &sqlx::any::AnyRow) -> Result<SecondFactor, StoreError> {
    Ok(SecondFactor {
        user_id: rows::parsed(row, "user_id")?,
        secret_id: rows::parsed(row, "secret_id")?,
        since: rows::instant(row, "enabled_at")?,
        codes_left: rows::number(row, "codes_left")?,
    })
}

impl Store {
    /// A person's second factor, if it is on.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{ON} AND f.user_id = $1"));
        let found = sqlx::query(sql)
            .bind(user.to_string())
            .fetch_optional(self.pool())
            .await?;
        found.as_ref().map(second_factor).transpose()
    }

    /// Every second factor that is on.
    pub async fn second_factors(&self) -> Result<Vec<SecondFactor>, StoreError> {
        let found = sqlx::query(ON).fetch_all(self.pool()).await?;
        found.iter().map(second_factor).collect()
    }

    /// The second factor that a person is setting up, if they began after an instant.
    pub async fn pending_second_factor(
        &self,
        user: UserId,
        begun_after: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let found = sqlx::query(
            "SELECT pending_secret_id FROM two_factor WHERE user_id = $1 AND pending_secret_id IS NOT NULL AND pending_since > $2",
        )
        .bind(user.to_string())
        .bind(begun_after.millis())
        .fetch_optional(self.pool())
        .await?;
        found
            .map(|row| rows::parsed(&row, "pending_secret_id"))
            .transpose()
    }

    /// Points to what a person is setting up, or to nothing, and returns what was pointed to before.
    pub async fn set_pending_second_factor(
        &self,
        user: UserId,
        pending: Option<SecretId>,
        now: Timestamp,
    ) -> Result<Option<SecretId>, StoreError> {
        let mut tx = self.begin().await?;
        // The row first: on Postgres two who set up at once wait for each other here.
        sqlx::query(
            "INSERT INTO two_factor (user_id, pending_since) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE \
             SET pending_since = excluded.pending_since",
        )
        .bind(user.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        let before = sqlx::query("SELECT pending_secret_id FROM two_factor WHERE user_id = $1")
            .bind(user.to_string())
            .fetch_one(tx.conn())
            .await?;
        if let Some(pending) = pending {
            secrets::point_to(&mut tx, pending).await?;
        }
        sqlx::query("UPDATE two_factor SET pending_secret_id = $2 WHERE user_id = $1")
            .bind(user.to_string())
            .bind(pending.map(|id| id.to_string()))
            .execute(tx.conn())
            .await?;
        let before: Option<SecretId> = rows::maybe_parsed(&before, "pending_secret_id")?;
        secrets::let_go(&mut tx, before.as_slice(), now).await?;
        tx.commit().await?;
        Ok(before)
    }

    /// Lets go of what people began to set up before an instant and never ended; returns the secrets pointed to before.
    pub async fn drop_pending_second_factors(
        &self,
        begun_before: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<SecretId>, StoreError> {
        let mut tx = self.begin().await?;
        let found = sqlx::query(
            "SELECT pending_secret_id FROM two_factor WHERE pending_secret_id IS NOT NULL AND pending_since < $1",
        )
        .bind(begun_before.millis())
        .fetch_all(tx.conn())
        .await?;
        let mut dropped = Vec::new();
        for row in &found {
            let id: SecretId = rows::parsed(row, "pending_secret_id")?;
            // What was confirmed or begun anew meanwhile stays.
            let gone = sqlx::query(
                "UPDATE two_factor SET pending_secret_id = NULL WHERE pending_secret_id = $1",
            )
            .bind(id.to_string())
            .execute(tx.conn())
            .await?
            .rows_affected();
            dropped.extend((gone > 0).then_some(id));
        }
        secrets::let_go(&mut tx, &dropped, now).await?;
        tx.commit().await?;
        Ok(dropped)
    }

    /// Turns on what was pending, with new recovery codes; returns the secrets that nothing points to any more.
    /// `None` if something else is pending by now.
    pub async fn confirm_enrolment(
        &self,
        user: UserId,
        confirmed: &ConfirmedFactor<'_>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<Vec<SecretId>>, StoreError> {
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE two_factor SET pending_secret_id = NULL WHERE user_id = $1 AND pending_secret_id = $2",
        )
        .bind(user.to_string())
        .bind(confirmed.pending_id.to_string())
        .execute(tx.conn())
        .await?
        .rows_affected();
        if taken == 0 {
            return Ok(None);
        }
        secrets::point_to(&mut tx, confirmed.secret_id).await?;
        let before = sqlx::query("SELECT secret_id FROM two_factor WHERE user_id = $1")
            .bind(user.to_string())
            .fetch_one(tx.conn())
            .await?;
        sqlx::query(
            "UPDATE two_factor SET secret_id = $2, enabled_at = $3, last_step = $4 WHERE user_id = $1",
        )
        .bind(user.to_string())
        .bind(confirmed.secret_id.to_string())
        .bind(now.millis())
        .bind(confirmed.step)
        .execute(tx.conn())
        .await?;
        delete_codes(&mut tx, user).await?;
        for hash in confirmed.hashes {
            sqlx::query("INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)")
                .bind(user.to_string())
                .bind(hash)
                .execute(tx.conn())
                .await?;
        }
        let mut released = vec![confirmed.pending_id];
        released.extend(rows::maybe_parsed::<SecretId>(&before, "secret_id")?);
        secrets::let_go(&mut tx, &released, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user), Topic::People]);
        tx.commit().await?;
        Ok(Some(released))
    }

    /// Takes the code of a step, once and never an earlier one after it; false if it was taken, or if the codes come
    /// from another key by now. Writes `entry` down with it.
    pub async fn take_step(
        &self,
        factor: &SecondFactor,
        step: i64,
        entry: Option<&AuditEntry>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            // A code that is right now lies at most one step to either side, and so did every one before it: a later step
            // was written by a clock that ran ahead.
            "UPDATE two_factor SET last_step = $3 WHERE user_id = $1 AND secret_id = $2 AND (last_step < $3 OR last_step > $3 + 2)",
        )
        .bind(factor.user_id.to_string())
        .bind(factor.secret_id.to_string())
        .bind(step)
        .execute(tx.conn())
        .await?
        .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        if let Some(entry) = entry {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a recovery code, which is gone then; false if there is none with this hash. Writes `entries` down with it.
    pub async fn take_recovery_code(
        &self,
        user: UserId,
        hash: &str,
        entries: &[AuditEntry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let taken = sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2")
            .bind(user.to_string())
            .bind(hash)
            .execute(tx.conn())
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(false);
        }
        for entry in entries {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([Topic::Person(user), Topic::People]);
        tx.commit().await?;
        Ok(true)
    }

    /// Turns a second factor off, and ends a set-up under way; returns the secrets that nothing points to any more.
    /// `None` if there was no second factor, on or pending.
    pub async fn turn_off_second_factor(
        &self,
        user: UserId,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<Option<Vec<SecretId>>, StoreError> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query(
            "DELETE FROM two_factor WHERE user_id = $1 RETURNING secret_id, pending_secret_id",
        )
        .bind(user.to_string())
        .fetch_optional(tx.conn())
        .await?;
        let Some(gone) = gone else {
            return Ok(None);
        };
        let released: Vec<SecretId> = [
            rows::maybe_parsed(&gone, "secret_id")?,
            rows::maybe_parsed(&gone, "pending_secret_id")?,
        ]
        .into_iter()
        .flatten()
        .collect();
        if released.is_empty() {
            return Ok(None);
        }
        delete_codes(&mut tx, user).await?;
        secrets::let_go(&mut tx, &released, now).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user), Topic::People]);
        tx.commit().await?;
        Ok(Some(released))
    }

    /// Points a second factor to the same key, sealed anew, if it still points to the one it did. Returns the secret
    /// that is to be deleted.
    pub async fn replace_two_factor_secret(
        &self,
        factor: &SecondFactor,
        fresh: SecretId,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        let mut tx = self.begin().await?;
        let replaced = sqlx::query(
            "UPDATE two_factor SET secret_id = $3 WHERE user_id = $1 AND secret_id = $2",
        )
        .bind(factor.user_id.to_string())
        .bind(factor.secret_id.to_string())
        .bind(fresh.to_string())
        .execute(tx.conn())
        .await?
        .rows_affected();
        let secrets = (factor.secret_id, fresh);
        self.replaced(tx, secrets, replaced > 0, now).await
    }
}

async fn delete_codes(tx: &mut Transaction, user: UserId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}
