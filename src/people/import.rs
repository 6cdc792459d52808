//! People from a table: a name, an address to sign in with, a role and further addresses in each line.

use super::NewPerson;
use crate::{
    pasted::addresses_in,
    store::Role,
    table::{Heading, Row, Sheet, read_sheet},
};
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

/// Reads a table as people type it or other programs write it. Columns are found by their names (name, email, role,
/// addresses, and those of Exchange and spreadsheets); without names they are a name and an address, in either order.
/// `None`: too many.
pub fn read_people(text: &str) -> Option<Vec<ImportRow>> {
    let Sheet { heading, rows } = read_sheet(text);
    if rows.len() > MOST_PEOPLE {
        return None;
    }
    let with_address = |row: &&Row| row.cells.iter().any(|cell| cell.contains('@'));
    let sample = rows.iter().find(with_address).or(rows.first());
    let heading = heading.or_else(|| Some(Heading::guessed(&sample?.cells)));
    let heading = heading.unwrap_or_default();
    let mut seen = HashSet::new();
    let read = rows.iter().map(|row| person_of(&heading, row, &mut seen));
    Some(read.collect())
}

fn person_of(heading: &Heading, row: &Row, seen: &mut HashSet<String>) -> ImportRow {
    let role = row.cell(heading.role).to_lowercase();
    let is_admin = matches!(role.as_str(), "admin" | "administrator");
    let is_role_known = is_admin || matches!(role.as_str(), "" | "member" | "user");
    let email = email_of(row.cell(heading.email));
    let mut addresses = row.cell(heading.addresses).replace([',', ';'], " ");
    // Of a mailbox's addresses, those that are none of mail say nothing here.
    let proxies = addresses_in(row.cell(heading.proxies));
    for address in proxies.iter().filter_map(|found| found.parse().ok()) {
        if address.as_str() != email {
            addresses = format!("{addresses} {address}");
        }
    }
    let mut read = ImportRow {
        line: row.line,
        name: heading.name_in(row),
        email,
        is_admin,
        addresses: addresses.trim().to_owned(),
        mistake: None,
    };
    if read.name.is_empty() {
        let local = read.email.split('@').next().unwrap_or("");
        read.name = local.replace(['.', '_'], " ");
    }
    read.mistake = NewPerson::parse(&read.name, &read.email, &read.addresses, Role::Member, "")
        .err()
        .and_then(|mistakes| mistakes.into_iter().map(|(_, words)| words).next())
        .or_else(|| (!seen.insert(read.email.clone())).then(|| "Twice in this table.".to_owned()))
        .or_else(|| {
            let words = || format!("There is no role {role}: use member or administrator.");
            (!is_role_known).then(words)
        });
    read
}

/// The address of a cell, without what programs write around it: of several, the primary one.
fn email_of(cell: &str) -> String {
    let found = addresses_in(cell);
    let primary = found.iter().find(|found| found.is_primary);
    let email = match (primary, found.as_slice()) {
        (Some(primary), _) => primary.text(),
        (None, [one]) => one.text(),
        _ => cell.to_owned(),
    };
    email.to_lowercase()
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
            Some("There is no role owner: use member or administrator.")
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
    fn a_mailbox_comes_with_its_own_addresses() {
        let text = "#TYPE Selected.X\nDisplayName,EmailAddresses,PrimarySmtpAddress\nSean,\"smtp:sean.o'brien@example.test SIP:sean@voice.test SMTP:Sean@example.test X500:/o=Org\",SMTP:Sean@example.test\nBob,System.Object[],bob@example.test\n";
        let rows = read_people(text).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&*rows[0].email, &*rows[0].addresses),
            ("sean@example.test", "sean.o'brien@example.test")
        );
        assert!(rows.iter().all(|row| row.mistake.is_none()), "{rows:?}");
    }

    #[test]
    fn prefixes_of_addresses_are_no_part_of_them_in_any_column() {
        for column in [
            "PrimarySmtpAddress",
            "EmailAddress",
            "WindowsEmailAddress",
            "E-mail 1 - Value",
            "E-Mail-Adresse",
        ] {
            for (cell, email) in [
                ("SMTP:Bob@example.test", "bob@example.test"),
                ("smtp:bob@example.test", "bob@example.test"),
                ("mailto:bob@example.test", "bob@example.test"),
                ("Bob Brown <bob@example.test>", "bob@example.test"),
                (
                    "SMTP:sean.o'brien@example.test",
                    "sean.o'brien@example.test",
                ),
            ] {
                let text = format!("#TYPE Deserialized.X\nDisplayName;{column}\nBob;{cell}\n");
                let rows = read_people(&text).unwrap();
                assert_eq!(
                    short(&rows),
                    [(3, "Bob", email, false, false)],
                    "{column}: {cell}"
                );
            }
        }
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
