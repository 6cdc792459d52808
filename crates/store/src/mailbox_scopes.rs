//! Mailbox scopes: what each address is to an account, and what became of connecting it.

use crate::{
    error::StoreError,
    fail_point,
    job_lease::get_on,
    jobs::{self, NewJob},
    rows,
    store::Store,
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    id::{AccountId, JobId, ScopeId, UserId},
    job::{JobError, JobKind, JobState},
    mailbox::SmtpAddress,
    problem::Problem,
    topic::Topic,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

/// What an address is to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
pub enum ScopePlace {
    InScope,
    /// The account may act for others, but not for this one.
    Outside,
    NotFound,
    /// A further address of a mailbox with another primary one.
    Alias,
    /// On another server, or in the cloud.
    Moved,
    NotAnAddress,
    /// Anything else; the problem says what.
    Failed,
}

/// What became of connecting a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeConnection {
    Connected,
    /// The person had a connection already, which stays.
    HadOne,
    /// Somebody else reads the mailbox.
    Taken,
    /// No person has this address.
    Nobodys,
    /// The mailbox could not be read any more.
    Failed,
}

/// A scope, under way or finished.
#[derive(Debug, Clone, PartialEq)]
pub struct MailboxScope {
    pub id: ScopeId,
    pub account_id: AccountId,
    pub made_by: UserId,
    pub started_at: Timestamp,
    pub total: i64,
    pub finished_at: Option<Timestamp>,
    /// Ended before its end: by an administrator, or for what the problem says.
    pub is_cancelled: bool,
    /// Why it waits until `due_at`, or why it ended early.
    pub problem: Option<Problem>,
    pub due_at: Timestamp,
}

/// One address of a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeRow {
    pub position: i64,
    pub address: String,
    /// `None`: not asked yet.
    pub place: Option<ScopePlace>,
    pub primary: Option<SmtpAddress>,
    pub problem: Option<Problem>,
    /// Whose address it is.
    pub person: Option<(UserId, String)>,
    /// Whether that person may not sign in.
    pub is_disabled: bool,
    pub has_connection: bool,
    pub is_chosen: bool,
    pub result: Option<ScopeConnection>,
}

/// What was found out about an address.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeFinding {
    pub place: ScopePlace,
    pub primary: Option<SmtpAddress>,
    pub problem: Option<Problem>,
}

const SELECT_SCOPE: &str = "SELECT s.id, s.account_id, s.total, j.created_by, j.created_at, j.ended_at, j.state, j.error, j.due_at \
     FROM mailbox_scopes s JOIN jobs j ON j.id = s.id";

/// Rows with the person whose address each is: the one they sign in with, or a verified one.
const ROW: &str = "SELECT r.position, r.address, r.verdict, r.primary_address, r.problem, r.chosen, r.result, u.id AS person, \
     u.name AS person_name, u.disabled_at, c.id AS connection FROM mailbox_scope_rows r LEFT JOIN users u ON u.id = COALESCE(\
     (SELECT o.id FROM users o WHERE o.email = r.address), \
     (SELECT MIN(a.user_id) FROM user_addresses a WHERE a.address = r.address)) \
     LEFT JOIN connections c ON c.id = (SELECT MIN(f.id) FROM connections f WHERE f.user_id = u.id)";

/// Addresses that can be connected: in scope, of a person who may sign in and has no connection.
const CONNECTABLE: &str = "r.verdict = 'in_scope' AND r.chosen = 0 AND u.id IS NOT NULL AND u.disabled_at IS NULL AND c.id IS NULL";

fn scope(row: &AnyRow) -> Result<MailboxScope, StoreError> {
    let state: JobState = rows::named(row, "state")?;
    let error: Option<JobError> = rows::maybe_json(row, "error")?;
    Ok(MailboxScope {
        id: rows::parsed(row, "id")?,
        account_id: rows::parsed(row, "account_id")?,
        made_by: rows::parsed(row, "created_by")?,
        started_at: rows::instant(row, "created_at")?,
        total: rows::number(row, "total")?,
        finished_at: rows::maybe_instant(row, "ended_at")?,
        is_cancelled: matches!(state, JobState::Cancelled | JobState::Failed),
        problem: match error {
            Some(JobError::Problem(problem)) => Some(*problem),
            _ => None,
        },
        due_at: rows::instant(row, "due_at")?,
    })
}

fn scope_row(row: &AnyRow) -> Result<ScopeRow, StoreError> {
    let person = match rows::maybe_parsed(row, "person")? {
        Some(id) => Some((id, rows::text(row, "person_name")?)),
        None => None,
    };
    let connection: Option<String> = rows::maybe_parsed(row, "connection")?;
    Ok(ScopeRow {
        position: rows::number(row, "position")?,
        address: rows::text(row, "address")?,
        place: rows::maybe_named(row, "verdict")?,
        primary: rows::maybe_parsed(row, "primary_address")?,
        problem: rows::maybe_json(row, "problem")?,
        person,
        is_disabled: rows::maybe_instant(row, "disabled_at")?.is_some(),
        has_connection: connection.is_some(),
        is_chosen: rows::flag(row, "chosen")?,
        result: rows::maybe_named(row, "result")?,
    })
}

impl Store {
    /// Begins a scope of these addresses; what is no address is kept as it was typed.
    pub async fn start_scope(
        &self,
        account: AccountId,
        by: UserId,
        addresses: &[Result<SmtpAddress, String>],
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<ScopeId, StoreError> {
        let id = ScopeId::new(now, self.random.bytes());
        let mut tx = self.begin().await?;
        let new = NewJob {
            id: id.into(),
            kind: JobKind::MailboxScope,
            state: JobState::Waiting,
            serial_key: Some(account.to_string()),
            payload: None,
            made_by: Some(by),
            made_at: now,
            due_at: now,
            total: addresses.iter().filter(|address| address.is_ok()).count(),
        };
        jobs::insert(&mut tx, &new).await?;
        sqlx::query("INSERT INTO mailbox_scopes (id, account_id, total) VALUES ($1, $2, $3)")
            .bind(id.to_string())
            .bind(account.to_string())
            .bind(i64::try_from(addresses.len()).unwrap_or(i64::MAX))
            .execute(tx.conn())
            .await?;
        for (position, address) in (0_i64..).zip(addresses) {
            let (text, place) = match address {
                Ok(address) => (address.as_str(), None),
                Err(typed) => (typed.as_str(), Some(ScopePlace::NotAnAddress)),
            };
            let place = place.map(|place| rows::to_name(&place, "verdict"));
            sqlx::query(
                "INSERT INTO mailbox_scope_rows (scope_id, position, address, verdict) VALUES ($1, $2, $3, $4)",
            )
            .bind(id.to_string())
            .bind(position)
            .bind(text)
            .bind(place.transpose()?)
            .execute(tx.conn())
            .await?;
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(id)
    }

    pub async fn mailbox_scope(&self, id: ScopeId) -> Result<Option<MailboxScope>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT_SCOPE} WHERE s.id = $1"));
        let row = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(scope).transpose()
    }

    /// The last scopes, the newest first.
    pub async fn mailbox_scopes(&self) -> Result<Vec<MailboxScope>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT_SCOPE} ORDER BY s.id DESC LIMIT 20"));
        let found = sqlx::query(sql).fetch_all(self.pool()).await?;
        found.iter().map(scope).collect()
    }

    /// The next addresses with something left to do, in their order.
    pub async fn open_rows(&self, id: ScopeId, limit: i64) -> Result<Vec<ScopeRow>, StoreError> {
        self.rows_where(
            id,
            "(r.verdict IS NULL OR (r.chosen = 1 AND r.result IS NULL))",
            (limit, 0),
        )
        .await
    }

    /// A part of a map's addresses, of one place or of all.
    pub async fn scope_rows(
        &self,
        id: ScopeId,
        place: Option<ScopePlace>,
        (limit, offset): (i64, i64),
    ) -> Result<Vec<ScopeRow>, StoreError> {
        let condition = match place {
            // Our own name of it, no text from outside.
            Some(place) => format!("r.verdict = '{}'", rows::to_name(&place, "verdict")?),
            None => "1 = 1".to_owned(),
        };
        self.rows_where(id, &condition, (limit, offset)).await
    }

    async fn rows_where(
        &self,
        id: ScopeId,
        condition: &str,
        (limit, offset): (i64, i64),
    ) -> Result<Vec<ScopeRow>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{ROW} WHERE r.scope_id = $1 AND {condition} ORDER BY r.position LIMIT $2 OFFSET $3"
        ));
        let found = sqlx::query(sql)
            .bind(id.to_string())
            .bind(limit)
            .bind(offset)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(scope_row).collect()
    }

    /// How many addresses there are by place; those not asked yet under `None`.
    pub async fn scope_counts(
        &self,
        id: ScopeId,
    ) -> Result<Vec<(Option<ScopePlace>, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT verdict, COUNT(*) AS addresses FROM mailbox_scope_rows WHERE scope_id = $1 GROUP BY verdict",
        )
        .bind(id.to_string())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok((
                    rows::maybe_named(row, "verdict")?,
                    rows::number(row, "addresses")?,
                ))
            })
            .collect()
    }

    /// How many addresses were chosen, how many of them are done, and how many more could be chosen.
    pub async fn scope_choices(&self, id: ScopeId) -> Result<(i64, i64, i64), StoreError> {
        let chosen = sqlx::query(
            "SELECT COUNT(*) AS chosen, COUNT(result) AS done FROM mailbox_scope_rows WHERE scope_id = $1 AND chosen = 1",
        )
        .bind(id.to_string())
        .fetch_one(self.pool())
        .await?;
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) AS more FROM ({ROW} WHERE r.scope_id = $1 AND {CONNECTABLE}) AS connectable"
        ));
        let more = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_one(self.pool())
            .await?;
        Ok((
            rows::number(&chosen, "chosen")?,
            rows::number(&chosen, "done")?,
            rows::number(&more, "more")?,
        ))
    }

    pub async fn keep_found(
        &self,
        id: ScopeId,
        position: i64,
        found: &ScopeFinding,
    ) -> Result<(), StoreError> {
        fail_point::reached("job-after-step");
        let mut tx = self.begin().await?;
        let is_first = sqlx::query(
            "SELECT 1 AS found FROM mailbox_scope_rows WHERE scope_id = $1 AND position = $2 AND verdict IS NULL",
        )
        .bind(id.to_string())
        .bind(position)
        .fetch_optional(tx.conn())
        .await?
        .is_some();
        sqlx::query(
            "UPDATE mailbox_scope_rows SET verdict = $3, primary_address = $4, problem = $5 WHERE scope_id = $1 AND position = $2",
        )
        .bind(id.to_string())
        .bind(position)
        .bind(rows::to_name(&found.place, "verdict")?)
        .bind(found.primary.as_ref().map(SmtpAddress::as_str))
        .bind(found.problem.as_ref().map(|it| rows::to_json(it, "problem")).transpose()?)
        .execute(tx.conn())
        .await?;
        if is_first {
            get_on(&mut tx, id.into()).await?;
        }
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    pub async fn keep_result(
        &self,
        id: ScopeId,
        position: i64,
        result: ScopeConnection,
    ) -> Result<(), StoreError> {
        fail_point::reached("job-after-step");
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE mailbox_scope_rows SET result = $3 WHERE scope_id = $1 AND position = $2",
        )
        .bind(id.to_string())
        .bind(position)
        .bind(rows::to_name(&result, "result")?)
        .execute(tx.conn())
        .await?;
        get_on(&mut tx, id.into()).await?;
        Ok(tx.commit().await?)
    }

    /// Chooses addresses to be connected, all that can be or those at `positions`, and lets the scope go on. Returns how
    /// many were chosen.
    pub async fn choose_rows(
        &self,
        id: ScopeId,
        positions: Option<&[i64]>,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let sql = sqlx::AssertSqlSafe(format!(
            "{ROW} WHERE r.scope_id = $1 AND {CONNECTABLE} ORDER BY r.position"
        ));
        let found = sqlx::query(sql)
            .bind(id.to_string())
            .fetch_all(tx.conn())
            .await?;
        let mut chosen = 0;
        for row in &found {
            let position = rows::number(row, "position")?;
            if positions.is_some_and(|positions| !positions.contains(&position)) {
                continue;
            }
            chosen += sqlx::query(
                "UPDATE mailbox_scope_rows SET chosen = 1 WHERE scope_id = $1 AND position = $2",
            )
            .bind(id.to_string())
            .bind(position)
            .execute(tx.conn())
            .await?
            .rows_affected();
        }
        if chosen > 0 {
            // Whoever works on it at this moment has not seen what was chosen: it is taken up anew.
            sqlx::query(
                "UPDATE jobs SET state = 'waiting', ended_at = NULL, error = NULL, due_at = $2, attempts = 0, total = total + $3, \
                 fence = fence + 1, leased_until = 0, instance_id = NULL WHERE id = $1",
            )
            .bind(JobId::from(id).to_string())
            .bind(now.millis())
            .bind(i64::try_from(chosen).unwrap_or(i64::MAX))
            .execute(tx.conn())
            .await?;
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(chosen)
    }

    /// Ends the scopes of an account that is about to end.
    pub(crate) async fn cancel_scopes_of(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_at = $2 WHERE state = 'waiting' \
             AND id IN (SELECT id FROM mailbox_scopes WHERE account_id = $1)",
        )
        .bind(account.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }
}
