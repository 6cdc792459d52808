//! How the messages of NTLM travel in HTTP headers ([MS-NTHT]): bare under `NTLM` and under `Negotiate`.
//!
//! Windows' own clients send them bare under `Negotiate` too where NTLM is the only mechanism. Wrapped in SPNEGO, a third
//! message with a MIC would make a mechListMIC mandatory ([MS-SPNG] Appendix A): no acceptor takes it without one.

use super::{
    method::AuthMethod,
    ntlm::{
        self, ChallengeReply,
        challenge::{Challenge, ChallengeError},
    },
    spnego,
};
use crate::outbound::response::IncomingResponse;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderValue, Request, Version,
    header::{AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use zeroize::Zeroizing;

/// The most that is read of the body beside a challenge.
pub const CHALLENGE_BODY_LIMIT: usize = 256 * 1024;
/// The longest token in base64 that is read.
const TOKEN_LIMIT: usize = 88 * 1024;

/// The messages of one handshake.
pub struct NtlmHandshake {
    method: AuthMethod,
    negotiate: [u8; 40],
}

impl NtlmHandshake {
    /// The messages of a handshake under one scheme.
    pub fn new(method: AuthMethod) -> Self {
        Self {
            method,
            negotiate: ntlm::negotiate(),
        }
    }

    /// The request as it opens the handshake: with the first message and without its body, which would be thrown away.
    pub fn negotiate(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let mut negotiate = Request::new(Bytes::new());
        *negotiate.method_mut() = request.method().clone();
        *negotiate.uri_mut() = request.uri().clone();
        *negotiate.headers_mut() = request.headers().clone();
        negotiate
            .headers_mut()
            .insert(AUTHORIZATION, self.header(&self.negotiate));
        negotiate
    }

    /// The server's token for our scheme.
    pub fn token(&self, answer: &IncomingResponse) -> Option<Vec<u8>> {
        answer
            .headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter(|part| part.len() <= TOKEN_LIMIT)
            .find_map(|part| {
                let (scheme, token) = part.trim().split_once(' ')?;
                if !scheme.eq_ignore_ascii_case(self.scheme()) {
                    return None;
                }
                let token = STANDARD.decode(token.trim()).ok()?;
                spnego::find_ntlm_token(&token).map(<[u8]>::to_vec)
            })
    }

    /// Whether the connection of an answer can carry another request.
    pub fn is_kept(answer: &IncomingResponse) -> bool {
        let says = |word: &str| {
            answer
                .headers
                .get_all(CONNECTION)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|said| said.trim().eq_ignore_ascii_case(word))
        };
        !says("close") && (answer.version != Version::HTTP_10 || says("keep-alive"))
    }

    /// The header with the third message.
    pub fn authenticate(
        &self,
        reply: &ChallengeReply<'_>,
        token: &[u8],
    ) -> Result<HeaderValue, ChallengeError> {
        let challenge = Challenge::parse(token)?;
        Ok(self.header(&reply.authenticate(&self.negotiate, &challenge)))
    }

    const fn scheme(&self) -> &'static str {
        match self.method {
            AuthMethod::Negotiate => "Negotiate",
            AuthMethod::Ntlm | AuthMethod::Basic => "NTLM",
        }
    }

    fn header(&self, token: &[u8]) -> HeaderValue {
        let text = Zeroizing::new(format!("{} {}", self.scheme(), STANDARD.encode(token)));
        // Base64 is always fit for a header.
        let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}
