//! Whether a main database and a vault belong together. Both carry one installation id, written once; a pair with two
//! ids, or with one where the other database is not blank, is not worked with until somebody adopts it.

use super::secrets::{Custody, CustodyError};
use kalends_core::{
    audit::{AuditAction, AuditEntry, Ending},
    clock::Timestamp,
    id::InstallationId,
    random::Random,
};
use kalends_store::{
    Store, fail_point,
    vault::{Anchor, KeyError, KeySource, LockedVault, Vault, VaultError},
};

/// Why a main database and a vault are not worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mispaired {
    #[error("the main database belongs to the installation {main}, the vault to {vault}")]
    Strangers {
        main: InstallationId,
        vault: InstallationId,
    },
    #[error(
        "the main database is new and empty, and the vault belongs to an installation that is in use"
    )]
    NewMain,
    #[error(
        "the vault is new and empty, and the main database belongs to an installation that is in use"
    )]
    NewVault,
    #[error("neither database says which installation it belongs to, and they are not empty")]
    Unknown,
}

/// Why a pair could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error(transparent)]
    Mispaired(#[from] Mispaired),
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

impl From<VaultError> for PairError {
    fn from(error: VaultError) -> Self {
        Self::Custody(error.into())
    }
}

impl From<kalends_store::StoreError> for PairError {
    fn from(error: kalends_store::StoreError) -> Self {
        Self::Custody(error.into())
    }
}

/// Why the two do not belong together, if they do not. A new pair, and one whose first start was cut off between the two
/// databases, belongs together.
///
/// # Errors
/// A database that cannot be read.
pub async fn mispairing(
    store: &Store,
    vault: &LockedVault,
) -> Result<Option<Mispaired>, CustodyError> {
    let ids = (store.installation().await?, vault.installation().await?);
    if let (Some(main), Some(vault)) = ids {
        return Ok((main != vault).then_some(Mispaired::Strangers { main, vault }));
    }
    if store.is_blank().await? && vault.is_blank().await? {
        return Ok(None);
    }
    Ok(Some(match ids {
        (Some(_), _) => Mispaired::NewVault,
        (None, Some(_)) => Mispaired::NewMain,
        (None, None) => Mispaired::Unknown,
    }))
}

/// Checks that the two belong together. A new pair gets its id here, and one whose first start was cut off between the
/// two databases gets the missing half.
async fn pair(
    store: &Store,
    vault: &LockedVault,
    random: &Random,
    now: Timestamp,
) -> Result<(), PairError> {
    if let Some(mispaired) = mispairing(store, vault).await? {
        return Err(mispaired.into());
    }
    let known = match store.installation().await? {
        None => vault.installation().await?,
        known => known,
    };
    let id = known.unwrap_or_else(|| InstallationId::new(now, random.bytes()));
    // Of several that start at once the first to write has named the pair.
    let main = store.found_installation(id).await?;
    let of_vault = vault.found_installation(main).await?;
    if main == of_vault {
        Ok(())
    } else {
        let vault = of_vault;
        Err(Mispaired::Strangers { main, vault }.into())
    }
}

/// Opens the vault of a pair that belongs together. The vault of a new pair begins its memory of the trail.
pub async fn open_pair(
    store: &Store,
    vault: LockedVault,
    keys: &KeySource,
    random: &Random,
    now: Timestamp,
) -> Result<Vault, PairError> {
    pair(store, &vault, random, now).await?;
    let vault = vault.unlock(keys, random.clone()).await?;
    holds_every_key(store, &vault).await?;
    if store.is_blank().await? {
        vault.begin_anchor(now).await?;
    }
    Ok(vault)
}

/// Whether each secret in use is sealed with a key that is held here. Another instance may have sealed with a newer one; a
/// row that nothing in the main database points to stops nobody.
///
/// # Errors
/// The missing key.
pub async fn holds_every_key(store: &Store, vault: &Vault) -> Result<(), CustodyError> {
    let others = vault.sealed_with_other_keys().await?;
    if others.is_empty() {
        return Ok(());
    }
    let in_use = store.secret_ids().await?;
    match others.into_iter().find(|(id, _)| in_use.contains(id)) {
        Some((_, missing)) => Err(VaultError::from(KeyError::Missing(missing)).into()),
        None => Ok(()),
    }
}

/// What an adoption took note of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    pub id: InstallationId,
    /// What was ended after the state that the main database was set back to, and may be back.
    pub endings: Vec<Ending>,
}

impl Custody {
    /// Says that this main database and this vault belong together from now on, under a new id, so that no third
    /// database passes for one of the two.
    ///
    /// The vault's memory of the trail begins anew at its present end; what it remembers beyond that is kept for review.
    pub async fn adopt(
        &self,
        locked: &LockedVault,
        random: &Random,
    ) -> Result<Adopted, CustodyError> {
        let now = self.clock.now();
        let endings = self.lost_endings().await?;
        let id = InstallationId::new(now, random.bytes());
        let subject = format!("installation {id}; endings to review: {}", endings.len());
        let entry = AuditEntry::by_kalends(AuditAction::VaultAdopted).about(subject);
        fail_point::reached("adopt-before-main");
        self.store.adopt(id, &endings, &entry, now).await?;
        fail_point::reached("adopt-after-main");
        locked.adopt(id).await?;
        fail_point::reached("adopt-after-vault");
        // At the present end of the trail, the line of the adoption included.
        let (seq, hash) = self.store.audit_head().await?;
        let anchor = Anchor { seq, hash, at: now };
        self.vault.set_anchor(&anchor, &endings).await?;
        fail_point::reached("adopt-after-memory");
        Ok(Adopted { id, endings })
    }

    /// What was ended and is remembered, and stands no longer in the trail: the main database was set back to before it.
    pub async fn lost_endings(&self) -> Result<Vec<Ending>, CustodyError> {
        let mut lost = Vec::new();
        for ending in self.vault.endings().await? {
            if !self.store.has_line(ending.seq, &ending.hash).await? {
                lost.push(ending);
            }
        }
        Ok(lost)
    }
}
