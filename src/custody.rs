//! How secrets and the rows that point to them stay together across two databases without a common transaction.
//!
//! Save: a new vault row first, then one main transaction that points to it, then the old row goes. Forget: main first,
//! then the vault. Whatever a crash leaves behind is a vault row without a pointer, which the sweep takes away.

use crate::{
    account_name::Password,
    audit::Entry,
    clock::Clock,
    fail_point,
    id::{ConnectionId, SecretId, UserId},
    store::{NewConnection, Saved, Store, StoreError},
    vault::{Destination, Vault, VaultError},
};
use std::{collections::HashSet, time::Duration};

/// Younger rows may belong to a save under way.
const YOUNG: Duration = Duration::from_hours(1);

/// Why custody failed.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A connection that was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// False while other people's connections use the same account.
    pub is_secret_deleted: bool,
}

/// Both databases, and the time.
#[derive(Debug, Clone)]
pub struct Custody {
    pub store: Store,
    pub vault: Vault,
    pub clock: Clock,
}

impl Custody {
    /// Saves a tested connection with its password; `connection` gets the id of the new secret.
    pub async fn save(
        &self,
        password: &Password,
        connection: impl FnOnce(SecretId) -> NewConnection,
        entry: &Entry,
        to: &Destination,
    ) -> Result<ConnectionId, CustodyError> {
        fail_point::reached("save-before-seal");
        let secret_id = self.vault.seal(password, to, self.clock.now()).await?;
        fail_point::reached("save-after-seal");
        let saved = self
            .store
            .save_connection(&connection(secret_id), entry, self.clock.now())
            .await;
        let saved = match saved {
            Ok(saved) => saved,
            Err(error) => {
                self.vault.forget(secret_id).await?;
                return Err(error.into());
            }
        };
        fail_point::reached("save-after-main");
        self.forget_released(&saved).await?;
        Ok(saved.connection_id)
    }

    /// Ends a user's connection; `None` if there was none.
    pub async fn end(&self, user: UserId, entry: &Entry) -> Result<Option<Ended>, CustodyError> {
        fail_point::reached("forget-before-main");
        let Some(saved) = self
            .store
            .end_connection(user, entry, self.clock.now())
            .await?
        else {
            return Ok(None);
        };
        fail_point::reached("forget-after-main");
        self.forget_released(&saved).await?;
        fail_point::reached("forget-after-vault");
        Ok(Some(Ended {
            is_secret_deleted: !saved.released.is_empty(),
        }))
    }

    async fn forget_released(&self, saved: &Saved) -> Result<(), CustodyError> {
        for id in &saved.released {
            self.vault.forget(*id).await?;
        }
        Ok(())
    }

    /// Opens one saved password, to see whether the key is the right one. A row that is missing is the business of its
    /// connections.
    pub async fn probe(&self) -> Result<(), CustodyError> {
        for account in self.store.accounts().await? {
            let to = Destination::new(&account.host, &account.name);
            match self.vault.open_secret(account.secret_id, &to).await {
                Ok(_) => return Ok(()),
                Err(VaultError::Missing) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Deletes vault rows older than an hour that nothing points to, and returns how many.
    pub async fn sweep(&self) -> Result<usize, CustodyError> {
        // The vault first: a secret that is pointed to after this look is younger than an hour.
        let old = self.vault.ids(Some(self.clock.now() - YOUNG)).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let used: HashSet<SecretId> = self.store.secret_ids().await?.into_iter().collect();
        let forgotten: Vec<SecretId> = old.into_iter().filter(|id| !used.contains(id)).collect();
        for id in &forgotten {
            self.vault.forget(*id).await?;
        }
        Ok(forgotten.len())
    }

    /// Seals every password in use anew with the newest key, each under a new id, and returns how many.
    pub async fn rotate(&self) -> Result<usize, CustodyError> {
        let mut rotated = 0;
        for account in self.store.accounts().await? {
            if !self.vault.is_stale(account.secret_id).await? {
                continue;
            }
            let to = Destination::new(&account.host, &account.name);
            let password = self.vault.open_secret(account.secret_id, &to).await?;
            let fresh = self.vault.seal(&password, &to, self.clock.now()).await?;
            let taken = self
                .store
                .replace_secret(account.id, account.secret_id, fresh)
                .await?;
            self.vault
                .forget(if taken { account.secret_id } else { fresh })
                .await?;
            rotated += usize::from(taken);
        }
        Ok(rotated)
    }
}
