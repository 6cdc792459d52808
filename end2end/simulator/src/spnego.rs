//! The acceptor's side of SPNEGO (RFC 4178, [MS-SPNG]) with NTLM as the only mechanism, strict as Windows is: a sign-in
//! with a MIC is complete only with a mechListMIC beside it, and a token that is wrapped otherwise is no token.

/// What a client wrapped.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrapped<'a> {
    /// NegTokenInit, with the list of mechanisms as it was encoded.
    First {
        mechanisms: &'a [u8],
        message: &'a [u8],
    },
    /// NegTokenResp.
    Next {
        message: &'a [u8],
        mic: Option<&'a [u8]>,
    },
}

/// SPNEGO, 1.3.6.1.5.5.2
const SPNEGO: [u8; 8] = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// NTLMSSP, 1.3.6.1.4.1.311.2.2.10
const MECHANISM: [u8; 12] = [
    0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
];

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
const RESPONSE: u8 = 0xa1;

/// Reads a whole token; `None` for anything else, and where NTLM is not what the client prefers.
pub fn read(token: &[u8]) -> Option<Wrapped<'_>> {
    match only(token)? {
        (0x60, content) => {
            let init = content.strip_prefix(SPNEGO.as_slice())?;
            let init = inside(inside(init, 0xa0)?, SEQUENCE)?;
            let parts = parts(init)?;
            let mechanisms = part(&parts, 0xa0)?;
            if !inside(mechanisms, SEQUENCE)?.starts_with(&MECHANISM) {
                return None;
            }
            let message = inside(part(&parts, 0xa2)?, OCTETS)?;
            Some(Wrapped::First {
                mechanisms,
                message,
            })
        }
        (RESPONSE, content) => {
            let parts = parts(inside(content, SEQUENCE)?)?;
            let message = inside(part(&parts, 0xa2)?, OCTETS)?;
            let mic = match part(&parts, 0xa3) {
                Some(mic) => Some(inside(mic, OCTETS)?),
                None => None,
            };
            Some(Wrapped::Next { message, mic })
        }
        _ => None,
    }
}

/// How far the acceptor is.
#[derive(Clone, Copy, Debug)]
pub enum State {
    Complete = 0,
    Incomplete = 1,
}

/// NegTokenResp that goes on by NTLM, with this token.
pub fn challenge(token: &[u8]) -> Vec<u8> {
    let mechanism = der(0xa1, &MECHANISM);
    let token = der(0xa2, &der(OCTETS, token));
    response(State::Incomplete, &[mechanism, token].concat())
}

/// NegTokenResp that ends the exchange, or tells that it is not complete.
pub fn end(state: State, mic: [u8; 16]) -> Vec<u8> {
    response(state, &der(0xa3, &der(OCTETS, &mic)))
}

fn response(state: State, parts: &[u8]) -> Vec<u8> {
    let state = der(0xa0, &[0x0a, 1, state as u8]);
    der(
        RESPONSE,
        &der(SEQUENCE, &[state.as_slice(), parts].concat()),
    )
}

fn part<'a>(parts: &[(u8, &'a [u8])], tag: u8) -> Option<&'a [u8]> {
    let found = parts.iter().find(|(each, _)| *each == tag);
    found.map(|(_, content)| *content)
}

/// All elements of `bytes`.
fn parts(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (tag, content, rest) = element(bytes)?;
        parts.push((tag, content));
        bytes = rest;
    }
    Some(parts)
}

/// The content of `bytes`, which is one element with this tag.
fn inside(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    only(bytes)
        .filter(|(found, _)| *found == tag)
        .map(|(_, content)| content)
}

fn only(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, content, rest) = element(bytes)?;
    rest.is_empty().then_some((tag, content))
}

fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (length, content) = match bytes.get(1..)? {
        [length @ 0..=0x7f, content @ ..] | [0x81, length, content @ ..] => {
            (usize::from(*length), content)
        }
        [0x82, high, low, content @ ..] => (u16::from_be_bytes([*high, *low]).into(), content),
        _ => return None,
    };
    let (content, rest) = content.split_at_checked(length)?;
    Some((bytes[0], content, rest))
}

/// An element of up to 65,535 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
    let mut element = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(mechanisms: &[u8], message: &[u8]) -> Vec<u8> {
        let mechanisms = der(0xa0, &der(SEQUENCE, mechanisms));
        let message = der(0xa2, &der(OCTETS, message));
        let init = der(0xa0, &der(SEQUENCE, &[mechanisms, message].concat()));
        der(0x60, &[SPNEGO.as_slice(), &init].concat())
    }

    #[test]
    fn a_whole_token_is_read_and_no_other() {
        let message = [7; 200];
        let token = first(&MECHANISM, &message);
        let Some(Wrapped::First {
            mechanisms,
            message: read_message,
        }) = read(&token)
        else {
            panic!("{token:?}")
        };
        assert_eq!(mechanisms, der(SEQUENCE, &MECHANISM));
        assert_eq!(read_message, message);
        for end in 0..token.len() {
            assert_eq!(read(&token[..end]), None, "{end}");
        }
        assert_eq!(read(&[token.as_slice(), &[0]].concat()), None);
        assert_eq!(read(&message), None);
    }

    #[test]
    fn a_client_that_prefers_kerberos_sent_no_message_of_ntlm() {
        let kerberos = [
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
        ];
        let both = [kerberos.as_slice(), &MECHANISM].concat();
        assert_eq!(read(&first(&both, b"message")), None);
    }

    #[test]
    fn a_response_carries_its_mic() {
        let token = end(State::Complete, [9; 16]);
        assert_eq!(read(&token), None);
        let both = [
            der(0xa2, &der(OCTETS, b"message")),
            der(0xa3, &der(OCTETS, &[9; 16])),
        ];
        assert_eq!(
            read(&der(RESPONSE, &der(SEQUENCE, &both.concat()))),
            Some(Wrapped::Next {
                message: b"message",
                mic: Some(&[9; 16]),
            })
        );
        let challenge = challenge(b"challenge");
        assert_eq!(
            read(&challenge),
            Some(Wrapped::Next {
                message: b"challenge",
                mic: None,
            })
        );
    }
}
