//! The names that Windows accounts sign in with, and the passwords that go with them.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A Windows account name in one of the forms that Exchange takes (user and domain keep the spelling typed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountName {
    /// `user@domain`
    Upn(String),
    /// `DOMAIN\user`, or user and domain from two fields
    Domain { domain: String, user: String },
    /// A bare user name: works only where the server has a default domain.
    Plain(String),
}

/// Why a text is no account name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum AccountNameError {
    #[error("Enter the account's name.")]
    Empty,
    #[error("An account name has at most 256 characters.")]
    TooLong,
    #[error("This contains characters that an account name cannot have.")]
    Characters,
    #[error("Write the domain before a backslash: DOMAIN\\user.")]
    Slash,
    #[error("Something is missing beside the backslash. It should look like DOMAIN\\user.")]
    Incomplete,
    #[error(
        "The domain in this name cannot be one. It should look like user@example.com or EXAMPLE\\user."
    )]
    DomainInName,
    #[error("A domain has at most 256 characters.")]
    DomainTooLong,
    #[error(
        "This contains characters that a domain cannot have. Type it alone, like EXAMPLE or example.com."
    )]
    DomainCharacters,
    #[error(
        "The name already holds a domain. Leave the Domain field empty, or type the bare user name."
    )]
    DomainTwice,
}

impl AccountNameError {
    /// Whether the domain field is to be mended, not the name.
    pub const fn is_about_domain(self) -> bool {
        matches!(
            self,
            Self::DomainTooLong | Self::DomainCharacters | Self::DomainTwice
        )
    }
}

impl AccountName {
    const MAX: usize = 256;

    /// Reads the name field and the optional domain field of a form.
    pub fn parse(name: &str, domain: &str) -> Result<Self, AccountNameError> {
        let (name, domain) = (name.trim(), domain.trim());
        if name.is_empty() {
            return Err(AccountNameError::Empty);
        }
        let is_odd = |c: char| is_ignorable(c) || "\":;|=,+*?<>[]".contains(c);
        if name.chars().count() > Self::MAX {
            return Err(AccountNameError::TooLong);
        }
        if name.chars().any(is_odd) {
            return Err(AccountNameError::Characters);
        }
        if let Some(mistake) = Self::domain_mistake(domain) {
            return Err(mistake);
        }
        if name.contains('/') {
            return Err(AccountNameError::Slash);
        }
        let parsed = match name.split_once('\\') {
            Some((before, user)) if before.is_empty() || user.is_empty() || user.contains('\\') => {
                return Err(AccountNameError::Incomplete);
            }
            Some((before, _)) if !is_domain(before) => return Err(AccountNameError::DomainInName),
            Some((before, user)) => Self::Domain {
                domain: before.to_owned(),
                user: user.to_owned(),
            },
            None if name.contains('@') => match name.rsplit_once('@') {
                Some((user, suffix)) if !user.is_empty() && is_domain(suffix) => {
                    Self::Upn(name.to_owned())
                }
                _ => return Err(AccountNameError::DomainInName),
            },
            None if domain.is_empty() => Self::Plain(name.to_owned()),
            None => {
                return Ok(Self::Domain {
                    domain: domain.to_owned(),
                    user: name.to_owned(),
                });
            }
        };
        if domain.is_empty() {
            Ok(parsed)
        } else {
            Err(AccountNameError::DomainTwice)
        }
    }

    /// What is wrong with a domain field alone, whatever stands in the name's.
    pub fn domain_mistake(domain: &str) -> Option<AccountNameError> {
        let domain = domain.trim();
        if domain.chars().count() > Self::MAX {
            return Some(AccountNameError::DomainTooLong);
        }
        (!domain.is_empty() && !is_domain(domain)).then_some(AccountNameError::DomainCharacters)
    }

    /// The one spelling under which accounts are found: lower-cased.
    pub fn key(&self) -> String {
        self.to_string().to_lowercase()
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upn(name) | Self::Plain(name) => f.write_str(name),
            Self::Domain { domain, user } => write!(f, "{domain}\\{user}"),
        }
    }
}

/// Whether a text can be a domain of Windows, by its NetBIOS name or as DNS has it; a dot alone is the server itself.
fn is_domain(text: &str) -> bool {
    let is_fit = |c: char| (c.is_alphanumeric() && !is_ignorable(c)) || "-_&'$#".contains(c);
    text == "."
        || text
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(is_fit))
}

/// Whether a character cannot be seen, or turns the text around it: control characters, marks of direction, blanks
/// without a width, and line separators.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// Whether a character may be left out by whoever compares texts (Unicode's `Default_Ignorable_Code_Point`), so that two
/// names that are one to a directory look like two here.
pub fn is_ignorable(c: char) -> bool {
    is_hidden(c)
        || matches!(c, '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200C}' | '\u{200D}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A text as a part of one line: what breaks lines is a blank, what nobody sees is left out.
pub fn in_one_line(text: &str) -> String {
    let seen = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        c => (!is_hidden(c)).then_some(c),
    };
    text.chars().filter_map(seen).collect()
}

/// A text for a terminal, in which nothing moves, colours or turns what stands around it; lines stay lines.
pub fn for_terminal(text: &str) -> String {
    let is_plain = |c: char| !is_hidden(c) || matches!(c, '\n' | '\t');
    text.chars()
        .map(|c| if is_plain(c) { c } else { '\u{FFFD}' })
        .collect()
}

/// A password on its way to where it is used or sealed: never shown, wiped when dropped.
///
/// It serialises only in the browser, which must send it; on the server it cannot leave by accident.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Deserialize)]
#[serde(from = "String")]
pub struct Password(String);

impl Password {
    /// The longest password that a form takes, in characters.
    pub const MAX: usize = 256;

    /// The secret itself. Call it only where it is sent, sealed or hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Serialize for Password {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(target_family = "wasm") {
            serializer.serialize_str(&self.0)
        } else {
            Err(serde::ser::Error::custom(
                "a password never leaves the server",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_and_the_two_fields() {
        let show = |name, domain| AccountName::parse(name, domain).map(|n| n.to_string());
        assert_eq!(
            show("svc@example.test", ""),
            Ok("svc@example.test".to_owned())
        );
        assert_eq!(show("EXAMPLE\\svc", ""), Ok("EXAMPLE\\svc".to_owned()));
        assert_eq!(show(" svc ", "EXAMPLE"), Ok("EXAMPLE\\svc".to_owned()));
        assert_eq!(show("svc", ""), Ok("svc".to_owned()));
        assert_eq!(
            show("EXAMPLE\\svc", "EXAMPLE"),
            Err(AccountNameError::DomainTwice)
        );
        assert_eq!(
            show("svc@example.test", "EXAMPLE"),
            Err(AccountNameError::DomainTwice)
        );
        assert_eq!(show("EXAMPLE/svc", ""), Err(AccountNameError::Slash));
        for domain in [
            "EXAM\nPLE",
            "EXAMPLE\\",
            "a@b",
            "<script>",
            "a/b",
            "bad domain!",
            "bad domain",
            "a!",
            ".a",
            "a..b",
        ] {
            assert_eq!(show("svc", domain), Err(AccountNameError::DomainCharacters));
        }
        let long = "d".repeat(257);
        assert_eq!(show("svc", &long), Err(AccountNameError::DomainTooLong));
        assert_eq!(show("EXAMPLE\\", ""), Err(AccountNameError::Incomplete));
        for odd in [
            "s\nvc",
            "svc\u{202e}elif",
            "s\u{200b}vc",
            "s\u{2028}vc",
            "s\u{200d}vc",
            "s\u{3164}vc",
            "s\u{115f}vc",
            "s\u{fe0f}vc",
            "s\u{e0100}vc",
        ] {
            assert_eq!(show(odd, ""), Err(AccountNameError::Characters));
        }
        for odd in [
            "svc@",
            "@example.test",
            "svc@bad domain",
            "svc@example.",
            "bad domain!\\svc",
            "a!\\svc",
        ] {
            assert_eq!(show(odd, ""), Err(AccountNameError::DomainInName), "{odd}");
        }
        for fit in ["DOMÄNE", "R&D", "example.test", "OLD_NAME", "example-2"] {
            assert_eq!(show("svc", fit), Ok(format!("{fit}\\svc")));
        }
        assert_eq!(show(".\\svc", ""), Ok(".\\svc".to_owned()));
    }

    #[test]
    fn a_password_shows_itself_nowhere() {
        let password = Password::from("Practice-2026!".to_owned());
        assert_eq!(format!("{password:?}"), "Password(…)");
        assert!(serde_json::to_string(&password).is_err());
    }
}
