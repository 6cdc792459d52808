//! What is told as one from its beginning to its end: opened, told again, and closed with its notices.

use crate::{
    error::StoreError,
    notices::{put_all, recipient},
    rows,
    store::Store,
};
use kalends_core::{
    clock::Timestamp,
    notice::{Incident, Notice, Recipient},
    topic::Topic,
};
use sqlx::any::AnyRow;

fn incident(row: &AnyRow) -> Result<Incident, StoreError> {
    Ok(Incident {
        id: rows::parsed(row, "id")?,
        name: rows::text(row, "dedup_key")?,
        title: rows::text(row, "title")?,
        about: rows::maybe_json(row, "problem")?,
        people: rows::number(row, "people")?,
        opened_at: rows::instant(row, "opened_at")?,
        reminders: rows::number(row, "reminders")?,
        next_at: rows::maybe_instant(row, "next_reminder_at")?,
    })
}

impl Store {
    /// What was told and is not over, the oldest first.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let found = sqlx::query(
            "SELECT id, dedup_key, title, problem, people, opened_at, reminders, next_reminder_at FROM incidents WHERE closed_at IS NULL ORDER BY opened_at, id",
        )
        .fetch_all(self.pool())
        .await?;
        found.iter().map(incident).collect()
    }

    /// Writes down that something begins, with its notices; false if another instance has.
    pub async fn open_incident(
        &self,
        new: &Incident,
        notices: &[Notice],
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let opened = sqlx::query(
            "INSERT INTO incidents (id, dedup_key, title, people, opened_at, next_reminder_at, problem) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(&new.name)
        .bind(&new.title)
        .bind(new.people)
        .bind(new.opened_at.millis())
        .bind(new.next_at.map(Timestamp::millis))
        .bind(
            new.about
                .as_ref()
                .map(|told| rows::to_json(told, "problem"))
                .transpose()?,
        )
        .execute(tx.conn())
        .await?;
        if opened.rows_affected() == 0 {
            return Ok(false);
        }
        put_all(&mut tx, notices).await?;
        tx.changed([Topic::Organisation]);
        tx.commit().await?;
        Ok(true)
    }

    /// Writes down that something is told again; does nothing if another instance has, or if it is over.
    pub async fn remind(
        &self,
        open: &Incident,
        people: i64,
        next_at: Option<Timestamp>,
        notices: &[Notice],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let reminded = sqlx::query(
            "UPDATE incidents SET reminders = reminders + 1, next_reminder_at = $3, people = $4 WHERE id = $1 AND reminders = $2 AND closed_at IS NULL",
        )
        .bind(open.id.to_string())
        .bind(open.reminders)
        .bind(next_at.map(Timestamp::millis))
        .bind(people)
        .execute(tx.conn())
        .await?;
        if reminded.rows_affected() == 0 {
            return Ok(());
        }
        put_all(&mut tx, notices).await?;
        tx.changed([Topic::Organisation]);
        Ok(tx.commit().await?)
    }

    /// Ends an incident: what waits to be sent is cancelled, and `over` makes the notices for those who were told.
    pub async fn close_incident(
        &self,
        open: &Incident,
        over: Option<impl Fn(Recipient) -> Notice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let closed =
            sqlx::query("UPDATE incidents SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL")
                .bind(open.id.to_string())
                .bind(now.millis())
                .execute(tx.conn())
                .await?;
        if closed.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_at = $2 WHERE state = 'waiting' AND leased_until <= $2 \
             AND id IN (SELECT id FROM notices WHERE incident_id = $1)",
        )
        .bind(open.id.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        tx.changed([Topic::Organisation]);
        let Some(over) = over else {
            return Ok(tx.commit().await?);
        };
        // What is being sent at this moment counts as told.
        let told = sqlx::query(
            "SELECT DISTINCT n.channel, n.recipient, n.recipient_label FROM notices n JOIN jobs j ON j.id = n.id \
             WHERE n.incident_id = $1 AND j.state IN ('done', 'waiting') ORDER BY n.recipient",
        )
        .bind(open.id.to_string())
        .fetch_all(tx.conn())
        .await?;
        let notices: Vec<Notice> = told
            .iter()
            .map(|row| recipient(row).map(&over))
            .collect::<Result<_, _>>()?;
        put_all(&mut tx, &notices).await?;
        Ok(tx.commit().await?)
    }
}
