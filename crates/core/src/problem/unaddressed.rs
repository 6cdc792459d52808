//! The same problem without the network's inside: where names lead is for administrators, not for whoever may type a name.

use super::{
    catalogue::{ProbeResult, Problem, Tried},
    facts::Target,
};
use std::net::{IpAddr, SocketAddr};

impl Problem {
    /// As people see it who are no administrators: an address that was looked up gives way to the name it was looked up
    /// for.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        let by_name = |target: &Target| Target {
            address: target.host.clone(),
            local: None,
            ..target.clone()
        };
        match self {
            // An address that was typed is no secret.
            Self::AddressNotAllowed {
                host,
                port,
                address,
            } => Self::AddressNotAllowed {
                host: host.clone(),
                port: *port,
                address: if is_same(host, address) {
                    address.clone()
                } else {
                    String::new()
                },
            },
            Self::ConnectionRefused { target } => Self::ConnectionRefused {
                target: by_name(target),
            },
            Self::ConnectionTimedOut { target } => Self::ConnectionTimedOut {
                target: by_name(target),
            },
            Self::ConnectionFailed { target, reason } => Self::ConnectionFailed {
                target: by_name(target),
                reason: text_without_addresses(reason),
            },
            Self::AutodiscoverFailed { tried } => Self::AutodiscoverFailed {
                tried: tried.iter().map(unaddressed).collect(),
            },
            other => other.clone(),
        }
    }
}

fn is_same(host: &str, address: &str) -> bool {
    host.trim_matches(['[', ']']) == address.trim_matches(['[', ']'])
}

fn unaddressed(tried: &Tried) -> Tried {
    let came = match &tried.came {
        ProbeResult::Problem(problem) => {
            ProbeResult::Problem(Box::new(problem.without_addresses()))
        }
        other => other.clone(),
    };
    Tried {
        url: tried.url.clone(),
        came,
    }
}

/// A text in which IP addresses are left out.
pub fn text_without_addresses(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || ".:[]".contains(c);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word);
        kept.push_str(if is_address(word) {
            "(an address)"
        } else {
            word
        });
        let next = after.find(is_part).unwrap_or(after.len());
        kept.push_str(&after[..next]);
        rest = &after[next..];
    }
    kept
}

fn is_address(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':']);
    word.parse::<SocketAddr>().is_ok()
        || word.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() && word.len() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_left_out_of_a_text() {
        for (text, kept) in [
            ("10.1.2.3", "(an address)"),
            ("10.1.2.3, fd00::7", "(an address), (an address)"),
            (
                "refused by 10.1.2.3:443 from 10.9.9.9",
                "refused by (an address) from (an address)",
            ),
            ("[fd00::7]:443: broken pipe", "(an address) broken pipe"),
            (
                "TLSv1.3, issued by example.test CA",
                "TLSv1.3, issued by example.test CA",
            ),
            (
                "mail.example.test:443 at 12:30",
                "mail.example.test:443 at 12:30",
            ),
            ("", ""),
        ] {
            assert_eq!(text_without_addresses(text), kept);
        }
    }

    #[test]
    fn a_problem_names_the_host_in_place_of_its_address() {
        let target = Target {
            host: "mail.example.test".to_owned(),
            port: 443,
            address: "10.1.2.3".to_owned(),
            local: Some("10.9.9.9".to_owned()),
        };
        let refused = Problem::ConnectionRefused { target };
        let not_allowed = |host: &str| Problem::AddressNotAllowed {
            host: host.to_owned(),
            port: 443,
            address: "10.1.2.3".to_owned(),
        };
        let tried = vec![Tried {
            url: "https://autodiscover.example.test".to_owned(),
            came: ProbeResult::Problem(Box::new(refused.clone())),
        }];
        for problem in [
            refused,
            not_allowed("mail.example.test"),
            Problem::AutodiscoverFailed { tried },
        ] {
            let kept = serde_json::to_string(&problem.without_addresses()).expect("text");
            assert!(
                !kept.contains("10.") && kept.contains("example.test"),
                "{kept}"
            );
        }
        let typed = not_allowed("10.1.2.3");
        assert_eq!(typed.without_addresses(), typed);
    }
}
