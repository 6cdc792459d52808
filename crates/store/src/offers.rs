//! What hosts have offered, and where Basic was chosen on purpose: a host that has offered better once gets no password
//! by Basic because it offers less now.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{
    account_name::AccountName,
    clock::Timestamp,
    connection::{Mode, SignInMethod},
    id::{AccountId, UserId},
};

/// The most hosts without an account that are remembered; beyond it the latest to come are forgotten.
const MAX_HOSTS: i64 = 10_000;
const BASIC: &str = "basic";
const WINDOWS: &str = "windows";

impl Store {
    /// Remembers the best that a host offers: a sign-in that proves the password without sending it, or Basic alone.
    pub async fn remember_offer(
        &self,
        host: &str,
        keeps_the_password: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let best = if keeps_the_password { WINDOWS } else { BASIC };
        let host = host.to_ascii_lowercase();
        // Looking first keeps the single writer of SQLite free: it is known nearly always.
        let known = sqlx::query(
            "SELECT host FROM host_sign_in_methods WHERE host = $1 AND best_method IN ($2, $3)",
        )
        .bind(&host)
        .bind(best)
        .bind(WINDOWS)
        .fetch_optional(self.pool())
        .await?;
        if known.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO host_sign_in_methods (host, best_method, since) VALUES ($1, $2, $3) \
             ON CONFLICT (host) DO UPDATE SET best_method = excluded.best_method, since = excluded.since WHERE excluded.best_method = $4",
        )
        .bind(&host)
        .bind(best)
        .bind(now.millis())
        .bind(WINDOWS)
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "DELETE FROM host_sign_in_methods WHERE host IN (SELECT o.host FROM host_sign_in_methods o \
             WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.host = o.host) \
             ORDER BY o.since, o.host LIMIT 1000000000 OFFSET $1)",
        )
        .bind(MAX_HOSTS)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Whether an administrator has set an account to Basic at this host; that counts for whoever types its password.
    pub async fn is_basic_chosen(
        &self,
        host: &str,
        account: &AccountName,
    ) -> Result<bool, StoreError> {
        let chosen = sqlx::query(
            "SELECT a.id FROM accounts a JOIN users u ON u.id = a.sign_in_set_by \
             WHERE a.host = $1 AND a.name_key = $2 AND a.kind <> 'personal' AND a.sign_in_method = 'basic' AND u.role = 'admin' LIMIT 1",
        )
        .bind(host.to_ascii_lowercase())
        .bind(account.key())
        .fetch_optional(self.pool())
        .await?;
        Ok(chosen.is_some())
    }

    /// Whether a host has ever offered a sign-in that proves the password without sending it.
    pub async fn has_offered_better(&self, host: &str) -> Result<bool, StoreError> {
        let better = sqlx::query(
            "SELECT host FROM host_sign_in_methods WHERE host = $1 AND best_method = $2",
        )
        .bind(host.to_ascii_lowercase())
        .bind(WINDOWS)
        .fetch_optional(self.pool())
        .await?;
        Ok(better.is_some())
    }
}

/// Sets how an account signs in, in the name of somebody.
pub(crate) async fn set_sign_in(
    tx: &mut Transaction,
    id: AccountId,
    method: SignInMethod,
    by: Option<UserId>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE accounts SET sign_in_method = $2, sign_in_set_by = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(rows::to_name(&method, "sign_in_method")?)
        .bind(by.map(|by| by.to_string()))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What becomes of an account when `user` has connected through it with a typed password. An administrator's word holds
/// for every account; a member's for their own, and for one that nobody else uses.
pub(crate) async fn settle_sign_in(
    tx: &mut Transaction,
    id: AccountId,
    mode: Mode,
    wanted: SignInMethod,
    user: UserId,
) -> Result<(), StoreError> {
    const IS_ADMIN: &str = "SELECT id FROM users WHERE id = $1 AND role = 'admin'";
    const HAS_OTHERS: &str =
        "SELECT id FROM connections WHERE account_id = $1 AND user_id <> $2 LIMIT 1";
    const CHOSEN_BY_ADMIN: &str = "SELECT a.id FROM accounts a JOIN users u ON u.id = a.sign_in_set_by \
         WHERE a.id = $1 AND u.role = 'admin'";
    if mode == Mode::Personal {
        return set_sign_in(tx, id, wanted, Some(user)).await;
    }
    if wanted == SignInMethod::Basic {
        let is_admin = sqlx::query(IS_ADMIN)
            .bind(user.to_string())
            .fetch_optional(tx.conn())
            .await?
            .is_some();
        let has_others = sqlx::query(HAS_OTHERS)
            .bind(id.to_string())
            .bind(user.to_string())
            .fetch_optional(tx.conn())
            .await?
            .is_some();
        if is_admin || !has_others {
            return set_sign_in(tx, id, wanted, Some(user)).await;
        }
    }
    let by_admin = sqlx::query(CHOSEN_BY_ADMIN)
        .bind(id.to_string())
        .fetch_optional(tx.conn())
        .await?;
    match by_admin {
        Some(_) => Ok(()),
        None => set_sign_in(tx, id, SignInMethod::Automatic, Some(user)).await,
    }
}
