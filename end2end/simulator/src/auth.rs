//! The sign-in in front of everything: the offers of a 401, HTTP Basic for each request, and NTLM for a connection,
//! bare under either scheme or within SPNEGO under `Negotiate`.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    answer::Answer,
    connection_auth::Conversation,
    ntlm::{self, Authenticate, Challenge, SIGNATURE, Side},
    spnego::{self, State, Wrapped},
    world::{SignIn, World, settings::AuthOffer},
};

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
        SignIn::Refused => Err(slow_refusal(world)),
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
    // Windows takes a bare message under both schemes, a wrapped one under `Negotiate` alone.
    let wrapped = if token.starts_with(SIGNATURE) {
        None
    } else {
        spnego::read(&token).filter(|_| scheme == "Negotiate")
    };
    let message = match &wrapped {
        Some(Wrapped::First { message, .. } | Wrapped::Next { message, .. }) => message,
        None => token.as_slice(),
    };
    let before = std::mem::take(conversation);
    if ntlm::is_negotiate(message) {
        let mechanisms = match wrapped {
            None => None,
            Some(Wrapped::First { mechanisms, .. }) => Some(mechanisms.to_vec()),
            Some(Wrapped::Next { .. }) => return Err(refusal(world)),
        };
        let challenge = Challenge::new(message, &world.domain, nonce(), attempt.now);
        let mut sent = challenge.message.clone();
        if world.settings.garbled_challenge {
            sent.truncate(20);
        }
        if mechanisms.is_some() {
            sent = spnego::challenge(&sent);
        }
        *conversation = Conversation::Challenged {
            challenge,
            mechanisms,
        };
        let mut answer = with_token(Answer::empty(401), scheme, &sent);
        if world.settings.close_after_challenge {
            answer = answer.header("Connection", "close");
        }
        return Err(answer);
    }
    let Conversation::Challenged {
        challenge,
        mechanisms,
    } = before
    else {
        return Err(refusal(world));
    };
    let (list, mic) = match (wrapped, mechanisms) {
        (None, None) => (None, None),
        (Some(Wrapped::Next { mic, .. }), Some(list)) => (Some(list), mic),
        _ => return Err(refusal(world)),
    };
    let Some(answer) = Authenticate::read(message) else {
        return Err(refusal(world));
    };
    let principal = prove(world, attempt, &challenge, &answer)?;
    let mut headers = vec![("Persistent-Auth", "true".to_owned())];
    if let Some(list) = list {
        let (state, mic) = agree(world, &answer, &list, mic)?;
        let token = spnego::end(state, mic);
        if matches!(state, State::Incomplete) {
            world.counters_mut().unfinished();
            return Err(with_token(Answer::empty(401), scheme, &token));
        }
        headers.push(token_header(scheme, &token));
    }
    *conversation = Conversation::SignedIn(principal.clone());
    Ok(Caller { principal, headers })
}

/// Who proved a password by the third message, on this connection and for this server.
fn prove(
    world: &mut World,
    attempt: &Attempt<'_>,
    challenge: &Challenge,
    answer: &Authenticate<'_>,
) -> Result<String, Answer> {
    let protection = world.settings.extended_protection;
    let mut fault = None;
    let check = |password: &str| {
        challenge.check(answer, password, protection, attempt.binding, attempt.host)
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
        SignIn::Accepted(principal) => Ok(principal),
        SignIn::Refused => Err(slow_refusal(world)),
    }
}

/// Whether both sides saw the same list of mechanisms. Where the third message has a MIC the client must prove it
/// ([MS-SPNG] Appendix A); until it has, the exchange is incomplete. A proof that is wrong ends it.
fn agree(
    world: &mut World,
    answer: &Authenticate<'_>,
    list: &[u8],
    mic: Option<&[u8]>,
) -> Result<(State, [u8; 16]), Answer> {
    let password = world.password(&answer.name()).unwrap_or_default();
    let key = ntlm::session_key(answer, password);
    let ours = ntlm::signature(&key, Side::Server, list);
    match mic {
        Some(mic) if mic == ntlm::signature(&key, Side::Client, list) => {
            Ok((State::Complete, ours))
        }
        Some(_) => {
            world.counters_mut().unfinished();
            Err(refusal(world))
        }
        None if answer.has_mic() => Ok((State::Incomplete, ours)),
        None => Ok((State::Complete, ours)),
    }
}

fn with_token(answer: Answer, scheme: &str, token: &[u8]) -> Answer {
    let (name, value) = token_header(scheme, token);
    answer.header(name, value)
}

fn token_header(scheme: &str, token: &[u8]) -> (&'static str, String) {
    let value = format!("{scheme} {}", STANDARD.encode(token));
    ("WWW-Authenticate", value)
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

/// The 401 to a password, as slow as the directory is set to be.
fn slow_refusal(world: &World) -> Answer {
    let mut answer = refusal(world);
    answer.delay_ms = world.settings.slow_refusal_milliseconds;
    answer
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
