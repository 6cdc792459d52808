//! The list of connections as an admin works with it: what it is narrowed to, and how many there are.

use crate::{
    connections::{self, COLUMNS_WITH_PERSON, ConnectionFilter, FROM_WITH_PERSON},
    error::StoreError,
    query::Query,
    rows,
    store::Store,
    unreadable::Listed,
};
use kalends_core::{
    connection::{Connection, ConnectionState},
    id::{AccountId, ConnectionId, UserId},
    mailbox::SmtpAddress,
};
use sqlx::any::AnyRow;

/// How many rows a page of the list holds.
pub const PAGE: i64 = 50;

/// In which order connections are listed; people without one come last.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Sort {
    /// Broken first, then waiting, paused and fine; by name within.
    #[default]
    State,
    Name,
    /// In its state for longest.
    Since,
    /// Read last the longest ago, never read first.
    LastSync,
}

/// What connections go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountKind {
    Anything,
    Account(AccountId),
    /// Every account at this host.
    Host(String),
}

/// What the list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    pub state: ConnectionFilter,
    /// Codes of problems; none for any.
    pub causes: Vec<String>,
    pub through: AccountKind,
    /// The mail domain of the mailbox, lower-cased; empty for any.
    pub domain: String,
    /// Beginnings of words of names, addresses and mailboxes.
    pub search: String,
    pub sort: Sort,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            state: ConnectionFilter::Everyone,
            causes: Vec::new(),
            through: AccountKind::Anything,
            domain: String::new(),
            search: String::new(),
            sort: Sort::State,
        }
    }
}

impl ListQuery {
    /// Whether only connections are asked for, by what people without one do not have.
    pub(crate) const fn is_about_connections(&self) -> bool {
        !self.causes.is_empty()
            || !matches!(self.through, AccountKind::Anything)
            || !self.domain.is_empty()
    }

    /// Whether nothing but the state narrows it.
    fn is_everybody(&self) -> bool {
        !self.is_about_connections() && self.search.trim().is_empty()
    }
}

/// Who somebody is, for lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPerson {
    pub id: UserId,
    pub name: String,
    pub email: SmtpAddress,
}

/// One user of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListItem {
    pub user: ListedPerson,
    pub connection: Option<Connection>,
}

/// How many people a list shows by state, whatever state it is narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub action_needed: i64,
    pub delayed: i64,
    pub paused: i64,
    pub connected: i64,
    pub not_connected: i64,
}

impl Counts {
    pub const fn of(&self, filter: ConnectionFilter) -> i64 {
        match filter {
            ConnectionFilter::Everyone => self.connections() + self.not_connected,
            ConnectionFilter::NotConnected => self.not_connected,
            ConnectionFilter::Is(ConnectionState::ActionNeeded) => self.action_needed,
            ConnectionFilter::Is(ConnectionState::Delayed) => self.delayed,
            ConnectionFilter::Is(ConnectionState::Paused) => self.paused,
            ConnectionFilter::Is(ConnectionState::Connected) => self.connected,
        }
    }

    pub const fn connections(&self) -> i64 {
        self.action_needed + self.delayed + self.paused + self.connected
    }
}

/// The place of a state in the list. An index is made of this very expression.
const RANK: &str = "(CASE WHEN c.paused_at IS NOT NULL THEN 2 WHEN c.state = 'action_needed' THEN 0 WHEN c.state = 'delayed' THEN 1 ELSE 3 END)";
/// The same while an account is paused, or everything.
const RANK_IN_PAUSE: &str = "(CASE WHEN c.paused_at IS NOT NULL OR EXISTS (SELECT 1 FROM global_pause) \
    OR EXISTS (SELECT 1 FROM accounts p WHERE p.id = c.account_id AND p.paused_at IS NOT NULL) THEN 2 \
    WHEN c.state = 'action_needed' THEN 0 WHEN c.state = 'delayed' THEN 1 ELSE 3 END)";

pub(crate) const fn rank(state: ConnectionState) -> i64 {
    match state {
        ConnectionState::ActionNeeded => 0,
        ConnectionState::Delayed => 1,
        ConnectionState::Paused => 2,
        ConnectionState::Connected => 3,
    }
}

/// The conditions on connections, all but the state.
pub(crate) fn conditions(query: &mut Query, wanted: &ListQuery) {
    if !wanted.causes.is_empty() {
        query.add(" AND c.problem_code IN (");
        query.texts(&wanted.causes);
        query.add(")");
    }
    match &wanted.through {
        AccountKind::Anything => {}
        AccountKind::Account(account) => {
            query.add(" AND c.account_id = ");
            query.text(&account.to_string());
        }
        AccountKind::Host(host) => {
            query.add(" AND c.account_id IN (SELECT a.id FROM accounts a WHERE a.host = ");
            query.text(host);
            query.add(")");
        }
    }
    if !wanted.domain.is_empty() {
        query.add(" AND c.domain = ");
        query.text(&wanted.domain);
    }
    query.search(&wanted.search, "c.user_id");
}

fn count_query(wanted: &ListQuery, rank_now: &str) -> Query {
    if wanted.is_everybody() && rank_now == RANK {
        // Most are connected: those are counted by the others, which an index has together.
        return Query::new(format!(
            "SELECT {RANK} AS place, COUNT(*) AS found FROM connections c WHERE {RANK} < 3 GROUP BY {RANK} \
             UNION ALL SELECT 3 AS place, COUNT(*) - (SELECT COUNT(*) FROM connections c WHERE {RANK} < 3) AS found FROM connections"
        ));
    }
    let mut query = Query::new(format!(
        "SELECT {rank_now} AS place, COUNT(*) AS found FROM connections c WHERE 1 = 1"
    ));
    conditions(&mut query, wanted);
    query.add(&format!(" GROUP BY {rank_now}"));
    query
}

fn not_connected_query(wanted: &ListQuery) -> Query {
    if wanted.is_everybody() {
        // Everybody with a connection is there. An index has them in order, which Postgres goes through in a fifth of the
        // time that it takes to look for each person.
        return Query::new(
            "SELECT COUNT(*) - (SELECT COUNT(*) FROM (SELECT user_id FROM connections GROUP BY user_id) c) AS found FROM users",
        );
    }
    let mut query = Query::new(
        "SELECT COUNT(*) AS found FROM users u WHERE NOT EXISTS (SELECT 1 FROM connections c WHERE c.user_id = u.id)",
    );
    query.search(&wanted.search, "u.id");
    query
}

pub(crate) fn connected(row: &AnyRow) -> Result<ListItem, StoreError> {
    Ok(ListItem {
        user: person(row)?,
        connection: Some(connections::connection(row)?),
    })
}

impl Store {
    /// What the counts by state ask.
    pub(crate) async fn count_queries(&self, wanted: &ListQuery) -> Result<Vec<Query>, StoreError> {
        Ok(vec![count_query(wanted, self.rank().await?)])
    }

    /// How many there are by state.
    pub async fn count_connections(&self, wanted: &ListQuery) -> Result<Counts, StoreError> {
        let query = count_query(wanted, self.rank().await?);
        let mut counts = Counts::default();
        for row in query.fetch(self).await? {
            let found = rows::number(&row, "found")?;
            match rows::number(&row, "place")? {
                0 => counts.action_needed = found,
                1 => counts.delayed = found,
                2 => counts.paused = found,
                _ => counts.connected = found,
            }
        }
        if wanted.is_about_connections() {
            return Ok(counts);
        }
        let people = not_connected_query(wanted).fetch(self).await?;
        counts.not_connected = people
            .first()
            .map_or(Ok(0), |row| rows::number(row, "found"))?;
        Ok(counts)
    }

    /// Connections by their ids, with whose they are, by name; those that are gone are left out.
    pub async fn listed(&self, ids: &[ConnectionId]) -> Result<Vec<ListItem>, StoreError> {
        let mut items = Vec::new();
        for some in ids.chunks(100) {
            let mut query = Query::new(format!("{COLUMNS_WITH_PERSON}{FROM_WITH_PERSON}"));
            query.add("WHERE c.id IN (");
            query.texts(some);
            query.add(") ORDER BY c.user_name_key, c.id");
            let found = query.fetch(self).await?;
            items.extend(self.readable(Listed::Connections, &found, connected));
        }
        Ok(items)
    }

    /// How many connections there are by mail domain.
    pub async fn mail_domains(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let found = sqlx::query(
            "SELECT domain, COUNT(*) AS found FROM connections GROUP BY domain ORDER BY domain LIMIT 200",
        )
        .fetch_all(self.pool())
        .await?;
        found
            .iter()
            .map(|row| Ok((rows::text(row, "domain")?, rows::number(row, "found")?)))
            .collect()
    }

    /// The expression of the list's order: the indexed one, unless a pause of more than single connections is on.
    pub(crate) async fn rank(&self) -> Result<&'static str, StoreError> {
        let paused = sqlx::query(
            "SELECT 1 AS found FROM global_pause UNION ALL SELECT 1 AS found FROM accounts WHERE paused_at IS NOT NULL LIMIT 1",
        )
        .fetch_optional(self.pool())
        .await?;
        Ok(if paused.is_some() {
            RANK_IN_PAUSE
        } else {
            RANK
        })
    }
}

pub(crate) fn person(row: &AnyRow) -> Result<ListedPerson, StoreError> {
    Ok(ListedPerson {
        id: rows::parsed(row, "person_id")?,
        name: rows::text(row, "person_name")?,
        email: rows::parsed(row, "person_email")?,
    })
}
