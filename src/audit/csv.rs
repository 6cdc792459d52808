//! The audit trail as a table for spreadsheets.

use crate::spreadsheet::CsvTable;
use kalends_core::audit::AuditFilter;
use kalends_store::{Store, StoreError};

/// How many lines are read together.
const PAGE: i64 = 1000;

/// Filtered lines from before a place on, headed by the names of the columns at the start, and the place of the last.
pub async fn csv_page(
    store: &Store,
    filter: &AuditFilter,
    before: i64,
) -> Result<(Vec<u8>, Option<i64>), StoreError> {
    let lines = store.filtered_lines(filter, before, PAGE).await?;
    let mut table = CsvTable::default();
    if before == i64::MAX {
        table.line(&["line", "time (UTC)", "who", "what", "about", "hash"]);
    }
    for line in &lines {
        let at = jiff::Timestamp::from_millisecond(line.at.millis()).unwrap_or_default();
        table.line(&[
            &line.seq.to_string(),
            &at.to_string(),
            line.who.as_deref().unwrap_or("Kalends"),
            &line.action,
            &line.subject,
            &line.hash,
        ]);
    }
    let is_last = lines.len() < usize::try_from(PAGE).unwrap_or(0);
    let next = lines.last().map(|line| line.seq).filter(|_| !is_last);
    Ok((table.bytes(), next))
}
