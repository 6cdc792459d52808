//! The hosts of a mail domain: which are asked first, and which belong to it.

use crate::outbound::guard::bare_host;
use kalends_core::mailbox::SmtpAddress;

/// Whether a host is the mail domain itself or below it, in either form of a name.
pub fn is_within(host: &str, home: &str) -> bool {
    let (host, home) = (bare_host(host), bare_host(home));
    host == home
        || host
            .strip_suffix(&home)
            .is_some_and(|rest| rest.ends_with('.'))
}

/// The hosts that are asked first: the mail domain itself, and `autodiscover` within it.
pub(super) fn well_known(mailbox: &SmtpAddress) -> Vec<String> {
    let domain = mailbox.wire_domain();
    let host = format!("autodiscover.{domain}");
    vec![domain, host]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_within_its_domain_by_whole_labels_alone() {
        for inside in [
            "example.test",
            "autodiscover.example.test",
            "a.b.example.test",
        ] {
            assert!(is_within(inside, "example.test"), "{inside}");
        }
        for outside in ["evilexample.test", "example.test.evil.test", "test", ""] {
            assert!(!is_within(outside, "example.test"), "{outside}");
        }
    }
}
