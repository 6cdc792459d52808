//! How the messages of NTLM travel in HTTP headers ([MS-NTHT]): bare under `NTLM` and under `Negotiate`.
//!
//! Windows' own clients send them bare under `Negotiate` too where NTLM is the only mechanism. Wrapped in SPNEGO, a third
//! message with a MIC would make a mechListMIC mandatory ([MS-SPNG] Appendix A), without which no acceptor is content.

use super::{
    method::Method,
    ntlm::{
        self, Reply,
        challenge::{Challenge, ChallengeError},
    },
    spnego,
};
use crate::outbound::connection::Answer;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderValue, Request, Version,
    header::{AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE},
};
use hyper::body::Bytes;
use zeroize::Zeroizing;

/// The most that is read of the body beside a challenge.
pub const LIMIT: usize = 256 * 1024;
/// The longest token in base64 that is read.
const TOKEN_LIMIT: usize = 88 * 1024;

/// The messages of one handshake.
pub struct Messages {
    method: Method,
    negotiate: [u8; 40],
}

impl Messages {
    pub fn new(method: Method) -> Self {
        Self {
            method,
            negotiate: ntlm::negotiate(),
        }
    }

    /// The request as it opens the handshake: with the first message and without its body, which would be thrown away.
    pub fn opening(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let mut opening = Request::new(Bytes::new());
        *opening.method_mut() = request.method().clone();
        *opening.uri_mut() = request.uri().clone();
        *opening.headers_mut() = request.headers().clone();
        opening
            .headers_mut()
            .insert(AUTHORIZATION, self.header(&self.negotiate));
        opening
    }

    /// The server's token for our scheme.
    pub fn token(&self, answer: &Answer) -> Option<Vec<u8>> {
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
                spnego::ntlm_in(&token).map(<[u8]>::to_vec)
            })
    }

    /// Whether the connection of an answer can carry another request.
    pub fn is_kept(answer: &Answer) -> bool {
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
    pub fn closing(&self, reply: &Reply<'_>, token: &[u8]) -> Result<HeaderValue, ChallengeError> {
        let challenge = Challenge::parse(token)?;
        Ok(self.header(&reply.authenticate(&self.negotiate, &challenge)))
    }

    const fn scheme(&self) -> &'static str {
        match self.method {
            Method::Negotiate => "Negotiate",
            Method::Ntlm | Method::Basic => "NTLM",
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
