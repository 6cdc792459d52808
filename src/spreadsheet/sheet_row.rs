//! One row of a table, as it was read.

/// One row, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// From 1 on, as spreadsheets count.
    pub line: usize,
    pub cells: Vec<String>,
}

impl SheetRow {
    /// The cell of a column; empty where there is none.
    pub fn cell(&self, at: Option<usize>) -> &str {
        at.and_then(|at| self.cells.get(at))
            .map_or("", String::as_str)
    }

    pub fn has(&self, is_sign: impl Fn(char) -> bool + Copy) -> bool {
        self.cells.iter().any(|cell| cell.contains(is_sign))
    }
}
