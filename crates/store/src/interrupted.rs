//! Tests and analyses whose process is gone: nobody else has their password, so that they end.

use crate::{changed_topics::MAX_TOLD, database::Transaction, error::StoreError, rows};
use kalends_core::{clock::Timestamp, id::CheckId};
use sqlx::{Any, Encode, Type};

/// Ends the rows of a table that have not ended and for which a condition holds, in which `$3` stands for a value. Returns
/// as many of them as are told one by one.
pub(crate) async fn end_interrupted<T>(
    tx: &mut Transaction,
    (table, outcome): (&str, String),
    (condition, value): (&str, T),
    now: Timestamp,
) -> Result<Vec<CheckId>, StoreError>
where
    T: for<'q> Encode<'q, Any> + Type<Any> + Send,
{
    let sql = format!(
        "UPDATE {table} SET outcome = $1, finished_at = $2 WHERE outcome IS NULL AND {condition} RETURNING id"
    );
    let ended = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(outcome)
        .bind(now.millis())
        .bind(value)
        .fetch_all(tx.conn())
        .await?;
    let told = ended.iter().take(MAX_TOLD);
    told.map(|row| rows::parsed(row, "id")).collect()
}
