//! Makes Exchange's answers digestible for an XML parser: takes off a byte-order mark and replaces character
//! references that XML 1.0 forbids (`&#x1;`, lone surrogates), which Exchange sends as they stand in subjects.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// Longer references are nothing that a person's text holds; the parser refuses them.
const MAX_REFERENCE: usize = 24;
const REPLACEMENT: &str = "\u{FFFD}";

/// The text of an answer. Bytes that are no UTF-8 become U+FFFD, so that one broken subject hides no calendar.
pub fn sanitize_xml(bytes: &[u8]) -> String {
    let text = match utf_16(bytes) {
        Some(encoding) => encoding.decode_with_bom_removal(bytes).0,
        None => String::from_utf8_lossy(bytes),
    };
    let text = text
        .strip_prefix('\u{FEFF}')
        .map_or(text.as_ref(), |rest| rest);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"&#") {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let after = forbidden_reference_length(from).unwrap_or(2);
        out.push_str(if after > 2 { REPLACEMENT } else { "&#" });
        rest = &from[after..];
    }
    out.push_str(rest);
    out
}

/// In which order the bytes of each letter stand, where there are two: by the mark, or by the first sign of every answer.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] | [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The length of the reference at the start of `text`, if XML forbids it.
fn forbidden_reference_length(text: &str) -> Option<usize> {
    let end = text
        .bytes()
        .take(MAX_REFERENCE)
        .position(|byte| byte == b';')?;
    let number = text.get(2..end)?;
    let (digits, radix) = number
        .strip_prefix('x')
        .map_or((number, 10), |hex| (hex, 16));
    // A sign would be read as part of a number.
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u128::from_str_radix(digits, radix).ok();
    let char = code.and_then(|code| char::from_u32(u32::try_from(code).ok()?));
    (!char.is_some_and(is_xml_char)).then_some(end + 1)
}

/// Whether XML 1.0 allows a character.
pub const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(input: &str) -> String {
        sanitize_xml(input.as_bytes())
    }

    #[test]
    fn forbidden_references_are_replaced_and_others_kept() {
        assert_eq!(text("a&#x1;b&#0;c&#x1F;d"), "a\u{FFFD}b\u{FFFD}c\u{FFFD}d");
        assert_eq!(
            text("&#xD83D;&#xFFFE;&#x110000;"),
            "\u{FFFD}\u{FFFD}\u{FFFD}"
        );
        for kept in [
            "&#x9;",
            "&#10;",
            "&#x1F600;",
            "&amp;",
            "&lt;&#",
            "&#;",
            "&#x;",
            "&#+1;",
            "&&#",
            "&#12a;",
            "&#ä;",
            "&#xää",
            "&",
        ] {
            assert_eq!(text(kept), kept);
        }
        assert_eq!(text("&#&#x1;"), "&#\u{FFFD}");
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_at_the_start_alone() {
        assert_eq!(text("\u{FEFF}<a/>"), "<a/>");
        assert_eq!(text("<a>\u{FEFF}</a>"), "<a>\u{FEFF}</a>");
        assert_eq!(sanitize_xml(b"a\xFFb"), "a\u{FFFD}b");
    }

    proptest! {
        #[test]
        fn only_references_that_are_forbidden_change(
            parts in prop::collection::vec("[&#x0-9a-f;<> \u{e4}A]{0,6}", 0..12)
        ) {
            let all = parts.concat();
            let out = text(&all);
            prop_assert_eq!(&text(&out), &out);
            let kept: String = out.split(char::REPLACEMENT_CHARACTER).collect();
            prop_assert!(kept.len() <= all.len());
            if !all.contains("&#") {
                prop_assert_eq!(out, all);
            }
        }
    }
}
