//! Seals everything anew with the newest key, each secret under a new id.

use super::secrets::{Custody, CustodyError};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    clock::Timestamp,
    id::SecretId,
};
use kalends_store::{
    Instance, StoreError,
    database::Engine,
    fail_point,
    vault::{Destination, VaultError},
};
use std::time::Duration;

/// An instance that was silent for longer does not run any more.
pub const SILENT: Duration = Duration::from_mins(1);

/// Why a rotation was not begun, or not ended.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// These instances could open nothing of what is sealed with the newest key.
    #[error("{}", humanize_lack(.0))]
    KeyNotEverywhere(Vec<Instance>),
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

impl From<VaultError> for RotationError {
    fn from(error: VaultError) -> Self {
        Self::Custody(error.into())
    }
}

impl From<StoreError> for RotationError {
    fn from(error: StoreError) -> Self {
        Self::Custody(error.into())
    }
}

fn humanize_lack(instances: &[Instance]) -> String {
    let names: Vec<&str> = instances.iter().map(|it| it.name.as_str()).collect();
    format!(
        "these running instances lack the newest key: {}. Give it to them (KALENDS_VAULT_KEYS or the key file), start them \
         anew, and rotate then",
        names.join(", ")
    )
}

/// What came of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotated {
    pub sealed: usize,
    /// Left as they were, because they do not open: their account's problem alone.
    pub unopened: usize,
    /// Sealed with an older key still, because nothing points to them.
    pub left: usize,
}

impl Custody {
    /// Seals every password, every second factor's key, every new link and every webhook in use anew with the newest key, signs the
    /// vault's memory of the trail with it, and writes a line of the trail.
    ///
    /// # Errors
    /// [`RotationError::KeyNotEverywhere`], with nothing changed since, while an instance runs that lacks the newest key.
    pub async fn rotate(&self) -> Result<Rotated, RotationError> {
        self.refuse_lacking().await?;
        fail_point::reached("rotate-before-memory");
        self.vault.rotate_memory().await?;
        fail_point::reached("rotate-after-memory");
        let mut rotated = Rotated::default();
        self.rotate_accounts(&mut rotated).await?;
        self.rotate_two_factor_keys(&mut rotated).await?;
        self.rotate_webhooks(&mut rotated).await?;
        self.rotate_links(&mut rotated).await?;
        if !self.standing().await?.is_set_back() {
            self.forget_begun().await?;
        }
        rotated.left = self.vault.stale().await?.saturating_sub(rotated.unopened);
        let subject = format!(
            "sealed anew: {}, not opened: {}",
            rotated.sealed, rotated.unopened
        );
        fail_point::reached("rotate-before-line");
        let entry = AuditEntry::by_kalends(AuditAction::VaultRotated).about(subject);
        self.store.audit(&entry, self.clock.now()).await?;
        Ok(rotated)
    }

    /// Deletes what was announced by whoever does not run any more: nothing points to it, and nothing ever will.
    async fn forget_begun(&self) -> Result<(), RotationError> {
        let now = self.clock.now();
        match self.store.engine() {
            // Whoever rotates holds the file alone.
            Engine::Sqlite => {
                let ever = Timestamp::from_millis(i64::MAX);
                self.store.list_abandoned_secrets(ever, now).await?;
            }
            Engine::Postgres => {
                let silent_since = now - SILENT;
                self.store.list_secrets_of_silent(silent_since, now).await?;
            }
        }
        self.delete_listed().await?;
        Ok(())
    }

    /// The instances that run, which must be able to open whatever is sealed.
    pub(super) async fn sharing(&self) -> Result<Vec<Instance>, StoreError> {
        match self.store.engine() {
            // The file is held alone: whoever told of themselves is gone.
            Engine::Sqlite => Ok(Vec::new()),
            Engine::Postgres => self.store.instances(self.clock.now() - SILENT).await,
        }
    }

    async fn refuse_lacking(&self) -> Result<(), RotationError> {
        let Some(newest) = self.vault.key_ids().pop() else {
            return Ok(());
        };
        let mut lacking = self.sharing().await?;
        lacking.retain(|instance| !instance.key_ids.contains(&newest));
        if lacking.is_empty() {
            Ok(())
        } else {
            Err(RotationError::KeyNotEverywhere(lacking))
        }
    }

    async fn rotate_accounts(&self, rotated: &mut Rotated) -> Result<(), RotationError> {
        for account in self.store.accounts().await? {
            let slots = [
                Some((account.secret_id, account.name.clone())),
                account.next.map(|next| (next.secret_id, next.name)),
            ];
            for (old, name) in slots.into_iter().flatten() {
                let to = Destination::new(&account.host, &name);
                if let Some(fresh) = self.sealed_anew(old, &to, rotated).await? {
                    let now = self.clock.now();
                    let gone = self.store.replace_secret(account.id, old, fresh, now);
                    let gone = gone.await?;
                    fail_point::reached("rotate-after-main");
                    self.forget(&[gone]).await?;
                }
            }
        }
        Ok(())
    }

    async fn rotate_two_factor_keys(&self, rotated: &mut Rotated) -> Result<(), RotationError> {
        // Whoever is setting one up begins again.
        self.forget_set_ups(Timestamp::from_millis(i64::MAX))
            .await?;
        for factor in self.store.second_factors().await? {
            let to = Destination::second_factor_of(factor.user_id);
            if let Some(fresh) = self.sealed_anew(factor.secret_id, &to, rotated).await? {
                let now = self.clock.now();
                let gone = self.store.replace_two_factor_secret(&factor, fresh, now);
                self.forget(&[gone.await?]).await?;
            }
        }
        Ok(())
    }

    async fn rotate_webhooks(&self, rotated: &mut Rotated) -> Result<(), RotationError> {
        for webhook in self.store.webhooks().await? {
            let to = Destination::webhook(webhook.id);
            if let Some(fresh) = self.sealed_anew(webhook.secret_id, &to, rotated).await? {
                let now = self.clock.now();
                let gone = self.store.replace_webhook_secret(&webhook, fresh, now);
                self.forget(&[gone.await?]).await?;
            }
        }
        Ok(())
    }

    async fn rotate_links(&self, rotated: &mut Rotated) -> Result<(), RotationError> {
        for link in self.store.one_time_links().await? {
            let to = Destination::password_link_of(link.user_id);
            if let Some(fresh) = self.sealed_anew(link.secret_id, &to, rotated).await? {
                let now = self.clock.now();
                let gone = self.store.replace_link_secret(&link, fresh, now);
                self.forget(&[gone.await?]).await?;
            }
        }
        Ok(())
    }

    /// A secret sealed anew under a new id; `None` where it is fresh already, or does not open.
    async fn sealed_anew(
        &self,
        old: SecretId,
        to: &Destination,
        rotated: &mut Rotated,
    ) -> Result<Option<SecretId>, RotationError> {
        if !self.vault.is_stale(old).await? {
            return Ok(None);
        }
        let text: Password = match self.vault.open_secret(old, to).await {
            Ok(text) => text,
            Err(VaultError::Missing) => {
                tracing::error!(secret.id = %old, "a secret does not open and stays as it is");
                rotated.unopened += 1;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        self.refuse_lacking().await?;
        let fresh = self.seal(&text, to).await?;
        fail_point::reached("rotate-after-seal");
        rotated.sealed += 1;
        Ok(Some(fresh))
    }
}
