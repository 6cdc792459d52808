//! People as administrators manage them: the list, links to set a password with, roles, who may sign in.

use crate::{
    connection_list::PAGE,
    connections::SHOWN_OF_PERSON,
    cursor::{Cursor, Direction, Page, Place},
    database::Transaction,
    error::StoreError,
    notices,
    one_time_links::release_link_in,
    query::Query,
    rows, secrets,
    store::{LockedTable, Store},
    unreadable::Listed,
    users::{NewUser, User},
};
use kalends_core::{
    audit::AuditEntry,
    clock::Timestamp,
    connection::ConnectionState,
    id::{SecretId, UserId},
    mailbox::SmtpAddress,
    notice::Notice,
    rights::Role,
    topic::Topic,
};
use sqlx::any::AnyRow;
use std::slice;

/// Which people a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeopleFilter {
    #[default]
    All,
    Admins,
    /// Without a password as yet.
    Invited,
    Disabled,
}

/// One person of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonLine {
    pub user: User,
    pub state: Option<ConnectionState>,
    /// Until when their link works, if they have one.
    pub link_until: Option<Timestamp>,
}

fn condition(which: PeopleFilter) -> &'static str {
    match which {
        PeopleFilter::All => "1 = 1",
        PeopleFilter::Admins => "u.role = 'admin'",
        PeopleFilter::Invited => "u.password_hash = ''",
        PeopleFilter::Disabled => "u.disabled_at IS NOT NULL",
    }
}

const ORDER: [&str; 2] = ["u.name_key", "u.id"];

pub(crate) fn page_query(
    which: PeopleFilter,
    search: &str,
    cursor: Option<&Cursor>,
    limit: i64,
) -> Query {
    let direction = cursor.map_or(Direction::Next, |cursor| cursor.direction);
    let order = direction.order(&ORDER);
    // What stands beside each person is looked up for those of the page alone.
    let mut query = Query::new(format!(
        "SELECT u.id, u.name_key, u.email, u.name, u.role, u.password_hash, u.time_zone, u.privacy, u.first_day, u.clock, u.disabled_at, u.disconnected_at, \
         i.expires_at AS link_until, CASE WHEN c.paused_at IS NULL THEN c.state ELSE 'paused' END AS state \
         FROM (SELECT u.id AS found FROM users u WHERE {}",
        condition(which)
    ));
    query.search(search, "u.id");
    if let Some(cursor) = cursor {
        query.beyond(&ORDER, direction, &cursor.place);
    }
    query.add(&format!(" ORDER BY {order} LIMIT "));
    query.number(limit);
    query.add(&format!(
        ") page JOIN users u ON u.id = page.found LEFT JOIN invitations i ON i.user_id = u.id \
         LEFT JOIN connections c ON c.id = {SHOWN_OF_PERSON} ORDER BY {order}"
    ));
    query
}

fn line(row: &AnyRow) -> Result<PersonLine, StoreError> {
    let state: Option<String> = rows::maybe_parsed(row, "state")?;
    Ok(PersonLine {
        user: super::users::user(row)?,
        state: state.and_then(|code| ConnectionState::from_code(&code)),
        link_until: rows::maybe_instant(row, "link_until")?,
    })
}

impl Store {
    /// The page of people by name at a cursor; the first one without it, and where nothing stands before it any more.
    pub async fn people_page(
        &self,
        which: PeopleFilter,
        search: &str,
        cursor: Option<&Cursor>,
    ) -> Result<Page<PersonLine>, StoreError> {
        if cursor.is_some() {
            let page = self.people(which, search, cursor, PAGE).await?;
            if page.previous.is_some() {
                return Ok(page);
            }
        }
        self.people(which, search, None, PAGE).await
    }

    /// People by name, `limit` of them, at a cursor or from the beginning.
    pub async fn people(
        &self,
        which: PeopleFilter,
        search: &str,
        cursor: Option<&Cursor>,
        limit: i64,
    ) -> Result<Page<PersonLine>, StoreError> {
        let query = page_query(which, search, cursor, limit.saturating_add(1));
        let mut found = Vec::new();
        for row in query.fetch(self).await? {
            let place = Place {
                section: 0,
                key: rows::text(&row, "name_key")?,
                id: rows::text(&row, "id")?,
            };
            let line = self
                .readable(Listed::Users, std::slice::from_ref(&row), line)
                .pop();
            found.push((place, line));
        }
        let direction = cursor.map_or(Direction::Next, |cursor| cursor.direction);
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(Page::of(found, limit, direction, cursor.is_some()))
    }

    /// How many people each filter shows, in the order that is asked for.
    pub async fn count_people(
        &self,
        filters: [PeopleFilter; 4],
        search: &str,
    ) -> Result<[i64; 4], StoreError> {
        const COLUMNS: [&str; 4] = ["found_0", "found_1", "found_2", "found_3"];
        let counts: Vec<String> = filters
            .iter()
            .zip(COLUMNS)
            .map(|(which, column)| {
                let condition = condition(*which);
                format!("COUNT(CASE WHEN {condition} THEN 1 END) AS {column}")
            })
            .collect();
        let mut query = Query::new(format!(
            "SELECT {} FROM users u WHERE 1 = 1",
            counts.join(", ")
        ));
        query.search(search, "u.id");
        let found = query.fetch(self).await?;
        let mut numbers = [0; 4];
        for (number, column) in numbers.iter_mut().zip(COLUMNS) {
            *number = found
                .first()
                .map_or(Ok(0), |row| rows::number(row, column))?;
        }
        Ok(numbers)
    }

    /// Adds somebody with their own addresses, the hash of a link and the mail that carries it, all or nothing.
    pub async fn invite(
        &self,
        new: NewUser,
        addresses: &[SmtpAddress],
        link: &NewLink,
        mail: impl FnOnce(&User) -> Option<Notice> + Send,
        (entry, now): (&AuditEntry, Timestamp),
    ) -> Result<User, StoreError> {
        let mut tx = self.begin().await?;
        let user = self
            .insert_user_in(&mut tx, (link.user_id, new), false)
            .await?;
        let user = user.ok_or(StoreError::Corrupt("user"))?;
        for address in addresses {
            sqlx::query(
                "INSERT INTO user_addresses (user_id, address) VALUES ($1, $2) ON CONFLICT (user_id, address) DO NOTHING",
            )
            .bind(user.id.to_string())
            .bind(address.as_str())
            .execute(tx.conn())
            .await?;
        }
        put_link_in(&mut tx, link, now).await?;
        notices::put_all(&mut tx, mail(&user).as_slice()).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::People]);
        tx.commit().await?;
        Ok(user)
    }

    /// Gives somebody a link in the place of an earlier one, and returns the secret of that, which is to be deleted.
    pub async fn put_link(
        &self,
        link: &NewLink,
        mail: Option<&Notice>,
        (entry, now): (&AuditEntry, Timestamp),
    ) -> Result<Option<SecretId>, StoreError> {
        let user = link.user_id;
        let mut tx = self.begin().await?;
        let released = put_link_in(&mut tx, link, now).await?;
        notices::put_all(&mut tx, mail.map(slice::from_ref).unwrap_or_default()).await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user), Topic::People]);
        tx.commit().await?;
        Ok(released)
    }

    /// Until when somebody's link works.
    pub async fn link_of(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT expires_at FROM invitations WHERE user_id = $1")
            .bind(user.to_string())
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| rows::instant(&row, "expires_at")).transpose()
    }

    /// Whose link has this hash and still works.
    pub async fn invited(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(
            "SELECT user_id FROM invitations WHERE token_hash = $1 AND expires_at > $2",
        )
        .bind(token_hash)
        .bind(now.millis())
        .fetch_optional(self.pool())
        .await?;
        match row {
            Some(row) => self.user(rows::parsed(&row, "user_id")?).await,
            None => Ok(None),
        }
    }

    /// Sets a password by a link and ends every session; false if the link was used meanwhile.
    pub async fn use_link(
        &self,
        user: &User,
        token_hash: &str,
        password_hash: &str,
        time_zone: &str,
        entries: &[AuditEntry],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query("DELETE FROM invitations WHERE user_id = $1 AND token_hash = $2")
            .bind(user.id.to_string())
            .bind(token_hash)
            .execute(tx.conn())
            .await?;
        if deleted.rows_affected() == 0 {
            return Ok(false);
        }
        release_link_in(&mut tx, user.id, now).await?;
        sqlx::query("UPDATE users SET password_hash = $2, time_zone = $3 WHERE id = $1")
            .bind(user.id.to_string())
            .bind(password_hash)
            .bind(time_zone)
            .execute(tx.conn())
            .await?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(user.id.to_string())
            .execute(tx.conn())
            .await?;
        self.forget_devices_in(&mut tx, user.id).await?;
        for entry in entries {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([Topic::Person(user.id), Topic::People]);
        tx.commit().await?;
        Ok(true)
    }

    /// False, with nothing changed, if no admin who can sign in would remain.
    pub async fn set_role(
        &self,
        user: UserId,
        role: Role,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Users).await?;
        sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
            .bind(user.to_string())
            .bind(rows::to_name(&role, "role")?)
            .execute(tx.conn())
            .await?;
        if !has_admin(&mut tx).await? {
            return Ok(false);
        }
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed([Topic::Person(user), Topic::People]);
        tx.commit().await?;
        Ok(true)
    }

    /// Disables somebody: their sessions end and their connection is paused; or takes that back. False, with nothing
    /// changed, if no admin who can sign in would remain.
    pub async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin_with_table_lock(LockedTable::Users).await?;
        let at = disabled.then_some(now.millis());
        sqlx::query("UPDATE users SET disabled_at = $2 WHERE id = $1")
            .bind(user.to_string())
            .bind(at)
            .execute(tx.conn())
            .await?;
        if !has_admin(&mut tx).await? {
            return Ok(false);
        }
        if disabled {
            for sql in [
                "DELETE FROM sessions WHERE user_id = $1",
                "DELETE FROM known_devices WHERE user_id = $1",
                "DELETE FROM invitations WHERE user_id = $1",
                "UPDATE checks SET cancelled = 1 WHERE outcome IS NULL AND user_id = $1",
                "UPDATE analyses SET cancelled = 1 WHERE outcome IS NULL AND user_id = $1",
            ] {
                sqlx::query(sql)
                    .bind(user.to_string())
                    .execute(tx.conn())
                    .await?;
            }
            release_link_in(&mut tx, user, now).await?;
        }
        sqlx::query(
            "UPDATE connections SET paused_at = $2, due_at = CASE WHEN due_at IS NULL THEN NULL ELSE $3 END WHERE user_id = $1",
        )
        .bind(user.to_string())
        .bind(at)
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        self.audit_in(&mut tx, entry, now).await?;
        tx.changed_person(user).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// An address counts as a person's own no more.
    pub async fn take_address_back(
        &self,
        user: UserId,
        address: &SmtpAddress,
        entry: &AuditEntry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query("DELETE FROM user_addresses WHERE user_id = $1 AND address = $2")
            .bind(user.to_string())
            .bind(address.as_str())
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() > 0 {
            self.audit_in(&mut tx, entry, now).await?;
        }
        tx.changed([Topic::Person(user), Topic::People]);
        Ok(tx.commit().await?)
    }
}

/// A link that is made, with the token that is sealed.
#[derive(Debug)]
pub struct NewLink {
    /// Whose password it sets.
    pub user_id: UserId,
    pub made_by: UserId,
    /// What the main database knows the token by.
    pub token_hash: String,
    pub works_until: Timestamp,
    pub secret_id: SecretId,
    /// Until when whoever made it may read it.
    pub shown_until: Timestamp,
}

async fn put_link_in(
    tx: &mut Transaction,
    link: &NewLink,
    now: Timestamp,
) -> Result<Option<SecretId>, StoreError> {
    sqlx::query(
        "INSERT INTO invitations (user_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at, \
         expires_at = excluded.expires_at",
    )
    .bind(link.user_id.to_string())
    .bind(&link.token_hash)
    .bind(now.millis())
    .bind(link.works_until.millis())
    .execute(tx.conn())
    .await?;
    // An earlier one works no more: nobody is to read it.
    let released = release_link_in(tx, link.user_id, now).await?;
    secrets::point_to(tx, link.secret_id).await?;
    sqlx::query(
        "INSERT INTO one_time_links (user_id, created_by, secret_id, shown_until) VALUES ($1, $2, $3, $4)",
    )
    .bind(link.user_id.to_string())
    .bind(link.made_by.to_string())
    .bind(link.secret_id.to_string())
    .bind(link.shown_until.millis())
    .execute(tx.conn())
    .await?;
    Ok(released)
}

/// Whether an admin is there who can sign in.
async fn has_admin(tx: &mut Transaction) -> Result<bool, StoreError> {
    let found = sqlx::query(
        "SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND password_hash <> '' LIMIT 1",
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}
