//! Reading columns into the domain's types.

use crate::error::StoreError;
use kalends_core::clock::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, any::AnyRow};
use std::str::FromStr;

pub fn text(row: &AnyRow, column: &'static str) -> Result<String, StoreError> {
    Ok(row.try_get(column)?)
}

pub fn number(row: &AnyRow, column: &'static str) -> Result<i64, StoreError> {
    Ok(row.try_get(column)?)
}

pub fn maybe_number(row: &AnyRow, column: &'static str) -> Result<Option<i64>, StoreError> {
    Ok(row.try_get(column)?)
}

pub fn instant(row: &AnyRow, column: &'static str) -> Result<Timestamp, StoreError> {
    number(row, column).map(Timestamp::from_millis)
}

pub fn maybe_instant(row: &AnyRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    Ok(maybe_number(row, column)?.map(Timestamp::from_millis))
}

/// A column whose text has a type of its own, such as an id or an address.
pub fn parsed<T: FromStr>(row: &AnyRow, column: &'static str) -> Result<T, StoreError> {
    text(row, column)?
        .parse()
        .map_err(|_| StoreError::Corrupt(column))
}

pub fn maybe_parsed<T: FromStr>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| StoreError::Corrupt(column)))
        .transpose()
}

pub fn json<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(&text(row, column)?).map_err(|_| StoreError::Corrupt(column))
}

pub fn maybe_json<T: DeserializeOwned>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Corrupt(column)))
        .transpose()
}

/// A value as its column holds it.
pub fn to_json(value: &impl Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt(what))
}

/// An enum that is stored by the name serde gives it.
pub fn to_name(value: &impl Serialize, what: &'static str) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(_) | Err(_) => Err(StoreError::Corrupt(what)),
    }
}

pub fn named<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text(row, column)?))
        .map_err(|_| StoreError::Corrupt(column))
}

pub fn maybe_named<T: DeserializeOwned>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| {
        serde_json::from_value(serde_json::Value::String(text))
            .map_err(|_| StoreError::Corrupt(column))
    })
    .transpose()
}

/// A SMALLINT that is 0 or 1.
pub fn flag(row: &AnyRow, column: &'static str) -> Result<bool, StoreError> {
    // SQLite hands out one width of integers, Postgres the one of the column.
    let small: Result<i16, _> = row.try_get(column);
    match small {
        Ok(small) => Ok(small != 0),
        Err(_) => Ok(number(row, column)? != 0),
    }
}

/// A LIKE pattern, escaped by `!`, for texts that hold this one, whatever characters it has.
pub fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
