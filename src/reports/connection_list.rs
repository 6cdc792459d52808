//! The list of connections as a table for spreadsheets.

use crate::spreadsheet::CsvTable;
use kalends_core::{advice::advice, clock::Timestamp, connection::ConnectionState};
use kalends_store::{Cursor, ListItem, ListQuery, Store, StoreError};

/// How many lines are read together.
const PAGE: i64 = 500;

/// Lines of a list from a place on, headed by the names of the columns at the start, and where the next ones begin.
pub async fn csv_page(
    store: &Store,
    wanted: &ListQuery,
    from: Option<Cursor>,
) -> Result<(Vec<u8>, Option<Cursor>), StoreError> {
    let page = store.list_connections(wanted, PAGE, from.as_ref()).await?;
    let mut table = CsvTable::default();
    if from.is_none() {
        table.line(&[
            "name",
            "email",
            "state",
            "since (UTC)",
            "problem",
            "what happened",
            "who must act",
            "mailbox",
            "account",
            "endpoint",
            "last sync (UTC)",
            "entries",
        ]);
    }
    for item in &page.items {
        line(&mut table, item);
    }
    Ok((table.bytes(), page.next))
}

fn line(table: &mut CsvTable, item: &ListItem) {
    let (name, email) = (&item.user.name, item.user.email.to_string());
    let Some(connection) = &item.connection else {
        table.line(&[
            name,
            &email,
            "not connected",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]);
        return;
    };
    let told = connection
        .problem
        .as_ref()
        .filter(|_| connection.state != ConnectionState::Paused)
        .map(|problem| (problem.code(), advice(problem, &connection.names(None))));
    let (code, title, owner) = told.as_ref().map_or(("", "", ""), |(code, told)| {
        (
            *code,
            told.title.as_str(),
            kalends_core::advice::table::owner_words(told.owner),
        )
    });
    table.line(&[
        name,
        &email,
        connection.state.code(),
        &utc(connection.since),
        code,
        title,
        owner,
        connection.mailbox.as_str(),
        &connection.account.to_string(),
        &connection.endpoint.to_string(),
        &connection.last_synced_at.map(utc).unwrap_or_default(),
        &connection.entries.to_string(),
    ]);
}

fn utc(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .unwrap_or_default()
        .to_string()
}
