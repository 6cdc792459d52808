//! The address of an Exchange Web Services endpoint, parsed from what a person typed.
//!
//! The parser is ours because the browser's part carries no URL library; it takes only what an EWS endpoint can be.

use crate::{
    account_name::is_hidden,
    domain::{IS_CONVERTED, to_ascii, to_unicode},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An EWS endpoint: https, a host (lower-cased), a port and a path that ends in `.asmx`. The host is kept as it stands
/// on the wire, in ASCII; people read it with the letters that it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EwsUrl {
    host: String,
    port: u16,
    path: String,
}

/// Why a text is no EWS endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum EndpointError {
    #[error("Enter the address of the Exchange server.")]
    Empty,
    #[error("The address has more than 2,000 characters.")]
    TooLong,
    #[error("Use https: passwords are never sent without encryption.")]
    NotHttps,
    #[error("This contains characters that an address cannot have.")]
    Characters,
    #[error("Leave out the user name and password: they have fields of their own.")]
    Credentials,
    #[error(
        "This is not a server address. It should look like https://mail.example.com/EWS/Exchange.asmx."
    )]
    Syntax,
    #[error(
        "An EWS endpoint ends with /EWS/Exchange.asmx. Type just the server's name and Kalends completes it."
    )]
    Path,
}

/// The path of EWS on every Exchange Server.
pub const EWS_PATH: &str = "/EWS/Exchange.asmx";

impl EwsUrl {
    const MAX: usize = 2_000;

    /// In ASCII.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn shown_host(&self) -> String {
        to_unicode(&self.host)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether this host belongs to Exchange Online, where service accounts cannot impersonate any more.
    pub fn is_exchange_online(&self) -> bool {
        is_exchange_online(&self.host)
    }
}

/// Whether a host name belongs to Exchange Online (ews-protocol section 10: hosts by which it is recognised).
pub fn is_exchange_online(host: &str) -> bool {
    const EXACT: [&str; 5] = [
        "partner.outlook.cn",
        "webmail.apps.mil",
        "outlook.com",
        "office365.com",
        "outlook.office.com",
    ];
    const BELOW: [&str; 6] = [
        ".outlook.com",
        ".office365.com",
        ".office365.us",
        ".office.com",
        ".onmicrosoft.com",
        ".partner.outlook.cn",
    ];
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    EXACT.contains(&host.as_str()) || BELOW.iter().any(|suffix| host.ends_with(suffix))
}

/// Whether a text that is no endpoint names a host of Exchange Online all the same.
pub fn names_exchange_online(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest
        .trim()
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    is_exchange_online(host.split(':').next().unwrap_or_default())
}

impl FromStr for EwsUrl {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EndpointError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(EndpointError::TooLong);
        }
        if text
            .chars()
            .any(|c| is_hidden(c) || c.is_whitespace() || "\"<>\\^`{|}".contains(c))
        {
            return Err(EndpointError::Characters);
        }
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
            Some(_) => return Err(EndpointError::NotHttps),
            None => text,
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if !path.is_ascii() {
            return Err(EndpointError::Characters);
        }
        if authority.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let host = to_ascii(&host).ok_or(EndpointError::Characters)?;
        if !is_host(&host) {
            return Err(EndpointError::Syntax);
        }
        Ok(Self {
            host,
            port,
            path: complete(path)?,
        })
    }
}

fn split_port(authority: &str) -> Result<(String, u16), EndpointError> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let tail = authority.get(after_bracket..).unwrap_or_default();
    let (host, port) = match tail.rfind(':') {
        None => (authority, 443),
        Some(colon) => {
            let (host, port) = authority.split_at(after_bracket + colon);
            let port = port
                .trim_start_matches(':')
                .parse()
                .map_err(|_| EndpointError::Syntax)?;
            (host, port)
        }
    };
    if port == 0 {
        Err(EndpointError::Syntax)
    } else {
        Ok((host.to_ascii_lowercase(), port))
    }
}

fn is_host(host: &str) -> bool {
    // The browser's part has no tables of other letters: there they were found right before.
    let is_other = |c: char| !IS_CONVERTED && !c.is_ascii();
    if let Some(v6) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return v6.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || is_other(c))
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn complete(path: &str) -> Result<String, EndpointError> {
    let bare = path.trim_end_matches('/').to_ascii_lowercase();
    if ["", "/ews", "/owa", "/ecp"].contains(&bare.as_str()) {
        return Ok(EWS_PATH.to_owned());
    }
    if bare.rsplit('.').next() == Some("asmx") && !path.contains(['?', '#']) {
        return Ok(path.trim_end_matches('/').to_owned());
    }
    Err(EndpointError::Path)
}

impl fmt::Display for EwsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.shown_host())?;
        if self.port != 443 {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

impl TryFrom<String> for EwsUrl {
    type Error = EndpointError;
    fn try_from(text: String) -> Result<Self, EndpointError> {
        text.parse()
    }
}

impl From<EwsUrl> for String {
    fn from(url: EwsUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, EndpointError> {
        text.parse::<EwsUrl>().map(|url| url.to_string())
    }

    #[test]
    fn a_bare_host_is_completed() {
        let full = Ok("https://mail.example.test/EWS/Exchange.asmx".to_owned());
        for typed in [
            "mail.example.test",
            "https://Mail.Example.test/",
            "HTTPS://mail.example.test/ews",
            "mail.example.test/owa/",
        ] {
            assert_eq!(shown(typed), full, "{typed}");
        }
        assert_eq!(
            shown("mail.example.test:8443"),
            Ok("https://mail.example.test:8443/EWS/Exchange.asmx".to_owned())
        );
        assert_eq!(
            shown("https://h/ews/exchange.asmx"),
            Ok("https://h/ews/exchange.asmx".to_owned())
        );
        assert_eq!(
            shown("[::1]:8443"),
            Ok("https://[::1]:8443/EWS/Exchange.asmx".to_owned())
        );
    }

    #[test]
    fn what_is_no_endpoint_is_told_apart() {
        assert_eq!(
            shown("http://mail.example.test"),
            Err(EndpointError::NotHttps)
        );
        assert_eq!(
            shown("https://bob:pw@mail.example.test"),
            Err(EndpointError::Credentials)
        );
        assert_eq!(
            shown("https://mail.example.test/mail"),
            Err(EndpointError::Path)
        );
        assert_eq!(shown("mail example"), Err(EndpointError::Characters));
        assert_eq!(shown("https://"), Err(EndpointError::Syntax));
        assert_eq!(shown("h:99999"), Err(EndpointError::Syntax));
        assert_eq!(shown(&"a".repeat(10_000)), Err(EndpointError::TooLong));
    }

    #[test]
    fn letters_beyond_ascii_are_read_by_people_alone() {
        let ascii = "mail.xn--mller-kva.example.test";
        for typed in [
            "mail.müller.example.test",
            "https://Mail.MÜLLER.example.test:443/EWS/Exchange.asmx",
            "https://mail.xn--mller-kva.example.test/ews",
            "mail。mu\u{308}ller.example.test",
        ] {
            let url: EwsUrl = typed.parse().unwrap();
            assert_eq!((url.host(), url.port()), (ascii, 443), "{typed}");
            assert_eq!(
                url.to_string(),
                "https://mail.müller.example.test/EWS/Exchange.asmx"
            );
            assert_eq!(url.to_string().parse(), Ok(url));
        }
        for odd in [
            "mail.müller.test/ä.asmx",
            "ma il.müller.test",
            "mail.mü\u{200B}ller.test",
            "mü!ler.test",
        ] {
            assert!(odd.parse::<EwsUrl>().is_err(), "{odd}");
        }
        // Letters of another width are the same letters, and the same host.
        assert!(
            "ｏｕｔｌｏｏｋ.office365.com"
                .parse::<EwsUrl>()
                .unwrap()
                .is_exchange_online()
        );
    }

    #[test]
    fn exchange_online_is_recognised() {
        for host in [
            "outlook.office365.com",
            "OUTLOOK.office.com",
            "autodiscover-s.outlook.com",
            "x.onmicrosoft.com",
        ] {
            assert!(is_exchange_online(host), "{host}");
        }
        assert!(!is_exchange_online("mail.example.test"));
        assert!(!is_exchange_online("outlook.example.test"));
    }
}
