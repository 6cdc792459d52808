//! Who did what, in words that a filter can find.

mod action;
mod chain;
mod ending;

pub use action::{AuditAction, AuditCategory, AuditEntry, AuditFilter, AuditLine};
pub use ending::Ending;
