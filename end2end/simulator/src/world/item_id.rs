//! Ids and change keys shaped like Exchange's: opaque, case-sensitive base64.
//! Occurrence ids hold the master's id and the original start, and are therefore longer.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::civil::DateTime;
use sha2::{Digest, Sha256};

/// Id of a stored item: 152 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemId(String);

/// The bytes that all ids of a mailbox begin with: type, length and the mailbox's GUID as text.
fn id_prefix(mailbox: &str, kind: u8) -> Vec<u8> {
    let digest = Sha256::digest(mailbox.as_bytes());
    let mut bytes = vec![0, 3, 0x24, 0];
    bytes.extend(guid_text(&digest).into_bytes());
    bytes.extend([kind, 0]);
    bytes
}

fn guid_text(digest: &[u8]) -> String {
    let mut bytes = [0_u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn fill_with_digest(bytes: &mut Vec<u8>, seed: &str, length: usize) {
    let mut round = 0_u32;
    while bytes.len() < length {
        let mut digest = Sha256::new();
        digest.update(seed.as_bytes());
        digest.update(round.to_le_bytes());
        bytes.extend(digest.finalize());
        round += 1;
    }
    bytes.truncate(length);
    bytes.push(0);
}

impl ItemId {
    /// The id of the `number`-th item made in `mailbox`.
    pub fn new(mailbox: &str, number: u64) -> Self {
        let mut bytes = id_prefix(mailbox, 0x46);
        fill_with_digest(&mut bytes, &format!("{mailbox}/{number}"), 112);
        Self(STANDARD.encode(bytes))
    }

    /// The same id but for the case of one letter: another item for Exchange, the same one for clients that ignore case.
    #[must_use]
    pub fn with_case_flipped(&self) -> Self {
        // The first 60 characters name the mailbox; the last four hold padding.
        let spot = self
            .0
            .char_indices()
            .skip(60)
            .find(|(at, letter)| *at < 140 && letter.is_ascii_alphabetic());
        let Some((spot, letter)) = spot else {
            return self.clone();
        };
        let mut text = self.0.clone();
        let other = if letter.is_ascii_lowercase() {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        text.replace_range(spot..=spot, other.encode_utf8(&mut [0; 4]));
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Id of the occurrence whose pattern start is `original`.
    pub fn occurrence(&self, original: DateTime) -> String {
        let mut bytes = STANDARD.decode(&self.0).unwrap_or_default();
        bytes.pop();
        bytes.extend([0x01, 0x51, 0x00, 0x08]);
        let packed = i64::from(original.year()) * 1_0000_0000
            + i64::from(original.month()) * 100_0000
            + i64::from(original.day()) * 1_0000
            + i64::from(original.hour()) * 100
            + i64::from(original.minute());
        bytes.extend(packed.to_be_bytes());
        bytes.push(0x10);
        STANDARD.encode(bytes)
    }

    /// The master's id and the original start that an occurrence's id holds.
    pub fn split_occurrence(text: &str) -> Option<(Self, DateTime)> {
        let bytes = STANDARD.decode(text).ok()?;
        let (master, tail) = bytes.split_at_checked(112)?;
        let packed = tail.strip_prefix(&[0x01, 0x51, 0x00, 0x08])?;
        let packed = i64::from_be_bytes(packed.strip_suffix(&[0x10])?.try_into().ok()?);
        let part = |divisor: i64, modulus: i64| i8::try_from(packed / divisor % modulus).ok();
        let year = i16::try_from(packed / 1_0000_0000).ok()?;
        let original = DateTime::new(
            year,
            part(100_0000, 100)?,
            part(1_0000, 100)?,
            part(100, 100)?,
            part(1, 100)?,
            0,
            0,
        )
        .ok()?;
        let mut master = master.to_vec();
        master.push(0);
        Some((Self(STANDARD.encode(master)), original))
    }

    /// Whether `text` could be an item's or an occurrence's id at all.
    pub fn is_well_formed(text: &str) -> bool {
        STANDARD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() >= 100 && bytes.starts_with(&[0, 3, 0x24, 0]))
    }
}

/// Id of a folder; it never changes.
pub fn folder_id(mailbox: &str, folder: &str) -> String {
    let mut bytes = id_prefix(mailbox, 0x2e);
    fill_with_digest(&mut bytes, &format!("{mailbox}/folder/{folder}"), 88);
    STANDARD.encode(bytes)
}

/// Change key of an item or folder after that revision.
pub fn change_key(mailbox: &str, first: u8, revision: u64) -> String {
    let mut bytes = vec![first, 0, 0, 0, 0x16, 0, 0, 0];
    bytes.extend(Sha256::digest(mailbox.as_bytes()).iter().take(14));
    bytes.extend(revision.to_be_bytes());
    STANDARD.encode(bytes)
}

/// UID as Outlook makes it: a `GlobalObjectId` in hexadecimal digits.
pub fn uid(mailbox: &str, number: u64) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(format!("uid/{mailbox}/{number}").as_bytes());
    let mut text = "040000008200E00074C5B7101A82E00800000000".to_owned();
    for byte in digest.iter().take(32) {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn item_ids_are_152_characters_and_their_twins_differ_in_case_alone() {
        let id = ItemId::new("alice@example.test", 7);
        let twin = id.with_case_flipped();
        assert_eq!(id.as_str().len(), 152);
        assert_ne!(id, twin);
        assert_eq!(
            id.as_str().to_ascii_lowercase(),
            twin.as_str().to_ascii_lowercase()
        );
        assert!(ItemId::is_well_formed(twin.as_str()));
    }

    #[test]
    fn occurrence_ids_are_longer_and_differ_by_date() {
        let id = ItemId::new("alice@example.test", 7);
        let monday = id.occurrence(datetime(2026, 3, 2, 10, 0, 0, 0));
        let tuesday = id.occurrence(datetime(2026, 3, 3, 10, 0, 0, 0));
        assert!(monday.len() > 152);
        assert_ne!(monday, tuesday);
        let split = ItemId::split_occurrence(&monday);
        assert_eq!(split, Some((id.clone(), datetime(2026, 3, 2, 10, 0, 0, 0))));
        assert_eq!(ItemId::split_occurrence(id.as_str()), None);
        assert!(!ItemId::is_well_formed("AAMkAGNhbA7"));
    }

    #[test]
    fn a_change_key_changes_with_every_save() {
        let first = change_key("alice@example.test", 0x0f, 1);
        assert_eq!(first.len(), 40);
        assert!(first.starts_with("DwAAABYAAA"));
        assert_ne!(first, change_key("alice@example.test", 0x0f, 2));
    }
}
