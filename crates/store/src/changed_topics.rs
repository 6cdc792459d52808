//! What follows a connection that stands otherwise now: its owner's calendar, its own page, the list, and what is said of
//! all. Many at once are told as everything, so that no transaction announces thousands of topics.

use crate::{database::Transaction, error::StoreError, rows};
use kalends_core::{
    id::{AccountId, ConnectionId, UserId},
    topic::Topic,
};

/// The most connections that are told one by one.
pub(crate) const MAX_TOLD: usize = 100;

/// A connection of a person stands otherwise.
pub(crate) fn standing(connection: ConnectionId, person: UserId) -> [Topic; 5] {
    [
        Topic::Connection(connection),
        Topic::Calendar(person),
        Topic::Connections,
        Topic::Overview,
        Topic::People,
    ]
}

/// What changes for the readers of one connection alone.
pub(crate) fn content(connection: ConnectionId, person: UserId) -> [Topic; 2] {
    [Topic::Connection(connection), Topic::Calendar(person)]
}

impl Transaction {
    /// A connection stands otherwise, if it is there.
    pub(crate) async fn changed_connection(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        let sql = "SELECT id, user_id FROM connections WHERE id = $1 LIMIT 101";
        self.changed_connections_where(sql, &id.to_string()).await
    }

    /// Every connection of an account stands otherwise, and so does the account.
    pub(crate) async fn changed_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        self.changed([Topic::Organisation]);
        let sql = "SELECT id, user_id FROM connections WHERE account_id = $1 LIMIT 101";
        self.changed_connections_where(sql, &id.to_string()).await
    }

    /// Every connection of a person stands otherwise, and so do they.
    pub(crate) async fn changed_person(&mut self, id: UserId) -> Result<(), StoreError> {
        self.changed([Topic::Person(id), Topic::People]);
        let sql = "SELECT id, user_id FROM connections WHERE user_id = $1 LIMIT 101";
        self.changed_connections_where(sql, &id.to_string()).await
    }

    async fn changed_connections_where(
        &mut self,
        sql: &'static str,
        id: &str,
    ) -> Result<(), StoreError> {
        let found = sqlx::query(sql).bind(id).fetch_all(self.conn()).await?;
        if found.len() > MAX_TOLD {
            self.changed([Topic::Everything]);
            return Ok(());
        }
        for row in &found {
            // What cannot be read is shown by no page of its own.
            if let (Ok(id), Ok(person)) = (rows::parsed(row, "id"), rows::parsed(row, "user_id")) {
                self.changed(standing(id, person));
            } else {
                self.changed([Topic::Connections, Topic::Overview]);
            }
        }
        Ok(())
    }
}
