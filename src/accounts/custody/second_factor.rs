//! Second factors across the two databases: the key in the vault, the pointer in the main one.

use super::secrets::{Custody, CustodyError};
use kalends_core::{
    account_name::Password,
    audit::AuditEntry,
    clock::Timestamp,
    id::{SecretId, UserId},
};
use kalends_store::{ConfirmedFactor, vault::Destination};

impl Custody {
    /// Seals what a person begins to set up; what they had begun before is forgotten.
    pub async fn begin_enrolment(
        &self,
        user: UserId,
        sealed: &Password,
    ) -> Result<SecretId, CustodyError> {
        let now = self.clock.now();
        let to = Destination::second_factor_of(user);
        let fresh = self.seal(sealed, &to).await?;
        let set = self
            .store
            .set_pending_second_factor(user, Some(fresh), now)
            .await;
        let before = self.kept(fresh, set).await?;
        self.forget(before.as_slice()).await?;
        Ok(fresh)
    }

    /// Forgets what a person began to set up.
    pub async fn cancel_enrolment(&self, user: UserId) -> Result<(), CustodyError> {
        let now = self.clock.now();
        let before = self
            .store
            .set_pending_second_factor(user, None, now)
            .await?;
        self.forget(before.as_slice()).await
    }

    /// Turns on what is pending: `sealed` is its key without the recovery codes, `step` that of its first code. False
    /// if something else is pending by now.
    pub async fn confirm_enrolment(
        &self,
        user: UserId,
        sealed: &Password,
        (pending_id, step): (SecretId, i64),
        hashes: &[String],
        entry: &AuditEntry,
    ) -> Result<bool, CustodyError> {
        let now = self.clock.now();
        let to = Destination::second_factor_of(user);
        let secret_id = self.seal(sealed, &to).await?;
        let confirmed = ConfirmedFactor {
            pending_id,
            secret_id,
            step,
            hashes,
        };
        let confirmed = self
            .store
            .confirm_enrolment(user, &confirmed, entry, now)
            .await;
        let released = self.kept(secret_id, confirmed).await?;
        match released {
            Some(released) => self.forget(&released).await.map(|()| true),
            None => self.withdraw(secret_id).await.map(|()| false),
        }
    }

    /// Turns a second factor off and forgets its key; false if there was none.
    pub async fn turn_off_second_factor(
        &self,
        user: UserId,
        entry: &AuditEntry,
    ) -> Result<bool, CustodyError> {
        let ended = self
            .store
            .turn_off_second_factor(user, entry, self.clock.now())
            .await?;
        self.forget(ended.as_deref().unwrap_or_default()).await?;
        Ok(ended.is_some())
    }

    /// Forgets what people began to set up before an instant and never ended.
    pub(super) async fn forget_set_ups(&self, begun_before: Timestamp) -> Result<(), CustodyError> {
        let released = self
            .store
            .drop_pending_second_factors(begun_before, self.clock.now())
            .await?;
        self.forget(&released).await
    }
}
