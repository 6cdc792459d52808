//! Refused sign-ins of strangers that are too many for a line each: counted, until one line of the trail tells of them.

use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
};

impl Store {
    /// Counts one.
    pub async fn count_stranger(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO suppressed_sign_in_failures (id, since, count) VALUES (1, $1, 1) \
             ON CONFLICT (id) DO UPDATE SET count = suppressed_sign_in_failures.count + 1",
        )
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Writes the line about those that were counted, if there are any.
    pub async fn write_counted_strangers(&self, now: Timestamp) -> Result<(), StoreError> {
        let found = sqlx::query("SELECT count FROM suppressed_sign_in_failures")
            .fetch_optional(self.pool())
            .await?;
        if found.is_none() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let counted = sqlx::query("DELETE FROM suppressed_sign_in_failures RETURNING since, count")
            .fetch_optional(tx.conn())
            .await?;
        if let Some(row) = counted {
            let subject = format!(
                "{} more of people unknown to Kalends since {}",
                rows::number(&row, "count")?,
                rows::instant(&row, "since")?.time_in_words()
            );
            let entry = AuditEntry::by_kalends(AuditAction::SignInRefused).about(subject);
            self.audit_in(&mut tx, &entry, now).await?;
        }
        Ok(tx.commit().await?)
    }
}
