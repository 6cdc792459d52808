//! Which kinds of sign-in a server offers, read leniently from its `WWW-Authenticate` headers: any case, several
//! headers or one with commas, commas within quoted strings.

use crate::outbound::proxy::proxy_name;
use http::{HeaderMap, header::WWW_AUTHENTICATE};
use std::fmt;

/// A kind of sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Sends the password itself.
    Basic,
    /// Proves the password without sending it.
    Ntlm,
    /// Kerberos, or NTLM within it.
    Negotiate,
    /// A token of Microsoft 365 or of a federation.
    Bearer,
    /// Any other, as it is spelled.
    Other(String),
}

/// The kinds of sign-in offered, in the server's order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    schemes: Vec<Scheme>,
    /// The proxy that handed the offer on, if it gives itself away.
    pub proxy: Option<String>,
}

/// The most kinds that are kept.
const MAX_SCHEMES: usize = 10;

impl Offer {
    /// Reads every `WWW-Authenticate` of an answer; parts that are no scheme are left out.
    pub fn read(headers: &HeaderMap) -> Self {
        let mut offer = Self {
            schemes: Vec::new(),
            proxy: proxy_name(headers),
        };
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            for part in split(&text) {
                offer.add(part);
            }
        }
        offer
    }

    /// A part is either `Scheme`, `Scheme token`, `Scheme name=value`, or a further `name=value` of the scheme before.
    fn add(&mut self, part: &str) {
        let (word, rest) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
        let is_parameter = word.contains('=') || rest.trim_start().starts_with('=');
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if word.is_empty() || word.len() > 40 || is_parameter || !word.chars().all(is_token) {
            return;
        }
        let scheme = Scheme::from(word);
        if self.schemes.len() < MAX_SCHEMES && !self.schemes.contains(&scheme) {
            self.schemes.push(scheme);
        }
    }

    /// Whether nothing is offered that proves the password without sending it.
    pub fn is_only_basic(&self) -> bool {
        self.has(&Scheme::Basic) && !self.has(&Scheme::Ntlm) && !self.has(&Scheme::Negotiate)
    }

    /// Whether a kind of sign-in is offered.
    pub fn has(&self, scheme: &Scheme) -> bool {
        self.schemes.contains(scheme)
    }

    /// Whether a sign-in is offered that proves the password without sending it.
    pub fn has_challenge_response(&self) -> bool {
        self.has(&Scheme::Ntlm) || self.has(&Scheme::Negotiate)
    }

    /// Whether Basic is offered, alone or beside others.
    pub fn offers_basic(&self) -> bool {
        self.has(&Scheme::Basic)
    }

    /// The kinds of sign-in by name, in the server's order.
    pub fn names(&self) -> Vec<String> {
        self.schemes.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schemes.is_empty() {
            return f.write_str("no kind of sign-in");
        }
        f.write_str(&self.names().join(", "))
    }
}

impl From<&str> for Scheme {
    fn from(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "basic" => Self::Basic,
            "ntlm" => Self::Ntlm,
            "negotiate" => Self::Negotiate,
            "bearer" => Self::Bearer,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "Basic",
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
            Self::Bearer => "Bearer",
            Self::Other(word) => word,
        })
    }
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else {
            return c == ',' && !quoted;
        }
        false
    })
    .map(str::trim)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn names(values: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        Offer::read(&headers).names()
    }

    #[test]
    fn several_headers_and_one_folded_header_read_alike() {
        let expected = ["Negotiate", "NTLM", "Basic"];
        assert_eq!(
            names(&["Negotiate", "ntlm", "Basic realm=\"mail.example.test\""]),
            expected
        );
        assert_eq!(
            names(&["Negotiate, NTLM, BASIC realm=\"a, NTLM, b\""]),
            expected
        );
    }

    #[test]
    fn parameters_are_no_schemes() {
        let bearer = "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"a@b, c\", token_types=\"app\", authorization_uri = \"x\"";
        assert_eq!(names(&[bearer]), ["Bearer"]);
        assert_eq!(
            names(&["Negotiate YIIB=", "", ",,", "\"open"]),
            ["Negotiate"]
        );
        assert!(names(&[]).is_empty());
    }
}
