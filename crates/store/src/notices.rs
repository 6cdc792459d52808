//! What is to be told, what was, and each attempt. Each notice is one job, under the same id.

use crate::{
    database::Transaction,
    error::StoreError,
    fail_point,
    job_lease::JobLease,
    jobs::{self, NewJob},
    rows,
    store::Store,
    unreadable::Listed,
};
use kalends_core::{
    clock::Timestamp,
    id::{AccountId, IncidentId, NoticeId, UserId},
    job::{JobError, JobKind, JobState, Turn},
    mailbox::SmtpAddress,
    notice::{Channel, DeliveryAttempt, IncidentScope, Notice, NoticeKind, Recipient},
    problem::Problem,
    topic::Topic,
};
use sqlx::any::AnyRow;
use std::time::Duration;

/// For how long what was told can be read.
const RETENTION: Duration = Duration::from_hours(24 * 90);

/// A problem that connections of one account have, nothing of it paused.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldUp {
    pub account: AccountId,
    /// As one of them has it.
    pub problem: Problem,
    pub people: i64,
    /// Since when the first of them has it.
    pub since: Timestamp,
    /// One of the mailboxes.
    pub mailbox: SmtpAddress,
}

const NOTICE: &str = "SELECT n.id, n.incident_id, n.kind, n.channel, n.recipient, n.recipient_label, n.user_id, n.subject, n.body, \
     j.state, j.created_at, j.due_at, j.ended_at, \
     (SELECT COUNT(*) FROM notice_attempts t WHERE t.notice_id = n.id) AS attempts FROM notices n JOIN jobs j ON j.id = n.id";

fn notice(row: &AnyRow) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: rows::parsed(row, "id")?,
        incident: rows::maybe_parsed(row, "incident_id")?,
        kind: rows::named(row, "kind")?,
        recipient: recipient(row)?,
        person: rows::maybe_parsed(row, "user_id")?,
        subject: rows::text(row, "subject")?,
        body: rows::text(row, "body")?,
        state: rows::named(row, "state")?,
        made_at: rows::instant(row, "created_at")?,
        due_at: rows::instant(row, "due_at")?,
        attempts: rows::number(row, "attempts")?,
        ended_at: rows::maybe_instant(row, "ended_at")?,
    })
}

pub(crate) fn recipient(row: &AnyRow) -> Result<Recipient, StoreError> {
    Ok(Recipient {
        channel: rows::named(row, "channel")?,
        to: rows::text(row, "recipient")?,
        shown: rows::text(row, "recipient_label")?,
    })
}

impl Store {
    /// What goes wrong at present, by problem and account; without what an admin has paused.
    pub async fn held_up(&self) -> Result<Vec<HeldUp>, StoreError> {
        let found = sqlx::query(
            // Disabled people's connections are paused. Accounts are joined to groups, not to connections.
            "SELECT g.account_id AS id, g.account_id, g.people, g.since, g.problem, g.mailbox FROM ( \
             SELECT problem_code, account_id, COUNT(DISTINCT user_id) AS people, MIN(since) AS since, MIN(problem) AS problem, MIN(mailbox) AS mailbox \
             FROM connections WHERE problem_code IS NOT NULL AND paused_at IS NULL GROUP BY problem_code, account_id) g \
             JOIN accounts a ON a.id = g.account_id WHERE a.paused_at IS NULL AND NOT EXISTS (SELECT 1 FROM global_pause) ORDER BY g.people DESC, g.account_id, g.problem_code",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(self.readable(Listed::Accounts, &found, |row| {
            Ok(HeldUp {
                account: rows::parsed(row, "account_id")?,
                problem: rows::json(row, "problem")?,
                people: rows::number(row, "people")?,
                since: rows::instant(row, "since")?,
                mailbox: rows::parsed(row, "mailbox")?,
            })
        }))
    }

    /// Who has this problem with this account, each with the mailbox and since when; `limit` at most.
    pub async fn held_up_people(
        &self,
        account: AccountId,
        problem: &Problem,
        limit: i64,
    ) -> Result<Vec<(UserId, SmtpAddress, Timestamp)>, StoreError> {
        let found = sqlx::query(
            "SELECT c.user_id, c.mailbox, c.since FROM connections c JOIN users u ON u.id = c.user_id \
             WHERE c.problem_code = $1 AND c.account_id = $2 AND c.paused_at IS NULL AND u.disabled_at IS NULL ORDER BY c.id LIMIT $3",
        )
        .bind(problem.code())
        .bind(account.to_string())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                Ok((
                    rows::parsed(row, "user_id")?,
                    rows::parsed(row, "mailbox")?,
                    rows::instant(row, "since")?,
                ))
            })
            .collect()
    }

    /// The problems that these connections have now, one of each code, paused ones included.
    pub async fn problems_of(&self, whose: &IncidentScope) -> Result<Vec<Problem>, StoreError> {
        let (condition, of) = match whose {
            IncidentScope::Account(id) => ("c.account_id = $1", id.to_string()),
            IncidentScope::Host(host) => (
                "c.account_id IN (SELECT a.id FROM accounts a WHERE a.host = $1)",
                host.clone(),
            ),
            IncidentScope::Person(id) => ("c.user_id = $1", id.to_string()),
        };
        let sql = format!(
            "SELECT MIN(c.problem) AS problem FROM connections c WHERE c.problem_code IS NOT NULL AND {condition} GROUP BY c.problem_code"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(|row| rows::json(row, "problem")).collect()
    }

    /// Admins who can sign in.
    pub async fn acting_admins(&self) -> Result<Vec<SmtpAddress>, StoreError> {
        let found = sqlx::query(
            "SELECT email FROM users WHERE role = 'admin' AND disabled_at IS NULL AND password_hash <> '' ORDER BY email",
        )
        .fetch_all(self.pool())
        .await?;
        found.iter().map(|row| rows::parsed(row, "email")).collect()
    }

    /// Writes down a notice that was tried once, and is not tried again.
    pub async fn put_tried(
        &self,
        notice: &Notice,
        tried: &DeliveryAttempt,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        put_all(&mut tx, std::slice::from_ref(notice)).await?;
        put_attempt(&mut tx, notice.id, tried).await?;
        sqlx::query("UPDATE jobs SET attempts = 1, ended_at = $2, error = $3 WHERE id = $1")
            .bind(notice.id.to_string())
            .bind((tried.at + tried.took).millis())
            .bind(match notice.state {
                JobState::Failed => {
                    let error = JobError::Delivery(tried.outcome.clone());
                    Some(rows::to_json(&error, "error")?)
                }
                _ => None,
            })
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Writes down what came of an attempt, and what becomes of the notice.
    pub async fn end_attempt(
        &self,
        lease: &JobLease,
        tried: &DeliveryAttempt,
        turn: &Turn,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        put_attempt(&mut tx, lease.id.into(), tried).await?;
        lease.end(&mut tx, turn, tried.at + tried.took).await?;
        fail_point::reached("job-before-end");
        tx.commit().await?;
        fail_point::reached("job-after-end");
        Ok(())
    }

    /// What was told, the latest first; `limit` from `offset` on.
    pub async fn notices(&self, limit: i64, offset: i64) -> Result<Vec<Notice>, StoreError> {
        let sql = format!("{NOTICE} ORDER BY n.id DESC LIMIT $1 OFFSET $2");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(limit)
            .bind(offset)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(notice).collect()
    }

    pub async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{NOTICE} WHERE n.id = $1")))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(notice).transpose()
    }

    /// The latest link that was mailed to an address.
    pub async fn mailed_link(&self, to: &SmtpAddress) -> Result<Option<Notice>, StoreError> {
        let sql =
            format!("{NOTICE} WHERE n.recipient = $1 AND n.kind = $2 ORDER BY n.id DESC LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(to.as_str())
            .bind(rows::to_name(&NoticeKind::Link, "kind")?)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(notice).transpose()
    }

    /// How many links were mailed since a time, and how many wait or were given up.
    pub async fn links_mailed(&self, since: Timestamp) -> Result<Vec<(JobState, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT j.state, COUNT(*) AS found FROM notices n JOIN jobs j ON j.id = n.id WHERE n.kind = $1 AND j.created_at > $2 GROUP BY j.state",
        )
        .bind(rows::to_name(&NoticeKind::Link, "kind")?)
        .bind(since.millis())
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| Ok((rows::named(row, "state")?, rows::number(row, "found")?)))
            .collect()
    }

    /// The tries that a notice had when it was read, the first first; 50 at most.
    pub async fn attempts(&self, notice: &Notice) -> Result<Vec<DeliveryAttempt>, StoreError> {
        let found = sqlx::query(
            "SELECT at, duration_ms, outcome FROM notice_attempts WHERE notice_id = $1 ORDER BY number LIMIT $2",
        )
        .bind(notice.id.to_string())
        .bind(notice.attempts.min(50))
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| {
                let millis = rows::number(row, "duration_ms")?;
                Ok(DeliveryAttempt {
                    at: rows::instant(row, "at")?,
                    took: Duration::from_millis(u64::try_from(millis).unwrap_or(0)),
                    outcome: rows::text(row, "outcome")?,
                })
            })
            .collect()
    }

    /// Forgets incidents that were over long ago, with what was told of them.
    pub async fn forget_incidents(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = (now - RETENTION).millis();
        let mut tx = self.begin().await?;
        sqlx::query(
            "DELETE FROM jobs WHERE id IN (SELECT n.id FROM notices n JOIN incidents i ON i.id = n.incident_id WHERE i.closed_at < $1)",
        )
        .bind(before)
        .execute(tx.conn())
        .await?;
        sqlx::query("DELETE FROM incidents WHERE closed_at < $1")
            .bind(before)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn put_attempt(
    tx: &mut Transaction,
    notice: NoticeId,
    tried: &DeliveryAttempt,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO notice_attempts (notice_id, number, at, duration_ms, outcome) \
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM notice_attempts WHERE notice_id = $1",
    )
    .bind(notice.to_string())
    .bind(tried.at.millis())
    .bind(i64::try_from(tried.took.as_millis()).unwrap_or(i64::MAX))
    .bind(&tried.outcome)
    .execute(tx.conn())
    .await?;
    tx.changed([Topic::Organisation]);
    Ok(())
}

/// The mail server gets one mail after another, so that a refused password goes out once; so does each webhook.
fn serial_key(recipient: &Recipient) -> String {
    match recipient.channel {
        Channel::Mail => "mail".to_owned(),
        Channel::Webhook => recipient.to.clone(),
    }
}

pub(crate) async fn put_all(tx: &mut Transaction, notices: &[Notice]) -> Result<(), StoreError> {
    for notice in notices {
        let new = NewJob {
            id: notice.id.into(),
            kind: match notice.recipient.channel {
                Channel::Mail => JobKind::Mail,
                Channel::Webhook => JobKind::Webhook,
            },
            state: notice.state,
            serial_key: Some(serial_key(&notice.recipient)),
            payload: None,
            made_by: None,
            made_at: notice.made_at,
            due_at: notice.due_at,
            total: 1,
        };
        jobs::insert(tx, &new).await?;
        sqlx::query(
            "INSERT INTO notices (id, incident_id, kind, channel, recipient, recipient_label, user_id, subject, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(notice.id.to_string())
        .bind(notice.incident.map(|id: IncidentId| id.to_string()))
        .bind(rows::to_name(&notice.kind, "kind")?)
        .bind(rows::to_name(&notice.recipient.channel, "channel")?)
        .bind(&notice.recipient.to)
        .bind(&notice.recipient.shown)
        .bind(notice.person.map(|id| id.to_string()))
        .bind(&notice.subject)
        .bind(&notice.body)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
