//! A scope as its page shows it.

use super::rows::ScopeRowView;
use crate::moment::Moment;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ScopeView {
    pub id: String,
    pub label: String,
    pub started: Moment,
    pub total: i64,
    pub done: i64,
    /// What looked like an address and is none: nobody was asked about it.
    pub no_addresses: i64,
    pub is_running: bool,
    pub is_cancelled: bool,
    /// Why it waits or ended early.
    pub problem: Option<String>,
    pub waits_until: Option<Moment>,
    /// Codes, labels and counts of what was found.
    pub counts: Vec<(String, String, i64)>,
    pub filter: String,
    pub rows: Vec<ScopeRowView>,
    pub page: i64,
    pub pages: i64,
    pub chosen: i64,
    pub connected: i64,
    pub connectable: i64,
    pub flash: Option<String>,
}
