//! Places in sorted lists, as addresses carry them: a page begins right behind one, or ends right before it. Unlike a
//! number of rows to skip, a place costs no reading of what lies before it, and stays where it is while rows are added.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{fmt, str::FromStr};

/// The longest text that is read as a place.
const MAX_TEXT: usize = 4096;
const MAX_ID: usize = 64;
/// The section of people without a connection, the last one.
pub(crate) const LAST_SECTION: i64 = 4;

/// Where a row stands in its list: by its section, what it is sorted by within, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub section: i64,
    pub key: String,
    pub id: String,
}

impl Place {
    /// What it is sorted by, where that is a number.
    pub fn number(&self) -> Option<i64> {
        self.key.parse().ok()
    }
}

/// Which way a list is read from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Previous,
    Next,
}

impl Direction {
    /// What holds between the keys of the rows that are read and those of the place.
    pub const fn operator(self) -> &'static str {
        match self {
            Self::Previous => " < ",
            Self::Next => " > ",
        }
    }

    /// The order in which rows are read, column by column.
    pub fn order(self, columns: &[&str]) -> String {
        let end = match self {
            Self::Previous => " DESC",
            Self::Next => "",
        };
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("{column}{end}"))
            .collect();
        columns.join(", ")
    }
}

/// Where a page of a list begins or ends. Its text is for addresses and says nothing to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) direction: Direction,
    pub(crate) place: Place,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { section, key, id } = &self.place;
        let direction = match self.direction {
            Direction::Previous => 'p',
            Direction::Next => 'n',
        };
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(format!("{direction} {section} {id} {key}")))
    }
}

/// The text is no place of any list.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no place of a list")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        if text.len() > MAX_TEXT {
            return Err(NoCursor);
        }
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        let decoded = String::from_utf8(decoded).map_err(|_| NoCursor)?;
        let mut parts = decoded.splitn(4, ' ');
        let mut part = || parts.next().ok_or(NoCursor);
        let direction = match part()? {
            "p" => Direction::Previous,
            "n" => Direction::Next,
            _ => return Err(NoCursor),
        };
        let section = part()?.parse().map_err(|_| NoCursor)?;
        let (id, key) = (part()?, part()?);
        let is_id = id.len() <= MAX_ID
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        // Postgres takes no text with a zero byte.
        if !(0..=LAST_SECTION).contains(&section) || !is_id || key.contains('\0') {
            return Err(NoCursor);
        }
        let place = Place {
            section,
            key: key.to_owned(),
            id: id.to_owned(),
        };
        Ok(Self { direction, place })
    }
}

/// Rows of a list, and where the pages beside it are, if there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub previous: Option<Cursor>,
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page that was read from a place on: up to `limit` rows and one more, if there is one. A row that cannot be
    /// read has its place in the list all the same.
    pub(crate) fn of(
        mut rows: Vec<(Place, Option<T>)>,
        limit: usize,
        direction: Direction,
        has_begun: bool,
    ) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let (has_previous, has_next) = match direction {
            Direction::Next => (has_begun, has_more),
            Direction::Previous => {
                rows.reverse();
                (has_more, true)
            }
        };
        let cursor = |row: Option<&(Place, Option<T>)>, direction| {
            let (place, _) = row?;
            let place = place.clone();
            Some(Cursor { direction, place })
        };
        Self {
            previous: cursor(rows.first(), Direction::Previous).filter(|_| has_previous),
            next: cursor(rows.last(), Direction::Next).filter(|_| has_next),
            items: rows.into_iter().filter_map(|(_, item)| item).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(direction: Direction, section: i64, key: &str, id: &str) -> Cursor {
        Cursor {
            direction,
            place: Place {
                section,
                key: key.to_owned(),
                id: id.to_owned(),
            },
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for cursor in [
            cursor(Direction::Next, 3, "zoë o'neill", "0190-ab"),
            cursor(Direction::Previous, 0, "-12", ""),
            cursor(Direction::Next, LAST_SECTION, "", "a"),
        ] {
            let text = cursor.to_string();
            assert_eq!(text.parse(), Ok(cursor));
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for cursor in [
            cursor(Direction::Next, 5, "a", "b"),
            cursor(Direction::Next, -1, "a", "b"),
            cursor(Direction::Next, 0, "a\0", "b"),
            cursor(Direction::Next, 0, "a", "b'"),
            cursor(Direction::Next, 0, "a", &"b".repeat(65)),
            cursor(Direction::Next, 0, &"a".repeat(MAX_TEXT), "b"),
        ] {
            assert_eq!(
                cursor.to_string().parse::<Cursor>(),
                Err(NoCursor),
                "{cursor:?}"
            );
        }
        for text in ["", "2", "150", "!", "bg", "\u{0}"] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
    }

    #[test]
    fn a_page_knows_what_is_beside_it() {
        let rows = |numbers: &[i64]| -> Vec<(Place, Option<i64>)> {
            let place = |number: &i64| cursor(Direction::Next, 0, &number.to_string(), "").place;
            numbers
                .iter()
                .map(|number| (place(number), Some(*number)))
                .collect()
        };
        let first = Page::of(rows(&[1, 2, 3]), 2, Direction::Next, false);
        assert_eq!(first.items, [1, 2]);
        assert_eq!(
            (first.previous, first.next),
            (None, Some(cursor(Direction::Next, 0, "2", "")))
        );
        let last = Page::of(rows(&[3, 4]), 2, Direction::Next, true);
        assert_eq!(
            (last.previous, last.next),
            (Some(cursor(Direction::Previous, 0, "3", "")), None)
        );
        let back = Page::of(rows(&[4, 3, 2]), 2, Direction::Previous, true);
        assert_eq!(back.items, [3, 4]);
        assert!(back.previous.is_some() && back.next.is_some());
        let beginning = Page::of(rows(&[2, 1]), 2, Direction::Previous, true);
        assert!(beginning.previous.is_none() && beginning.next.is_some());
    }
}
