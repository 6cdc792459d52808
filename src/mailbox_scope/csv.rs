//! A scope as a table for spreadsheets.

use crate::spreadsheet::CsvTable;
use kalends_core::id::ScopeId;
use kalends_store::{ScopeRow, Store, StoreError};

/// How many lines are read together.
const PAGE: i64 = 500;

/// The lines from `offset` on, headed by the names of the columns at the start, and where the next ones begin.
pub async fn csv_page(
    store: &Store,
    scope: ScopeId,
    offset: i64,
) -> Result<(Vec<u8>, Option<i64>), StoreError> {
    let found = store.scope_rows(scope, None, (PAGE, offset)).await?;
    let mut table = CsvTable::default();
    let mut write = |cells: [&str; 6]| table.line(&cells);
    if offset == 0 {
        write([
            "address",
            "found",
            "primary address",
            "problem",
            "person",
            "connection",
        ]);
    }
    for row in &found {
        let place = row.place.map(name_of).unwrap_or_default();
        let result = match row.result {
            Some(result) => name_of(result),
            None if row.has_connection => "connected".to_owned(),
            None => String::new(),
        };
        write([
            &row.address,
            &place,
            row.primary.as_ref().map_or("", |it| it.as_str()),
            row.problem.as_ref().map_or("", |it| it.code()),
            person(row),
            &result,
        ]);
    }
    let is_last = found.len() < usize::try_from(PAGE).unwrap_or(0);
    Ok((table.bytes(), (!is_last).then_some(offset + PAGE)))
}

fn person(row: &ScopeRow) -> &str {
    row.person.as_ref().map_or("", |(_, name)| name.as_str())
}

/// The stable name of a value, as it is stored.
fn name_of(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        Ok(_) | Err(_) => String::new(),
    }
}
