//! Mail addresses cut out of texts that others wrote: lists and tables that are pasted, answers of Exchange, reports.
//! An address is never cut shorter than it stands there: what is left of it could be somebody else's.

use crate::{
    account_name::is_hidden,
    mailbox::{AddressError, SmtpAddress},
};
use percent_encoding::percent_decode_str;

/// What parts words. An apostrophe is none of them: it belongs to names such as O'Brien.
const SEPARATORS: &str = ",;\"<>()[]，；、“”„«»‹›";
/// What may stand before a colon in place of `smtp`, where the rest is no mailbox.
const OTHER_SCHEMES: [&str; 10] = [
    "sip", "sips", "eum", "x400", "x500", "spo", "im", "xmpp", "tel", "imceaex",
];

/// Something with an `@`, as it stands in a text; perhaps no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut<'a> {
    /// A part of the text, without what only surrounds the address.
    pub raw: &'a str,
    /// Between single quotes, where programs write a quote twice.
    is_quoted: bool,
    /// Of a link, where bytes are written as percent signs and digits.
    is_link: bool,
    /// It names a type such as `SMTP`, in capitals: of several addresses, the primary one.
    pub is_primary: bool,
}

impl Cut<'_> {
    /// The address, without what its surroundings made of it.
    pub fn text(&self) -> String {
        let mut text = self.raw.replace("\\'", "'");
        if self.is_link {
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        }
        if self.is_quoted {
            text = text.replace("''", "'").replace("’’", "’");
        }
        for (name, sign) in [
            ("&#39;", "'"),
            ("&#x27;", "'"),
            ("&apos;", "'"),
            ("&amp;", "&"),
        ] {
            text = text.replace(name, sign);
        }
        text
    }

    pub fn parse(&self) -> Result<SmtpAddress, AddressError> {
        self.text().parse()
    }
}

/// Everything that looks like an address, in the order in which it stands there.
pub fn addresses_in(text: &str) -> Vec<Cut<'_>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some((word, after)) = next_word(rest) {
            rest = after;
            if word.contains('@') {
                cut_word(word, after, &mut found);
            }
        }
    }
    found
}

/// The next word, and what follows it. A semicolon that ends a character reference of HTML parts nothing.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let is_between = |c: char| c.is_whitespace() || SEPARATORS.contains(c);
    let text = text.trim_start_matches(is_between);
    if text.is_empty() {
        return None;
    }
    let end = text
        .char_indices()
        .find(|(at, c)| is_between(*c) && !(*c == ';' && ends_apostrophe(&text[..*at])));
    Some(text.split_at(end.map_or(text.len(), |(at, _)| at)))
}

fn ends_apostrophe(before: &str) -> bool {
    let before = before.to_ascii_lowercase();
    ["&#39", "&#x27", "&apos", "&amp"]
        .iter()
        .any(|name| before.ends_with(name))
}

/// The addresses of a word: mostly one, several where signs stand between them.
fn cut_word<'a>(word: &'a str, after: &str, found: &mut Vec<Cut<'a>>) {
    let word = word.trim_matches(is_hidden);
    let known = found.len();
    let mut rest = word;
    while rest.contains('@') {
        match cut_one(rest, after) {
            Piece::Address(cut, behind) => {
                found.push(cut);
                rest = behind.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
            }
            Piece::Other => return,
            Piece::None => {
                // Told as it was typed, whole.
                found.truncate(known);
                found.push(Cut {
                    raw: word,
                    is_quoted: false,
                    is_link: false,
                    is_primary: false,
                });
                return;
            }
        }
    }
}

enum Piece<'a> {
    Address(Cut<'a>, &'a str),
    /// The address of something that is no mailbox.
    Other,
    None,
}

fn cut_one<'a>(word: &'a str, after: &str) -> Piece<'a> {
    let Some((before, behind)) = word.split_once('@') else {
        return Piece::None;
    };
    let (scheme, local) = before.rsplit_once(':').unwrap_or(("", before));
    let kind = scheme
        .rsplit(['\'', '`', '=', ':', '{'])
        .next()
        .unwrap_or(scheme);
    if OTHER_SCHEMES.contains(&kind.to_ascii_lowercase().as_str()) {
        return Piece::Other;
    }
    let is_link = kind.eq_ignore_ascii_case("mailto");
    let end = behind.find(|c| !is_of_domain(c)).unwrap_or(behind.len());
    let (host, rest) = behind.split_at(end);
    let domain = host.trim_end_matches(['.', '-', '_']);
    let opened = without_opening(local, rest, after);
    let local = opened.unwrap_or(local).trim_start_matches(is_bullet);
    let is_cut_off = host.ends_with("..") || rest.starts_with('…');
    if local.is_empty() || domain.is_empty() || is_cut_off || local.starts_with("//") {
        return Piece::None;
    }
    if (!rest.contains('@') || rest.starts_with('@')) && !is_end(rest) {
        return Piece::None;
    }
    // Both stand in `word`, the domain right behind the local part and the sign.
    let from = word.len() - behind.len() - 1 - local.len();
    let to = word.len() - behind.len() + domain.len();
    let cut = Cut {
        raw: word.get(from..to).unwrap_or(word),
        is_quoted: opened.is_some(),
        is_link,
        is_primary: kind == "SMTP",
    };
    Piece::Address(cut, rest)
}

fn is_of_domain(c: char) -> bool {
    // Marks compose letters, and other scripts have dots of their own.
    let is_sign =
        matches!(c, '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}' | '\u{FE30}'..='\u{FF0F}');
    c.is_alphanumeric() || ".-_。．｡".contains(c) || (c >= '\u{300}' && !is_sign && !is_hidden(c))
}

/// What lists begin their lines with.
fn is_bullet(c: char) -> bool {
    c == '.' || "•·–—→▪●‣".contains(c)
}

/// What may follow an address in its word: signs, a genitive, the query of a link, a character reference of HTML.
fn is_end(rest: &str) -> bool {
    !rest.chars().any(char::is_alphanumeric)
        || rest.starts_with(['?', '&'])
        || matches!(rest, "'s" | "’s")
}

/// The local part without the quote or sign that opens before it and closes behind the address; `None` where none does.
fn without_opening<'a>(local: &'a str, rest: &str, after: &str) -> Option<&'a str> {
    const PAIRS: [(&str, char); 7] = [
        ("'", '\''),
        ("‘", '’'),
        ("‚", '‘'),
        ("`", '`'),
        ("*", '*'),
        ("|", '|'),
        ("{", '}'),
    ];
    let first_quote = local.starts_with('\'');
    // Tables write a quote before what spreadsheets would take for a formula.
    let is_escaped = first_quote && local[1..].starts_with(['=', '+', '-']);
    let is_list = first_quote && !rest.contains('\'') && closes_later(after);
    if is_escaped || is_list {
        return local.strip_prefix('\'');
    }
    let (open, _) = PAIRS.iter().find(|(open, close)| {
        rest.starts_with(*close) && (local.starts_with(open) || local.contains(&format!("={open}")))
    })?;
    let mut inner = local
        .split_once(&format!("={open}"))
        .map_or(local, |(_, inner)| inner);
    for _ in rest.chars().take_while(|c| !c.is_alphanumeric()) {
        inner = inner.strip_prefix(open).unwrap_or(inner);
    }
    Some(inner)
}

/// Whether a later word of the line ends a quote that it did not begin.
fn closes_later(after: &str) -> bool {
    let is_between = |c: char| c.is_whitespace() || SEPARATORS.contains(c);
    let mut words = after.split(is_between);
    let word = words.find(|word| word.starts_with('\'') || word.ends_with('\''));
    word.is_some_and(|word| word.len() > 1 && !word.starts_with('\'') || word == "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        addresses_in(text).iter().map(Cut::text).collect()
    }

    #[test]
    fn every_sign_of_a_local_part_belongs_to_the_address() {
        for sign in "!#$%&'*+-/=?^_`{|}~".chars() {
            let address = format!("sean.o{sign}brien@example.test");
            for text in [
                address.clone(),
                format!("<{address}>"),
                format!("O{sign}Brien <{address}>; x"),
                format!("\"{address}\",1"),
                format!("'{address}'"),
                format!("The address {address}."),
                format!("the mailbox '{address}' is"),
                format!("mailto:{address}"),
                format!("SMTP:{address}"),
                format!("-Identity '{}'", address.replace('\'', "''")),
                format!("alice@example.test,{address}"),
            ] {
                let read = found(&text);
                assert!(read.contains(&address), "{text}: {read:?}");
                for other in read.iter().filter(|other| **other != address) {
                    assert_eq!(other, "alice@example.test", "{text}");
                }
            }
            let begun = format!("{sign}brien@example.test");
            assert_eq!(found(&begun), std::slice::from_ref(&begun));
        }
    }

    #[test]
    fn what_surrounds_an_address_is_none_of_it() {
        let bob = ["bob@example.test"];
        for text in [
            "'bob@example.test'",
            "''bob@example.test''",
            "`bob@example.test`",
            "‘bob@example.test’",
            "„bob@example.test“",
            "«bob@example.test»",
            "(bob@example.test)",
            "[mailto:bob@example.test]",
            "MAILTO:bob@example.test?subject=Hello",
            "SMTP:bob@example.test",
            "smtp:bob@example.test",
            "'SMTP:bob@example.test'",
            "Email:bob@example.test.",
            "-Identity:'bob@example.test'",
            "mail='bob@example.test'",
            "*bob@example.test*",
            "|bob@example.test|",
            "•bob@example.test",
            "bob@example.test's calendar",
            "\u{FEFF}bob@example.test\u{200B}",
            "&lt;bob@example.test&gt;",
            "SIP:bob@voice.example.test SMTP:bob@example.test X500:/o=Org/cn=bob@other",
        ] {
            assert_eq!(found(text), bob, "{text}");
        }
    }

    #[test]
    fn apostrophes_are_read_however_they_are_written() {
        let sean = ["sean.o'brien@example.test"];
        for text in [
            "mailto:sean.o%27brien@example.test",
            "sean.o&#39;brien@example.test;",
            "sean.o&apos;brien@example.test",
            "'sean.o''brien@example.test'",
            "'sean.o\\'brien@example.test'",
            "'sean.o'brien@example.test'; x",
        ] {
            assert_eq!(found(text), sean, "{text}");
        }
        let typed = addresses_in("sean.o’brien@example.test")[0].parse();
        assert_eq!(typed.map(String::from), Ok(sean[0].to_owned()));
    }

    #[test]
    fn several_in_one_word_are_several() {
        let both = ["alice@example.test", "o'neil@example.test"];
        for text in [
            "alice@example.test/o'neil@example.test",
            "alice@example.test|o'neil@example.test",
            "'alice@example.test','o'neil@example.test'",
            "'alice@example.test, o'neil@example.test'",
            "alice@example.test;o'neil@example.test",
        ] {
            assert_eq!(found(text), both, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_stays_as_it_was_typed() {
        for text in [
            "alice@@example",
            "@bob",
            "a@b@c",
            "bob@exa…",
            "bob@example.te...",
            "bob@example.test/x",
            "https://bob@example.test/x",
        ] {
            let read = addresses_in(text);
            assert_eq!(read.len(), 1, "{text}");
            assert!(read[0].parse().is_err(), "{text}: {read:?}");
        }
    }
}
