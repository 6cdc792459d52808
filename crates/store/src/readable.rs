//! Reads rows into lists and leaves out the ones that cannot be read, so that one harms nobody else.

use crate::{
    error::StoreError,
    rows,
    store::Store,
    unreadable::{Listed, MAX_REMEMBERED},
};
use sqlx::any::AnyRow;
use std::str::FromStr;

impl Store {
    /// What can be read of some rows with an `id`; the others are left out, told in the log, and remembered.
    pub(crate) fn readable<T>(
        &self,
        table: Listed,
        rows: &[AnyRow],
        read: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Vec<T> {
        let read = |row| {
            let error = match read(row) {
                Ok(value) => return Some(value),
                Err(error) => error,
            };
            let id = rows::text(row, "id").unwrap_or_else(|_| "without an id".to_owned());
            let name: &str = table.into();
            tracing::error!(%error, table = name, id, "a row cannot be read and is left out");
            self.unreadable.with(|known| {
                if known.len() < MAX_REMEMBERED {
                    known.insert((table, id));
                }
            });
            None
        };
        rows.iter().filter_map(read).collect()
    }

    /// The rows that were met and still cannot be read: their tables and ids.
    pub async fn unreadable(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        let known = self.unreadable.with(|known| known.clone());
        let mut found = Vec::new();
        for (table, id) in known {
            let read = match table {
                Listed::Accounts => {
                    self.is_readable(&id, async |id| self.account(id).await.map(drop))
                        .await
                }
                Listed::Connections => {
                    self.is_readable(&id, async |id| self.connection(id).await.map(drop))
                        .await
                }
                Listed::Users => {
                    self.is_readable(&id, async |id| self.user(id).await.map(drop))
                        .await
                }
            };
            match read {
                Ok(()) => self.unreadable.with(|known| {
                    known.remove(&(table, id));
                }),
                Err(StoreError::Corrupt(_) | StoreError::Sql(sqlx::Error::ColumnDecode { .. })) => {
                    found.push((table.into(), id));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn is_readable<I: FromStr>(
        &self,
        id: &str,
        read: impl AsyncFnOnce(I) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match id.parse() {
            Ok(id) => read(id).await,
            Err(_) => Err(StoreError::Corrupt("id")),
        }
    }
}
