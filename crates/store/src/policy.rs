//! The organisation's rules.

use crate::database::Transaction;
use crate::{error::StoreError, privacy::Copies, rows, store::Store};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    policy::{Policy, Probes, next_probe},
    topic::Topic,
};
use serde_json::Value;
use sqlx::any::AnyRow;

impl Store {
    /// The rules in force: those that were set, and the defaults of the others.
    pub async fn policy(&self) -> Result<Policy, StoreError> {
        let found = sqlx::query("SELECT rule, value FROM policy")
            .fetch_all(self.pool())
            .await?;
        policy_of(&found)
    }

    /// Sets all rules at once. A lowered level of privacy erases what is kept above it in the same transaction.
    pub async fn set_policy(
        &self,
        policy: &Policy,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let before = self.policy().await?;
        let mut tx = self.begin().await?;
        set_in(&mut tx, policy).await?;
        if policy.privacy != before.privacy {
            self.level_in(&mut tx, Copies::Everybodys, policy.privacy, now)
                .await?;
        }
        if policy.probes != before.probes {
            replan_in(&mut tx, policy.probes, now).await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Everything]);
        tx.commit().await?;
        self.forget_pages().await;
        Ok(())
    }
}

/// The rules that rows say, and the defaults of the others.
pub(crate) fn policy_of(found: &[AnyRow]) -> Result<Policy, StoreError> {
    let defaults = serde_json::to_value(Policy::default());
    let Ok(Value::Object(mut rules)) = defaults else {
        return Err(StoreError::Corrupt("policy"));
    };
    for row in found {
        rules.insert(rows::text(row, "rule")?, rows::text(row, "value")?.into());
    }
    serde_json::from_value(Value::Object(rules)).map_err(|_| StoreError::Corrupt("policy"))
}

/// Plans the next probe of accounts whose password was refused twice and more, or takes it back.
async fn replan_in(tx: &mut Transaction, probes: Probes, now: Timestamp) -> Result<(), StoreError> {
    let next = next_probe(2, probes, now).map(Timestamp::millis);
    sqlx::query(
        "UPDATE connections SET due_at = $1 \
         WHERE account_id IN (SELECT id FROM accounts WHERE saved_refusals >= 2)",
    )
    .bind(next)
    .execute(tx.conn())
    .await?;
    sqlx::query("UPDATE accounts SET stopped_until = $1 WHERE saved_refusals >= 2")
        .bind(next)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn set_in(tx: &mut Transaction, policy: &Policy) -> Result<(), StoreError> {
    for (rule, value) in policy.rules() {
        sqlx::query(
            "INSERT INTO policy (rule, value) VALUES ($1, $2) ON CONFLICT (rule) DO UPDATE SET value = excluded.value",
        )
        .bind(rule)
        .bind(value)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
