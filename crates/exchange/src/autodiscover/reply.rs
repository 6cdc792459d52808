//! What an Autodiscover server says, in either of its two forms.

use crate::outbound::guard::bare_host;
use kalends_core::{endpoint::EwsUrl, mailbox::SmtpAddress};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AutodiscoverReply {
    Settings {
        url: Option<EwsUrl>,
        is_online: bool,
    },
    /// Ask again about this address.
    RedirectAddress(SmtpAddress),
    /// Ask this host about the same address.
    RedirectHost(String),
    /// The host is one of Autodiscover and does not know the mailbox.
    UnknownMailbox,
    Error {
        code: String,
    },
}

/// The host of an `https` address on the usual port that leads to Autodiscover; nothing else is followed.
pub(super) fn host_of(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    let host = bare_host(host);
    let is_name = host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    let path = path.to_ascii_lowercase();
    let leads_there = ["xml", "svc"]
        .iter()
        .any(|kind| path == format!("autodiscover/autodiscover.{kind}"));
    let is_followed = scheme.eq_ignore_ascii_case("https") && is_name && !host.is_empty();
    (is_followed && leads_there).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_to_autodiscover_itself_is_followed() {
        for good in [
            "https://Autodiscover.other.test/Autodiscover/autodiscover.xml",
            "https://autodiscover.other.test:443/autodiscover/Autodiscover.svc",
        ] {
            assert_eq!(host_of(good).as_deref(), Some("autodiscover.other.test"));
        }
        let other = "https://autodiscover.müller.test/autodiscover/autodiscover.xml";
        assert_eq!(
            host_of(other).as_deref(),
            Some("autodiscover.xn--mller-kva.test")
        );
        for bad in [
            "http://a.test/autodiscover/autodiscover.xml",
            "https://a.test:8443/autodiscover/autodiscover.xml",
            "https://user@a.test/autodiscover/autodiscover.xml",
            "https:///autodiscover/autodiscover.xml",
            "https://a.test/autodiscover/autodiscover.xml?to=b",
            "https://a.test/x",
            "/autodiscover/autodiscover.xml",
        ] {
            assert_eq!(host_of(bad), None, "{bad}");
        }
    }
}
