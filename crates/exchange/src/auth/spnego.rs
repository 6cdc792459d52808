//! SPNEGO (RFC 4178) as far as `Negotiate` needs it: an NTLM message is found in whatever comes back, bare or wrapped.
//! A server that wants Kerberos answers without one.

use super::ntlm::encoding::SIGNATURE;

/// The longest token that is read, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// How deep DER is followed; a NegTokenResp needs four levels.
const MAX_DEPTH: u32 = 6;

const OCTET_STRING: u8 = 0x04;

/// The NTLM message in a server's token, wrapped or bare; `None` if there is none.
pub fn find_ntlm_token(token: &[u8]) -> Option<&[u8]> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    if token.starts_with(SIGNATURE) {
        return Some(token);
    }
    find_ntlm(token, MAX_DEPTH)
}

/// Looks through the elements of `bytes`, into constructed ones too.
fn find_ntlm(mut bytes: &[u8], depth: u32) -> Option<&[u8]> {
    while let Some((tag, content, rest)) = element(bytes) {
        if tag == OCTET_STRING && content.starts_with(SIGNATURE) {
            return Some(content);
        }
        let is_constructed = tag & 0x20 != 0;
        if is_constructed && depth > 0 {
            let found = find_ntlm(content, depth - 1);
            if found.is_some() {
                return found;
            }
        }
        bytes = rest;
    }
    None
}

/// Tag, content and what follows; lengths of up to four bytes.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    let (length, bytes) = match first {
        0..=0x7f => (usize::from(first), bytes),
        0x81..=0x84 => {
            let (digits, bytes) = bytes.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, bytes)
        }
        _ => return None,
    };
    let (content, rest) = bytes.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ntlm::negotiate;

    const SEQUENCE: u8 = 0x30;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = match (high, low) {
            (0, 0..=0x7f) => vec![tag, low],
            (0, _) => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [head.as_slice(), content].concat()
    }

    /// NegTokenResp with a message.
    fn wrapped(message: &[u8]) -> Vec<u8> {
        der(
            0xa1,
            &der(SEQUENCE, &der(0xa2, &der(OCTET_STRING, message))),
        )
    }

    #[test]
    fn a_message_is_found_bare_and_wrapped() {
        let long = [SIGNATURE.as_slice(), &[7; 300]].concat();
        for message in [negotiate().to_vec(), long] {
            assert_eq!(
                find_ntlm_token(&wrapped(&message)),
                Some(message.as_slice())
            );
            assert_eq!(find_ntlm_token(&message), Some(message.as_slice()));
        }
    }

    #[test]
    fn an_answer_without_ntlm_holds_none() {
        // accept-incomplete, Kerberos chosen, no token.
        let kerberos = [
            0xa1, 0x14, 0x30, 0x12, 0xa0, 0x03, 0x0a, 0x01, 0x01, 0xa1, 0x0b, 0x06, 0x09, 0x2a,
            0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
        ];
        assert_eq!(find_ntlm_token(&kerberos), None);
        assert_eq!(find_ntlm_token(&[]), None);
    }

    #[test]
    fn broken_and_endless_tokens_end() {
        let whole = wrapped(&negotiate());
        for end in 0..whole.len() {
            assert_eq!(find_ntlm_token(&whole[..end]), None, "{end}");
        }
        let mut nested = negotiate().to_vec();
        nested = der(OCTET_STRING, &nested);
        for _ in 0..100 {
            nested = der(SEQUENCE, &nested);
        }
        assert_eq!(find_ntlm_token(&nested), None);
        assert_eq!(find_ntlm_token(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(find_ntlm_token(&[0x30, 0x80, 0, 0]), None);
    }
}
