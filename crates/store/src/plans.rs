//! How the database finds what the pages of a large organisation ask.

use crate::{
    connection_list::Wanted, error::StoreError, events, people, people::Which, store::Store,
};
use kalends_core::{
    calendar::Window,
    id::{ConnectionId, EventId},
};

/// What a page asks.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    List(&'a Wanted),
    Counts(&'a Wanted),
    People(Which, &'a str),
    Entries(ConnectionId, Window),
    Entry(ConnectionId, EventId),
}

impl Store {
    /// The steps that the database takes for it, in its own words.
    pub async fn plan(&self, asked: Asked<'_>) -> Result<Vec<String>, StoreError> {
        let queries = match asked {
            Asked::List(wanted) => self.list_queries(wanted).await?,
            Asked::Counts(wanted) => self.count_queries(wanted).await?,
            Asked::People(which, search) => {
                vec![people::page_query(
                    which,
                    search,
                    (super::connection_list::PAGE, 0),
                )]
            }
            Asked::Entries(connection, window) => vec![events::window_query(connection, window)],
            Asked::Entry(connection, id) => vec![events::entry_query(connection, id)],
        };
        let mut steps = Vec::new();
        for query in queries {
            steps.extend(query.plan(self).await?);
        }
        Ok(steps)
    }
}
