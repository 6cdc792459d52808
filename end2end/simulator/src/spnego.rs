//! The acceptor's side of SPNEGO (RFC 4178, [MS-SPNG]) with NTLM as the only mechanism, as strict as Windows: a sign-in
//! with a MIC is complete only with a mechListMIC, and a token in any other wrapping is refused.

/// A message of NTLM in its SPNEGO token.
#[derive(Debug, PartialEq, Eq)]
pub enum WrappedToken<'a> {
    /// NegTokenInit, with the list of mechanisms as it was encoded.
    Init {
        mechanisms: &'a [u8],
        message: &'a [u8],
    },
    /// NegTokenResp.
    Response {
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
pub fn read_token(token: &[u8]) -> Option<WrappedToken<'_>> {
    match read_only_element(token)? {
        (0x60, content) => {
            let init = content.strip_prefix(SPNEGO.as_slice())?;
            let init = unwrap_element(unwrap_element(init, 0xa0)?, SEQUENCE)?;
            let parts = read_elements(init)?;
            let mechanisms = find_element(&parts, 0xa0)?;
            if !unwrap_element(mechanisms, SEQUENCE)?.starts_with(&MECHANISM) {
                return None;
            }
            let message = unwrap_element(find_element(&parts, 0xa2)?, OCTETS)?;
            Some(WrappedToken::Init {
                mechanisms,
                message,
            })
        }
        (RESPONSE, content) => {
            let parts = read_elements(unwrap_element(content, SEQUENCE)?)?;
            let message = unwrap_element(find_element(&parts, 0xa2)?, OCTETS)?;
            let mic = match find_element(&parts, 0xa3) {
                Some(mic) => Some(unwrap_element(mic, OCTETS)?),
                None => None,
            };
            Some(WrappedToken::Response { message, mic })
        }
        _ => None,
    }
}

/// The `negState` of the acceptor.
#[derive(Clone, Copy, Debug)]
pub enum NegotiationState {
    Complete = 0,
    Incomplete = 1,
}

/// NegTokenResp that selects NTLM and carries its challenge.
pub fn challenge_response(token: &[u8]) -> Vec<u8> {
    let mechanism = encode_element(0xa1, &MECHANISM);
    let token = encode_element(0xa2, &encode_element(OCTETS, token));
    encode_response(NegotiationState::Incomplete, &[mechanism, token].concat())
}

/// NegTokenResp that ends the exchange, or says that it is not complete.
pub fn final_response(state: NegotiationState, mic: [u8; 16]) -> Vec<u8> {
    encode_response(state, &encode_element(0xa3, &encode_element(OCTETS, &mic)))
}

fn encode_response(state: NegotiationState, parts: &[u8]) -> Vec<u8> {
    let state = encode_element(0xa0, &[0x0a, 1, state as u8]);
    encode_element(
        RESPONSE,
        &encode_element(SEQUENCE, &[state.as_slice(), parts].concat()),
    )
}

fn find_element<'a>(parts: &[(u8, &'a [u8])], tag: u8) -> Option<&'a [u8]> {
    let found = parts.iter().find(|(each, _)| *each == tag);
    found.map(|(_, content)| *content)
}

/// All elements of `bytes`.
fn read_elements(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (tag, content, rest) = read_element(bytes)?;
        parts.push((tag, content));
        bytes = rest;
    }
    Some(parts)
}

/// The content of `bytes`, which is one element with this tag.
fn unwrap_element(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    read_only_element(bytes)
        .filter(|(found, _)| *found == tag)
        .map(|(_, content)| content)
}

fn read_only_element(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, content, rest) = read_element(bytes)?;
    rest.is_empty().then_some((tag, content))
}

fn read_element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
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
fn encode_element(tag: u8, content: &[u8]) -> Vec<u8> {
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
        let mechanisms = encode_element(0xa0, &encode_element(SEQUENCE, mechanisms));
        let message = encode_element(0xa2, &encode_element(OCTETS, message));
        let init = encode_element(
            0xa0,
            &encode_element(SEQUENCE, &[mechanisms, message].concat()),
        );
        encode_element(0x60, &[SPNEGO.as_slice(), &init].concat())
    }

    #[test]
    fn a_whole_token_is_read_and_no_other() {
        let message = [7; 200];
        let token = first(&MECHANISM, &message);
        let Some(WrappedToken::Init {
            mechanisms,
            message: read_message,
        }) = read_token(&token)
        else {
            panic!("{token:?}")
        };
        assert_eq!(mechanisms, encode_element(SEQUENCE, &MECHANISM));
        assert_eq!(read_message, message);
        for end in 0..token.len() {
            assert_eq!(read_token(&token[..end]), None, "{end}");
        }
        assert_eq!(read_token(&[token.as_slice(), &[0]].concat()), None);
        assert_eq!(read_token(&message), None);
    }

    #[test]
    fn a_client_that_prefers_kerberos_sent_no_message_of_ntlm() {
        let kerberos = [
            0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
        ];
        let both = [kerberos.as_slice(), &MECHANISM].concat();
        assert_eq!(read_token(&first(&both, b"message")), None);
    }

    #[test]
    fn a_response_carries_its_mic() {
        let token = final_response(NegotiationState::Complete, [9; 16]);
        assert_eq!(read_token(&token), None);
        let both = [
            encode_element(0xa2, &encode_element(OCTETS, b"message")),
            encode_element(0xa3, &encode_element(OCTETS, &[9; 16])),
        ];
        assert_eq!(
            read_token(&encode_element(
                RESPONSE,
                &encode_element(SEQUENCE, &both.concat())
            )),
            Some(WrappedToken::Response {
                message: b"message",
                mic: Some(&[9; 16]),
            })
        );
        let challenge = challenge_response(b"challenge");
        assert_eq!(
            read_token(&challenge),
            Some(WrappedToken::Response {
                message: b"challenge",
                mic: None,
            })
        );
    }
}
