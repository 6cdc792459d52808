//! Mail addresses and the ways Exchange may be told whose mailbox is meant.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A syntactically valid mail address, lower-cased, as Exchange compares it.
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
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || "\"<>()[],;:\\".contains(c))
        {
            return Err(AddressError::Characters);
        }
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        email_address::EmailAddress::parse_with_options(text, options)
            .map_err(|_| AddressError::Syntax)?;
        Ok(Self(text.to_lowercase()))
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
    fn what_is_no_address_is_told_apart() {
        let parse = |text: &str| text.parse::<SmtpAddress>().expect_err("invalid");
        assert_eq!(parse(" "), AddressError::Empty);
        assert_eq!(parse("bob"), AddressError::Syntax);
        assert_eq!(parse("bob@example"), AddressError::Syntax);
        assert_eq!(parse("b\u{1}ob@example.test"), AddressError::Characters);
        assert_eq!(parse("Bob <bob@example.test>"), AddressError::Characters);
        assert_eq!(parse(&"a".repeat(10_000)), AddressError::TooLong);
    }
}
