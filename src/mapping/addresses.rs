//! Addresses out of whatever an admin pastes or uploads: lists, CSV files, recipients copied from a mail program.

use crate::mailbox::SmtpAddress;
use std::collections::HashSet;

/// More are no one organisation's; a map of them would run for hours.
pub const MAX_ADDRESSES: usize = 20_000;
/// What is longer is no address, and not kept as one.
const LONGEST: usize = 320;

/// Each once, in the order in which they came; what looks like an address and is none is kept as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    pub all: Vec<Result<SmtpAddress, String>>,
    /// How many stood there once more.
    pub doubles: usize,
    /// How many lines held none.
    pub without: usize,
}

/// Everything with an `@` between separators, quotes and brackets is taken for an address. `None`: there are more than
/// [`MAX_ADDRESSES`].
pub fn read_addresses(text: &str) -> Option<Addresses> {
    let mut seen = HashSet::new();
    let (mut all, mut doubles) = (Vec::new(), 0);
    let without = text
        .lines()
        .filter(|line| line.chars().any(char::is_alphanumeric) && !line.contains('@'))
        .count();
    let is_between = |c: char| c.is_whitespace() || ",;\"'<>()[]\u{FEFF}".contains(c);
    for word in text.split(is_between) {
        let word = word
            .trim_start_matches("mailto:")
            .trim_matches(|c| ".:".contains(c));
        if !word.contains('@') {
            continue;
        }
        let key = word.to_lowercase();
        if !seen.insert(key) {
            doubles += 1;
            continue;
        }
        if all.len() >= MAX_ADDRESSES {
            return None;
        }
        let kept: String = word.chars().take(LONGEST).collect();
        all.push(word.parse().map_err(|_| kept));
    }
    Some(Addresses {
        all,
        doubles,
        without,
    })
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
    fn too_many_are_told() {
        use std::fmt::Write as _;
        let mut text = String::new();
        for number in 0..=MAX_ADDRESSES {
            let _ = writeln!(text, "person{number}@example.test");
        }
        assert_eq!(read_addresses(&text), None);
    }
}
