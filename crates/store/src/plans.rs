//! How the database finds what the pages of a large organisation ask.

use crate::{
    connection_list::{ListQuery, PAGE},
    cursor::Cursor,
    error::StoreError,
    events, people,
    people::PeopleFilter,
    store::Store,
};
use kalends_core::{
    calendar::Window,
    id::{ConnectionId, EventId},
};

/// What a page asks.
#[derive(Debug, Clone, Copy)]
pub enum PlannedQuery<'a> {
    List(&'a ListQuery, Option<&'a Cursor>),
    Counts(&'a ListQuery),
    People(PeopleFilter, &'a str, Option<&'a Cursor>),
    Entries(ConnectionId, Window),
    Entry(ConnectionId, EventId),
}

impl Store {
    /// The steps that the database takes for it, in its own words.
    pub async fn plan(&self, asked: PlannedQuery<'_>) -> Result<Vec<String>, StoreError> {
        let queries = match asked {
            PlannedQuery::List(wanted, cursor) => self.list_queries(wanted, cursor).await?,
            PlannedQuery::Counts(wanted) => self.count_queries(wanted).await?,
            PlannedQuery::People(which, search, cursor) => {
                vec![people::page_query(which, search, cursor, PAGE)]
            }
            PlannedQuery::Entries(connection, window) => {
                vec![events::window_query(connection, window)]
            }
            PlannedQuery::Entry(connection, id) => vec![events::entry_query(connection, id)],
        };
        let mut steps = Vec::new();
        for query in queries {
            steps.extend(query.plan(self).await?);
        }
        Ok(steps)
    }
}
