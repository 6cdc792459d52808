//! A refused form, kept until its page is shown again: what was typed (never a secret) and what was wrong with it.

use crate::error::FieldErrors;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was typed, by field name, and the messages beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormDraft {
    pub values: BTreeMap<String, String>,
    pub errors: FieldErrors,
}

impl FormDraft {
    pub fn value(&self, field: &str) -> String {
        self.values.get(field).cloned().unwrap_or_default()
    }
}
