//! Tables for spreadsheets, as CSV, and text as spreadsheets save it.

mod heading;
mod read;

pub use heading::Heading;
pub use read::{Row, Sheet, read_sheet};

use crate::account_name::is_hidden;
use encoding_rs::{Encoding, WINDOWS_1252};

/// What spreadsheets take for the start of a formula, in every width in which it can be typed.
const FORMULA: [char; 19] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '⁼', '⁺', '⁻', '₌', '₊',
    '₋', '−',
];

/// Lines in the making.
pub struct Table(csv::Writer<Vec<u8>>);

impl Default for Table {
    fn default() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }
}

impl Table {
    /// Adds a line; no cell of it is taken for a formula.
    pub fn line(&mut self, cells: &[&str]) {
        // Writing to a Vec cannot fail.
        let _ = self.0.write_record(cells.iter().map(|cell| harmless(cell)));
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}

/// The text of a file that a spreadsheet saved: in UTF-8, in UTF-16 with its mark, or in Windows-1252.
pub fn text_of(file: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(file) {
        return encoding.decode(file).0.into_owned();
    }
    match str::from_utf8(file) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252
            .decode_without_bom_handling(file)
            .0
            .into_owned(),
    }
}

/// A cell that no spreadsheet takes for a formula, whichever separator it reads lines by: at the start of the cell, and of
/// what a semicolon, a tab or a new line would make one, a quote stands before the sign.
fn harmless(cell: &str) -> String {
    let mut safe = String::with_capacity(cell.len() + 1);
    for part in cell.split_inclusive([';', '\t', '\n', '\r']) {
        let begins =
            part.trim_start_matches(|c: char| c.is_whitespace() || is_hidden(c) || c == '"');
        if begins.starts_with(FORMULA) {
            safe.push('\'');
        }
        safe.push_str(part);
    }
    if cell.starts_with(['\t', '\r', '\n']) && !safe.starts_with('\'') {
        safe.insert(0, '\'');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_spreadsheets_save_it() {
        let text = "name;email\r\nMüller;m@example.test";
        let utf16 = |begin: [u8; 2], to: fn(u16) -> [u8; 2]| -> Vec<u8> {
            begin
                .into_iter()
                .chain(text.encode_utf16().flat_map(to))
                .collect()
        };
        let western: Vec<u8> = text
            .chars()
            .map(|letter| u8::try_from(letter).expect("western"))
            .collect();
        for file in [
            text.as_bytes().to_vec(),
            ["\u{FEFF}", text].concat().into_bytes(),
            utf16([0xFF, 0xFE], u16::to_le_bytes),
            utf16([0xFE, 0xFF], u16::to_be_bytes),
            western,
        ] {
            assert_eq!(text_of(&file), text, "{file:?}");
        }
    }

    #[test]
    fn formulas_are_written_as_text() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@bob"), "'@bob");
        for sign in FORMULA {
            for before in ["", " ", "\u{feff}", "\u{200b}", "\t", "\r\n"] {
                let cell = format!("{before}{sign}cmd|' /C calc'!A0");
                assert!(harmless(&cell).trim_start().starts_with('\''), "{cell:?}");
            }
            let cell = format!("Bob;{sign}1+1");
            assert_eq!(harmless(&cell), format!("Bob;'{sign}1+1"));
        }
        for cell in ["bob@example.test", "Room 1 - 2", "a+b", "x; y", ""] {
            assert_eq!(harmless(cell), cell);
        }
    }
}
