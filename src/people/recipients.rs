//! Recipients as mail programs write them in one line: a display name, an address between signs, the next one.

use kalends_core::pasted::{Cut, addresses_in};

/// Somebody of the line, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NamedAddress {
    /// Empty where the line has none.
    pub name: String,
    /// Lower-cased; perhaps no address, and empty where a name has none.
    pub email: String,
}

/// Whether a line is one of recipients rather than of a table: several addresses, or one between angle brackets.
pub(super) fn is_list(line: &str) -> bool {
    let found = addresses_in(line);
    let is_bracketed = |cut: &Cut<'_>| {
        let at = line.find(cut.raw).unwrap_or(0);
        let after = line.get(at + cut.raw.len()..).unwrap_or("");
        let before = line.get(..at).unwrap_or("");
        before.trim_end_matches("mailto:").ends_with('<') && after.starts_with('>')
    };
    found.len() > 1 || found.iter().any(is_bracketed)
}

/// Everybody of a line, in its order; a name without an address is one of them, too.
pub(super) fn recipients(line: &str) -> Vec<NamedAddress> {
    let mut all: Vec<NamedAddress> = Vec::new();
    let mut end = 0;
    for cut in addresses_in(line) {
        let rest = line.get(end..).unwrap_or("");
        let Some(at) = rest.find(cut.raw) else {
            continue;
        };
        let between = rest.get(..at).unwrap_or("");
        let between = named_behind(between, &mut all);
        end += at + cut.raw.len();
        let email = cut.text().to_lowercase();
        let is_same = all.last().is_some_and(|last| last.email == email);
        // Programs show an address in the place of a name.
        if is_same && !between.contains([';', ',']) {
            continue;
        }
        let pieces = pieces(between);
        if let Some((name, alone)) = pieces.split_last() {
            all.extend(alone.iter().filter_map(|piece| nameless(piece)));
            let name = name_of(name);
            all.push(NamedAddress { name, email });
        }
    }
    let rest = named_behind(line.get(end..).unwrap_or(""), &mut all);
    all.extend(pieces(rest).iter().filter_map(|piece| nameless(piece)));
    all
}

/// What follows an address, without a name between round brackets that is its own.
fn named_behind<'a>(between: &'a str, all: &mut [NamedAddress]) -> &'a str {
    let behind = between.trim_start_matches(['>', '"', '\'', ' ', '\t']);
    let Some(inner) = behind.strip_prefix('(') else {
        return between.trim_start_matches(['>', '}', ']']);
    };
    match (inner.split_once(')'), all.last_mut()) {
        (Some((name, rest)), Some(last)) => {
            if last.name.is_empty() {
                last.name = name_of(name);
            }
            rest
        }
        _ => behind,
    }
}

/// A text cut at semicolons and tabs outside of quotes; where names stand before a comma and an address behind it, there.
fn pieces(text: &str) -> Vec<&str> {
    let is_bracketed = text.trim_end_matches("mailto:").ends_with(['<', '(', '[']);
    let mut found = Vec::new();
    let (mut from, mut is_quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            ';' | '\t' if !is_quoted => {
                found.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    found.extend(text.get(from..));
    // `Bob, bob@…`: the comma ends the name.
    let is_empty_last = found
        .last()
        .is_some_and(|last| !last.contains(char::is_alphanumeric));
    if !is_bracketed && is_empty_last && found.len() > 1 {
        found.pop();
    }
    found
}

/// A name alone, where there is one.
fn nameless(piece: &str) -> Option<NamedAddress> {
    let name = name_of(piece);
    let email = String::new();
    (!name.is_empty()).then_some(NamedAddress { name, email })
}

/// A display name without what surrounds it; empty where it is none.
fn name_of(piece: &str) -> String {
    const AROUND: [char; 11] = ['<', '>', '(', ')', '[', ']', '{', '}', ',', ';', ' '];
    let piece = piece.trim_end().trim_end_matches("mailto:");
    let piece = piece.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
    let piece = piece.trim_start_matches(['-', '*', '•', '·']).trim_start();
    // `To:`, `Cc:` and what they are in other languages.
    let piece = match piece.split_once(": ") {
        Some((word, name))
            if word.chars().count() < 12 && word.chars().all(char::is_alphabetic) =>
        {
            name.trim_start()
        }
        _ => piece,
    };
    let unquoted = [('"', '"'), ('\'', '\''), ('“', '”'), ('„', '“'), ('‘', '’')]
        .iter()
        .find_map(|(open, close)| piece.strip_prefix(*open)?.strip_suffix(*close));
    let name = unquoted.unwrap_or(piece).replace("\\\"", "\"");
    let name = name.trim();
    let is_word = matches!(
        name.to_lowercase().as_str(),
        "to" | "cc" | "bcc" | "smtp" | "mailto" | "member" | "user" | "admin" | "administrator"
    );
    let is_name = name.contains(char::is_alphabetic) && !is_word && !name.ends_with(':');
    if is_name {
        name.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(String, String)> {
        let all = recipients(line).into_iter();
        all.map(|it| (it.name, it.email)).collect()
    }

    #[test]
    fn everybody_of_a_line_comes_with_their_own_name() {
        let (ann, bo) = ("ann@example.test", "bo@example.test");
        for (line, names) in [
            (
                "Ann Ames <ann@example.test>; Bo Beck <bo@example.test>",
                ["Ann Ames", "Bo Beck"],
            ),
            (
                "To: Ann Ames <ann@example.test>, Bo Beck <BO@example.test>;",
                ["Ann Ames", "Bo Beck"],
            ),
            (
                "\"Ames, Ann\" <ann@example.test>, \"Beck, Bo\" <bo@example.test>",
                ["Ames, Ann", "Beck, Bo"],
            ),
            (
                "Ames, Ann <ann@example.test>; Beck, Bo <bo@example.test>",
                ["Ames, Ann", "Beck, Bo"],
            ),
            (
                "'Ann Ames' <ann@example.test>; <bo@example.test>",
                ["Ann Ames", ""],
            ),
            (
                "ann@example.test (Ann Ames), bo@example.test (Bo Beck)",
                ["Ann Ames", "Bo Beck"],
            ),
            (
                "Ann Ames <mailto:ann@example.test>; Bo Beck [mailto:bo@example.test]",
                ["Ann Ames", "Bo Beck"],
            ),
            (
                "ann@example.test <ann@example.test>; 'bo@example.test' <bo@example.test>",
                ["", ""],
            ),
            ("ann@example.test; bo@example.test", ["", ""]),
            ("ann@example.test,bo@example.test", ["", ""]),
            ("ann@example.test bo@example.test", ["", ""]),
            (
                "Ann Ames;ann@example.test;Bo Beck;bo@example.test",
                ["Ann Ames", "Bo Beck"],
            ),
            (
                "Ann Ames, ann@example.test, Bo Beck, bo@example.test",
                ["Ann Ames", "Bo Beck"],
            ),
        ] {
            assert!(is_list(line), "{line}");
            let both = [ann, bo];
            let expected = both
                .iter()
                .zip(names)
                .map(|(email, name)| (name.to_owned(), (*email).to_owned()));
            assert_eq!(read(line), expected.collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn who_has_no_address_is_told() {
        let names = |line: &str| -> Vec<String> {
            let all = recipients(line).into_iter();
            all.filter(|it| it.email.is_empty())
                .map(|it| it.name)
                .collect()
        };
        assert_eq!(
            names("Ann Ames; Bo Beck <bo@example.test>; Cy Cole"),
            ["Ann Ames", "Cy Cole"]
        );
        assert_eq!(
            names("ann@example.test; bo@example.test; Cy Cole"),
            ["Cy Cole"]
        );
    }

    #[test]
    fn a_row_of_a_table_is_no_list() {
        for line in ["Bob,bob@example.test", "bob@example.test;Bob", "Bob", ""] {
            assert!(!is_list(line), "{line}");
        }
        assert!(is_list("Ann Ames <ann@example.test>"));
    }
}
