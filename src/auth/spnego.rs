//! SPNEGO (RFC 4178) as far as `Negotiate` needs it: NTLM tokens wrapped on the way out, and found in whatever comes
//! back. Only NTLM is offered: a server that wants Kerberos answers without a token.

/// The longest token that is read, in bytes.
const LIMIT: usize = 64 * 1024;
/// How deep DER is followed; a NegTokenResp needs four levels.
const DEPTH: u32 = 6;

/// 1.3.6.1.5.5.2
const SPNEGO: [u8; 8] = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// 1.3.6.1.4.1.311.2.2.10
const NTLMSSP: [u8; 12] = [
    0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
];

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;

/// NegTokenInit with NTLM as the only mechanism and its first message.
pub fn first(token: &[u8]) -> Vec<u8> {
    let mechanisms = der(0xa0, &der(SEQUENCE, &NTLMSSP));
    let token = der(0xa2, &der(OCTETS, token));
    let init = der(0xa0, &der(SEQUENCE, &[mechanisms, token].concat()));
    der(0x60, &[SPNEGO.as_slice(), &init].concat())
}

/// NegTokenResp with a further message.
pub fn next(token: &[u8]) -> Vec<u8> {
    der(0xa1, &der(SEQUENCE, &der(0xa2, &der(OCTETS, token))))
}

/// The NTLM message in a server's token, wrapped or bare; `None` if there is none.
pub fn ntlm_in(token: &[u8]) -> Option<&[u8]> {
    if token.len() > LIMIT {
        return None;
    }
    if token.starts_with(super::ntlm::SIGNATURE) {
        return Some(token);
    }
    find(token, DEPTH)
}

/// Looks through the elements of `bytes`, into constructed ones too.
fn find(mut bytes: &[u8], depth: u32) -> Option<&[u8]> {
    while let Some((tag, content, rest)) = element(bytes) {
        if tag == OCTETS && content.starts_with(super::ntlm::SIGNATURE) {
            return Some(content);
        }
        let is_constructed = tag & 0x20 != 0;
        if is_constructed && depth > 0 {
            let found = find(content, depth - 1);
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

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = length.iter().skip_while(|digit| **digit == 0).copied();
    let mut out = vec![tag];
    if content.len() < 0x80 {
        out.extend(digits.chain(content.is_empty().then_some(0)));
    } else {
        let digits: Vec<u8> = digits.collect();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        out.extend(digits);
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ntlm::{SIGNATURE, negotiate};

    #[test]
    fn what_was_wrapped_is_found_again() {
        let long = [SIGNATURE.as_slice(), &[7; 300]].concat();
        for token in [negotiate().to_vec(), long] {
            assert_eq!(ntlm_in(&first(&token)), Some(token.as_slice()));
            assert_eq!(ntlm_in(&next(&token)), Some(token.as_slice()));
            assert_eq!(ntlm_in(&token), Some(token.as_slice()));
        }
    }

    #[test]
    fn the_first_token_is_laid_out_as_the_standard_has_it() {
        let token = first(b"NTLMSSP\0");
        let expected = [
            0x60, 0x28, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0, 0x1e, 0x30, 0x1c,
            0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02,
            0x02, 0x0a, 0xa2, 0x0a, 0x04, 0x08,
        ];
        assert_eq!(token, [expected.as_slice(), b"NTLMSSP\0"].concat());
    }

    #[test]
    fn an_answer_without_ntlm_holds_none() {
        // accept-incomplete, Kerberos chosen, no token.
        let kerberos = [
            0xa1, 0x14, 0x30, 0x12, 0xa0, 0x03, 0x0a, 0x01, 0x01, 0xa1, 0x0b, 0x06, 0x09, 0x2a,
            0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
        ];
        assert_eq!(ntlm_in(&kerberos), None);
        assert_eq!(ntlm_in(&[]), None);
    }

    #[test]
    fn broken_and_endless_tokens_end() {
        let whole = first(&negotiate());
        for end in 0..whole.len() {
            assert_eq!(ntlm_in(&whole[..end]), None, "{end}");
        }
        let mut nested = negotiate().to_vec();
        nested = der(OCTETS, &nested);
        for _ in 0..100 {
            nested = der(SEQUENCE, &nested);
        }
        assert_eq!(ntlm_in(&nested), None);
        assert_eq!(ntlm_in(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(ntlm_in(&[0x30, 0x80, 0, 0]), None);
    }
}
