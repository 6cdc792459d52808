//! Somebody to be invited, read from what was typed.

use crate::{
    accounts::custody::CustodyError,
    people::{setup, sign_in::PasswordError},
};
use kalends_core::{
    mailbox::SmtpAddress,
    pasted::{Cut, addresses_in},
    rights::Role,
};
use kalends_store::StoreError;

/// Why something was not done, in the words that people read.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("{0}")]
    Name(String),
    #[error("{0}")]
    Email(String),
    #[error("{0} has an account already.")]
    Taken(String),
    #[error(
        "{0} is the address that {1} signs in with. Whoever else needs that calendar asks for it on their profile, and you decide."
    )]
    NotTheirs(String, String),
    #[error(
        "This link has been used, has run out, or was replaced by a newer one. Ask whoever invited you for a new one."
    )]
    Link,
    #[error("At least one administrator who can sign in must remain.")]
    LastAdmin,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Custody(#[from] CustodyError),
}

/// Somebody to be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    pub email: SmtpAddress,
    pub name: String,
    pub role: Role,
    /// Addresses that are known to be their own, beside the one they sign in with.
    pub addresses: Vec<SmtpAddress>,
    pub time_zone: String,
}

impl NewPerson {
    /// As typed; the mistakes by the names of the fields.
    pub fn parse(
        name: &str,
        email: &str,
        addresses: &str,
        role: Role,
        time_zone: &str,
    ) -> Result<Self, Vec<(&'static str, String)>> {
        let mut mistakes = Vec::new();
        let name = setup::persons_name(name)
            .map_err(|error| mistakes.push(("name", error.to_string())))
            .unwrap_or_default();
        let email = email
            .trim()
            .parse::<SmtpAddress>()
            .map_err(|error| mistakes.push(("email", error.to_string())));
        let mut own = Vec::new();
        for text in addresses
            .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
            .filter(|text| !text.is_empty())
        {
            let found = addresses_in(text).first().map(Cut::parse);
            match found.unwrap_or_else(|| text.parse()) {
                Ok(address) => own.push(address),
                Err(_) => mistakes.push((
                    "addresses",
                    format!("{} is not a complete email address.", shown(text)),
                )),
            }
        }
        match (email, mistakes.is_empty()) {
            (Ok(email), true) => Ok(Self {
                email,
                name,
                role,
                addresses: own,
                time_zone: time_zone.to_owned(),
            }),
            _ => Err(mistakes),
        }
    }
}

pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
