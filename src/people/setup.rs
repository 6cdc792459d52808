//! The first administrator, made with a one-time code that only whoever runs Kalends can read.

use crate::{
    people::{
        hashing::Queue,
        sign_in::{
            self, PasswordError, Visitor,
            limits::{WrongSetupCodes, count_wrong},
        },
    },
    services::Services,
};
use kalends_core::{
    account_name::{Password, is_hidden},
    mailbox::SmtpAddress,
    random::Random,
    rights::Role,
};
use kalends_store::{NewUser, StoreError, User};
use sha2::{Digest, Sha256};

/// Why the first administrator was not made, in the words that people read.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("Enter the code that Kalends printed when it started.")]
    NoCode,
    #[error("This is not the code that Kalends printed when it started.")]
    WrongCode,
    /// Several fields are wrong.
    #[error("Several fields need a look.")]
    Several(Vec<Self>),
    #[error("Kalends is set up already. Sign in instead.")]
    Closed,
    #[error("Enter a name.")]
    NoName,
    #[error("Enter a name with at most 100 characters, none of them invisible.")]
    Name,
    #[error("{0}")]
    Email(String),
    #[error("Choose a time zone from the list, such as Europe/Berlin.")]
    TimeZone,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SetupError {
    /// The field of the form that it belongs to.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NoCode | Self::WrongCode => "code",
            Self::Name | Self::NoName => "name",
            Self::Email(_) => "email",
            Self::TimeZone => "time_zone",
            Self::Password(
                PasswordError::Later(_) | PasswordError::Busy(_) | PasswordError::Failed,
            )
            | Self::Closed
            | Self::Several(_)
            | Self::Store(_) => "",
            Self::Password(_) => "password",
        }
    }

    /// Each mistake by itself.
    pub fn each(&self) -> &[Self] {
        match self {
            Self::Several(all) => all,
            one => std::slice::from_ref(one),
        }
    }
}

/// Sixteen letters and digits that do not look alike, in groups of four.
fn new_code(random: &Random) -> String {
    let letters: Vec<char> = "abcdefghjkmnpqrstuvwxyz23456789".chars().collect();
    let text: String = random
        .bytes::<16>()
        .iter()
        .map(|byte| letters[usize::from(*byte) % letters.len()])
        .collect();
    let groups: Vec<&str> = [0, 4, 8, 12]
        .iter()
        .filter_map(|from| text.get(*from..from + 4))
        .collect();
    groups.join("-")
}

/// As it is stored. A code is random, so that a plain hash tells nothing of it.
/// However it is typed: with its dashes, with others or without, in any case, with blanks.
fn hashed(code: &str) -> String {
    let letters = code.chars().filter(|c| c.is_alphanumeric());
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    hex::encode(Sha256::digest(letters.as_bytes()))
}

/// Whether nobody has an account yet.
pub async fn is_open(services: &Services) -> Result<bool, StoreError> {
    Ok(!services.store.has_users().await?)
}

/// A new code to print, while nobody has an account: good at every instance, and worth nothing once somebody has one.
pub async fn code_if_open(services: &Services) -> Result<Option<String>, StoreError> {
    if !is_open(services).await? {
        return Ok(None);
    }
    let code = new_code(&services.random);
    let now = services.clock.now();
    services.store.keep_setup_code(&hashed(&code), now).await?;
    Ok(Some(code))
}

/// A person's name, trimmed: 1 to 100 characters, none of them a control character or one that turns the text.
pub fn persons_name(typed: &str) -> Result<String, SetupError> {
    let name = typed.trim();
    if name.is_empty() {
        return Err(SetupError::NoName);
    }
    if name.chars().count() > 100 || name.chars().any(is_hidden) {
        return Err(SetupError::Name);
    }
    Ok(name.to_owned())
}

/// What the first administrator types.
#[derive(Debug, Clone, Copy)]
pub struct FirstAdmin<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub password: &'a Password,
    /// By its IANA name; `None`: what was typed names none.
    pub time_zone: Option<&'a str>,
}

/// Makes the first administrator. Wrong codes of an address are limited; a code of 79 random bits is never guessed, so
/// the right one is not kept waiting for them.
pub async fn make_first_admin(
    services: &Services,
    visitor: &Visitor,
    typed: FirstAdmin<'_>,
) -> Result<User, SetupError> {
    let FirstAdmin {
        code,
        name,
        email,
        password,
        time_zone,
    } = typed;
    if !is_open(services).await? {
        return Err(SetupError::Closed);
    }
    let mut mistakes = Vec::new();
    if !code.chars().any(char::is_alphanumeric) {
        mistakes.push(SetupError::NoCode);
    } else if !services.store.is_setup_code(&hashed(code)).await? {
        let counted = count_wrong(services, &WrongSetupCodes(visitor.network())).await;
        counted.map_err(PasswordError::from)?;
        mistakes.push(SetupError::WrongCode);
    }
    let name = persons_name(name).map_err(|error| mistakes.push(error));
    let email = email
        .parse::<SmtpAddress>()
        .map_err(|error| mistakes.push(SetupError::Email(error.to_string())));
    // Beside a wrong code, a password that was not typed says nothing.
    let is_guess = matches!(mistakes.first(), Some(SetupError::WrongCode)) && password.is_empty();
    if let (Err(error), false) = (sign_in::check_length(password), is_guess) {
        mistakes.push(error.into());
    }
    if time_zone.is_none() {
        mistakes.push(SetupError::TimeZone);
    }
    let (Ok(name), Ok(email), true) = (name, email, mistakes.is_empty()) else {
        return Err(match mistakes.len() {
            1 => mistakes.remove(0),
            _ => SetupError::Several(mistakes),
        });
    };
    let password_hash = sign_in::hash_new(&services.hashing, Queue::Anybody, password).await?;
    let now = services.clock.now();
    let new = NewUser {
        email,
        name,
        role: Role::Admin,
        password_hash,
        time_zone: time_zone.unwrap_or("UTC").to_owned(),
    };
    let made = services.store.create_first_user(new, now).await?;
    made.ok_or(SetupError::Closed)
}
