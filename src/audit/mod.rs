//! The audit trail as administrators use it: whether it is whole, and as a table for spreadsheets.

mod csv;
mod trail;

pub use self::csv::csv_page;
pub use trail::{Break, TrailError, TrailVerdict, anchor, follow, verify};
