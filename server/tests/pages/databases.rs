//! The databases by another hand than the program's: what a newer version, another instance or an intruder would do to
//! them, and what is kept in them.

use crate::program::Place;
use sqlx::{AnyConnection, Connection as _, Row as _};

/// One connection of its own.
pub struct Database(AnyConnection);

impl Database {
    /// The file of this name in the data folder.
    pub async fn file(place: &Place, name: &str) -> Self {
        Self::at(&format!("sqlite://{}", place.path().join(name).display())).await
    }

    pub async fn at(url: &str) -> Self {
        sqlx::any::install_default_drivers();
        Self(AnyConnection::connect(url).await.unwrap())
    }

    /// How many rows it changed.
    pub async fn execute(&mut self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let done = sqlx::raw_sql(sql).execute(&mut self.0).await.unwrap();
        done.rows_affected()
    }

    /// Rows of two numbers.
    pub async fn pairs(&mut self, sql: &str) -> Vec<(i64, i64)> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let found = sqlx::raw_sql(sql).fetch_all(&mut self.0).await.unwrap();
        found.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}
