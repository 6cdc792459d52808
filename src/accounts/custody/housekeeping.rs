//! Deletes what is listed for deletion, and prunes what an operator asks to have pruned.

use super::secrets::{Custody, CustodyError};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    id::SecretId,
};
use kalends_store::fail_point;
use std::time::Duration;

/// How long a secret that nothing came to point to is kept.
const ABANDONED: Duration = Duration::from_hours(24);
/// How long somebody may take to set up a second factor.
const SET_UP: Duration = Duration::from_hours(1);
/// How long what was ended is remembered in the vault: no backup that is restored is older.
const REMEMBERED: Duration = Duration::from_hours(24 * 400);

impl Custody {
    /// Lists for deletion what was announced, never pointed to and is a day old. Nothing is while the main database looks
    /// set back.
    pub async fn list_old(&self) -> Result<(), CustodyError> {
        let now = self.clock.now();
        self.forget_set_ups(now - SET_UP).await?;
        if !self.standing().await?.is_set_back() {
            let before = now - ABANDONED;
            self.store.list_abandoned_secrets(before, now).await?;
            self.vault.forget_endings(now - REMEMBERED).await?;
        }
        Ok(())
    }

    /// Deletes the secrets that are listed for deletion, and returns how many.
    pub async fn delete_listed(&self) -> Result<usize, CustodyError> {
        let mut deleted = 0;
        loop {
            let listed = self.store.secrets_to_delete().await?;
            if listed.is_empty() {
                return Ok(deleted);
            }
            self.forget(&listed).await?;
            deleted += listed.len();
        }
    }

    /// Deletes rows of the vault that nothing answers for, because an operator asked for it.
    pub async fn prune(&self, unclaimed: &[SecretId]) -> Result<(), CustodyError> {
        let subject = format!("secrets deleted: {}", unclaimed.len());
        let entry = AuditEntry::by_kalends(AuditAction::VaultPruned).about(subject);
        let now = self.clock.now();
        fail_point::reached("prune-before-main");
        self.store
            .list_pruned_secrets(unclaimed, &entry, now)
            .await?;
        fail_point::reached("prune-after-main");
        self.delete_listed().await?;
        fail_point::reached("prune-after-vault");
        Ok(())
    }
}
