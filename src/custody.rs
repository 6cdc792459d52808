//! How secrets and the rows that point to them stay together across two databases without a common transaction.
//!
//! Save: a new vault row first, then one main transaction that points to it, then the old row goes. Forget: main first,
//! then the vault. Whatever a crash leaves behind is a vault row without a pointer, which the sweep takes away.

mod factor;
mod webhook;

use crate::{
    account_name::Password,
    audit::Entry,
    clock::Clock,
    fail_point,
    id::{AccountId, ConnectionId, SecretId, UserId},
    store::{Account, EndedAccount, NewAccount, NewConnection, NextSlot, Reads, Store, StoreError},
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
        let saved = self.kept(secret_id, saved).await?;
        fail_point::reached("save-after-main");
        self.forget(&saved.released).await?;
        Ok(saved.connection_id)
    }

    /// Connects a person through an account of the organisation; the password of an earlier connection goes.
    pub async fn attach(
        &self,
        account: AccountId,
        reads: &Reads,
        entry: &Entry,
    ) -> Result<ConnectionId, CustodyError> {
        let now = self.clock.now();
        let saved = self
            .store
            .attach_connection(account, reads, entry, now)
            .await?;
        self.forget(&saved.released).await?;
        Ok(saved.connection_id)
    }

    /// Saves a tested account of the organisation; `new` gets the id of the new secret.
    pub async fn add_account(
        &self,
        password: &Password,
        new: impl FnOnce(SecretId) -> NewAccount,
        entry: &Entry,
        to: &Destination,
    ) -> Result<AccountId, CustodyError> {
        let secret_id = self.vault.seal(password, to, self.clock.now()).await?;
        let added = self
            .store
            .add_account(&new(secret_id), entry, self.clock.now())
            .await;
        self.kept(secret_id, added).await
    }

    /// Points an account to where it was tested anew, and forgets its earlier passwords.
    pub async fn move_account(
        &self,
        id: AccountId,
        password: &Password,
        new: impl FnOnce(SecretId) -> NewAccount,
        entry: &Entry,
        to: &Destination,
    ) -> Result<(), CustodyError> {
        let secret_id = self.vault.seal(password, to, self.clock.now()).await?;
        let moved = self
            .store
            .move_account(id, &new(secret_id), entry, self.clock.now())
            .await;
        let released = self.kept(secret_id, moved).await?;
        self.forget(&released).await
    }

    /// Seals a tested password into the second slot of an account.
    pub async fn put_next(
        &self,
        id: AccountId,
        password: &Password,
        next: impl FnOnce(SecretId) -> NextSlot,
        entry: &Entry,
        to: &Destination,
    ) -> Result<(), CustodyError> {
        let secret_id = self.vault.seal(password, to, self.clock.now()).await?;
        let put = self
            .store
            .put_next(id, &next(secret_id), entry, self.clock.now())
            .await;
        let before = self.kept(secret_id, put).await?;
        self.forget(before.as_slice()).await
    }

    /// Empties the second slot of an account.
    pub async fn drop_next(&self, id: AccountId, entry: &Entry) -> Result<(), CustodyError> {
        let before = self.store.drop_next(id, entry, self.clock.now()).await?;
        self.forget(before.as_slice()).await
    }

    /// Switches an account to its second slot and forgets the password of the first; false if the slot is empty or was
    /// filled anew meanwhile.
    pub async fn switch(&self, account: &Account, entry: &Entry) -> Result<bool, CustodyError> {
        let Some(next) = &account.next else {
            return Ok(false);
        };
        let now = self.clock.now();
        fail_point::reached("switch-before-main");
        let Some(old) = self.store.switch(account, next, entry, now).await? else {
            return Ok(false);
        };
        fail_point::reached("switch-after-main");
        self.vault.forget(old).await?;
        Ok(true)
    }

    /// Ends an account of the organisation with all its connections and forgets its passwords.
    pub async fn end_account(
        &self,
        id: AccountId,
        entry: &Entry,
    ) -> Result<EndedAccount, CustodyError> {
        let now = self.clock.now();
        let (ended, released) = self.store.end_account(id, entry, now).await?;
        self.forget(&released).await?;
        Ok(ended)
    }

    /// A secret that nothing came to point to is forgotten at once.
    async fn kept<T>(
        &self,
        secret_id: SecretId,
        saved: Result<T, StoreError>,
    ) -> Result<T, CustodyError> {
        match saved {
            Ok(saved) => Ok(saved),
            Err(error) => {
                self.vault.forget(secret_id).await?;
                Err(error.into())
            }
        }
    }

    async fn forget(&self, released: &[SecretId]) -> Result<(), CustodyError> {
        for id in released {
            self.vault.forget(*id).await?;
        }
        Ok(())
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
        self.forget(&saved.released).await?;
        fail_point::reached("forget-after-vault");
        Ok(Some(Ended {
            is_secret_deleted: !saved.released.is_empty(),
        }))
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
        self.forget_set_ups(self.clock.now() - YOUNG).await?;
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

    /// Seals every password, every second factor's key and every webhook in use anew with the newest key, each under a
    /// new id, and returns how many.
    pub async fn rotate(&self) -> Result<usize, CustodyError> {
        let mut rotated = self.rotate_factors().await? + self.rotate_webhooks().await?;
        for account in self.store.accounts().await? {
            let slots = [
                Some((account.secret_id, account.name.clone())),
                account.next.map(|next| (next.secret_id, next.name)),
            ];
            for (secret_id, name) in slots.into_iter().flatten() {
                if !self.vault.is_stale(secret_id).await? {
                    continue;
                }
                let to = Destination::new(&account.host, &name);
                let password = self.vault.open_secret(secret_id, &to).await?;
                let fresh = self.vault.seal(&password, &to, self.clock.now()).await?;
                let taken = self
                    .store
                    .replace_secret(account.id, secret_id, fresh)
                    .await?;
                self.vault
                    .forget(if taken { secret_id } else { fresh })
                    .await?;
                rotated += usize::from(taken);
            }
        }
        Ok(rotated)
    }
}
