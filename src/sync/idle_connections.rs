//! Signed-in connections between two turns of an account. NTLM signs in the connection, so a kept one needs no password
//! and holds none; Exchange closes it when it is idle for too long, and so does Kalends.

use kalends_core::{
    clock::Timestamp,
    id::{AccountId, SecretId},
};
use kalends_exchange::ews::Client;
use kalends_store::Account;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// IIS closes an idle connection after two minutes.
const IDLE: Duration = Duration::from_secs(100);
/// A connection signs in anew after this long, so that a password changed or an account disabled takes effect soon.
const OLDEST: Duration = Duration::from_mins(10);
/// The most connections that are kept.
const MAX_IDLE: usize = 400;

/// Idle connections by account. Clones share them.
#[derive(Clone, Default)]
pub struct IdleConnections(Arc<Mutex<HashMap<AccountId, Vec<Idle>>>>);

struct Idle {
    /// The password that it signed in with: another one needs another connection.
    secret_id: SecretId,
    client: Client,
    since: Timestamp,
}

impl IdleConnections {
    /// The account's connections that signed in with its present password.
    pub fn take(&self, account: &Account, now: Timestamp) -> Vec<Client> {
        let mut idle = self.with(|all| all.remove(&account.id)).unwrap_or_default();
        idle.retain(|idle| {
            idle.secret_id == account.secret_id
                && idle.client.endpoint() == &account.endpoint
                && now.since(idle.since) < IDLE
        });
        idle.into_iter().map(|idle| idle.client).collect()
    }

    /// Keeps a connection that stays signed in without its password; others are closed.
    pub fn put(&self, account: &Account, mut client: Client, now: Timestamp) {
        if !client.forget_password() || now.since(client.opened_at()) > OLDEST {
            return;
        }
        self.with(|all| {
            if all.values().map(Vec::len).sum::<usize>() < MAX_IDLE {
                let idle = Idle {
                    secret_id: account.secret_id,
                    client,
                    since: now,
                };
                all.entry(account.id).or_default().push(idle);
            }
        });
    }

    /// Closes an account's connections, so that its next sync run proves the password anew.
    pub fn close(&self, account: AccountId) {
        self.with(|all| all.remove(&account));
    }

    /// Closes what has been idle for too long.
    pub fn purge(&self, now: Timestamp) {
        self.with(|all| {
            all.retain(|_, idle| {
                idle.retain(|idle| now.since(idle.since) < IDLE);
                !idle.is_empty()
            });
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<AccountId, Vec<Idle>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
