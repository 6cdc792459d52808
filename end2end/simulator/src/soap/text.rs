//! Text as Exchange puts it into XML, faults included.
//! Characters that XML 1.0 forbids are sent as references, which makes the document ill-formed on purpose.

use std::{borrow::Cow, fmt::Write};

/// Escapes markup; forbidden characters become references such as `&#x1;`.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ if is_forbidden(letter) => {
                let _ = write!(out, "&#x{:X};", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out
}

/// The text with forbidden characters replaced by U+FFFD: what a careful client keeps.
pub fn replace_forbidden(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if is_forbidden(letter) {
                char::REPLACEMENT_CHARACTER
            } else {
                letter
            }
        })
        .collect()
}

fn is_forbidden(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The first 255 UTF-16 units, as `FindItem` shows strings; never half of a surrogate pair.
pub fn truncate_to_255(text: &str) -> &str {
    let mut units = 0;
    for (at, letter) in text.char_indices() {
        units += letter.len_utf16();
        if units > 255 {
            return &text[..at];
        }
    }
    text
}

/// `<name>text</name>`, escaped.
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// Replaces the prefixes of a real server by others, `m` and `t` by each other.
pub fn shuffle_prefixes(xml: &str) -> String {
    let mut out: Cow<'_, str> = Cow::Borrowed(xml);
    for (from, to) in [
        ("s", "SOAP-ENV"),
        ("h", "q1"),
        ("m", "q2"),
        ("t", "m"),
        ("q2", "t"),
    ] {
        out = Cow::Owned(
            out.replace(&format!("<{from}:"), &format!("<{to}:"))
                .replace(&format!("</{from}:"), &format!("</{to}:"))
                .replace(&format!(" xmlns:{from}="), &format!(" xmlns:{to}=")),
        );
    }
    out.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_sent_as_references_and_told_as_replacements() {
        assert_eq!(escape("a<b\u{1}"), "a&lt;b&#x1;");
        assert_eq!(replace_forbidden("a\u{1}\tb"), "a\u{fffd}\tb");
    }

    #[test]
    fn strings_are_cut_at_255_units_without_halving_a_pair() {
        let long = "x".repeat(254) + "😀tail";
        assert_eq!(truncate_to_255(&long), "x".repeat(254));
        assert_eq!(truncate_to_255("short"), "short");
    }

    #[test]
    fn shuffled_prefixes_still_name_the_same_namespaces() {
        let xml = r#"<m:A xmlns:m="M" xmlns:t="T"><t:B/></m:A>"#;
        assert_eq!(
            shuffle_prefixes(xml),
            r#"<t:A xmlns:t="M" xmlns:m="T"><m:B/></t:A>"#
        );
    }
}
