//! People from a table: a name, an address to sign in with, a role and further addresses in each line.

use super::{
    new_person::NewPerson,
    recipients::{NamedAddress, is_list, recipients},
};
use crate::spreadsheet::{Heading, Sheet, SheetRow, read_sheet};
use kalends_core::{import::ImportRow, pasted::addresses_in, rights::Role};
use std::collections::HashSet;

/// The most people of one table.
pub const MAX_PEOPLE: usize = 5_000;

/// Whom a line invites, if it is right.
pub(super) fn person(row: &ImportRow, time_zone: &str) -> Option<NewPerson> {
    let role = if row.is_admin {
        Role::Admin
    } else {
        Role::Member
    };
    let parsed = NewPerson::parse(&row.name, &row.email, &row.addresses, role, time_zone);
    parsed.ok().filter(|_| row.mistake.is_none())
}

/// Reads a table as people type it or other programs write it. Columns are found by their names (name, email, role,
/// addresses, and those of Exchange and spreadsheets); without names they are a name and an address, in either order, or
/// recipients as mail programs write them. `None`: too many.
pub fn read_people(text: &str) -> Option<Vec<ImportRow>> {
    let Sheet { heading, rows } = read_sheet(text);
    let lines: Vec<&str> = text.lines().collect();
    let (columns, rows) = match &heading {
        Some(heading) => (heading.clone(), rows),
        None => guess(rows),
    };
    let mut seen = HashSet::new();
    let mut read = Vec::new();
    for row in &rows {
        // Quotes that nothing closes make one row of many lines.
        let breaks: usize = row
            .cells
            .iter()
            .map(|cell| cell.matches('\n').count())
            .sum();
        let first = row.line.saturating_sub(breaks).max(1);
        let typed = lines.get(first - 1..row.line).unwrap_or_default();
        let is_row = match &heading {
            Some(heading) => !heading.is_exceeded(row),
            None => !typed.iter().any(|line| is_list(line)),
        };
        if is_row {
            // Each line of a list without names has its own order.
            let is_other = heading.is_none() && !row.cell(columns.email).contains('@');
            let own = (is_other && has_address(row)).then(|| Heading::guessed(&row.cells));
            read.push(person_of(own.as_ref().unwrap_or(&columns), row, &mut seen));
        } else {
            for (line, text) in (first..).zip(typed) {
                let people = recipients(text).into_iter();
                read.extend(people.map(|person| recipient_of(line, person, &mut seen)));
            }
        }
        if read.len() > MAX_PEOPLE {
            return None;
        }
    }
    Some(read)
}

/// The columns of a table whose names nobody knows. A first line without an address, above lines with one and as wide
/// as those, is one of names.
fn guess(mut rows: Vec<SheetRow>) -> (Heading, Vec<SheetRow>) {
    let sample = rows.iter().find(|row| has_address(row)).or(rows.first());
    let mut guessed = sample.map_or_else(Heading::default, |row| Heading::guessed(&row.cells));
    let width = sample.map_or(0, |row| row.cells.len());
    let first = rows.first().filter(|row| !has_address(row));
    let is_above = rows.get(1).is_some_and(has_address);
    if let Some(first) = first.filter(|row| is_above && width > 1 && row.cells.len() == width) {
        guessed = guessed.with_names(&first.cells);
        rows.remove(0);
    }
    (guessed, rows)
}

fn has_address(row: &SheetRow) -> bool {
    row.cells.iter().any(|cell| cell.contains('@'))
}

/// Somebody of a line of recipients.
fn recipient_of(line: usize, person: NamedAddress, seen: &mut HashSet<String>) -> ImportRow {
    let read = ImportRow {
        line,
        name: person.name,
        email: person.email,
        is_admin: false,
        addresses: String::new(),
        mistake: None,
    };
    checked(read, seen)
}

fn person_of(heading: &Heading, row: &SheetRow, seen: &mut HashSet<String>) -> ImportRow {
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
    let mut name = heading.name_in(row);
    if name.is_empty() {
        let mut inside = recipients(row.cell(heading.email)).into_iter();
        name = inside.next().map(|person| person.name).unwrap_or_default();
    }
    let kind = row.cell(heading.kind);
    let read = ImportRow {
        line: row.line,
        name,
        email,
        is_admin,
        addresses: addresses.trim().to_owned(),
        mistake: is_nobodys(kind).then(|| format!("Not a person's mailbox ({kind}).")),
    };
    let mut read = checked(read, seen);
    if read.mistake.is_none() && !is_role_known {
        read.mistake = Some(format!(
            "There is no role {role}: use member or administrator."
        ));
    }
    read
}

/// Whether a mailbox is that of a room, a team or a program, by the type that Exchange gives it.
fn is_nobodys(kind: &str) -> bool {
    const KINDS: [&str; 14] = [
        "shared",
        "room",
        "equipment",
        "discovery",
        "scheduling",
        "team",
        "group",
        "arbitration",
        "monitoring",
        "auditlog",
        "publicfolder",
        "supervisory",
        "system",
        "contact",
    ];
    let kind = kind.to_ascii_lowercase();
    KINDS.iter().any(|word| kind.contains(word))
}

/// With a name where there is none, and with what is wrong.
fn checked(mut read: ImportRow, seen: &mut HashSet<String>) -> ImportRow {
    if read.mistake.is_some() {
        return read;
    }
    if read.name.is_empty() {
        let local = read.email.split('@').next().unwrap_or("");
        read.name = local.replace(['.', '_'], " ");
    }
    read.mistake = NewPerson::parse(&read.name, &read.email, &read.addresses, Role::Member, "")
        .err()
        .and_then(|mistakes| mistakes.into_iter().map(|(_, words)| words).next())
        .or_else(|| (!seen.insert(read.email.clone())).then(|| "Twice in this table.".to_owned()));
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
        assert_eq!(person(&rows[0], "UTC").unwrap().addresses.len(), 2);
        assert!(person(&rows[3], "UTC").is_none());
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
    fn recipients_of_a_mail_are_people_with_their_names() {
        let text = "Ann Ames <ann@example.test>; Bo Beck <bo@example.test>\n\"Cole, Cy\" <cy@example.test>, \"Dow, Di\" <di@example.test>\nEd Eve <ed@example.test>\nFay; ann@example.test\nGus";
        assert_eq!(
            short(&read_people(text).unwrap()),
            [
                (1, "Ann Ames", "ann@example.test", false, false),
                (1, "Bo Beck", "bo@example.test", false, false),
                (2, "Cole, Cy", "cy@example.test", false, false),
                (2, "Dow, Di", "di@example.test", false, false),
                (3, "Ed Eve", "ed@example.test", false, false),
                (4, "Fay", "ann@example.test", false, true),
                (5, "Gus", "gus", false, true),
            ]
        );
        for text in [
            "ann@example.test; bo@example.test; cy@example.test",
            "Email\nann@example.test; bo@example.test; cy@example.test",
        ] {
            let read = read_people(text).unwrap();
            let emails: Vec<&str> = read.iter().map(|row| &*row.email).collect();
            assert_eq!(
                emails,
                ["ann@example.test", "bo@example.test", "cy@example.test"],
                "{text}"
            );
        }
        let read = read_people("E-Mail\nAnn Ames <ann@example.test>").unwrap();
        assert_eq!(
            short(&read),
            [(2, "Ann Ames", "ann@example.test", false, false)]
        );
    }

    #[test]
    fn mailboxes_of_rooms_and_programs_are_left_out() {
        let text = "DisplayName,RecipientTypeDetails,EmailAddresses\nDiscovery,DiscoveryMailbox,{SMTP:d@example.test}\nRoom,RoomMailbox,\"{SMTP:r@example.test}\"\nBob,UserMailbox,\"{smtp:b@example.test, SMTP:bob@example.test}\"\nSales,SharedMailbox,{SMTP:s@example.test}\nVan,EquipmentMailbox,SMTP:v@example.test";
        let read = read_people(text).unwrap();
        let wrong: Vec<bool> = read.iter().map(|row| row.mistake.is_some()).collect();
        assert_eq!(wrong, [true, true, false, true, true], "{read:?}");
        assert_eq!(
            (&*read[2].email, &*read[2].addresses),
            ("bob@example.test", "b@example.test")
        );
        assert!(
            read[0]
                .mistake
                .as_ref()
                .unwrap()
                .contains("DiscoveryMailbox")
        );
    }

    #[test]
    fn names_of_columns_in_any_language_are_nobody() {
        for text in [
            "Nome;Cognome;Casella\nBob;Brown;bob@example.test",
            "Jméno,Schránka\nBob Brown,bob@example.test",
            "Casella\tNome visualizzato\nbob@example.test\tBob Brown",
        ] {
            let read = read_people(text).unwrap();
            assert_eq!(
                short(&read),
                [(2, "Bob Brown", "bob@example.test", false, false)],
                "{text}"
            );
        }
    }

    #[test]
    fn a_list_that_a_shell_wrapped_is_one_person() {
        let text = "DisplayName    : Ann Ames\nEmailAddresses : {SMTP:ann@example.test, \n                 smtp:a@example.test, smtp:am\n                 es@example.test}\nAlias          : ann\n\nDisplayName    : Bo Beck\nEmailAddresses : {SMTP:bo@example.test}\n";
        let read = read_people(text).unwrap();
        assert_eq!(
            short(&read),
            [
                (1, "Ann Ames", "ann@example.test", false, false),
                (7, "Bo Beck", "bo@example.test", false, false)
            ]
        );
        assert_eq!(read[0].addresses, "a@example.test ames@example.test");
    }

    #[test]
    fn too_many_lines_are_refused() {
        let lines = |number: usize| -> String {
            let lines: Vec<String> = (0..number).map(|n| format!("p{n}@example.test")).collect();
            lines.join("\n")
        };
        assert!(read_people(&lines(MAX_PEOPLE)).is_some());
        assert!(read_people(&lines(MAX_PEOPLE + 1)).is_none());
    }
}
