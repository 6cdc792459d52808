//! Makes Exchange's answers digestible for an XML parser: takes off a byte-order mark and replaces character
//! references that XML 1.0 forbids (`&#x1;`, lone surrogates), which Exchange sends as they stand in subjects. Works on
//! bytes, across the borders of chunks.

/// What stands in the place of a forbidden reference.
const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// Longer runs of digits are nothing that a person's text holds; the parser refuses them.
const MAX_REFERENCE: usize = 24;

/// Holds back the start of a reference, or of a byte-order mark, until its end has come in.
#[derive(Debug, Default)]
pub struct Filter {
    held: Vec<u8>,
    started: bool,
}

impl Filter {
    /// The bytes that can be passed on after this chunk.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(chunk.len() + self.held.len());
        let mut rest = chunk;
        while let Some((&byte, after)) = rest.split_first() {
            if !self.started {
                self.take_first(byte, &mut out);
            } else if self.held.is_empty() {
                // Most of an answer holds no reference and passes as it is.
                let plain = memchr::memchr(b'&', rest).unwrap_or(rest.len());
                let (plain, from_reference) = rest.split_at(plain);
                out.extend_from_slice(plain);
                rest = from_reference;
                if let Some((&byte, after)) = rest.split_first() {
                    self.take(byte, &mut out);
                    rest = after;
                }
                continue;
            } else {
                self.take(byte, &mut out);
            }
            rest = after;
        }
        out
    }

    /// What was held back when the answer ended.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn take_first(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.held.push(byte);
        if self.held == BOM {
            self.held.clear();
            self.started = true;
        } else if !BOM.starts_with(&self.held) {
            self.started = true;
            for byte in std::mem::take(&mut self.held) {
                self.take(byte, out);
            }
        }
    }

    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            if byte == b'&' {
                self.held.push(byte);
            } else {
                out.push(byte);
            }
            return;
        }
        if continues(&self.held, byte) {
            self.held.push(byte);
            return;
        }
        if byte == b';' && is_forbidden(&self.held) {
            out.extend_from_slice(REPLACEMENT);
            self.held.clear();
            return;
        }
        out.append(&mut self.held);
        self.take(byte, out);
    }
}

fn continues(held: &[u8], byte: u8) -> bool {
    held.len() < MAX_REFERENCE
        && match held {
            b"&" => byte == b'#',
            b"&#" => byte.is_ascii_digit() || byte == b'x',
            [b'&', b'#', b'x', ..] => byte.is_ascii_hexdigit(),
            _ => byte.is_ascii_digit(),
        }
}

fn is_forbidden(held: &[u8]) -> bool {
    let Some(number) = held
        .strip_prefix(b"&#")
        .and_then(|rest| str::from_utf8(rest).ok())
    else {
        return false;
    };
    let code = match number.strip_prefix('x') {
        Some("") => return false,
        Some(hex) => u128::from_str_radix(hex, 16),
        None if number.is_empty() => return false,
        None => number.parse(),
    };
    let char = code
        .ok()
        .and_then(|code| u32::try_from(code).ok())
        .and_then(char::from_u32);
    !char.is_some_and(is_xml)
}

/// Whether XML 1.0 allows a character.
pub const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(input: &[u8]) -> Vec<u8> {
        let mut filter = Filter::default();
        let mut out = filter.push(input);
        out.extend(filter.finish());
        out
    }

    fn text(input: &str) -> String {
        String::from_utf8(whole(input.as_bytes())).unwrap()
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
            "&&#",
            "&#12a;",
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
        assert_eq!(whole(&[0xEF, 0xBB]), [0xEF, 0xBB]);
    }

    proptest! {
        #[test]
        fn where_the_chunks_are_cut_changes_nothing(
            parts in prop::collection::vec("[&#x0-9a-f;<> äA]{0,6}", 0..12)
        ) {
            let all = parts.concat();
            let mut filter = Filter::default();
            let mut out = Vec::new();
            for byte in all.bytes() {
                out.extend(filter.push(&[byte]));
            }
            out.extend(filter.finish());
            prop_assert_eq!(out, whole(all.as_bytes()));
        }
    }
}
