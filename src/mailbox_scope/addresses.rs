//! Addresses out of whatever an admin pastes or uploads: lists, CSV files, recipients copied from a mail program.

use crate::spreadsheet::{Sheet, read_sheet};
use kalends_core::{
    mailbox::SmtpAddress,
    pasted::{Cut, addresses_in},
};
use std::collections::HashSet;

/// More are no one organisation's; a scope of them would run for hours.
pub const MAX_ADDRESSES: usize = 20_000;
/// What is longer is no address, and not kept as one.
const MAX_LENGTH: usize = 320;

/// Each once, in the order in which they came; what looks like an address and is none is kept as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    pub all: Vec<Result<SmtpAddress, String>>,
    /// How many stood there once more.
    pub doubles: usize,
    /// How many lines held none.
    pub without: usize,
}

/// Everything that looks like an address is taken for one; of a table whose columns are named, those in the columns of
/// addresses. `None`: there are more than [`MAX_ADDRESSES`].
pub fn read_addresses(text: &str) -> Option<Addresses> {
    let Sheet { heading, rows } = read_sheet(text);
    let mut read = Reading::default();
    if let Some(heading) = heading {
        for row in &rows {
            if heading.is_exceeded(row) {
                let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
                read.line(&cells, false)?;
                continue;
            }
            let email = row.cell(heading.email);
            // Cut off before its sign, perhaps: told with the others, by what is left of it.
            if email.contains(char::is_alphanumeric) && !email.contains('@') {
                read.keep(email)?;
                continue;
            }
            let cells = [email, row.cell(heading.addresses)];
            read.line(&cells, heading.email == heading.proxies)?;
        }
    } else {
        let is_type = |line: &&str| line.trim_matches(['"', '\u{FEFF}']).starts_with("#TYPE");
        for line in text.lines().filter(|line| !is_type(line)) {
            read.line(&[line], false)?;
        }
    }
    Some(read.found)
}

#[derive(Default)]
struct Reading {
    found: Addresses,
    seen: HashSet<String>,
}

impl Reading {
    /// Takes the addresses of a line; where they are all of one mailbox, the primary one. `None`: too many.
    fn line(&mut self, cells: &[&str], is_one: bool) -> Option<()> {
        let mut cut: Vec<Cut<'_>> = cells.iter().flat_map(|cell| addresses_in(cell)).collect();
        if is_one && let Some(primary) = cut.iter().find(|found| found.is_primary) {
            cut = vec![*primary];
        }
        let is_text = cells
            .iter()
            .any(|cell| cell.contains(char::is_alphanumeric));
        if cut.is_empty() && (is_text || cells.len() > 1) {
            self.found.without += 1;
        }
        for found in cut {
            self.keep(&found.text())?;
        }
        Some(())
    }

    /// Keeps an address, or what was meant for one, once. `None`: too many.
    fn keep(&mut self, text: &str) -> Option<()> {
        if !self.seen.insert(text.to_lowercase()) {
            self.found.doubles += 1;
            return Some(());
        }
        if self.found.all.len() >= MAX_ADDRESSES {
            return None;
        }
        let kept = text.chars().take(MAX_LENGTH).collect();
        self.found.all.push(text.parse().map_err(|_| kept));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_csv_and_recipients_are_read_alike() {
        let expected = ["alice@example.test", "bob@example.test"];
        for text in [
            "alice@example.test\r\nbob@example.test\n",
            "Name,Mail,Room\n\"Alice, A.\",\"alice@example.test\",1\n\"Bob\",\"BOB@example.test\",2\n",
            "Alice <alice@example.test>; Bob <bob@example.test>;",
            "\u{FEFF}mail;name\nalice@example.test;Alice\nbob@example.test;Bob\nALICE@example.test;again",
        ] {
            let read = read_addresses(text).expect("few");
            let found: Vec<&str> = read
                .all
                .iter()
                .map(|it| it.as_ref().map_or("", |it| it.as_str()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        let odd = read_addresses("alice@@example").expect("few");
        assert_eq!(odd.all, [Err("alice@@example".to_owned())]);
        let few =
            read_addresses("no addresses\nbob@example.test\n\nBOB@example.test").expect("few");
        assert_eq!((few.all.len(), few.doubles, few.without), (1, 1, 1));
    }

    #[test]
    fn a_table_of_others_gives_the_addresses_of_its_mailboxes() {
        for text in [
            "#TYPE Selected.X\r\n\"DisplayName\",\"PrimarySmtpAddress\"\r\n\"Sean\",\"sean.o'brien@example.test\"\r\n\"Bob\",\"bob@example.test\"",
            "Name;UserPrincipalName;Mail;Manager\nS;s@corp.test;sean.o'brien@example.test;x@example.test\nB;b@corp.test;bob@example.test;\n",
            "DisplayName    : Sean\nEmailAddresses : {smtp:so@example.test, SMTP:sean.o'brien@example.test}\n\nDisplayName    : Bob\nEmailAddresses : {SMTP:bob@example.test}\n",
            "PrimarySmtpAddress\n------------------\nsean.o'brien@example.test\nbob@example.test\n",
        ] {
            let read = read_addresses(text).expect("few");
            let found: Vec<String> = read.all.into_iter().flatten().map(String::from).collect();
            assert_eq!(
                found,
                ["sean.o'brien@example.test", "bob@example.test"],
                "{text}"
            );
            assert_eq!((read.doubles, read.without), (0, 0), "{text}");
        }
    }

    #[test]
    fn an_address_that_was_cut_off_is_told() {
        let table = "DisplayName PrimarySmtpAddress\n----------- ------------------\nAlice       alice@example.test\nBob         bo3...\n";
        let read = read_addresses(table).expect("few");
        assert_eq!(read.all.len(), 2);
        assert_eq!(read.all[1], Err("bo3...".to_owned()));
        let read = read_addresses("Email\nalice@example.test; bob@example.test").expect("few");
        assert_eq!(read.all.len(), 2);
    }

    #[test]
    fn too_many_are_told() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for number in 0..=MAX_ADDRESSES {
            let _ = writeln!(text, "person{number}@example.test");
        }
        assert_eq!(read_addresses(&text), None);
    }
}
