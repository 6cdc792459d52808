//! Both databases as a running Kalends has them open, and what must hold in them at any time.

use crate::engines::Databases;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use kalends::{
    accounts::custody::{Custody, PairError, open_pair},
    audit::{TrailVerdict, follow, verify},
};
use kalends_core::{
    account_name::AccountName,
    audit::{AuditAction, AuditEntry},
    calendar::{EntryKind, Event, FreeBusyStatus, Sensitivity},
    clock::{Clock, Timestamp},
    connection::{Connection, Mode, SignInMethod},
    id::SecretId,
    random::Random,
    rights::Role,
};
use kalends_store::{
    CompletedRun, ConnectedMailbox, NewAccount, NewConnection, NewUser, NextSlot, Store, Terms,
    User,
    vault::{Destination, KeySource, LockedVault, Vault},
};
use sqlx::Row;
use std::{collections::BTreeSet, time::Duration};

/// Monday, 2 March 2026, 08:00 UTC.
const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);
const HOST: &str = "mail.example.test";

/// Bytes that keys are made of, the newest last.
pub const OLD: [u8; 1] = [1];
pub const BOTH: [u8; 2] = [1, 2];
pub const NEW: [u8; 1] = [2];

pub struct Office {
    pub custody: Custody,
    vault: String,
    pub databases: Option<Databases>,
}

impl Office {
    pub async fn open(main: &str, vault: &str, keys: &[u8]) -> Self {
        Self::start(main, vault, keys).await.unwrap()
    }

    /// As a start opens them.
    pub async fn start(main: &str, vault: &str, keys: &[u8]) -> Result<Self, PairError> {
        let random = Random::from_system();
        let store = Store::open(main, random.clone()).await.unwrap();
        let locked = LockedVault::open(vault).await.unwrap();
        match open_pair(&store, locked, &key_source(keys), &random, NOW).await {
            Ok(opened) => Ok(Self::with(store, opened, vault)),
            Err(error) => {
                store.pool().close().await;
                Err(error)
            }
        }
    }

    /// Whether or not the two belong together, as who adopts them opens them.
    pub async fn open_unpaired(main: &str, vault: &str, keys: &[u8]) -> Self {
        let random = Random::from_system();
        let store = Store::open(main, random.clone()).await.unwrap();
        let locked = LockedVault::open(vault).await.unwrap();
        let opened = locked.unlock(&key_source(keys), random).await.unwrap();
        Self::with(store, opened, vault)
    }

    fn with(store: Store, opened: Vault, vault: &str) -> Self {
        let custody = Custody {
            vault: opened,
            store,
            clock: Clock::held(NOW),
        };
        Self {
            custody,
            vault: vault.to_owned(),
            databases: None,
        }
    }

    pub async fn close(self) {
        self.custody.store.pool().close().await;
        self.custody.vault.pool().close().await;
        if let Some(databases) = self.databases {
            databases.remove().await;
        }
    }

    pub async fn add_people(&self) {
        for name in ["alice", "bob"] {
            let new = NewUser {
                email: format!("{name}@example.test").parse().unwrap(),
                name: name.to_owned(),
                role: Role::Member,
                password_hash: "$argon2id$".to_owned(),
                time_zone: "UTC".to_owned(),
            };
            self.custody.store.create_user(new, NOW).await.unwrap();
        }
    }

    pub async fn a_day_later(&self) {
        self.custody.clock.advance(Duration::from_hours(25));
        self.custody.list_old().await.unwrap();
        self.custody.delete_listed().await.unwrap();
    }

    pub async fn user(&self, name: &str) -> User {
        let email = format!("{name}@example.test").parse().unwrap();
        let found = self.custody.store.user_by_email(&email).await.unwrap();
        found.unwrap()
    }

    pub async fn connection(&self, name: &str) -> Option<Connection> {
        let user = self.user(name).await;
        self.custody.store.connection_of(user.id).await.unwrap()
    }

    pub async fn connect(&self, name: &str, mode: Mode, password: &str) {
        let user = self.user(name).await;
        let account = AccountName::parse("svc-kalends@example.test", "").unwrap();
        let to = Destination::new(HOST, &account);
        let connection = |secret_id| NewConnection {
            mode,
            reads: ConnectedMailbox {
                user_id: user.id,
                mailbox: user.email.clone(),
                folder_id: "folder".to_owned(),
                folder_name: "Calendar".to_owned(),
            },
            account: account.clone(),
            endpoint: HOST.parse().unwrap(),
            secret_id,
            control: None,
            sign_in: kalends_core::connection::SignInMethod::Automatic,
        };
        let entry = AuditEntry::by(user.id, AuditAction::Connected);
        let password = password.to_owned().into();
        let saved = self.custody.save(&password, connection, &entry, &to).await;
        saved.unwrap();
    }

    /// Connects somebody through an account of the organisation, whose next password is tested already.
    pub async fn hold(&self, name: &str, password: &str, next: &str) {
        let account = AccountName::parse("svc-kalends@example.test", "").unwrap();
        let to = Destination::new(HOST, &account);
        let new = |secret_id| NewAccount {
            terms: Terms {
                label: "Practice".to_owned(),
                domains: Vec::new(),
                expires_at: None,
            },
            name: account.clone(),
            endpoint: HOST.parse().unwrap(),
            control: "alice@example.test".parse().unwrap(),
            sign_in: SignInMethod::Automatic,
            secret_id,
        };
        let entry = AuditEntry::by_kalends(AuditAction::AccountAdded);
        let password = password.to_owned().into();
        let id = self.custody.add_account(&password, new, &entry, &to).await;
        let id = id.unwrap();
        let user = self.user(name).await;
        let reads = ConnectedMailbox {
            user_id: user.id,
            mailbox: user.email.clone(),
            folder_id: "folder".to_owned(),
            folder_name: "Calendar".to_owned(),
        };
        self.custody.attach(id, &reads, &entry).await.unwrap();
        let slot = |secret_id| NextSlot {
            name: account.clone(),
            secret_id,
            tested_at: NOW,
            expires_at: None,
        };
        let next = next.to_owned().into();
        let put = self.custody.put_next(id, &next, slot, &entry, &to).await;
        put.unwrap();
    }

    pub async fn switch(&self) {
        let accounts = self.custody.store.accounts().await.unwrap();
        let entry = AuditEntry::by_kalends(AuditAction::PasswordSwitched);
        self.custody.switch(&accounts[0], &entry).await.unwrap();
    }

    pub async fn rotate(&self) {
        self.custody.rotate().await.unwrap();
    }

    /// Rows of the vault that nothing answers for.
    pub async fn add_strangers(&self, count: u8) {
        let account = AccountName::parse("svc-lost@example.test", "").unwrap();
        let (to, lost) = (Destination::new(HOST, &account), "Lost".to_owned().into());
        for number in 0..count {
            let id = SecretId::new(NOW, [number; 10]);
            let sealed = self.custody.vault.seal(id, &lost, &to).await;
            sealed.unwrap();
        }
    }

    /// How many rows of the vault nothing answers for.
    pub async fn strangers(&self) -> usize {
        self.custody.standing().await.unwrap().unclaimed.len()
    }

    /// As the command: nothing is done where there is nothing to prune.
    pub async fn prune(&self) {
        let unclaimed = self.custody.standing().await.unwrap().unclaimed;
        if !unclaimed.is_empty() {
            self.custody.prune(&unclaimed).await.unwrap();
        }
    }

    /// Two people are disabled, the vault takes note of it, and the main database goes back to before it.
    pub async fn set_back(&self) {
        let store = &self.custody.store;
        let (seq, hash) = store.audit_head().await.unwrap();
        for name in ["charlie@example.test", "dora@example.test"] {
            let entry = AuditEntry::by_kalends(AuditAction::PersonDisabled).about(name);
            store.audit(&entry, NOW).await.unwrap();
        }
        follow(store, &self.custody.vault, NOW).await.unwrap();
        let cut = sqlx::query("DELETE FROM audit WHERE seq > $1").bind(seq);
        cut.execute(store.pool()).await.unwrap();
        let head = sqlx::query("UPDATE audit_head SET seq = $1, hash = $2")
            .bind(seq)
            .bind(hash);
        head.execute(store.pool()).await.unwrap();
    }

    pub async fn adopt(&self) {
        let locked = LockedVault::open(&self.vault).await.unwrap();
        let adopted = self.custody.adopt(&locked, &Random::from_system()).await;
        adopted.unwrap();
    }

    /// Whether an operator must say what is meant.
    pub async fn is_set_back(&self) -> bool {
        self.custody.standing().await.unwrap().is_set_back()
    }

    /// What was ended and may be back, by whom it is about.
    pub async fn to_review(&self) -> Vec<String> {
        let found = self.custody.store.endings_to_review(10).await.unwrap();
        let mut about: Vec<String> = found.into_iter().map(|ending| ending.subject).collect();
        about.sort();
        about
    }

    pub async fn trail_is_whole(&self) -> bool {
        let whole = verify(&self.custody.store, &self.custody.vault)
            .await
            .unwrap();
        matches!(whole, TrailVerdict::Whole { .. })
    }

    /// Whether everything opens, and the trail is whole, with the newest key alone.
    pub async fn needs_the_newest_key_alone(self) {
        let databases = self.databases.as_ref().unwrap();
        let alone = Self::open(&databases.main, &databases.vault, &NEW).await;
        assert!(!alone.opened("alice").await.is_empty());
        assert!(alone.trail_is_whole().await);
        alone.close().await;
        self.close().await;
    }

    pub async fn disconnect(&self, name: &str) -> bool {
        let id = self.user(name).await.id;
        let entry = AuditEntry::by(id, AuditAction::Disconnected);
        self.custody.end(id, &entry).await.unwrap().is_some()
    }

    pub async fn round(&self, name: &str, events: &[Event]) {
        let connection = self.connection(name).await.unwrap();
        let now = self.custody.clock.now();
        let round = CompletedRun {
            calls: &[],
            events,
            started_at: now,
            now,
            next: now,
        };
        let kept = self.custody.store.save_run(&connection, &round).await;
        assert!(kept.unwrap().is_some());
    }

    pub async fn entries(&self, name: &str) -> Vec<Event> {
        let connection = self.connection(name).await.unwrap();
        let found = self.custody.store.all_events(connection.id).await;
        found.unwrap()
    }

    /// The password that somebody's account opens.
    pub async fn opened(&self, name: &str) -> String {
        let connection = self.connection(name).await.unwrap();
        let account = self.custody.store.account(connection.account_id).await;
        let account = account.unwrap().unwrap();
        let to = Destination::new(&account.host, &account.name);
        let opened = self.custody.vault.open_secret(account.secret_id, &to).await;
        opened.unwrap().reveal().to_owned()
    }

    pub async fn secrets(&self) -> BTreeSet<SecretId> {
        let ids = self.custody.vault.ids().await.unwrap();
        ids.into_iter().collect()
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        let row = sqlx::query(sql).fetch_one(self.custody.store.pool()).await;
        row.unwrap().get(0)
    }

    /// What must hold after any crash once it is swept.
    pub async fn is_in_step(&self, point: &str) {
        let used = self.custody.store.secret_ids().await.unwrap();
        let used: BTreeSet<SecretId> = used.into_iter().collect();
        assert_eq!(used, self.secrets().await, "{point}: pointers and secrets");
        for (what, sql) in [
            (
                "accounts that nobody uses",
                "SELECT COUNT(*) FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM connections c WHERE c.account_id = a.id)",
            ),
            (
                "two rows of one account",
                "SELECT COUNT(*) FROM accounts a JOIN accounts b ON a.id < b.id AND a.kind = b.kind AND a.host = b.host \
                 AND a.name_key = b.name_key AND a.owner_key = b.owner_key",
            ),
            (
                "connections without a calendar",
                "SELECT COUNT(*) FROM connections c WHERE (SELECT COUNT(*) FROM calendars k WHERE k.connection_id = c.id) <> 1",
            ),
            (
                "entries without a calendar",
                "SELECT COUNT(*) FROM events e WHERE NOT EXISTS (SELECT 1 FROM calendars k WHERE k.id = e.calendar_id)",
            ),
        ] {
            assert_eq!(self.number(sql).await, 0, "{point}: {what}");
        }
        for name in ["alice", "bob"] {
            if self.connection(name).await.is_some() {
                assert!(!self.opened(name).await.is_empty());
            }
        }
    }

    /// The next save and the next round of somebody are as if nothing had happened.
    pub async fn goes_on(self, name: &str, mode: Mode) {
        self.connect(name, mode, "Practice-2027!").await;
        assert_eq!(self.opened(name).await, "Practice-2027!");
        self.round(name, &new_entries()).await;
        assert_eq!(self.entries(name).await, new_entries());
        self.is_in_step("afterwards").await;
        self.close().await;
    }
}

fn key_source(keys: &[u8]) -> KeySource {
    let lines: Vec<String> = keys.iter().map(|byte| BASE64.encode([*byte; 32])).collect();
    KeySource {
        keys: Some(lines.join(",").into()),
        file: None,
        new_file: "unused".into(),
    }
}

pub fn old_entries() -> Vec<Event> {
    (0..6).map(|hour| entry(hour, "old")).collect()
}

/// Three of the old ones changed, three gone, three more.
pub fn new_entries() -> Vec<Event> {
    (3..9).map(|hour| entry(hour, "new")).collect()
}

fn entry(hour: u32, change_key: &str) -> Event {
    let start = NOW + Duration::from_hours(1) * hour;
    Event {
        item_id: format!("item{hour}"),
        change_key: change_key.to_owned(),
        uid: None,
        subject: Some("Planning".to_owned()),
        location: None,
        organizer: None,
        start,
        end: start + Duration::from_hours(1),
        all_day: None,
        status: FreeBusyStatus::Busy,
        sensitivity: Sensitivity::Normal,
        kind: EntryKind::Single,
        cancelled: false,
        last_modified: None,
    }
}
