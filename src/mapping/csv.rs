//! A map as a table for spreadsheets.

use crate::{
    id::MapId,
    store::{MapRow, Store, StoreError},
};

/// How many lines are read together.
const PAGE: i64 = 500;
/// What spreadsheets take for the start of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The lines from `offset` on, headed by the names of the columns at the start, and where the next ones begin.
pub async fn csv_page(
    store: &Store,
    map: MapId,
    offset: i64,
) -> Result<(Vec<u8>, Option<i64>), StoreError> {
    let found = store.map_rows(map, None, (PAGE, offset)).await?;
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut write = |cells: [&str; 6]| {
        // Writing to a Vec cannot fail.
        let _ = table.write_record(cells.map(harmless));
    };
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
    let bytes = table.into_inner().unwrap_or_default();
    Ok((bytes, (!is_last).then_some(offset + PAGE)))
}

fn person(row: &MapRow) -> &str {
    row.person.as_ref().map_or("", |(_, name)| name.as_str())
}

/// The stable name of a value, as it is stored.
fn name_of(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        Ok(_) | Err(_) => String::new(),
    }
}

/// A cell that no spreadsheet takes for a formula.
pub fn harmless(cell: &str) -> String {
    if cell.starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_written_as_text() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@bob"), "'@bob");
        assert_eq!(harmless("bob@example.test"), "bob@example.test");
    }
}
