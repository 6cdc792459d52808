//! The vault: sealed passwords, the keys of second factors, and the addresses of webhooks, in a database of their own, opened in memory for one
//! use and then dropped.
//!
//! XChaCha20-Poly1305; the id of the row, the purpose, the host and the account name (or the person) are bound to each
//! secret, so that a row moved elsewhere, or pointed to by another account, does not open. A secret is never changed in place.

mod anchor;
mod heartbeat;
mod keys;

pub use anchor::Anchor;
pub use keys::{KeyError, VaultKeys};

use crate::{
    account_name::{AccountName, Password},
    clock::Timestamp,
    database::{Database, DatabaseError, Engine, Unready},
    id::{SecretId, UserId, WebhookId},
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

/// What a secret is for; part of what is bound to it.
const EXCHANGE_PASSWORD: &str = "exchange-password";
const SECOND_FACTOR: &str = "second-factor";
const WEBHOOK: &str = "webhook";

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

/// Where a password may go, or whose codes a key makes: it opens for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    purpose: &'static str,
    pub host: String,
    pub account_key: String,
}

impl Destination {
    pub fn new(host: &str, account: &AccountName) -> Self {
        Self {
            purpose: EXCHANGE_PASSWORD,
            host: host.to_owned(),
            account_key: account.key(),
        }
    }

    /// Of a person's second factor.
    pub fn factor_of(user: UserId) -> Self {
        Self {
            purpose: SECOND_FACTOR,
            host: String::new(),
            account_key: user.to_string(),
        }
    }

    /// Of the address and signing key of a webhook.
    pub fn webhook(id: WebhookId) -> Self {
        Self {
            purpose: WEBHOOK,
            host: String::new(),
            account_key: id.to_string(),
        }
    }

    fn bound_to(&self, id: SecretId) -> Vec<u8> {
        // Lengths keep neighbouring texts apart.
        let id = id.to_string();
        let parts = [id.as_str(), self.purpose, &self.host, &self.account_key];
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
    /// Made, mode 0600, if there is neither and the vault is an empty `SQLite` file.
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

    /// Whether the database answers and has every table.
    pub async fn ready(&self) -> Result<(), Unready> {
        self.database.ready().await
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
            .bind(to.purpose)
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
            .bind(to.purpose)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);

    /// A vault in a folder, with keys made of these bytes or, without any, from the folder's key file.
    async fn open(folder: &Path, keys: &[u8]) -> Result<Vault, VaultError> {
        let text = keys
            .iter()
            .map(|byte| format!("k{byte}:{}", BASE64.encode([*byte; 32])))
            .collect::<Vec<_>>()
            .join(",");
        let source = KeySource {
            keys: (!keys.is_empty()).then(|| text.into()),
            file: None,
            new_file: folder.join("vault.keys"),
        };
        let url = format!("sqlite://{}", folder.join("vault.db").display());
        Vault::open(&url, &source, Random::from_system()).await
    }

    fn to(host: &str, account: &str) -> Destination {
        Destination::new(host, &AccountName::parse(account, "").unwrap())
    }

    fn place() -> Destination {
        to("mail.example.test", "svc-kalends@example.test")
    }

    async fn sealed(vault: &Vault) -> SecretId {
        let password = Password::from("Practice-2026!".to_owned());
        vault.seal(&password, &place(), NOW).await.unwrap()
    }

    async fn opens(vault: &Vault, id: SecretId, to: &Destination) -> bool {
        match vault.open_secret(id, to).await {
            Ok(password) => password.reveal() == "Practice-2026!",
            Err(VaultError::Missing) => false,
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_password_opens_only_for_the_host_and_account_it_was_sealed_for() {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path(), &[1]).await.unwrap();
        let id = sealed(&vault).await;
        assert!(opens(&vault, id, &place()).await);
        assert!(
            opens(
                &vault,
                id,
                &to("mail.example.test", "SVC-Kalends@example.test")
            )
            .await
        );
        for other in [
            to("alt.example.test", "svc-kalends@example.test"),
            to("mail.example.test", "svc-norole@example.test"),
            to("mail.example.tests", "vc-kalends@example.test"),
        ] {
            assert!(!opens(&vault, id, &other).await, "{other:?}");
        }
        let stored: String = sqlx::query("SELECT sealed FROM secrets")
            .fetch_one(vault.pool())
            .await
            .unwrap()
            .get(0);
        assert!(!stored.contains("Practice"));
    }

    #[tokio::test]
    async fn a_row_that_was_moved_cut_or_changed_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path(), &[1]).await.unwrap();
        let (one, two) = (sealed(&vault).await, sealed(&vault).await);
        sqlx::query(
            "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE id = $2) WHERE id = $1",
        )
        .bind(one.to_string())
        .bind(two.to_string())
        .execute(vault.pool())
        .await
        .unwrap();
        assert!(!opens(&vault, one, &place()).await);
        assert!(opens(&vault, two, &place()).await);
        for tampering in [
            "UPDATE secrets SET sealed = substr(sealed, 1, 40)",
            "UPDATE secrets SET sealed = ''",
            "UPDATE secrets SET sealed = 'no base64'",
            "UPDATE secrets SET key_id = 'k9'",
            "UPDATE secrets SET purpose = 'another'",
            "DELETE FROM secrets",
        ] {
            sqlx::query(tampering).execute(vault.pool()).await.unwrap();
            assert!(!opens(&vault, one, &place()).await, "{tampering}");
            assert!(!opens(&vault, two, &place()).await, "{tampering}");
        }
    }

    #[tokio::test]
    async fn an_old_key_opens_while_the_newest_seals() {
        let folder = tempfile::tempdir().unwrap();
        let old = sealed(&open(folder.path(), &[1]).await.unwrap()).await;
        let vault = open(folder.path(), &[1, 2]).await.unwrap();
        let new = sealed(&vault).await;
        assert!(opens(&vault, old, &place()).await && opens(&vault, new, &place()).await);
        assert!(vault.is_stale(old).await.unwrap());
        assert!(!vault.is_stale(new).await.unwrap());

        let told = open(folder.path(), &[2]).await.unwrap_err().to_string();
        assert!(told.contains("sealed with the key k1"), "{told}");
        vault.forget(old).await.unwrap();
        let vault = open(folder.path(), &[2]).await.unwrap();
        assert!(opens(&vault, new, &place()).await);
    }

    #[tokio::test]
    async fn another_key_under_the_same_id_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let id = sealed(&open(folder.path(), &[1]).await.unwrap()).await;
        let source = KeySource {
            keys: Some(format!("k1:{}", BASE64.encode([2; 32])).into()),
            file: None,
            new_file: folder.path().join("unused"),
        };
        let url = format!("sqlite://{}", folder.path().join("vault.db").display());
        let vault = Vault::open(&url, &source, Random::from_system()).await;
        assert!(!opens(&vault.unwrap(), id, &place()).await);
    }

    #[tokio::test]
    async fn a_key_file_is_made_for_its_owner_alone_and_only_beside_an_empty_vault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vault.keys");
        let id = sealed(&open(folder.path(), &[]).await.unwrap()).await;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let vault = open(folder.path(), &[]).await.unwrap();
        assert!(
            opens(&vault, id, &place()).await,
            "the same key is found again"
        );

        fs::remove_file(&file).unwrap();
        let error = open(folder.path(), &[]).await.unwrap_err();
        assert!(
            matches!(error, VaultError::Key(KeyError::Needed)),
            "{error}"
        );
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn a_named_key_file_that_cannot_be_read_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        sealed(&open(folder.path(), &[1]).await.unwrap()).await;
        let source = KeySource {
            keys: None,
            file: Some(folder.path().join("elsewhere.keys")),
            new_file: folder.path().join("vault.keys"),
        };
        let url = format!("sqlite://{}", folder.path().join("vault.db").display());
        let told = Vault::open(&url, &source, Random::from_system()).await;
        let told = told.unwrap_err().to_string();
        assert!(
            told.contains("KALENDS_VAULT_KEYS_FILE") && told.contains("elsewhere.keys"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn ids_are_those_sealed_before_an_instant() {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path(), &[1]).await.unwrap();
        let id = sealed(&vault).await;
        assert_eq!(vault.ids(None).await.unwrap(), [id]);
        assert!(vault.ids(Some(NOW)).await.unwrap().is_empty());
        let later = NOW + std::time::Duration::from_millis(1);
        assert_eq!(vault.ids(Some(later)).await.unwrap(), [id]);
    }
}
