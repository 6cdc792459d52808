//! Names content by its hash, for file names and for knowing what changed.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 over all parts in turn, in hexadecimal.
pub fn of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
