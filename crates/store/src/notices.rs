//! What is to be told, what was, and each try: an outbox.

use crate::database::Transaction;
use crate::{error::StoreError, rows, store::Store, unreadable::Listed};
use kalends_core::{
    clock::Timestamp,
    id::{AccountId, IncidentId, NoticeId, UserId},
    mailbox::SmtpAddress,
    notice::{Channel, DeliveryAttempt, IncidentScope, Notice, NoticeKind, NoticeState, Recipient},
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

const NOTICE: &str = "SELECT id, incident_id, kind, channel, recipient, recipient_label, subject, body, state, created_at, due_at, attempts, ended_at FROM notices";

fn notice(row: &AnyRow) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: rows::parsed(row, "id")?,
        incident: rows::maybe_parsed(row, "incident_id")?,
        kind: rows::named(row, "kind")?,
        recipient: recipient(row)?,
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

    /// Gives up the links that were being mailed since `before` by a process that is gone: nobody else has their text.
    pub async fn fail_lost_links(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let lost = "kind = 'link' AND state = 'waiting' AND created_at < $1";
        let sql = format!("SELECT 1 AS found FROM notices WHERE {lost} LIMIT 1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before.millis())
            .fetch_optional(self.pool())
            .await?;
        if found.is_none() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let sql = format!("UPDATE notices SET state = 'failed', ended_at = $2 WHERE {lost}");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before.millis())
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    /// Writes a notice down, as it stands, that this process sends itself.
    pub async fn put_notice(&self, notice: &Notice) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        put_all(&mut tx, std::slice::from_ref(notice)).await?;
        sqlx::query("UPDATE notices SET instance_id = $2 WHERE id = $1")
            .bind(notice.id.to_string())
            .bind(&*self.instance)
            .execute(tx.conn())
            .await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    /// Takes a notice that is due by this way, for this instance alone until the lease ends; none to a webhook that
    /// another one is being posted to, and no link, whose text only the process that made it has.
    pub async fn lease_notice(
        &self,
        channel: Channel,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Notice>, StoreError> {
        loop {
            let sql = format!(
                "{NOTICE} WHERE state = 'waiting' AND due_at <= $1 AND leased_until <= $1 AND channel = $2 AND kind <> 'link' \
                 AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.state = 'waiting' AND o.channel = 'webhook' \
                 AND o.channel = notices.channel AND o.recipient = notices.recipient AND o.leased_until > $1) ORDER BY due_at, id LIMIT 1"
            );
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(now.millis())
                .bind(rows::to_name(&channel, "channel")?)
                .fetch_optional(self.pool())
                .await?;
            let Some(found) = row.as_ref().map(notice).transpose()? else {
                return Ok(None);
            };
            if self.lease_this(found.id, now, lease).await? {
                return Ok(Some(found));
            }
        }
    }

    async fn lease_this(
        &self,
        id: NoticeId,
        now: Timestamp,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE notices SET leased_until = $3, instance_id = $4 WHERE id = $1 AND state = 'waiting' AND leased_until <= $2",
        )
        .bind(id.to_string())
        .bind(now.millis())
        .bind((now + lease).millis())
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    /// Writes down what came of a try: the state after it and, while it waits, when it is tried again.
    pub async fn end_attempt(
        &self,
        notice: NoticeId,
        tried: &DeliveryAttempt,
        (state, due_at): (NoticeState, Timestamp),
    ) -> Result<(), StoreError> {
        let ended = (state != NoticeState::Waiting).then(|| (tried.at + tried.took).millis());
        let mut tx = self.begin().await?;
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
        sqlx::query(
            "UPDATE notices SET state = $2, due_at = $3, ended_at = $4, attempts = attempts + 1, leased_until = 0 WHERE id = $1",
        )
        .bind(notice.to_string())
        .bind(rows::to_name(&state, "state")?)
        .bind(due_at.millis())
        .bind(ended)
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    /// What was told, the latest first; `limit` from `offset` on.
    pub async fn notices(&self, limit: i64, offset: i64) -> Result<Vec<Notice>, StoreError> {
        let sql = format!("{NOTICE} ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(limit)
            .bind(offset)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(notice).collect()
    }

    pub async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{NOTICE} WHERE id = $1")))
            .bind(id.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(notice).transpose()
    }

    /// The latest link that was mailed to an address.
    pub async fn mailed_link(&self, to: &SmtpAddress) -> Result<Option<Notice>, StoreError> {
        let sql = format!(
            "{NOTICE} WHERE recipient = $1 AND kind = $2 ORDER BY created_at DESC, id DESC LIMIT 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(to.as_str())
            .bind(rows::to_name(&NoticeKind::Link, "kind")?)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(notice).transpose()
    }

    /// How many links were mailed since a time, and how many wait or were given up.
    pub async fn links_mailed(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(NoticeState, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT state, COUNT(*) AS found FROM notices WHERE kind = $1 AND created_at > $2 GROUP BY state",
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

    /// Forgets what was told long ago and is over.
    pub async fn forget_notices(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = (now - RETENTION).millis();
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM incidents WHERE closed_at < $1")
            .bind(before)
            .execute(tx.conn())
            .await?;
        sqlx::query("DELETE FROM notices WHERE created_at < $1 AND incident_id IS NULL")
            .bind(before)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

pub(crate) async fn put_all(tx: &mut Transaction, notices: &[Notice]) -> Result<(), StoreError> {
    for notice in notices {
        sqlx::query(
            "INSERT INTO notices (id, incident_id, kind, channel, recipient, recipient_label, subject, body, state, created_at, due_at, ended_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(notice.id.to_string())
        .bind(notice.incident.map(|id: IncidentId| id.to_string()))
        .bind(rows::to_name(&notice.kind, "kind")?)
        .bind(rows::to_name(&notice.recipient.channel, "channel")?)
        .bind(&notice.recipient.to)
        .bind(&notice.recipient.shown)
        .bind(&notice.subject)
        .bind(&notice.body)
        .bind(rows::to_name(&notice.state, "state")?)
        .bind(notice.made_at.millis())
        .bind(notice.due_at.millis())
        .bind(notice.ended_at.map(Timestamp::millis))
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}
