//! What a transaction announces on Postgres: rows that other instances read, and notifications that reach those who
//! listen. Both are there once the transaction is kept, and only then.

use crate::announcements::Change;
use sqlx::AnyConnection;
use std::fmt::Write as _;

/// Where instances that listen are told, by the id of a row and its topic.
pub(crate) const CHANNEL: &str = "kalends_changes";
/// The database's clock in unix milliseconds: those of the instances differ.
pub(crate) const NOW_OF_POSTGRES: &str =
    "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// Writes the changes into a transaction that is about to be kept.
pub(super) async fn write(tx: &mut AnyConnection, changes: &[Change]) -> Result<(), sqlx::Error> {
    let Some(last) = changes.len().checked_sub(1) else {
        return Ok(());
    };
    let mut rows = String::new();
    for place in 0..=last {
        let comma = if place == last { "" } else { ", " };
        let (id, topic) = (2 * place + 1, 2 * place + 2);
        // Writing to a text does not fail.
        let _ = write!(rows, "(${id}, ${topic}, {NOW_OF_POSTGRES}){comma}");
    }
    // The driver for both engines knows no row without a type: the notification's answer becomes a text.
    let sql = format!(
        "WITH announced AS (INSERT INTO changes (id, topic, at) VALUES {rows} RETURNING id, topic) \
         SELECT CAST(pg_notify('{CHANNEL}', id || ' ' || topic) AS TEXT) AS told FROM announced"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for change in changes {
        query = query.bind(change.id).bind(change.topic.to_string());
    }
    query.execute(tx).await?;
    Ok(())
}
