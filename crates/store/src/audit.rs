//! The audit trail and the log of failed calls. Lines are added and never changed; each is chained to the one before.

use crate::database::{Engine, Transaction};
use crate::{
    connection_list::PAGE,
    cursor::{Cursor, Direction, Page, Place},
    error::StoreError,
    rows,
    store::Store,
};
use kalends_core::{
    audit::{AuditEntry, AuditFilter, AuditLine},
    clock::Timestamp,
    id::{RecordId, UserId},
};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// How many lines are read together.
pub const LINES: i64 = 1000;

const COLUMNS: &str = "SELECT seq, id, at, actor, actor_email, action, subject, hash FROM audit";

fn line(row: &AnyRow) -> Result<AuditLine, StoreError> {
    Ok(AuditLine {
        seq: rows::number(row, "seq")?,
        id: rows::text(row, "id")?,
        at: rows::instant(row, "at")?,
        actor: rows::maybe_parsed(row, "actor")?,
        who: rows::maybe_parsed(row, "actor_email")?,
        action: rows::text(row, "action")?,
        subject: rows::text(row, "subject")?,
        hash: rows::text(row, "hash")?,
    })
}

impl Store {
    /// Writes one line.
    pub async fn audit(&self, entry: &AuditEntry, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.audit_in(&mut tx, entry, now).await?;
        Ok(tx.commit().await?)
    }

    /// Writes a line within a change, as the last thing before its commit: other lines wait for it.
    pub(crate) async fn audit_in(
        &self,
        tx: &mut Transaction,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (seq, before) = self.take_head(tx).await?;
        let who = match entry.actor {
            Some(actor) => sqlx::query("SELECT email FROM users WHERE id = $1")
                .bind(actor.to_string())
                .fetch_optional(tx.conn())
                .await?
                .map(|row| rows::text(&row, "email"))
                .transpose()?,
            None => None,
        };
        let mut line = AuditLine {
            seq: seq + 1,
            id: RecordId::new(now, self.random.bytes()).to_string(),
            at: now,
            actor: entry.actor.map(|id| id.to_string()),
            who,
            action: rows::to_name(&entry.action, "action")?,
            subject: entry.subject.clone(),
            hash: String::new(),
        };
        line.hash = line.chained_to(&before);
        sqlx::query(
            "INSERT INTO audit (seq, id, at, actor, actor_email, action, subject, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(line.seq)
        .bind(&line.id)
        .bind(line.at.millis())
        .bind(&line.actor)
        .bind(&line.who)
        .bind(&line.action)
        .bind(&line.subject)
        .bind(&line.hash)
        .execute(tx.conn())
        .await?;
        set_head(tx, &line).await
    }

    /// The last line's place and hash; no other line is written before this change ends.
    async fn take_head(&self, tx: &mut Transaction) -> Result<(i64, String), StoreError> {
        let sql = match self.engine() {
            // The only writer there is.
            Engine::Sqlite => "SELECT seq, hash FROM audit_head WHERE id = 1",
            Engine::Postgres => "SELECT seq, hash FROM audit_head WHERE id = 1 FOR UPDATE",
        };
        let row = sqlx::query(sql).fetch_optional(tx.conn()).await?;
        let row = row.ok_or(StoreError::Corrupt("head of the audit trail"))?;
        Ok((rows::number(&row, "seq")?, rows::text(&row, "hash")?))
    }

    /// The latest instant that a line of the trail carries.
    pub async fn latest_line_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = sqlx::query("SELECT MAX(at) AS at FROM audit")
            .fetch_one(self.pool())
            .await?;
        rows::maybe_instant(&found, "at")
    }

    /// The place and the hash of the last line, as the head says.
    pub async fn audit_head(&self) -> Result<(i64, String), StoreError> {
        let row = sqlx::query("SELECT seq, hash FROM audit_head WHERE id = 1")
            .fetch_optional(self.pool())
            .await?;
        let row = row.ok_or(StoreError::Corrupt("head of the audit trail"))?;
        Ok((rows::number(&row, "seq")?, rows::text(&row, "hash")?))
    }

    /// A thousand lines behind a place, in their order.
    pub async fn lines_after(&self, seq: i64) -> Result<Vec<AuditLine>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE seq > $1 ORDER BY seq LIMIT {LINES}"
        ));
        let found = sqlx::query(sql).bind(seq).fetch_all(self.pool()).await?;
        found.iter().map(line).collect()
    }

    /// Whether the line at a place has this hash.
    pub async fn has_line(&self, seq: i64, hash: &str) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT seq FROM audit WHERE seq = $1 AND hash = $2")
            .bind(seq)
            .bind(hash)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.is_some())
    }

    /// How many lines stand before the first one.
    pub async fn lines_outside_chain(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS found FROM audit WHERE seq < 1")
            .fetch_one(self.pool())
            .await?;
        rows::number(&row, "found")
    }

    /// Lines that a filter shows, the newest first, from before a place on (`i64::MAX`: from the newest).
    pub async fn filtered_lines(
        &self,
        filter: &AuditFilter,
        before: i64,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.lines_beyond(filter, Direction::Next, before, limit)
            .await
    }

    /// The page of lines at a cursor, the newest first; the first one without it, and where nothing is newer.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        cursor: Option<&Cursor>,
    ) -> Result<Page<AuditLine>, StoreError> {
        let wanted = cursor.and_then(|cursor| Some((cursor.direction, cursor.place.number()?)));
        if let Some((direction, seq)) = wanted {
            let lines = self.lines_beyond(filter, direction, seq, PAGE + 1).await?;
            let page = page_of(lines, direction, true);
            if page.previous.is_some() {
                return Ok(page);
            }
        }
        let lines = self.filtered_lines(filter, i64::MAX, PAGE + 1).await?;
        Ok(page_of(lines, Direction::Next, false))
    }

    /// Lines from a place on in the order in which they are met: the newest are the first of the list.
    async fn lines_beyond(
        &self,
        filter: &AuditFilter,
        direction: Direction,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let (operator, order) = match direction {
            Direction::Next => ("<", "DESC"),
            Direction::Previous => (">", "ASC"),
        };
        let sql = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} WHERE seq {operator} $5 AND {} ORDER BY seq {order} LIMIT $6",
            condition(filter)?
        ));
        let found = bound(sqlx::query(sql), filter)
            .bind(seq)
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(line).collect()
    }

    /// The latest lines about exactly one of these, newest first.
    pub async fn lines_about(
        &self,
        subjects: &[&str; 2],
        limit: i64,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let sql = format!("{COLUMNS} WHERE subject IN ($1, $2) ORDER BY seq DESC LIMIT $3");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(subjects[0])
            .bind(subjects[1])
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(line).collect()
    }

    /// What somebody did, newest first.
    pub async fn lines_by(&self, user: UserId, limit: i64) -> Result<Vec<AuditLine>, StoreError> {
        let sql = format!("{COLUMNS} WHERE actor = $1 ORDER BY seq DESC LIMIT $2");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(user.to_string())
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        found.iter().map(line).collect()
    }

    pub async fn count_lines(&self, filter: &AuditFilter) -> Result<i64, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) AS found FROM audit WHERE {}",
            condition(filter)?
        ));
        let row = bound(sqlx::query(sql), filter)
            .fetch_one(self.pool())
            .await?;
        rows::number(&row, "found")
    }

    /// How many lines there are by action.
    pub async fn audit_counts(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let found = sqlx::query("SELECT action, COUNT(*) AS lines FROM audit GROUP BY action")
            .fetch_all(self.pool())
            .await?;
        found
            .iter()
            .map(|row| Ok((rows::text(row, "action")?, rows::number(row, "lines")?)))
            .collect()
    }
}

fn page_of(lines: Vec<AuditLine>, direction: Direction, has_begun: bool) -> Page<AuditLine> {
    let placed = lines.into_iter().map(|line| {
        let place = Place {
            section: 0,
            key: line.seq.to_string(),
            id: String::new(),
        };
        (place, Some(line))
    });
    let limit = usize::try_from(PAGE).unwrap_or(0);
    Page::of(placed.collect(), limit, direction, has_begun)
}

async fn set_head(tx: &mut Transaction, line: &AuditLine) -> Result<(), StoreError> {
    sqlx::query("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1")
        .bind(line.seq)
        .bind(&line.hash)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The condition of a filter, with its texts and times as $1 to $4; the actions are our own names.
fn condition(filter: &AuditFilter) -> Result<String, StoreError> {
    let mut condition =
        "at >= $1 AND at < $2 AND (LOWER(COALESCE(actor_email, 'kalends')) LIKE $3 ESCAPE '!') \
                         AND (LOWER(subject) LIKE $4 ESCAPE '!')"
            .to_owned();
    if !filter.actions.is_empty() {
        let names = filter.actions.iter().map(|action| {
            let name = rows::to_name(action, "action")?;
            Ok(format!("'{name}'"))
        });
        let names = names.collect::<Result<Vec<_>, StoreError>>()?.join(", ");
        condition = format!("{condition} AND action IN ({names})");
    }
    Ok(condition)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bound<'q>(query: Query<'q>, filter: &AuditFilter) -> Query<'q> {
    query
        .bind(filter.from.map_or(i64::MIN, Timestamp::millis))
        .bind(filter.to.map_or(i64::MAX, Timestamp::millis))
        .bind(rows::containing(&filter.who.to_lowercase()))
        .bind(rows::containing(&filter.about.to_lowercase()))
}
