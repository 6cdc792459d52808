//! Which addresses may be called. People type the host, so without the administrator's word Kalends calls public
//! addresses only: nobody may use it to look around inside the network it runs in.

use super::config_error::OutboundConfigError;
use kalends_core::mailbox::to_ascii;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HOSTS: &str = "KALENDS_EXCHANGE_HOSTS";
const CONNECT_TO: &str = "KALENDS_EXCHANGE_CONNECT_TO";

/// Hosts that may be called at any address, each with a port or for all ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<(String, Option<u16>)>);

impl AllowedHosts {
    /// Reads a list such as `mail.example.test, ex01.example.test:8443`.
    pub fn parse(text: &str) -> Result<Self, OutboundConfigError> {
        entries(text)
            .map(|entry| {
                host_and_port(entry).ok_or_else(|| OutboundConfigError {
                    setting: HOSTS,
                    value: text.to_owned(),
                    reason: format!("“{entry}” is no host name."),
                    cure: "Write host names, with a port if only that port is meant, separated by commas: mail.example.com,ex01.example.com:8443",
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Each host, with its port if only that one is meant.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<u16>)> {
        self.0.iter().map(|(host, port)| (host.as_str(), *port))
    }

    /// Whether a host is listed, for this port or for all.
    pub fn contains(&self, host: &str, port: u16) -> bool {
        self.0
            .iter()
            .any(|(name, only)| name == host && only.is_none_or(|only| only == port))
    }
}

/// Calls to `host:port` go to another address, as with curl's `--connect-to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTo {
    /// The host that is called.
    pub host: String,
    /// The port that is called.
    pub port: u16,
    /// Where the call goes: a host or an address.
    pub to_host: String,
    /// The port to which it goes.
    pub to_port: u16,
}

impl ConnectTo {
    /// Reads a list such as `mail.example.test:443=10.0.0.5:443`.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, OutboundConfigError> {
        entries(text)
            .map(|entry| {
                Self::parse(entry).ok_or_else(|| OutboundConfigError {
                    setting: CONNECT_TO,
                    value: text.to_owned(),
                    reason: format!("“{entry}” is not of the form host:port=address:port."),
                    cure: "Write what is called and where it is sent: mail.example.com:443=10.0.0.5:443",
                })
            })
            .collect()
    }

    fn parse(entry: &str) -> Option<Self> {
        let (from, to) = entry.split_once('=')?;
        let (host, port) = host_and_port(from.trim())?;
        let (to_host, to_port) = host_and_port(to.trim())?;
        Some(Self {
            host,
            port: port?,
            to_host,
            to_port: to_port?,
        })
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some((ip.to_string(), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse::<u16>().ok()?)),
        _ => (text, None),
    };
    let host = bare_host(host);
    let is_name = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    (is_name || host.parse::<Ipv6Addr>().is_ok()).then_some((host, port))
}

/// A host as it is compared, and as it stands on the wire: lower-cased, in ASCII, without brackets or a final dot.
pub fn bare_host(host: &str) -> String {
    let host = to_ascii(host).unwrap_or_else(|| host.to_lowercase());
    let host = host.trim_end_matches('.').to_owned();
    match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6
            .parse::<Ipv6Addr>()
            .map_or_else(|_| v6.to_owned(), |ip| ip.to_string()),
        None => host,
    }
}

/// Why an address may not be called unless the administrator named the host; `None` for public addresses.
pub fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => refused_v4(v4),
        IpAddr::V6(v6) => refused_v6(v6),
    }
}

fn refused_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, d] = ip.octets();
    match (a, b, c, d) {
        (0, ..) => Some("an unspecified address"),
        (127, ..) => Some("a loopback address"),
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => Some("a private address"),
        (100, 64..=127, ..) => Some("a shared carrier address"),
        // The metadata service of most clouds lives here.
        (169, 254, ..) => Some("a link-local address"),
        // Azure's host agent, at a public-looking address.
        (168, 63, 129, 16) => Some("a cloud provider's inner address"),
        (192, 0, 0, _) | (192, 88, 99, _) | (198, 18..=19, ..) | (240.., ..) => {
            Some("a reserved address")
        }
        (192, 0, 2, _) | (198, 51, 100, _) | (203, 0, 113, _) => {
            Some("an address for documentation")
        }
        (224..=239, ..) => Some("a multicast address"),
        _ => None,
    }
}

fn refused_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return refused_v4(v4);
    }
    let segments = ip.segments();
    let embedded = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        refused_v4(Ipv4Addr::from_bits(bits))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        // NAT64 and 6to4 carry an IPv4 address, which is what is reached in the end.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        [0xfc00..=0xfdff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some("an address for documentation"),
        // Teredo, ORCHID and the other protocol assignments.
        [0x2001, 0..=0x1ff, ..] => Some("a reserved address"),
        [0x2000..=0x3fff, ..] => None,
        _ => Some("a reserved address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_may_be_called() {
        for inner in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(refused(inner.parse().unwrap()).is_some(), "{inner}");
        }
        for public in [
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "2606:2800:220:1::1",
            "64:ff9b::5db8:d822",
        ] {
            assert_eq!(refused(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn lists_are_read_and_a_bad_entry_is_named_with_its_cure() {
        let hosts = AllowedHosts::parse(
            " Mail.Example.test ,ex01.example.test:8443,[fd00::1]:444,fd00::2,",
        )
        .unwrap();
        assert!(hosts.contains("mail.example.test", 443));
        assert!(hosts.contains("ex01.example.test", 8443));
        assert!(!hosts.contains("ex01.example.test", 443));
        assert!(hosts.contains("fd00::1", 444) && hosts.contains("fd00::2", 1));

        let error = AllowedHosts::parse("https://mail.example.test/")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("KALENDS_EXCHANGE_HOSTS=https://mail.example.test/: "),
            "{error}"
        );
        assert!(error.contains("separated by commas"), "{error}");

        let rules = ConnectTo::parse_list("mail.example.test:443=[::1]:8443").unwrap();
        assert_eq!(rules[0].to_host, "::1");
        let error = ConnectTo::parse_list("mail.example.test=127.0.0.1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("host:port=address:port"), "{error}");
    }
}
