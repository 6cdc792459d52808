//! Queries whose conditions depend on what is asked for.

use crate::database::Engine;
use crate::{
    cursor::{Direction, Place},
    error::StoreError,
    rows, search,
    store::Store,
};
use sqlx::{AssertSqlSafe, any::AnyRow};
use std::fmt::Write as _;

/// SQL in the making, with what is bound to it.
pub struct Query {
    sql: String,
    bound: Vec<Bound>,
}

enum Bound {
    Text(String),
    Number(i64),
}

impl Query {
    pub fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            bound: Vec::new(),
        }
    }

    /// How the database would carry it out, a line for each step.
    pub async fn plan(mut self, store: &Store) -> Result<Vec<String>, StoreError> {
        let (explain, column) = match store.engine() {
            Engine::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            Engine::Postgres => ("EXPLAIN ", "QUERY PLAN"),
        };
        self.sql.insert_str(0, explain);
        let steps = self.fetch(store).await?;
        steps.iter().map(|row| rows::text(row, column)).collect()
    }

    pub fn add(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn bind(&mut self, value: Bound) {
        self.bound.push(value);
        // Writing to a String cannot fail.
        let _ = write!(self.sql, "${}", self.bound.len());
    }

    pub fn text(&mut self, value: &str) {
        self.bind(Bound::Text(value.to_owned()));
    }

    /// A list, with commas between.
    pub fn texts(&mut self, values: &[impl ToString]) {
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.add(", ");
            }
            self.text(&value.to_string());
        }
    }

    pub fn number(&mut self, value: i64) {
        self.bind(Bound::Number(value));
    }

    /// Narrows to what stands beyond a place by a text and an id.
    pub fn beyond(&mut self, columns: &[&str; 2], direction: Direction, place: &Place) {
        let operator = direction.operator();
        self.add(&format!(" AND ({}){operator}(", columns.join(", ")));
        self.text(&place.key);
        self.add(", ");
        self.text(&place.id);
        self.add(")");
    }

    /// Narrows to the people whose words a search begins; `user` is the column with their id. Each range is read once
    /// and as a whole: but for DISTINCT, Postgres looks for a match of each row of the list in turn.
    pub fn search(&mut self, search: &str, user: &str) {
        let ranges = search::ranges(search);
        if ranges.is_empty() && !search.trim().is_empty() {
            // Nobody's words hold such characters alone.
            self.add(" AND 1 = 0");
        }
        for (from, to) in ranges {
            self.add(&format!(
                " AND {user} IN (SELECT DISTINCT w.user_id FROM search_words w WHERE w.word >= "
            ));
            self.text(&from);
            self.add(" AND w.word < ");
            self.text(&to);
            self.add(")");
        }
    }

    pub async fn fetch(self, store: &Store) -> Result<Vec<AnyRow>, StoreError> {
        let mut query = sqlx::query(AssertSqlSafe(self.sql));
        for value in self.bound {
            query = match value {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(store.pool()).await?)
    }
}
