//! Links to set a password with that were just made: which row of the vault holds each, for whoever made it to read.
//! What becomes of the link itself stands with the invitations.

use crate::database::Transaction;
use crate::{error::StoreError, rows, secrets, store::Store};
use kalends_core::{
    clock::Timestamp,
    id::{SecretId, UserId},
};
use sqlx::any::AnyRow;

/// The most that one look at what has been shown long enough lets go of.
const MAX_RELEASED: i64 = 1000;

/// A link that whoever made it may still read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeLink {
    /// Whose password it sets.
    pub user_id: UserId,
    pub made_by: UserId,
    pub secret_id: SecretId,
    pub shown_until: Timestamp,
}

/// A link with the person whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLink {
    pub link: OneTimeLink,
    pub name: String,
    pub email: String,
}

macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT l.user_id, l.created_by, l.secret_id, l.shown_until, u.name, u.email \
             FROM one_time_links l JOIN users u ON u.id = l.user_id ",
            $more
        )
    };
}

fn link(row: &AnyRow) -> Result<OneTimeLink, StoreError> {
    Ok(OneTimeLink {
        user_id: rows::parsed(row, "user_id")?,
        made_by: rows::parsed(row, "created_by")?,
        secret_id: rows::parsed(row, "secret_id")?,
        shown_until: rows::instant(row, "shown_until")?,
    })
}

impl Store {
    /// The link of a person, for the mail that carries it.
    pub async fn link_to_mail(&self, user: UserId) -> Result<Option<OneTimeLink>, StoreError> {
        let found = sqlx::query(select!("WHERE l.user_id = $1"))
            .bind(user.to_string())
            .fetch_optional(self.pool())
            .await?;
        found.as_ref().map(link).transpose()
    }

    /// The link of a person that somebody made a moment ago.
    pub async fn one_time_link(
        &self,
        user: UserId,
        made_by: UserId,
        now: Timestamp,
    ) -> Result<Option<OneTimeLink>, StoreError> {
        let sql = select!("WHERE l.user_id = $1 AND l.created_by = $2 AND l.shown_until > $3");
        let found = sqlx::query(sql)
            .bind(user.to_string())
            .bind(made_by.to_string())
            .bind(now.millis())
            .fetch_optional(self.pool())
            .await?;
        found.as_ref().map(link).transpose()
    }

    /// The first links that somebody made a moment ago, after those of one person and before, in the order in which the
    /// people were added.
    pub async fn one_time_links_by(
        &self,
        made_by: UserId,
        after: Option<UserId>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ListedLink>, StoreError> {
        let sql = select!(
            "WHERE l.created_by = $1 AND l.user_id > $2 AND l.shown_until > $3 ORDER BY l.user_id LIMIT $4"
        );
        let found = sqlx::query(sql)
            .bind(made_by.to_string())
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(now.millis())
            .bind(limit)
            .fetch_all(self.pool())
            .await?;
        let listed = |row: &AnyRow| {
            Ok(ListedLink {
                link: link(row)?,
                name: rows::text(row, "name")?,
                email: rows::text(row, "email")?,
            })
        };
        found.iter().map(listed).collect()
    }

    /// Every link that is kept to be read.
    pub async fn one_time_links(&self) -> Result<Vec<OneTimeLink>, StoreError> {
        let sql = select!("ORDER BY l.user_id");
        let found = sqlx::query(sql).fetch_all(self.pool()).await?;
        found.iter().map(link).collect()
    }

    /// Points a link to its secret sealed anew, if it still points to the one it did. Returns the secret that is to be
    /// deleted.
    pub async fn replace_link_secret(
        &self,
        link: &OneTimeLink,
        fresh: SecretId,
        now: Timestamp,
    ) -> Result<SecretId, StoreError> {
        let mut tx = self.begin().await?;
        let replaced = sqlx::query(
            "UPDATE one_time_links SET secret_id = $3 WHERE user_id = $1 AND secret_id = $2",
        )
        .bind(link.user_id.to_string())
        .bind(link.secret_id.to_string())
        .bind(fresh.to_string())
        .execute(tx.conn())
        .await?;
        let secrets = (link.secret_id, fresh);
        self.replaced(tx, secrets, replaced.rows_affected() > 0, now)
            .await
    }

    /// Lets go of links that nobody reads any more, up to a thousand, and returns their secrets.
    pub async fn release_shown_links(&self, now: Timestamp) -> Result<Vec<SecretId>, StoreError> {
        // A mail that has not left needs its link.
        let found =
            sqlx::query("SELECT secret_id FROM one_time_links WHERE shown_until <= $1 AND NOT EXISTS (SELECT 1 FROM notices n \
             JOIN jobs j ON j.id = n.id WHERE n.user_id = one_time_links.user_id AND j.state = 'waiting') LIMIT $2")
                .bind(now.millis())
                .bind(MAX_RELEASED)
                .fetch_all(self.pool())
                .await?;
        let mut released = Vec::new();
        if found.is_empty() {
            return Ok(released);
        }
        let mut tx = self.begin().await?;
        for row in &found {
            let id: SecretId = rows::parsed(row, "secret_id")?;
            // What was made or sealed anew meanwhile stays.
            let gone = sqlx::query("DELETE FROM one_time_links WHERE secret_id = $1")
                .bind(id.to_string())
                .execute(tx.conn())
                .await?
                .rows_affected();
            released.extend((gone > 0).then_some(id));
        }
        secrets::let_go(&mut tx, &released, now).await?;
        tx.commit().await?;
        Ok(released)
    }
}

/// Lets go of the link of a person, and returns its secret. A mail that has not left is ended: it carries that link.
pub(crate) async fn release_link_in(
    tx: &mut Transaction,
    user: UserId,
    now: Timestamp,
) -> Result<Option<SecretId>, StoreError> {
    let gone = sqlx::query("DELETE FROM one_time_links WHERE user_id = $1 RETURNING secret_id")
        .bind(user.to_string())
        .fetch_optional(tx.conn())
        .await?;
    let gone = gone
        .map(|row| rows::parsed(&row, "secret_id"))
        .transpose()?;
    secrets::let_go(tx, gone.as_slice(), now).await?;
    if gone.is_some() {
        sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_at = $2 WHERE state = 'waiting' AND leased_until <= $2 \
             AND id IN (SELECT id FROM notices WHERE user_id = $1)",
        )
        .bind(user.to_string())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
    }
    Ok(gone)
}
