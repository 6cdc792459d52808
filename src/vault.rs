//! The vault: sealed passwords in a database of their own, opened in memory for one use and then dropped.
//!
//! XChaCha20-Poly1305; the id of the row, the purpose, the host and the account name are bound to each secret, so that
//! a row moved elsewhere, or pointed to by another account, does not open. A secret is never changed in place.

mod keys;

pub use keys::{KeyError, VaultKeys};

use crate::{
    account_name::{AccountName, Password},
    clock::Timestamp,
    database::{Database, DatabaseError, Engine},
    id::SecretId,
    random::Random,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use sqlx::{Row, any::AnyRow};
use std::{path::PathBuf, sync::Arc};
use zeroize::Zeroizing;

/// What every secret here is for; part of what is bound to it.
const PURPOSE: &str = "exchange-password";

/// Why the vault did not answer. Says nothing of a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the vault: {0}")]
    Database(#[from] DatabaseError),
    #[error("the vault: {0}")]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a password could not be sealed")]
    Seal,
    /// No row, or one that does not open for this host and account.
    #[error("the sealed password is missing or does not open")]
    Missing,
}

/// Where a password may go: it opens for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub host: String,
    pub account_key: String,
}

impl Destination {
    pub fn new(host: &str, account: &AccountName) -> Self {
        Self {
            host: host.to_owned(),
            account_key: account.key(),
        }
    }

    fn bound_to(&self, id: SecretId) -> Vec<u8> {
        // Lengths keep neighbouring texts apart.
        let id = id.to_string();
        let parts = [id.as_str(), PURPOSE, &self.host, &self.account_key];
        parts
            .iter()
            .flat_map(|part| format!("{}:{part};", part.len()).into_bytes())
            .collect()
    }
}

/// The vault's database with the keys to it.
#[derive(Debug, Clone)]
pub struct Vault {
    database: Database,
    keys: Arc<VaultKeys>,
    random: Random,
}

/// Where the keys of a vault come from.
#[derive(Debug)]
pub struct KeySource {
    /// The text of `KALENDS_VAULT_KEYS`.
    pub keys: Option<Zeroizing<String>>,
    pub file: Option<PathBuf>,
    /// Made, mode 0600, if there is neither and the vault is an empty SQLite file.
    pub new_file: PathBuf,
}

impl Vault {
    /// Opens and migrates; every stored secret must have its key.
    pub async fn open(url: &str, source: &KeySource, random: Random) -> Result<Self, VaultError> {
        let database = Database::open(url, &sqlx::migrate!("migrations/vault")).await?;
        let found = sqlx::query("SELECT DISTINCT key_id FROM secrets")
            .fetch_all(&database.pool)
            .await?;
        let used: Vec<String> = found
            .iter()
            .map(|row| row.try_get("key_id"))
            .collect::<Result<_, _>>()?;
        let may_make = database.engine() == Engine::Sqlite && used.is_empty();
        let keys = VaultKeys::load(source, may_make, &random)?;
        if let Some(missing) = used.into_iter().find(|id| keys.get(id).is_none()) {
            return Err(KeyError::Missing(missing).into());
        }
        Ok(Self {
            database,
            keys: Arc::new(keys),
            random,
        })
    }

    /// The pool, for tests that look at the rows themselves.
    pub const fn pool(&self) -> &sqlx::AnyPool {
        &self.database.pool
    }

    /// Seals a password with the newest key in a row of its own.
    pub async fn seal(
        &self,
        password: &Password,
        to: &Destination,
        now: Timestamp,
    ) -> Result<SecretId, VaultError> {
        let id = SecretId::new(now, self.random.bytes());
        let mut writing = self.database.begin().await?;
        let sealed = self.sealed(id, password, to)?;
        sqlx::query("INSERT INTO secrets (id, key_id, purpose, sealed, sealed_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(id.to_string())
            .bind(self.keys.newest().0)
            .bind(PURPOSE)
            .bind(sealed)
            .bind(now.millis())
            .execute(writing.on())
            .await?;
        writing.commit().await?;
        Ok(id)
    }

    fn sealed(
        &self,
        id: SecretId,
        password: &Password,
        to: &Destination,
    ) -> Result<String, VaultError> {
        let nonce = XNonce::from(self.random.bytes::<24>());
        let payload = Payload {
            msg: password.reveal().as_bytes(),
            aad: &to.bound_to(id),
        };
        let cipher = XChaCha20Poly1305::new(&(*self.keys.newest().1).into());
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
            .bind(PURPOSE)
            .fetch_optional(&self.database.pool)
            .await?
            .ok_or(VaultError::Missing)?;
        self.opened(id, &row, to)
    }

    fn opened(&self, id: SecretId, row: &AnyRow, to: &Destination) -> Result<Password, VaultError> {
        let (key_id, sealed): (String, String) = (row.try_get("key_id")?, row.try_get("sealed")?);
        let key = self.keys.get(&key_id).ok_or(VaultError::Missing)?;
        let bytes = BASE64.decode(sealed).map_err(|_| VaultError::Missing)?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or(VaultError::Missing)?;
        let payload = Payload {
            msg: sealed,
            aad: &to.bound_to(id),
        };
        let opened = XChaCha20Poly1305::new(&(*key).into()).decrypt(&XNonce::from(*nonce), payload);
        let opened = Zeroizing::new(opened.map_err(|_| VaultError::Missing)?);
        let text = std::str::from_utf8(&opened).map_err(|_| VaultError::Missing)?;
        Ok(Password::from(text.to_owned()))
    }

    pub async fn forget(&self, id: SecretId) -> Result<(), VaultError> {
        let mut writing = self.database.begin().await?;
        sqlx::query("DELETE FROM secrets WHERE id = $1")
            .bind(id.to_string())
            .execute(writing.on())
            .await?;
        Ok(writing.commit().await?)
    }

    /// The ids of all secrets, or of those sealed before an instant.
    pub async fn ids(&self, sealed_before: Option<Timestamp>) -> Result<Vec<SecretId>, VaultError> {
        let found = sqlx::query("SELECT id FROM secrets WHERE sealed_at < $1")
            .bind(sealed_before.map_or(i64::MAX, Timestamp::millis))
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

    /// Whether a secret is sealed with a key that is no longer the newest.
    pub async fn is_stale(&self, id: SecretId) -> Result<bool, VaultError> {
        let row = sqlx::query("SELECT id FROM secrets WHERE id = $1 AND key_id <> $2")
            .bind(id.to_string())
            .bind(self.keys.newest().0)
            .fetch_optional(&self.database.pool)
            .await?;
        Ok(row.is_some())
    }
}
