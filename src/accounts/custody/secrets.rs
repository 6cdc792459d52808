//! Saves, replaces and drops secrets so that the rows which point to them are never without.

use crate::audit::TrailError;
use kalends_core::{
    account_name::Password,
    audit::AuditEntry,
    clock::Clock,
    id::{AccountId, ConnectionId, SecretId, UserId},
};
use kalends_store::{
    Account, ConnectedMailbox, EndedAccount, NewAccount, NewConnection, NextSlot, Store,
    StoreError, fail_point,
    vault::{Destination, Vault, VaultError},
};

/// Why custody failed.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<TrailError> for CustodyError {
    fn from(error: TrailError) -> Self {
        match error {
            TrailError::Store(error) => Self::Store(error),
            TrailError::Vault(error) => Self::Vault(error),
        }
    }
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
        entry: &AuditEntry,
        to: &Destination,
    ) -> Result<ConnectionId, CustodyError> {
        let secret_id = self.seal(password, to).await?;
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
        reads: &ConnectedMailbox,
        entry: &AuditEntry,
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
        entry: &AuditEntry,
        to: &Destination,
    ) -> Result<AccountId, CustodyError> {
        let secret_id = self.seal(password, to).await?;
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
        entry: &AuditEntry,
        to: &Destination,
    ) -> Result<(), CustodyError> {
        let secret_id = self.seal(password, to).await?;
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
        entry: &AuditEntry,
        to: &Destination,
    ) -> Result<(), CustodyError> {
        let secret_id = self.seal(password, to).await?;
        let put = self
            .store
            .put_next(id, &next(secret_id), entry, self.clock.now())
            .await;
        let before = self.kept(secret_id, put).await?;
        self.forget(before.as_slice()).await
    }

    /// Seals a tested password in the place of an account's present one, which is forgotten; the connection that it was
    /// tested with works again.
    pub async fn replace_password(
        &self,
        tested: (AccountId, Option<ConnectionId>),
        password: &Password,
        entry: &AuditEntry,
        to: &Destination,
    ) -> Result<(), CustodyError> {
        let secret_id = self.seal(password, to).await?;
        let replaced = self
            .store
            .replace_password(tested, secret_id, entry, self.clock.now())
            .await;
        let before = self.kept(secret_id, replaced).await?;
        self.forget(&[before]).await
    }

    /// Empties the second slot of an account.
    pub async fn drop_next(&self, id: AccountId, entry: &AuditEntry) -> Result<(), CustodyError> {
        let before = self.store.drop_next(id, entry, self.clock.now()).await?;
        self.forget(before.as_slice()).await
    }

    /// Switches an account to its second slot and forgets the password of the first; false if the slot is empty or was
    /// filled anew meanwhile.
    pub async fn switch(
        &self,
        account: &Account,
        entry: &AuditEntry,
    ) -> Result<bool, CustodyError> {
        let Some(next) = &account.next else {
            return Ok(false);
        };
        let now = self.clock.now();
        fail_point::reached("switch-before-main");
        let Some(old) = self.store.switch(account, next, entry, now).await? else {
            return Ok(false);
        };
        fail_point::reached("switch-after-main");
        self.forget(&[old]).await?;
        fail_point::reached("switch-after-vault");
        Ok(true)
    }

    /// Ends an account of the organisation with all its connections and forgets its passwords.
    pub async fn end_account(
        &self,
        id: AccountId,
        entry: &AuditEntry,
    ) -> Result<EndedAccount, CustodyError> {
        let now = self.clock.now();
        let (ended, released) = self.store.end_account(id, entry, now).await?;
        self.forget(&released).await?;
        Ok(ended)
    }

    /// Seals a secret under an id that is announced in the main database first.
    pub async fn seal(&self, text: &Password, to: &Destination) -> Result<SecretId, CustodyError> {
        fail_point::reached("save-before-announce");
        let id = self.store.announce_secret(self.clock.now()).await?;
        fail_point::reached("save-before-seal");
        let sharing = self.sharing().await?;
        let others: Vec<&[String]> = sharing.iter().map(|it| it.key_ids.as_slice()).collect();
        let key_id = self.vault.newest_held_by(&others);
        self.vault.seal_with(key_id, id, text, to).await?;
        Ok(id)
    }

    /// A secret that nothing came to point to is forgotten at once.
    pub async fn kept<T>(
        &self,
        secret_id: SecretId,
        saved: Result<T, StoreError>,
    ) -> Result<T, CustodyError> {
        match saved {
            Ok(saved) => Ok(saved),
            Err(error) => {
                self.withdraw(secret_id).await?;
                Err(error.into())
            }
        }
    }

    /// Forgets a sealed secret that nothing points to.
    pub async fn withdraw(&self, id: SecretId) -> Result<(), CustodyError> {
        self.store.withdraw_secret(id, self.clock.now()).await?;
        self.forget(&[id]).await
    }

    /// Deletes secrets that the main database has listed. What does not go now stays listed, and housekeeping goes on.
    pub async fn forget(&self, listed: &[SecretId]) -> Result<(), CustodyError> {
        for id in listed {
            self.vault.forget(*id).await?;
            fail_point::reached("prune-between-rows");
        }
        fail_point::reached("forget-before-unlist");
        Ok(self.store.secrets_are_deleted(listed).await?)
    }

    /// Ends a user's connection; `None` if there was none.
    pub async fn end(
        &self,
        user: UserId,
        entry: &AuditEntry,
    ) -> Result<Option<Ended>, CustodyError> {
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
}
