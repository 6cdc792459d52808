//! Tables for spreadsheets, as CSV.

/// What spreadsheets take for the start of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

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

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_written_as_text() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@bob"), "'@bob");
        assert_eq!(harmless("bob@example.test"), "bob@example.test");
    }
}
