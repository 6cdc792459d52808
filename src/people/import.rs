//! People from a table: a name, an address to sign in with, a role and further addresses in each line.

use super::NewPerson;
use crate::store::Role;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The most people of one table.
pub const MOST_PEOPLE: usize = 5_000;

/// One line of the table, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// From 1 on, as spreadsheets count.
    pub line: usize,
    pub name: String,
    pub email: String,
    pub is_admin: bool,
    /// Separated by blanks.
    pub addresses: String,
    /// Why nobody is invited by this line.
    pub mistake: Option<String>,
}

impl ImportRow {
    /// Whom it invites, if it is right.
    pub fn person(&self, time_zone: &str) -> Option<NewPerson> {
        let role = if self.is_admin {
            Role::Admin
        } else {
            Role::Member
        };
        let parsed = NewPerson::parse(&self.name, &self.email, &self.addresses, role, time_zone);
        parsed.ok().filter(|_| self.mistake.is_none())
    }
}

/// Reads a table, separated by commas, semicolons or tabs. Columns are found by the names in the first line (name,
/// email, role, addresses); without such a line they are a name and an address, in either order. `None`: too many.
pub fn read_people(text: &str) -> Option<Vec<ImportRow>> {
    // Browsers and spreadsheets end lines with two characters, of which the reader counts one by itself.
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
    let text = format!("{text}\n");
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    let delimiter = [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|c| first.bytes().filter(|b| b == c).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    while let Ok(true) = reader.read_record(&mut record) {
        if record.iter().all(str::is_empty) {
            continue;
        }
        // Its position is that of blank lines before it; what was read ends with it.
        let line = usize::try_from(reader.position().line())
            .unwrap_or(0)
            .saturating_sub(1);
        let columns = match &columns {
            Some(columns) => columns,
            None => match Columns::named(&record) {
                Some(named) => {
                    columns = Some(named);
                    continue;
                }
                None => columns.insert(Columns::guessed(&record)),
            },
        };
        if rows.len() == MOST_PEOPLE {
            return None;
        }
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or("").to_owned();
        let role = cell(columns.role).to_lowercase();
        let is_admin = matches!(role.as_str(), "admin" | "administrator");
        let is_role_known = is_admin || matches!(role.as_str(), "" | "member" | "user");
        let mut row = ImportRow {
            line,
            name: cell(columns.name),
            email: cell(columns.email).to_lowercase(),
            is_admin,
            addresses: cell(columns.addresses).replace([',', ';'], " "),
            mistake: None,
        };
        if row.name.is_empty() {
            row.name = row
                .email
                .split('@')
                .next()
                .unwrap_or("")
                .replace(['.', '_'], " ");
        }
        row.mistake = NewPerson::parse(&row.name, &row.email, &row.addresses, Role::Member, "")
            .err()
            .and_then(|mistakes| mistakes.into_iter().map(|(_, words)| words).next())
            .or_else(|| {
                (!seen.insert(row.email.clone())).then(|| "Twice in this table.".to_owned())
            })
            .or_else(|| {
                let words = || format!("There is no role {role}: use member or admin.");
                (!is_role_known).then(words)
            });
        rows.push(row);
    }
    Some(rows)
}

struct Columns {
    name: Option<usize>,
    email: Option<usize>,
    role: Option<usize>,
    addresses: Option<usize>,
}

impl Columns {
    fn named(record: &csv::StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            record
                .iter()
                .position(|cell| names.contains(&cell.to_lowercase().as_str()))
        };
        let email = find(&[
            "email",
            "e-mail",
            "mail",
            "address",
            "email address",
            "primarysmtpaddress",
            "userprincipalname",
        ])?;
        Some(Self {
            name: find(&["name", "display name", "displayname", "full name"]),
            email: Some(email),
            role: find(&["role"]),
            addresses: find(&["addresses", "aliases", "mailboxes", "other addresses"]),
        })
    }

    fn guessed(record: &csv::StringRecord) -> Self {
        let email = record
            .iter()
            .position(|cell| cell.contains('@'))
            .unwrap_or(0);
        let name = (0..record.len()).find(|at| *at != email);
        Self {
            name,
            email: Some(email),
            role: None,
            addresses: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(rows: &[ImportRow]) -> Vec<(usize, &str, &str, bool, bool)> {
        rows.iter()
            .map(|row| {
                (
                    row.line,
                    &*row.name,
                    &*row.email,
                    row.is_admin,
                    row.mistake.is_some(),
                )
            })
            .collect()
    }

    #[test]
    fn a_table_with_names_of_columns_is_read_whatever_separates_them() {
        let text = "\u{FEFF}Role;Email;Name;Addresses\nadmin;Alice@Example.test;Alice Albers;sales@example.test, room@example.test\n\nmember;bob@example.test;\"Bob; the other\";\n;not an address;X;\n;bob@example.test;Bob;\n";
        let rows = read_people(text).unwrap();
        // As browsers send it and spreadsheets write it.
        assert_eq!(read_people(&text.replace('\n', "\r\n")).unwrap(), rows);
        assert_eq!(
            short(&rows),
            [
                (2, "Alice Albers", "alice@example.test", true, false),
                (4, "Bob; the other", "bob@example.test", false, false),
                (5, "X", "not an address", false, true),
                (6, "Bob", "bob@example.test", false, true),
            ]
        );
        assert_eq!(rows[0].person("UTC").unwrap().addresses.len(), 2);
        assert!(rows[3].person("UTC").is_none());
    }

    #[test]
    fn a_role_that_nobody_knows_is_told() {
        let rows =
            read_people("email,role\nbob@example.test,User\ncharlie@example.test,owner").unwrap();
        assert_eq!(rows[0].mistake, None);
        assert_eq!(
            rows[1].mistake.as_deref(),
            Some("There is no role owner: use member or admin.")
        );
    }

    #[test]
    fn a_plain_list_of_addresses_gives_names_as_well() {
        let rows = read_people("alice.albers@example.test\nBob,bob@example.test").unwrap();
        assert_eq!(short(&rows)[0].1, "alice albers");
        let rows = read_people("Bob,bob@example.test\nCharlie,charlie@example.test").unwrap();
        assert_eq!(
            short(&rows)[1],
            (2, "Charlie", "charlie@example.test", false, false)
        );
        assert_eq!(read_people(" \n").unwrap(), []);
    }

    #[test]
    fn too_many_lines_are_refused() {
        let lines = |number: usize| -> String {
            let lines: Vec<String> = (0..number).map(|n| format!("p{n}@example.test")).collect();
            lines.join("\n")
        };
        assert!(read_people(&lines(MOST_PEOPLE)).is_some());
        assert!(read_people(&lines(MOST_PEOPLE + 1)).is_none());
    }
}
