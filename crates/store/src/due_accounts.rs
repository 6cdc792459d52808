//! The account that has waited longest of those whose turn it may be.

use crate::database::Engine;
use crate::{
    accounts, accounts::Leased, error::StoreError, rows, store::Store, unreadable::Listed,
};
use kalends_core::{clock::Timestamp, connection::Mode, id::AccountId};
use sqlx::any::AnyRow;
use std::time::Duration;

/// How often another account is looked for where somebody else was quicker.
const MAX_ATTEMPTS: usize = 8;

/// Whose turn may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub organisation: bool,
    pub members: Members,
    /// Accounts that are left out.
    pub but: Vec<AccountId>,
}

/// Accounts that are not the organisation's, by the hosts where they sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    AnywhereBut(Vec<String>),
    OnlyAt(Vec<String>),
}

impl Room {
    /// Everybody's.
    pub const fn for_all() -> Self {
        Self {
            organisation: true,
            members: Members::AnywhereBut(Vec::new()),
            but: Vec::new(),
        }
    }

    /// The condition on `accounts a`, with what is bound from `$first` on.
    fn condition(&self, first: usize) -> Result<(String, Vec<String>), StoreError> {
        let mut bound = vec![rows::to_name(&Mode::Organisation, "kind")?];
        let mut list = |texts: Vec<String>| {
            let from = first + bound.len();
            let places: Vec<String> = (from..from + texts.len())
                .map(|number| format!("${number}"))
                .collect();
            bound.extend(texts);
            places.join(", ")
        };
        let members = match &self.members {
            Members::AnywhereBut(hosts) if hosts.is_empty() => "1 = 1".to_owned(),
            Members::AnywhereBut(hosts) => format!("a.host NOT IN ({})", list(hosts.clone())),
            Members::OnlyAt(hosts) if hosts.is_empty() => "1 = 0".to_owned(),
            Members::OnlyAt(hosts) => format!("a.host IN ({})", list(hosts.clone())),
        };
        let but = if self.but.is_empty() {
            String::new()
        } else {
            let ids = self.but.iter().map(ToString::to_string).collect();
            format!(" AND a.id NOT IN ({})", list(ids))
        };
        let organisation = if self.organisation {
            format!("a.kind = ${first} OR ")
        } else {
            String::new()
        };
        let sql = format!("({organisation}a.kind <> ${first} AND {members}){but}");
        Ok((sql, bound))
    }
}

/// Free to be taken, of an account `a` at `$1`.
const FREE: &str = "(a.leased_until IS NULL OR a.leased_until <= $1) AND a.paused_at IS NULL \
                    AND (a.held_until IS NULL OR a.held_until <= $1) AND (a.wanted_until IS NULL OR a.wanted_until <= $1) \
                    AND (a.backoff_until IS NULL OR a.backoff_until <= $1) \
                    AND NOT EXISTS (SELECT 1 FROM global_pause)";

impl Store {
    /// Takes the account with the connection that is due for the longest, of those that nobody holds, for `lease` from now
    /// on. `None`: nothing is due, or only where there is no room.
    ///
    /// Whoever holds an account is alone in sending its saved password, in all instances together.
    pub async fn lease_due_account(
        &self,
        now: Timestamp,
        room: &Room,
        lease: Duration,
    ) -> Result<Option<Leased>, StoreError> {
        let (condition, bound) = room.condition(2)?;
        let sql = format!(
            "SELECT c.account_id FROM connections c JOIN accounts a ON a.id = c.account_id \
             WHERE c.due_at <= $1 AND c.paused_at IS NULL AND {FREE} AND {condition} ORDER BY c.due_at, c.id LIMIT 1"
        );
        for _ in 0..MAX_ATTEMPTS {
            // Looking first keeps the single writer of SQLite free while nothing is due.
            let mut due = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(now.millis());
            for text in &bound {
                due = due.bind(text);
            }
            let Some(row) = due.fetch_optional(self.pool()).await? else {
                return Ok(None);
            };
            let id = rows::text(&row, "account_id")?;
            if let Some(leased) = self.take_due(&id, now, lease).await? {
                return Ok(Some(leased));
            }
        }
        Ok(None)
    }

    /// Takes an account if it is still free and something of it due. One that cannot be read is taken and told of, so that
    /// it holds up no other.
    async fn take_due(
        &self,
        id: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Leased>, StoreError> {
        let lock = match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE SKIP LOCKED",
        };
        let token = self.random.hex::<12>();
        let sql = format!(
            "UPDATE accounts SET leased_until = $2, lease_token = $3, instance_id = $5 WHERE id IN (SELECT a.id FROM accounts a WHERE a.id = $4 AND {FREE} \
             AND EXISTS (SELECT 1 FROM connections c WHERE c.account_id = a.id AND c.paused_at IS NULL AND c.due_at <= $1){lock})"
        );
        let mut tx = self.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.millis())
            .bind((now + lease).millis())
            .bind(&token)
            .bind(id)
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        let sql = sqlx::AssertSqlSafe(format!("{} WHERE lease_token = $1", accounts::COLUMNS));
        let row = sqlx::query(sql)
            .bind(&token)
            .fetch_optional(tx.conn())
            .await?;
        tx.commit().await?;
        let found: Vec<AnyRow> = row.into_iter().collect();
        let mut leased = self.readable(Listed::Accounts, &found, |row| {
            Ok(Leased::new(accounts::account(row)?, token.clone()))
        });
        Ok(leased.pop())
    }
}
