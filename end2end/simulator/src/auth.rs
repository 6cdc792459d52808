//! The sign-in: the schemes that a 401 offers, HTTP Basic for each request, and NTLM for a connection, either bare or,
//! under `Negotiate`, within SPNEGO.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    connection_auth::ConnectionAuth,
    http_response::HttpResponse,
    ntlm::{self, Authenticate, IssuedChallenge, SIGNATURE, Side},
    spnego::{self, NegotiationState, WrappedToken},
    world::{SignInResult, World, settings::AuthOffer},
};

/// One request as the sign-in sees it.
pub struct AuthAttempt<'a> {
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

/// Signs a request in, or returns the 401.
pub fn sign_in(
    world: &mut World,
    connection: &mut ConnectionAuth,
    attempt: &AuthAttempt<'_>,
) -> Result<Caller, HttpResponse> {
    let Some((scheme, token)) = attempt
        .authorization
        .and_then(|header| header.split_once(' '))
    else {
        if let ConnectionAuth::SignedIn(principal) = connection {
            return Ok(Caller {
                principal: principal.clone(),
                headers: Vec::new(),
            });
        }
        world.counters_mut().anonymous_request();
        return Err(unauthorized(world));
    };
    let offer = world.settings.offer;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" if offer.basic => sign_in_by_basic(world, token, attempt.now),
        "ntlm" if offer.ntlm => sign_in_by_ntlm(world, connection, attempt, token, "NTLM"),
        "negotiate" if offer.negotiate && !offer.kerberos_only => {
            sign_in_by_ntlm(world, connection, attempt, token, "Negotiate")
        }
        _ => Err(unauthorized(world)),
    }
}

fn sign_in_by_basic(
    world: &mut World,
    token: &str,
    now: Timestamp,
) -> Result<Caller, HttpResponse> {
    let Some((name, password)) = decode_basic_token(token) else {
        return Err(unauthorized(world));
    };
    match world.sign_in(&name, &|expected| expected == password, now) {
        SignInResult::Accepted(principal) => Ok(Caller {
            principal,
            headers: Vec::new(),
        }),
        SignInResult::Refused => Err(delayed_unauthorized(world)),
    }
}

fn sign_in_by_ntlm(
    world: &mut World,
    connection: &mut ConnectionAuth,
    attempt: &AuthAttempt<'_>,
    token: &str,
    scheme: &'static str,
) -> Result<Caller, HttpResponse> {
    let Ok(token) = STANDARD.decode(token.trim()) else {
        return Err(unauthorized(world));
    };
    // Windows takes a bare message under both schemes, a wrapped one under `Negotiate` alone.
    let wrapped = if token.starts_with(SIGNATURE) {
        None
    } else {
        spnego::read_token(&token).filter(|_| scheme == "Negotiate")
    };
    let message = match &wrapped {
        Some(WrappedToken::Init { message, .. } | WrappedToken::Response { message, .. }) => {
            message
        }
        None => token.as_slice(),
    };
    let before = std::mem::take(connection);
    if ntlm::is_negotiate(message) {
        let wrapped = wrapped.as_ref();
        return Err(send_challenge(
            world, connection, attempt, scheme, message, wrapped,
        ));
    }
    let ConnectionAuth::Challenged {
        challenge,
        mechanisms,
    } = before
    else {
        return Err(unauthorized(world));
    };
    let (mechanisms, mic) = match (wrapped, mechanisms) {
        (None, None) => (None, None),
        (Some(WrappedToken::Response { mic, .. }), Some(mechanisms)) => (Some(mechanisms), mic),
        _ => return Err(unauthorized(world)),
    };
    let Some(answer) = Authenticate::read(message) else {
        return Err(unauthorized(world));
    };
    let principal = verify_proof(world, attempt, &challenge, &answer)?;
    let mut headers = vec![("Persistent-Auth", "true".to_owned())];
    if let Some(mechanisms) = mechanisms {
        headers.push(finish_negotiation(
            world,
            &answer,
            &mechanisms,
            mic,
            scheme,
        )?);
    }
    *connection = ConnectionAuth::SignedIn(principal.clone());
    Ok(Caller { principal, headers })
}

/// The 401 with a challenge; the connection then waits for the answer to it.
fn send_challenge(
    world: &World,
    connection: &mut ConnectionAuth,
    attempt: &AuthAttempt<'_>,
    scheme: &str,
    message: &[u8],
    wrapped: Option<&WrappedToken<'_>>,
) -> HttpResponse {
    let mechanisms = match wrapped {
        None => None,
        Some(WrappedToken::Init { mechanisms, .. }) => Some(mechanisms.to_vec()),
        Some(WrappedToken::Response { .. }) => return unauthorized(world),
    };
    let challenge = IssuedChallenge::new(message, &world.domain, random_nonce(), attempt.now);
    let mut sent = challenge.message.clone();
    if world.settings.garbled_challenge {
        sent.truncate(20);
    }
    if mechanisms.is_some() {
        sent = spnego::challenge_response(&sent);
    }
    *connection = ConnectionAuth::Challenged {
        challenge,
        mechanisms,
    };
    let answer = respond_with_token(HttpResponse::empty(401), scheme, &sent);
    if world.settings.close_after_challenge {
        return answer.header("Connection", "close");
    }
    answer
}

/// The header that ends a SPNEGO exchange, or the 401 that says it is not complete.
fn finish_negotiation(
    world: &mut World,
    answer: &Authenticate<'_>,
    mechanisms: &[u8],
    mic: Option<&[u8]>,
    scheme: &str,
) -> Result<(&'static str, String), HttpResponse> {
    let (state, mic) = check_mechanism_list(world, answer, mechanisms, mic)?;
    let token = spnego::final_response(state, mic);
    if matches!(state, NegotiationState::Incomplete) {
        world.counters_mut().unfinished();
        return Err(respond_with_token(HttpResponse::empty(401), scheme, &token));
    }
    Ok(token_header(scheme, &token))
}

/// Who proved a password by the third message, on this connection and for this server.
fn verify_proof(
    world: &mut World,
    attempt: &AuthAttempt<'_>,
    challenge: &IssuedChallenge,
    answer: &Authenticate<'_>,
) -> Result<String, HttpResponse> {
    let protection = world.settings.extended_protection;
    let mut fault = None;
    let check = |password: &str| {
        challenge.check(answer, password, protection, attempt.binding, attempt.host)
    };
    // The domain controller checks the password first. What Exchange checks afterwards does not count towards a lockout.
    let proven = |password: &str| !matches!(check(password), Err(ntlm::NtlmRefusal::Proof));
    if let Some(password) = world.password(&answer.name()) {
        fault = check(password)
            .err()
            .filter(|fault| *fault != ntlm::NtlmRefusal::Proof);
    }
    match world.sign_in(&answer.name(), &proven, attempt.now) {
        SignInResult::Accepted(_) if fault.is_some() => {
            world.counters_mut().bad_binding();
            Err(unauthorized(world))
        }
        SignInResult::Accepted(principal) => Ok(principal),
        SignInResult::Refused => Err(delayed_unauthorized(world)),
    }
}

/// Whether both sides saw the same list of mechanisms. Where the third message has a MIC the client must prove it
/// ([MS-SPNG] Appendix A); until it has, the exchange is incomplete. A proof that is wrong ends it.
fn check_mechanism_list(
    world: &mut World,
    answer: &Authenticate<'_>,
    list: &[u8],
    mic: Option<&[u8]>,
) -> Result<(NegotiationState, [u8; 16]), HttpResponse> {
    let password = world.password(&answer.name()).unwrap_or_default();
    let key = ntlm::session_key(answer, password);
    let ours = ntlm::signature(&key, Side::Server, list);
    match mic {
        Some(mic) if mic == ntlm::signature(&key, Side::Client, list) => {
            Ok((NegotiationState::Complete, ours))
        }
        Some(_) => {
            world.counters_mut().unfinished();
            Err(unauthorized(world))
        }
        None if answer.has_mic() => Ok((NegotiationState::Incomplete, ours)),
        None => Ok((NegotiationState::Complete, ours)),
    }
}

fn respond_with_token(answer: HttpResponse, scheme: &str, token: &[u8]) -> HttpResponse {
    let (name, value) = token_header(scheme, token);
    answer.header(name, value)
}

fn token_header(scheme: &str, token: &[u8]) -> (&'static str, String) {
    let value = format!("{scheme} {}", STANDARD.encode(token));
    ("WWW-Authenticate", value)
}

fn random_nonce() -> [u8; 8] {
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

/// The 401 after a wrong password, delayed as the settings want it.
fn delayed_unauthorized(world: &World) -> HttpResponse {
    let mut answer = unauthorized(world);
    answer.delay_ms = world.settings.slow_refusal_milliseconds;
    answer
}

/// 401 with an empty body and one header line for each scheme offered.
pub fn unauthorized(world: &World) -> HttpResponse {
    let AuthOffer {
        basic,
        ntlm,
        negotiate,
        bearer,
        ..
    } = world.settings.offer;
    let mut answer = HttpResponse::empty(401);
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
fn decode_basic_token(token: &str) -> Option<(String, String)> {
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
            decode_basic_token(&token),
            Some(("EXAMPLE\\alice".to_owned(), "a:b".to_owned()))
        );
        assert_eq!(decode_basic_token("TlRMTVNTUAAB"), None);
    }
}
