//! What all messages of NTLM share: how they begin, and how text stands in them.

/// What every message begins with.
pub const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Text as NTLM writes it: UTF-16, little-endian.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
