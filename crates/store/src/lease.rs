//! The lease under which one process alone works with an account.

use crate::{database::Transaction, error::StoreError};
use kalends_core::id::AccountId;

/// An account's lease. What is written under it fails once it is lost.
#[derive(Debug, Clone)]
pub struct Lease {
    pub(crate) account: AccountId,
    pub(crate) token: String,
}

impl Lease {
    /// An error where a process has lost it: it was freed, or ran out, and may be another one's by now.
    pub(crate) async fn still_held(
        &self,
        tx: &mut Transaction,
        instance: &str,
    ) -> Result<(), StoreError> {
        let sql =
            "SELECT id FROM accounts WHERE id = $1 AND (lease_token = $2 OR instance_id = $3)";
        let held = sqlx::query(sql)
            .bind(self.account.to_string())
            .bind(&self.token)
            .bind(instance)
            .fetch_optional(tx.conn())
            .await?;
        held.map(drop).ok_or(StoreError::LeaseLost)
    }
}
