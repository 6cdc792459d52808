//! What was seen where a problem arose.

use crate::{account_name::is_hidden, clock::Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// In the place of a response code that an error lacks.
pub const NO_CODE: &str = "missing";

/// Where a TCP connection was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub host: String,
    pub port: u16,
    /// The IP address tried.
    pub address: String,
    /// Our own address towards it, if the system told.
    pub local: Option<String>,
}

/// The facts of a certificate that people need to act on it. All texts are capped at 200 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// DNS names and IP addresses it is made out to, at most 20.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// SHA-256 of the certificate (DER), in hexadecimal.
    #[serde(default)]
    pub fingerprint: String,
    /// It says of itself that it is an authority's (CA:TRUE), which no server's may.
    #[serde(default)]
    pub is_authority: bool,
    /// What the host showed when everything last worked, if that was another certificate.
    #[serde(default)]
    pub before: Option<CertificateBefore>,
    /// The certificate above it that is not valid at the time, where it is that one and not this.
    #[serde(default)]
    pub above: Option<Issuing>,
}

/// A certificate above a server's, and its days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuing {
    pub subject: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Certificate {
    pub fn is_self_signed(&self) -> bool {
        self.issuer == self.subject
    }
}

/// Why a certificate that may come from a known issuer, for the right name and in time, cannot be used all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFlaw {
    /// It names its hosts in the subject (CN) alone, which has counted for nothing for years.
    NoAlternativeName,
    /// It is signed in a way that is not taken, such as `SHA-1 with RSA`.
    Signature(String),
    /// It has a key that is not taken, such as `RSA with 1024 bits`.
    Key(String),
    /// Its purposes (extended key usage) leave servers out.
    NotForServers,
    /// It carries a condition that is marked as critical and not known here.
    CriticalExtension,
    /// An authority above it may not issue it: for this name, or at this depth.
    Constraint,
    /// A certificate above it, which is no certificate authority, signed it.
    NotAnAuthority {
        subject: String,
    },
    /// The flaw is that of a certificate above it.
    Above {
        subject: String,
        flaw: Box<Self>,
    },
    Revoked,
    /// It cannot be read.
    Malformed,
}

impl fmt::Display for CertificateFlaw {
    /// In a few words, for lists of steps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAlternativeName => f.write_str("it has no subject alternative name"),
            Self::Signature(how) => write!(f, "it is signed with {how}"),
            Self::Key(key) => write!(f, "its key is {key}"),
            Self::NotForServers => f.write_str("it is not meant for servers"),
            Self::CriticalExtension => f.write_str("it carries a condition that is not known"),
            Self::Constraint => f.write_str("its authority may not issue it"),
            Self::NotAnAuthority { subject } => {
                write!(f, "{subject}, which signed it, is no certificate authority")
            }
            Self::Above { subject, flaw } => {
                write!(f, "of {subject} above it: {flaw}")
            }
            Self::Revoked => f.write_str("it was revoked"),
            Self::Malformed => f.write_str("it cannot be read"),
        }
    }
}

/// From when on the end of a certificate is warned of.
pub const ENDS_SOON: Duration = Duration::from_hours(30 * 24);

/// An earlier certificate of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateBefore {
    pub issuer: String,
    /// When it was first seen to work.
    pub since: Timestamp,
}

/// What answered instead of EWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsteadOfEws {
    /// An HTML page with status 200.
    WebPage,
    /// A redirect to the sign-in page of Outlook on the web, AD FS or a proxy.
    SignInPage,
    /// A redirect elsewhere.
    Redirect,
    /// Autodiscover, which names no address of EWS that is called by https.
    NoAddress,
    /// Something that is not SOAP.
    NotSoap,
}

/// Why no encrypted connection came about, other than for the certificate's issuer, name or dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsReason {
    /// The server speaks no TLS 1.2 or 1.3.
    NoCommonVersion,
    /// The server speaks a version known today, and none of the ciphers, or it has no certificate for them.
    NoCommonCipher,
    /// The server wants a certificate of the caller.
    ClientCertificate,
    /// The server shows nothing under this name (SNI).
    NameNotServed,
    /// The connection was closed before it was encrypted.
    Closed,
    /// What answers does not speak TLS.
    NotTls,
    /// Anything else, as an end of “because …” in words of ours.
    Other(String),
}

/// The longest text from a remote side that is kept, in characters.
const REMOTE_TEXT: usize = 200;

/// A text from a remote side, fit to be shown: characters that cannot be seen or turn the text around them become
/// spaces, and it is cut at 200 characters.
pub fn capped(text: &str) -> String {
    let mut kept: String = text
        .trim()
        .chars()
        .map(|c| if is_hidden(c) { ' ' } else { c })
        .take(REMOTE_TEXT)
        .collect();
    if text.trim().chars().nth(REMOTE_TEXT).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_text_is_cut_and_cannot_break_a_line() {
        assert_eq!(capped(" a\r\nb "), "a  b");
        let long = capped(&"ä".repeat(300));
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn flaws_are_told_in_plain_words() {
        let key = CertificateFlaw::Key("RSA with 1024 bits".to_owned());
        for flaw in [
            CertificateFlaw::NoAlternativeName,
            CertificateFlaw::Signature("MD5 with RSA".to_owned()),
            key.clone(),
            CertificateFlaw::NotForServers,
            CertificateFlaw::CriticalExtension,
            CertificateFlaw::Constraint,
            CertificateFlaw::NotAnAuthority {
                subject: "CN=Example".to_owned(),
            },
            CertificateFlaw::Above {
                subject: "CN=Example".to_owned(),
                flaw: Box::new(key),
            },
            CertificateFlaw::Revoked,
            CertificateFlaw::Malformed,
        ] {
            let debug = format!("{flaw:?}");
            let name = debug.split(['(', ' ']).next().unwrap_or_default();
            let told = flaw.to_string();
            assert!(!told.contains(['"', '{', '(']), "{told}");
            let is_word = [
                "Key",
                "Signature",
                "Above",
                "Constraint",
                "Revoked",
                "Malformed",
            ];
            assert!(is_word.contains(&name) || !told.contains(name), "{told}");
        }
    }
}
