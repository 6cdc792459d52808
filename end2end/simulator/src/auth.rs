//! The sign-in in front of everything: the offers of a 401, HTTP Basic for each request, and NTLM for a connection,
//! bare or within `Negotiate`.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    answer::Answer,
    ntlm::{self, Authenticate, Challenge, SIGNATURE},
    world::{SignIn, World, settings::AuthOffer},
};

/// How far the sign-in of one connection has come.
#[derive(Clone, Debug, Default)]
pub enum Conversation {
    #[default]
    Silent,
    Challenged(Challenge),
    /// Further requests need no sign-in.
    SignedIn(String),
}

/// One request as the sign-in sees it.
pub struct Attempt<'a> {
    pub authorization: Option<&'a str>,
    pub host: &'a str,
    /// What a sign-in must be bound to: the binding of Exchange's own certificate.
    pub binding: [u8; 16],
    pub now: Timestamp,
}

/// The caller, with the headers that belong to the answer of a completed handshake.
#[derive(Debug)]
pub struct Caller {
    pub principal: String,
    pub headers: Vec<(&'static str, String)>,
}

/// NTLMSSP, 1.3.6.1.4.1.311.2.2.10
const MECHANISM: [u8; 12] = [
    0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
];

/// Signs a request in, or tells the 401.
pub fn sign_in(
    world: &mut World,
    conversation: &mut Conversation,
    attempt: &Attempt<'_>,
) -> Result<Caller, Answer> {
    let Some((scheme, token)) = attempt
        .authorization
        .and_then(|header| header.split_once(' '))
    else {
        if let Conversation::SignedIn(principal) = conversation {
            return Ok(Caller {
                principal: principal.clone(),
                headers: Vec::new(),
            });
        }
        world.counters_mut().anonymous_request();
        return Err(refusal(world));
    };
    let offer = world.settings.offer;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" if offer.basic => sign_in_by_basic(world, token, attempt.now),
        "ntlm" if offer.ntlm => sign_in_by_ntlm(world, conversation, attempt, token, "NTLM"),
        "negotiate" if offer.negotiate && !offer.kerberos_only => {
            sign_in_by_ntlm(world, conversation, attempt, token, "Negotiate")
        }
        _ => Err(refusal(world)),
    }
}

fn sign_in_by_basic(world: &mut World, token: &str, now: Timestamp) -> Result<Caller, Answer> {
    let Some((name, password)) = basic(token) else {
        return Err(refusal(world));
    };
    match world.sign_in(&name, &|expected| expected == password, now) {
        SignIn::Accepted(principal) => Ok(Caller {
            principal,
            headers: Vec::new(),
        }),
        SignIn::Refused => Err(refusal(world)),
    }
}

fn sign_in_by_ntlm(
    world: &mut World,
    conversation: &mut Conversation,
    attempt: &Attempt<'_>,
    token: &str,
    scheme: &'static str,
) -> Result<Caller, Answer> {
    let Ok(token) = STANDARD.decode(token.trim()) else {
        return Err(refusal(world));
    };
    let Some(at) = token
        .windows(SIGNATURE.len())
        .position(|part| part == SIGNATURE)
    else {
        return Err(refusal(world));
    };
    let (wrapped, message) = (at > 0, &token[at..]);
    let before = std::mem::take(conversation);
    if ntlm::is_negotiate(message) {
        let challenge = Challenge::new(message, &world.domain, nonce(), attempt.now);
        let sent = challenge.message.clone();
        *conversation = Conversation::Challenged(challenge);
        let sent = if wrapped {
            challenge_in_spnego(&sent)
        } else {
            sent
        };
        let mut answer = Answer::empty(401).header(
            "WWW-Authenticate",
            format!("{scheme} {}", STANDARD.encode(sent)),
        );
        if world.settings.close_after_challenge {
            answer = answer.header("Connection", "close");
        }
        return Err(answer);
    }
    let (Conversation::Challenged(challenge), Some(answer)) = (before, Authenticate::read(message))
    else {
        return Err(refusal(world));
    };
    let protection = world.settings.extended_protection;
    let mut fault = None;
    let check = |password: &str| {
        challenge.check(&answer, password, protection, attempt.binding, attempt.host)
    };
    // The domain controller looks at the password first; what Exchange finds afterwards locks nobody out.
    let proven = |password: &str| !matches!(check(password), Err(ntlm::Fault::Proof));
    if let Some(password) = world.password(&answer.name()) {
        fault = check(password)
            .err()
            .filter(|fault| *fault != ntlm::Fault::Proof);
    }
    match world.sign_in(&answer.name(), &proven, attempt.now) {
        SignIn::Accepted(_) if fault.is_some() => {
            world.counters_mut().bad_binding();
            Err(refusal(world))
        }
        SignIn::Accepted(principal) => {
            *conversation = Conversation::SignedIn(principal.clone());
            let mut headers = vec![("Persistent-Auth", "true".to_owned())];
            if wrapped {
                let done = [0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0];
                headers.push((
                    "WWW-Authenticate",
                    format!("Negotiate {}", STANDARD.encode(done)),
                ));
            }
            Ok(Caller { principal, headers })
        }
        SignIn::Refused => Err(refusal(world)),
    }
}

/// NegTokenResp: to be continued, by NTLM, with this token.
fn challenge_in_spnego(token: &[u8]) -> Vec<u8> {
    let state = [0xa0, 3, 0x0a, 1, 1];
    let mechanism = der(0xa1, &MECHANISM);
    let token = der(0xa2, &der(0x04, token));
    der(
        0xa1,
        &der(0x30, &[state.as_slice(), &mechanism, &token].concat()),
    )
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

fn nonce() -> [u8; 8] {
    #[expect(
        clippy::disallowed_methods,
        reason = "a challenge of Exchange is random, and nothing of ours is"
    )]
    let random = Uuid::new_v4();
    let mut nonce = [0; 8];
    nonce.copy_from_slice(&random.as_bytes()[8..]);
    nonce[0] = random.as_bytes()[0];
    nonce
}

/// 401 with an empty body and one header line for each scheme offered.
pub fn refusal(world: &World) -> Answer {
    let AuthOffer {
        basic,
        ntlm,
        negotiate,
        bearer,
        ..
    } = world.settings.offer;
    let mut answer = Answer::empty(401);
    if negotiate {
        answer = answer.header("WWW-Authenticate", "Negotiate");
    }
    if ntlm {
        answer = answer.header("WWW-Authenticate", "NTLM");
    }
    if bearer {
        let bearer = r#"Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="*", token_types="app_asserted_user_v1 service_asserted_app_v1""#;
        answer = answer.header("WWW-Authenticate", bearer);
    }
    if basic {
        let realm = format!(r#"Basic realm="mail.{}""#, world.domain);
        answer = answer.header("WWW-Authenticate", realm);
    }
    answer
}

/// Name and password of a Basic token in UTF-8; the name ends at the first colon.
fn basic(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basic_token_splits_at_the_first_colon() {
        let token = STANDARD.encode("EXAMPLE\\alice:a:b");
        assert_eq!(
            basic(&token),
            Some(("EXAMPLE\\alice".to_owned(), "a:b".to_owned()))
        );
        assert_eq!(basic("TlRMTVNTUAAB"), None);
    }
}
