//! Sealing and opening: what lies in the vault, bound to its row.

use super::{
    destination::Destination,
    keys::{KeyError, KeySource, VaultKeys},
};
use crate::database::{Database, DatabaseError, Engine, Misplaced, Schema, Unready, describe};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use kalends_core::{account_name::Password, id::SecretId, random::Random};
use sqlx::{Row, any::AnyRow};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Why the vault did not answer. Says nothing of a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the vault: {0}")]
    Database(#[from] DatabaseError),
    #[error("the vault: {}", describe(.0))]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a password could not be sealed")]
    Seal,
    /// No row, or one that does not open for this host and account.
    #[error("the sealed password is missing or does not open")]
    Missing,
    /// Whether Kalends wrote what the vault remembers of the audit trail cannot be told without this key.
    #[error(
        "what the vault remembers of the audit trail cannot be checked here: it was signed with the key {0}, which is not held here"
    )]
    AnchorKey(String),
    /// What the vault remembers of the audit trail was not written by Kalends.
    #[error("what the vault remembers of the audit trail was changed")]
    AnchorForged,
    /// Endings that the vault remembers were taken away, changed or put in by somebody else.
    #[error("what the vault remembers of what was ended was changed. Run: kalends audit verify")]
    EndingsChanged,
    #[error("the vault belongs to no installation")]
    NotPaired,
}

/// The vault's database with the keys to it.
#[derive(Debug, Clone)]
pub struct Vault {
    pub(super) database: Database,
    pub(super) keys: Arc<VaultKeys>,
    pub(super) random: Random,
}

/// A vault's database before its keys are known: what can be said of it without opening anything.
#[derive(Debug, Clone)]
pub struct LockedVault {
    pub(super) database: Database,
}

fn schema() -> Schema {
    Schema {
        migrations: sqlx::migrate!("../../migrations/vault"),
        own_table: "secrets",
    }
}

impl LockedVault {
    /// Opens and migrates.
    pub async fn open(url: &str) -> Result<Self, VaultError> {
        let database = Database::open(url, &schema()).await?;
        Ok(Self { database })
    }

    /// As [`LockedVault::open`], beside another process that works with the vault: no table is changed.
    pub async fn join(url: &str) -> Result<Self, VaultError> {
        let database = Database::join(url, &schema()).await?;
        Ok(Self { database })
    }

    /// Loads the keys, whatever single rows are sealed with.
    ///
    /// # Errors
    /// Also where nothing in the vault was sealed or signed with any of them: they are another vault's.
    pub async fn unlock(self, source: &KeySource, random: Random) -> Result<Vault, VaultError> {
        let used = used_keys(&self.database).await?;
        let may_make = self.database.engine() == Engine::Sqlite && used.is_empty();
        let keys = VaultKeys::load(source, may_make, &random)?;
        let is_ours = used.is_empty() || used.iter().any(|id| keys.get(id).is_some());
        if let Some(missing) = used.into_iter().next().filter(|_| !is_ours) {
            return Err(KeyError::Missing(missing).into());
        }
        Ok(Vault {
            database: self.database,
            keys: Arc::new(keys),
            random,
        })
    }
}

/// The ids of the keys with which something in the vault is sealed or signed.
pub(super) async fn used_keys(database: &Database) -> Result<Vec<String>, VaultError> {
    let found = sqlx::query(
        "SELECT key_id FROM secrets UNION SELECT key_id FROM audit_anchors UNION SELECT key_id FROM tombstones",
    )
    .fetch_all(&database.pool)
    .await?;
    // What is no text is no key of ours.
    let used = found
        .iter()
        .map(|row| row.try_get("key_id").unwrap_or_default());
    Ok(used.collect())
}

impl Vault {
    /// Opens and migrates; every secret must have its key.
    pub async fn open(url: &str, source: &KeySource, random: Random) -> Result<Self, VaultError> {
        let vault = LockedVault::open(url).await?.unlock(source, random).await?;
        match vault.sealed_with_other_keys().await?.pop() {
            Some((_, missing)) => Err(KeyError::Missing(missing).into()),
            None => Ok(vault),
        }
    }

    /// The secrets that are sealed with a key which is not held here, each with the id of its key.
    pub async fn sealed_with_other_keys(&self) -> Result<Vec<(SecretId, String)>, VaultError> {
        let used = sqlx::query("SELECT DISTINCT key_id FROM secrets")
            .fetch_all(&self.database.pool)
            .await?;
        let mut sealed = Vec::new();
        for row in &used {
            let key_id: String = row.try_get("key_id").unwrap_or_default();
            if self.keys.get(&key_id).is_some() {
                continue;
            }
            let found = sqlx::query("SELECT id FROM secrets WHERE key_id = $1")
                .bind(&key_id)
                .fetch_all(&self.database.pool)
                .await?;
            for row in &found {
                if let Ok(id) = row.try_get::<String, _>("id")?.parse() {
                    sealed.push((id, key_id.clone()));
                }
            }
        }
        Ok(sealed)
    }

    /// The ids of the keys held here, the newest last.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.ids()
    }

    /// Whether the database answers and has every table.
    pub async fn ready(&self) -> Result<(), Unready> {
        self.database.ready().await
    }

    /// Whether its file still stands in its place.
    pub fn in_place(&self) -> Result<(), Misplaced> {
        self.database.in_place()
    }

    /// Whether requests can be answered with it; the error says why not.
    pub async fn answers(&self) -> Result<(), String> {
        self.database.answers().await
    }

    /// Whether changes can be made; the error says why not.
    pub async fn can_be_written(&self) -> Result<(), String> {
        self.database.can_be_written().await
    }

    /// The pool, for tests that look at the rows themselves.
    pub const fn pool(&self) -> &sqlx::AnyPool {
        &self.database.pool
    }

    /// The newest key that each of the others also holds; the newest of all where there is none.
    pub fn newest_held_by(&self, others: &[&[String]]) -> &str {
        let by_all = |id: &&str| others.iter().all(|held| held.iter().any(|it| it == *id));
        let common = self.keys.newest_first().find(by_all);
        common.unwrap_or(self.keys.newest().0)
    }

    /// Seals a password with the newest key in the row that was announced for it.
    pub async fn seal(
        &self,
        id: SecretId,
        password: &Password,
        to: &Destination,
    ) -> Result<(), VaultError> {
        let newest = &self.keys.newest().0;
        self.seal_with(newest, id, password, to).await
    }

    /// As [`Vault::seal`], with the key of this id.
    pub async fn seal_with(
        &self,
        key_id: &str,
        id: SecretId,
        password: &Password,
        to: &Destination,
    ) -> Result<(), VaultError> {
        let sealed = self.sealed(key_id, &id.to_string(), password.reveal().as_bytes(), to)?;
        let mut tx = self.database.begin().await?;
        sqlx::query("INSERT INTO secrets (id, key_id, purpose, sealed) VALUES ($1, $2, $3, $4)")
            .bind(id.to_string())
            .bind(key_id)
            .bind(to.purpose)
            .bind(sealed)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn sealed(
        &self,
        key_id: &str,
        id: &str,
        text: &[u8],
        to: &Destination,
    ) -> Result<String, VaultError> {
        let key = self.keys.get(key_id).ok_or(VaultError::Seal)?;
        let nonce = XNonce::from(self.random.bytes::<24>());
        let payload = Payload {
            msg: text,
            aad: &to.bound_to(id),
        };
        let cipher = XChaCha20Poly1305::new(&(*key).into());
        let sealed = cipher
            .encrypt(&nonce, payload)
            .map_err(|_| VaultError::Seal)?;
        Ok(BASE64.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens a password for the place it was tested with.
    pub async fn open_secret(
        &self,
        id: SecretId,
        to: &Destination,
    ) -> Result<Password, VaultError> {
        let row = sqlx::query("SELECT key_id, sealed FROM secrets WHERE id = $1 AND purpose = $2")
            .bind(id.to_string())
            .bind(to.purpose)
            .fetch_optional(&self.database.pool)
            .await?
            .ok_or(VaultError::Missing)?;
        let opened = self.opened(&id.to_string(), &row, to)?;
        let text = std::str::from_utf8(&opened).map_err(|_| VaultError::Missing)?;
        Ok(Password::from(text.to_owned()))
    }

    pub(super) fn opened(
        &self,
        id: &str,
        row: &AnyRow,
        to: &Destination,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (key_id, sealed): (String, String) = (row.try_get("key_id")?, row.try_get("sealed")?);
        let key = self.keys.get(&key_id).ok_or(KeyError::Missing(key_id))?;
        let bytes = BASE64.decode(sealed).map_err(|_| VaultError::Missing)?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or(VaultError::Missing)?;
        let payload = Payload {
            msg: sealed,
            aad: &to.bound_to(id),
        };
        let opened = XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(*nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| VaultError::Missing)
    }

    pub async fn forget(&self, id: SecretId) -> Result<(), VaultError> {
        let mut tx = self.database.begin().await?;
        sqlx::query("DELETE FROM secrets WHERE id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// The ids of all secrets.
    pub async fn ids(&self) -> Result<Vec<SecretId>, VaultError> {
        let found = sqlx::query("SELECT id FROM secrets")
            .fetch_all(&self.database.pool)
            .await?;
        found
            .iter()
            .map(|row| {
                row.try_get::<String, _>("id")?
                    .parse()
                    .map_err(|_| VaultError::Missing)
            })
            .collect()
    }

    /// Whether there is a row.
    pub async fn contains(&self, id: SecretId) -> Result<bool, VaultError> {
        let row = sqlx::query("SELECT id FROM secrets WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.database.pool)
            .await?;
        Ok(row.is_some())
    }

    /// Whether a secret is sealed with a key that is no longer the newest.
    pub async fn is_stale(&self, id: SecretId) -> Result<bool, VaultError> {
        let row = sqlx::query("SELECT id FROM secrets WHERE id = $1 AND key_id <> $2")
            .bind(id.to_string())
            .bind(self.keys.newest().0)
            .fetch_optional(&self.database.pool)
            .await?;
        Ok(row.is_some())
    }

    /// How many secrets are sealed with another key than the newest.
    pub async fn stale(&self) -> Result<usize, VaultError> {
        let row = sqlx::query("SELECT COUNT(*) AS found FROM secrets WHERE key_id <> $1")
            .bind(self.keys.newest().0)
            .fetch_one(&self.database.pool)
            .await?;
        let found: i64 = row.try_get("found")?;
        Ok(usize::try_from(found).unwrap_or(0))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
