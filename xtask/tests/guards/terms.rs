//! One term each, wherever people read: the texts in the source of the product, and what is written for people.

use super::source::{Source, files, room, root};
use std::fs;

/// Words, or starts of words where a `-` ends them, that stand for something with a name of its own, and that name.
const SYNONYMS: &[(&str, &str)] = &[
    ("admin", "administrator"),
    ("admins", "administrators"),
    ("round", "sync"),
    ("rounds", "syncs"),
    ("synchroni-", "sync"),
    ("resync-", "sync"),
    ("event", "entry"),
    ("events", "entries"),
    ("appointment", "entry"),
    ("appointments", "entries"),
    ("organizer", "organiser"),
    ("organizers", "organisers"),
    ("sysadmin", "administrator"),
];

/// Actors beside you, an administrator (of Kalends) and an Exchange administrator.
const THIRD_ACTORS: &[&str] = &[
    "exchange team",
    "it department",
    "it team",
    "help desk",
    "helpdesk",
    "mailbox administrator",
    "mail administrator",
    "domain administrator",
    "system administrator",
    "network administrator",
    "directory administrator",
    "server administrator",
];

/// Names that others gave: of Windows, of a command, of a flag.
const NAMES: &[&str] = &[
    "event 4625",
    "event log",
    "the other way round",
    "--admin",
    "/admin",
    "x-kalends-organizer",
    // What `kalends user list` prints, and what a table of people may hold.
    "member or admin",
];

/// What is wrong with a text, in words.
fn wrong(text: &str) -> Vec<String> {
    let mut text = text.to_lowercase();
    for name in NAMES {
        text = text.replace(name, " ");
    }
    let mut found: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter_map(|word| {
            SYNONYMS
                .iter()
                .find(|(other, _)| match other.strip_suffix('-') {
                    Some(start) => word.starts_with(start),
                    None => word == *other,
                })
        })
        .map(|(other, term)| format!("{other}, which is called {term}"))
        .collect();
    let third = THIRD_ACTORS.iter().filter(|actor| text.contains(*actor));
    found.extend(third.map(|actor| format!("{actor}, who is nobody")));
    found
}

/// The texts between quotes that people may read: with a blank between words, or one word with a capital.
fn texts(code: &str) -> Vec<(usize, String)> {
    let (mut texts, mut line) = (Vec::new(), 1);
    let mut letters = code.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => line += 1,
            '/' if letters.peek() == Some(&'/') => {
                while letters.next_if(|next| *next != '\n').is_some() {}
            }
            // A quote as a character.
            '\'' if letters.peek() == Some(&'"') => {
                letters.next();
            }
            '"' => {
                let (start, is_raw) = (line, before == '#' || before == 'r');
                let mut text = String::new();
                while let Some(next) = letters.next() {
                    match next {
                        '"' => break,
                        '\\' if !is_raw => {
                            line += usize::from(letters.next() == Some('\n'));
                            text.push(' ');
                        }
                        _ => {
                            line += usize::from(next == '\n');
                            text.push(next);
                        }
                    }
                }
                texts.push((start, text));
            }
            _ => {}
        }
        before = letter;
    }
    texts.retain(|(_, text)| is_for_people(text));
    for (_, text) in &mut texts {
        *text = without_slots(text);
    }
    texts
}

/// A text as it is told: the names of what is put in are not.
fn without_slots(text: &str) -> String {
    let mut parts = text.split('{');
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        told.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    told
}

fn is_for_people(text: &str) -> bool {
    const SQL: [&str; 15] = [
        " = '",
        " = NULL",
        "e.item_id",
        "SELECT",
        "INSERT",
        "UPDATE ",
        "DELETE FROM",
        "WHERE",
        "FROM ",
        "VALUES",
        "JOIN ",
        "ORDER BY",
        "json_set",
        "::jsonb",
        "CREATE ",
    ];
    let is_sql = SQL.iter().any(|word| text.contains(word));
    let has_words = text.trim().contains(' ') || text.starts_with(char::is_uppercase);
    has_words && !is_sql
}

/// All but what is in the words of Exchange.
fn product() -> Vec<Source> {
    let sources = ["src", "crates", "app/src", "server/src"]
        .into_iter()
        .flat_map(room);
    sources
        .filter(|source| !source.path.starts_with("crates/exchange/src/ews/"))
        .collect()
}

#[test]
fn every_text_of_the_product_has_one_term_for_each_thing() {
    let mut found = Vec::new();
    for source in product() {
        // Unit tests and the made-up things within them.
        let code = source
            .whole
            .split("\n#[cfg(test)]")
            .next()
            .unwrap_or_default();
        for (line, text) in texts(code) {
            let told = wrong(&text);
            found.extend(
                told.iter()
                    .map(|what| format!("{}:{line}: {what}: {text}", source.path)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What clap shows of a command or a flag stands in the comments above it.
#[test]
fn the_help_of_every_command_has_one_term_for_each_thing() {
    let mut found = Vec::new();
    for source in room("server/src/command")
        .iter()
        .chain(&room("server/src/settings"))
    {
        for (line, text) in (1..).zip(source.whole.lines()) {
            let Some(help) = text.trim().strip_prefix("/// ") else {
                continue;
            };
            found.extend(
                wrong(help)
                    .iter()
                    .map(|what| format!("{}:{line}: {what}", source.path)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_written_for_people_has_one_term_for_each_thing() {
    let mut found = Vec::new();
    let mut pages = files("docs", &["md"]);
    for name in [
        "README.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
    ] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        pages.push(Source::new(name, &text));
    }
    for page in pages {
        let mut is_code = false;
        for (line, text) in (1..).zip(page.whole.lines()) {
            if text.trim_start().starts_with("```") {
                is_code = !is_code;
            }
            if is_code {
                continue;
            }
            // Every second part stands between backticks.
            let prose: String = text.split('`').step_by(2).collect();
            found.extend(
                wrong(&prose)
                    .iter()
                    .map(|what| format!("{}:{line}: {what}", page.path)),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn synonyms_and_strangers_are_found_and_names_are_not() {
    for text in [
        "Ask an admin.",
        "The round failed",
        "Synchronise now",
        "3 events",
        "the Exchange team",
        "Organizer",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}");
    }
    for text in [
        "Look for event 4625 in the event logs.",
        "in place of user@domain, or the other way round.",
        "kalends user add --admin",
        "ApplicationImpersonation of the administrator",
    ] {
        assert_eq!(wrong(text), Vec::<String>::new(), "{text}");
    }
    let code = "let a = \"A text\"; // \"no text\"\nlet b = \"SELECT round FROM x\"; let c = 'x'; f(\"name\")";
    assert_eq!(texts(code), [(1, "A text".to_owned())]);
}
