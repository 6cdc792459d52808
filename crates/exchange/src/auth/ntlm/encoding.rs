//! How messages of NTLM begin, and how they spell texts.

/// What every message begins with.
pub const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Little-endian, as Windows spells texts.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
