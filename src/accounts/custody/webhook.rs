//! Webhooks across the two databases: address and key in the vault, the pointer in the main one.

use super::secrets::{Custody, CustodyError};
use kalends_core::{
    account_name::Password,
    audit::AuditEntry,
    id::{SecretId, WebhookId},
    notice::Webhook,
};
use kalends_store::vault::Destination;

impl Custody {
    /// Seals address and key and saves the webhook, which gets the id of the secret.
    pub async fn add_webhook(
        &self,
        sealed: &Password,
        new: impl FnOnce(SecretId) -> Webhook,
        entry: &AuditEntry,
        id: WebhookId,
    ) -> Result<Webhook, CustodyError> {
        let to = Destination::webhook(id);
        let secret_id = self.seal(sealed, &to).await?;
        let webhook = new(secret_id);
        let added = self.store.add_webhook(&webhook, entry).await;
        self.kept(secret_id, added).await?;
        Ok(webhook)
    }

    /// Removes a webhook and forgets its address and key; false if it was gone.
    pub async fn remove_webhook(
        &self,
        webhook: &Webhook,
        entry: &AuditEntry,
    ) -> Result<bool, CustodyError> {
        let now = self.clock.now();
        let released = self.store.remove_webhook(webhook, entry, now).await?;
        self.forget(released.as_slice()).await?;
        Ok(released.is_some())
    }
}
