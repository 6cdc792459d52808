//! One main database and one vault, twice opened, as two instances of Kalends share them.

use crate::engines::Databases;
use kalends::accounts::custody::{Custody, PairError, open_pair};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    clock::{Clock, Timestamp},
    connection::{Connection, Mode},
    id::{SecretId, UserId},
    random::Random,
    rights::Role,
};
use kalends_store::{
    ConnectedMailbox, NewConnection, NewUser, Store, StoreError, User,
    database::Engine,
    vault::{Destination, KeySource, LockedVault, Vault, VaultError},
};
use sqlx::Row;

/// Monday, 2 March 2026, 08:00 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);

pub struct World {
    pub store: Store,
    /// The same database, opened by another instance.
    pub other: Store,
    pub vault: Vault,
    databases: Databases,
}

/// What a person types to connect.
#[derive(Debug, Clone, Copy)]
pub struct Typed {
    pub mode: Mode,
    pub host: &'static str,
    pub account: &'static str,
}

pub const SERVICE: Typed = Typed {
    mode: Mode::ServiceAccount,
    host: "mail.example.test",
    account: "svc-kalends@example.test",
};

impl World {
    pub async fn open(engine: Engine) -> Self {
        let databases = Databases::fresh(engine).await;
        let random = Random::from_system;
        let store = Store::open(&databases.main, random()).await.unwrap();
        // Everything is kept, so that everything can be compared.
        let everything =
            sqlx::query("UPDATE policy SET value = 'everything' WHERE rule = 'privacy'");
        everything.execute(store.pool()).await.unwrap();
        let vault = open_vault(&databases, &["k1"]).await.unwrap();
        vault.begin_anchor(NOW).await.unwrap();
        Self {
            store,
            other: Store::open(&databases.main, random()).await.unwrap(),
            vault,
            databases,
        }
    }

    pub async fn close(self) {
        for pool in [self.store.pool(), self.other.pool(), self.vault.pool()] {
            pool.close().await;
        }
        self.databases.remove().await;
    }

    /// Where the main database is.
    pub fn main_url(&self) -> &str {
        &self.databases.main
    }

    /// Opens the main database once more: as a start does, and as a command beside a server does.
    pub async fn open_main_again(&self) -> [Result<Store, StoreError>; 2] {
        let url = &self.databases.main;
        [
            Store::open(url, Random::from_system()).await,
            Store::join(url, Random::from_system()).await,
        ]
    }

    /// Opens the vault once more: as a start does, and as a command beside a server does.
    pub async fn open_vault_again(&self) -> [Result<LockedVault, VaultError>; 2] {
        let url = &self.databases.vault;
        [LockedVault::open(url).await, LockedVault::join(url).await]
    }

    /// The same vault opened with these keys, the last of which seals.
    pub async fn vault_with(&self, keys: &[&str]) -> Result<Vault, VaultError> {
        open_vault(&self.databases, keys).await
    }

    /// Opens the pair as a start does.
    pub async fn start(&self, keys: &[&str]) -> Result<Vault, PairError> {
        let source = key_source(&self.databases, keys);
        let random = Random::from_system();
        open_pair(&self.store, self.locked().await, &source, &random, NOW).await
    }

    /// The vault without its keys.
    pub async fn locked(&self) -> LockedVault {
        LockedVault::open(&self.databases.vault).await.unwrap()
    }

    pub fn custody(&self) -> Custody {
        Custody {
            store: self.store.clone(),
            vault: self.vault.clone(),
            clock: Clock::held(NOW),
        }
    }

    pub async fn user(&self, name: &str) -> User {
        self.store.create_user(new_user(name), NOW).await.unwrap()
    }

    /// Connects a user, whose mailbox is their sign-in address, with the password "Practice-2026!".
    pub async fn connect(&self, user: &User, typed: Typed) -> Connection {
        self.connect_with(user, typed, "Practice-2026!").await
    }

    pub async fn connect_with(&self, user: &User, typed: Typed, password: &str) -> Connection {
        let account = AccountName::parse(typed.account, "").unwrap();
        let to = Destination::new(typed.host, &account);
        let entry = AuditEntry::by(user.id, AuditAction::Connected);
        let id = self
            .custody()
            .save(
                &password.to_owned().into(),
                |secret| new_connection(user, typed, secret),
                &entry,
                &to,
            )
            .await
            .unwrap();
        self.store.connection(id).await.unwrap().unwrap()
    }

    pub async fn disconnect(&self, user: UserId) -> bool {
        let entry = AuditEntry::by(user, AuditAction::Disconnected);
        self.custody().end(user, &entry).await.unwrap().is_some()
    }

    /// A number from the main database.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let row = sqlx::query(sql).fetch_one(self.store.pool()).await;
        row.unwrap().get(0)
    }

    pub async fn secrets(&self) -> usize {
        self.vault.ids().await.unwrap().len()
    }
}

async fn open_vault(databases: &Databases, keys: &[&str]) -> Result<Vault, VaultError> {
    let source = key_source(databases, keys);
    Vault::open(&databases.vault, &source, Random::from_system()).await
}

fn key_source(databases: &Databases, keys: &[&str]) -> KeySource {
    let lines: Vec<String> = keys
        .iter()
        .map(|id| format!("{id}:{}=", id.replace('k', "").repeat(42) + "A"))
        .collect();
    KeySource {
        keys: (!keys.is_empty()).then(|| lines.join("\n").into()),
        file: None,
        new_file: databases.folder.path().join("vault.keys"),
    }
}

pub fn new_user(name: &str) -> NewUser {
    NewUser {
        email: format!("{name}@example.test").parse().unwrap(),
        name: name.to_owned(),
        role: Role::Member,
        password_hash: "$argon2id$".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

pub fn new_connection(user: &User, typed: Typed, secret_id: SecretId) -> NewConnection {
    NewConnection {
        mode: typed.mode,
        reads: ConnectedMailbox {
            user_id: user.id,
            mailbox: user.email.clone(),
            folder_id: "folder".to_owned(),
            folder_name: "Calendar".to_owned(),
        },
        account: AccountName::parse(typed.account, "").unwrap(),
        endpoint: typed.host.parse().unwrap(),
        secret_id,
        control: None,
        sign_in: kalends_core::connection::SignInMethod::Automatic,
    }
}
