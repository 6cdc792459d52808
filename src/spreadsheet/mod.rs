//! Tables for spreadsheets, as CSV, and text as spreadsheets save it.

mod heading;
mod read;
mod sheet_row;

pub use heading::Heading;
pub use read::{Sheet, read_sheet};
pub use sheet_row::SheetRow;

use encoding_rs::{Encoding, WINDOWS_1252};
use kalends_core::account_name::in_one_line;

/// What spreadsheets take for the start of a formula, in every width in which it can be typed.
const FORMULA: [char; 19] = [
    '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '⁼', '⁺', '⁻', '₌', '₊',
    '₋', '−',
];

/// Lines in the making.
pub struct CsvTable(csv::Writer<Vec<u8>>);

impl Default for CsvTable {
    fn default() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }
}

impl CsvTable {
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

/// What to do with a file that holds no text, such as a workbook; `None` where it is text.
pub fn not_text(file: &[u8]) -> Option<&'static str> {
    const OLD_OFFICE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0];
    if file.starts_with(b"PK\x03\x04") || file.starts_with(OLD_OFFICE) {
        let is_open = file
            .windows(21)
            .take(200)
            .any(|part| part == b"vnd.oasis.opendocumen");
        return Some(if is_open {
            "This is a workbook of LibreOffice, not a table of text. Save it as CSV there (File, Save As, Text CSV) and choose that file."
        } else {
            "This is an Excel workbook, not a table of text. Save it as CSV in Excel (File, Save As, CSV UTF-8) and choose that file."
        });
    }
    let is_marked = Encoding::for_bom(file).is_some();
    (!is_marked && (file.starts_with(b"%PDF") || file.contains(&0)))
        .then_some("This file holds no text. Save the table as CSV and choose that file.")
}

/// A cell that no spreadsheet takes for a formula, whichever separator it reads lines by: at the start of the cell, and of
/// what a semicolon would make one, a quote stands before the sign. A cell is one line, and what nobody sees is not in it.
fn harmless(cell: &str) -> String {
    let cell = in_one_line(cell);
    let mut safe = String::with_capacity(cell.len() + 1);
    for part in cell.split_inclusive(';') {
        let begins = part.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
        if begins.starts_with(FORMULA) {
            safe.push('\'');
        }
        safe.push_str(part);
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
