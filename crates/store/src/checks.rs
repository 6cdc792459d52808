//! Runs of the connection test.

use crate::{
    database::Transaction, error::StoreError, interrupted::end_interrupted, rows, store::Store,
};
use kalends_core::{
    audit::AuditEntry,
    check::{Check, Outcome, TestSteps, Waiting},
    clock::Timestamp,
    id::{CheckId, UserId},
    policy::PrivacyLevel,
    problem::Problem,
    topic::Topic,
};
use sqlx::{Any, Encode, Type, any::AnyRow};

fn check(row: &AnyRow) -> Result<Check, StoreError> {
    let mut ladder: TestSteps = rows::json(row, "steps")?;
    let outcome = rows::maybe_json(row, "outcome")?;
    if outcome.is_some() {
        ladder.break_off();
    }
    Ok(Check {
        id: rows::parsed(row, "id")?,
        user_id: rows::parsed(row, "user_id")?,
        mode: rows::named(row, "mode")?,
        typed: rows::json(row, "typed")?,
        account_id: rows::maybe_parsed(row, "account_id")?,
        ladder,
        waiting: rows::maybe_json::<Waiting>(row, "waiting")?.filter(|_| outcome.is_none()),
        outcome,
        started_at: rows::instant(row, "started_at")?,
        finished_at: rows::maybe_instant(row, "finished_at")?,
    })
}

macro_rules! select {
    ($more:literal) => {
        concat!("SELECT id, user_id, mode, typed, account_id, steps, outcome, waiting, started_at, finished_at FROM checks ", $more)
    };
}

impl Store {
    pub async fn start_check(&self, check: &Check, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO checks (id, user_id, mode, typed, steps, started_at, account_id, instance_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(check.id.to_string())
            .bind(check.user_id.to_string())
            .bind(rows::to_name(&check.mode, "mode")?)
            .bind(rows::to_json(&check.typed, "typed")?)
            .bind(rows::to_json(&check.ladder, "steps")?)
            .bind(check.started_at.millis())
            .bind(check.account_id.map(|id| id.to_string()))
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        self.audit_in(&mut tx, entry, check.started_at).await?;
        tx.changed([Topic::Check(check.id), Topic::Person(check.user_id)]);
        Ok(tx.commit().await?)
    }

    pub async fn check(&self, id: CheckId) -> Result<Option<Check>, StoreError> {
        let row = sqlx::query(select!("WHERE id = $1"))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(check).transpose()
    }

    /// The latest check of a user.
    pub async fn last_check(&self, user: UserId) -> Result<Option<Check>, StoreError> {
        let row = sqlx::query(select!(
            "WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1"
        ))
        .bind(user.to_string())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(check).transpose()
    }

    /// The latest checks of a user, newest first.
    pub async fn last_checks(&self, user: UserId, limit: i64) -> Result<Vec<Check>, StoreError> {
        let found = sqlx::query(select!(
            "WHERE user_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2"
        ))
        .bind(user.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found.iter().map(check).collect()
    }

    /// Shows how far a check is.
    pub async fn update_ladder(&self, id: CheckId, ladder: &TestSteps) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE checks SET steps = $2 WHERE id = $1 AND outcome IS NULL")
            .bind(id.to_string())
            .bind(rows::to_json(ladder, "steps")?)
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Check(id)]);
        Ok(tx.commit().await?)
    }

    /// Shows that a check tries again later, or that it does so now. Its process is heard of before `alive_until`.
    pub async fn wait_check(
        &self,
        id: CheckId,
        pause: Option<&Waiting>,
        alive_until: Timestamp,
    ) -> Result<(), StoreError> {
        let shown = pause.map(|it| rows::to_json(it, "waiting")).transpose()?;
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE checks SET waiting = $2, alive_until = $3 WHERE id = $1 AND outcome IS NULL",
        )
        .bind(id.to_string())
        .bind(shown)
        .bind(alive_until.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Check(id)]);
        Ok(tx.commit().await?)
    }

    /// Ends a check; one that has ended stays as it is.
    pub async fn finish_check(
        &self,
        id: CheckId,
        ladder: &TestSteps,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let mut outcome = outcome.clone();
        if let Outcome::Connected { proof, .. } = &mut outcome
            && self.level_for_check(&mut tx, id).await? == PrivacyLevel::FreeBusy
        {
            // It may have been lowered since the entries were read.
            for entry in proof {
                entry.subject = Some(entry.status.clone()).filter(|status| !status.is_empty());
            }
        }
        sqlx::query("UPDATE checks SET steps = $2, outcome = $3, finished_at = $4 WHERE id = $1 AND outcome IS NULL")
            .bind(id.to_string())
            .bind(rows::to_json(ladder, "steps")?)
            .bind(rows::to_json(&outcome, "outcome")?)
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Check(id)]);
        Ok(tx.commit().await?)
    }

    /// Asks a running check to stop, whichever instance runs it.
    pub async fn cancel_check(&self, id: CheckId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE checks SET cancelled = 1 WHERE id = $1 AND outcome IS NULL")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Check(id)]);
        Ok(tx.commit().await?)
    }

    pub async fn is_cancelled(&self, id: CheckId) -> Result<bool, StoreError> {
        self.is_any("SELECT id FROM checks WHERE id = $1 AND cancelled = 1", id)
            .await
    }

    /// Whether whoever works on a check is to stop: it was cancelled, or ended because its process was not heard of.
    pub async fn is_to_stop(&self, id: CheckId) -> Result<bool, StoreError> {
        let sql = "SELECT id FROM checks WHERE id = $1 AND (cancelled = 1 OR outcome IS NOT NULL)";
        self.is_any(sql, id).await
    }

    async fn is_any(&self, sql: &'static str, id: CheckId) -> Result<bool, StoreError> {
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        Ok(row.is_some())
    }

    /// Ends checks that were last heard of before `before` and never ended: their process is gone.
    pub async fn end_interrupted_checks(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SILENT: &str = "COALESCE(alive_until, started_at) < $3";
        let mut tx = self.begin().await?;
        end_checks(&mut tx, (SILENT, before.millis()), now).await?;
        Ok(tx.commit().await?)
    }
}

/// Ends checks for which a condition holds, in which `$3` stands for a value: their process is gone.
pub(crate) async fn end_checks<T>(
    tx: &mut Transaction,
    which: (&str, T),
    now: Timestamp,
) -> Result<(), StoreError>
where
    T: for<'q> Encode<'q, Any> + Type<Any> + Send,
{
    let outcome = Outcome::Failed {
        problem: Box::new(Problem::Interrupted),
        request_id: None,
    };
    let end = ("checks", rows::to_json(&outcome, "outcome")?);
    let ended = end_interrupted(tx, end, which, now).await?;
    tx.changed(ended.into_iter().map(Topic::Check));
    Ok(())
}
