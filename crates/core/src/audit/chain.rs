//! How a line of the audit trail is bound to the one before it.

use super::action::AuditLine;
use sha2::{Digest as _, Sha256};

impl AuditLine {
    /// The hash of this line behind one with the hash `before`: SHA-256 over both, the line's fields as a JSON array, so
    /// that no two different lines read the same.
    pub fn chained_to(&self, before: &str) -> String {
        let fields = serde_json::json!([
            before,
            self.seq,
            self.id,
            self.at.millis(),
            self.actor,
            self.who,
            self.action,
            self.subject
        ]);
        hex::encode(Sha256::digest(fields.to_string().as_bytes()))
    }
}
