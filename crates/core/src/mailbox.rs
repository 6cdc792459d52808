//! Mail addresses and the ways Exchange may be told whose mailbox is meant.

pub use crate::domain::{to_ascii, to_unicode};

use crate::account_name::is_hidden;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A syntactically valid mail address, lower-cased, as Exchange compares it. Its domain is kept in the form that people
/// read, so that both forms of a domain are one address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SmtpAddress(String);

/// Why a text is no mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AddressError {
    #[error("Enter an email address.")]
    Empty,
    #[error("An email address has at most 254 characters.")]
    TooLong,
    #[error("This contains characters that an email address cannot have.")]
    Characters,
    #[error("This is not a complete email address. It should look like bob@example.com.")]
    Syntax,
}

impl SmtpAddress {
    /// The longest address that SMTP can carry, in characters (RFC 5321 4.5.3.1).
    pub const MAX: usize = 254;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The domain as it stands on the wire and in DNS: in ASCII.
    pub fn wire_domain(&self) -> String {
        let domain = self.domain();
        to_ascii(domain).unwrap_or_else(|| domain.to_owned())
    }

    /// The address as it stands on the wire. What is before the `@` has no ASCII form and stays as it is.
    pub fn wire(&self) -> String {
        format!("{}@{}", self.local_part(), self.wire_domain())
    }
}

impl FromStr for SmtpAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.chars().count() > Self::MAX {
            return Err(AddressError::TooLong);
        }
        // Word processors make a typographic one of every apostrophe; no mailbox has it.
        let text = text.replace('’', "'");
        if text
            .chars()
            .any(|c| is_hidden(c) || c.is_whitespace() || "\"<>()[],;:\\".contains(c))
        {
            return Err(AddressError::Characters);
        }
        let text = text.to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Syntax)?;
        let domain = to_ascii(domain).ok_or(AddressError::Syntax)?;
        if !is_domain(&domain) {
            return Err(AddressError::Syntax);
        }
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        email_address::EmailAddress::parse_with_options(&format!("{local}@{domain}"), options)
            .map_err(|_| AddressError::Syntax)?;
        let domain = to_unicode(&domain);
        Ok(Self(format!("{local}@{domain}")))
    }
}

impl TryFrom<String> for SmtpAddress {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<SmtpAddress> for String {
    fn from(address: SmtpAddress) -> Self {
        address.0
    }
}

impl fmt::Display for SmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text, in either form, can be the domain of mail addresses.
fn is_domain(domain: &str) -> bool {
    let is_sign = |c: char| c == '-' || c == '_' || (!c.is_ascii() && !is_hidden(c));
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || is_sign(c))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label)
}

/// Whose mailbox an impersonated call is about, in the four forms of the schema's `ConnectingSID` choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectingSid {
    PrimarySmtpAddress(SmtpAddress),
    SmtpAddress(SmtpAddress),
    PrincipalName(String),
    Sid(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_lower_cased() {
        let address: SmtpAddress = " Bob@Example.TEST ".parse().expect("valid");
        assert_eq!(address.as_str(), "bob@example.test");
        assert_eq!(address.domain(), "example.test");
    }

    #[test]
    fn both_forms_of_a_domain_are_one_address() {
        let address: SmtpAddress = "Info@MÜLLER.example.test".parse().expect("valid");
        assert_eq!(address.as_str(), "info@müller.example.test");
        assert_eq!(address.wire(), "info@xn--mller-kva.example.test");
        for same in [
            "info@xn--mller-kva.example.test",
            "info@XN--MLLER-KVA.example.test",
            "info@mu\u{308}ller.example.test",
        ] {
            assert_eq!(same.parse(), Ok(address.clone()), "{same}");
        }
        let long = "straße.例え.example.test";
        let address: SmtpAddress = format!("a@{long}").parse().expect("valid");
        assert_eq!((address.domain(), address.wire().is_ascii()), (long, true));
    }

    #[test]
    fn what_is_no_address_is_told_apart() {
        let parse = |text: &str| text.parse::<SmtpAddress>().expect_err("invalid");
        assert_eq!(parse(" "), AddressError::Empty);
        assert_eq!(parse("bob"), AddressError::Syntax);
        assert_eq!(parse("bob@example"), AddressError::Syntax);
        assert_eq!(parse("b\u{1}ob@example.test"), AddressError::Characters);
        assert_eq!(parse("Bob <bob@example.test>"), AddressError::Characters);
        for domain in [
            "bad!domain.test",
            "example.test/x",
            "-a.test",
            "a..test",
            "ex\u{AD}a\u{200D}.test/",
        ] {
            assert!(
                format!("bob@{domain}").parse::<SmtpAddress>().is_err(),
                "{domain}"
            );
        }
        assert_eq!(parse("bob@bad!domain.test"), AddressError::Syntax);
        assert_eq!(parse(&"a".repeat(10_000)), AddressError::TooLong);
    }
}
