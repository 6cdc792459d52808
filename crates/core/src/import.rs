//! People from a table, as their job holds them: the lines of the table, and what came of each.

use serde::{Deserialize, Serialize};

/// One line of the table, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// From 1 on, as spreadsheets count.
    pub line: usize,
    pub name: String,
    pub email: String,
    pub is_admin: bool,
    /// Separated by blanks.
    pub addresses: String,
    /// Why nobody is invited by this line.
    pub mistake: Option<String>,
}

/// What came of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportOutcome {
    Invited,
    /// Nobody is invited by this line, for what stands in it.
    Mistake,
    /// Somebody has the address by now.
    Taken,
    /// One of its addresses is the one that this person signs in with.
    NotTheirs(String),
    /// Kalends could not carry it out; the log says why.
    Failed,
}
