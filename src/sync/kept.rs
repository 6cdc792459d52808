//! Signed-in connections between two turns of an account. NTLM signs in the connection, so a kept one needs no password
//! and holds none; Exchange closes it when it is idle for too long, and so does Kalends.

use crate::{
    clock::Timestamp,
    ews::Client,
    id::{AccountId, SecretId},
    store::Account,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// IIS closes an idle connection after two minutes.
const IDLE: Duration = Duration::from_secs(100);
/// A connection signs in anew after this long, so that a password changed or an account disabled takes effect soon.
const OLDEST: Duration = Duration::from_mins(10);
/// The most accounts whose connection is kept.
const MOST: usize = 200;

/// One idle connection for each account. Clones share them.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<HashMap<AccountId, Idle>>>);

struct Idle {
    /// The password that it signed in with: another one needs another connection.
    secret_id: SecretId,
    client: Client,
    since: Timestamp,
}

impl Kept {
    /// The account's connection, if it signed in with its present password.
    pub fn take(&self, account: &Account, now: Timestamp) -> Option<Client> {
        let idle = self.with(|all| all.remove(&account.id))?;
        let fits = idle.secret_id == account.secret_id
            && idle.client.endpoint() == &account.endpoint
            && now.since(idle.since) < IDLE;
        fits.then_some(idle.client)
    }

    /// Keeps a connection that stays signed in without its password; others are closed.
    pub fn put(&self, account: &Account, mut client: Client, now: Timestamp) {
        if !client.forget_password() || now.since(client.opened_at()) > OLDEST {
            return;
        }
        self.with(|all| {
            if all.len() < MOST {
                let idle = Idle {
                    secret_id: account.secret_id,
                    client,
                    since: now,
                };
                all.insert(account.id, idle);
            }
        });
    }

    /// Closes an account's connection, so that its next round proves the password anew.
    pub fn close(&self, account: AccountId) {
        self.with(|all| all.remove(&account));
    }

    /// Closes what has been idle for too long.
    pub fn purge(&self, now: Timestamp) {
        self.with(|all| all.retain(|_, idle| now.since(idle.since) < IDLE));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<AccountId, Idle>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
