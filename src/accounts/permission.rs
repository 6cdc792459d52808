//! Who may connect which mailbox, and with whose password: the organisation's rules, asked before anything is sent.

use crate::services::Services;
use kalends_core::{connection::Mode, mailbox::SmtpAddress, permission::Permission};
use kalends_store::{Account, StoreError, User};

/// How many tests of one person run at the same time.
pub(crate) const MAX_RUNNING: usize = 5;

/// Why the organisation's rules forbid a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "{MAX_RUNNING} of your connection tests are still running. Wait for one to end, or cancel it."
    )]
    TooMany,
    #[error("An administrator has paused all connections to Exchange. Try again later.")]
    Paused,
    #[error("Your organisation does not allow connecting with one’s own account.")]
    PersonalOff,
    #[error("Your organisation does not allow typing a service account’s password.")]
    TypedOff,
    #[error(
        "{mailbox} is not known to be your own address. Ask for it below; an administrator decides."
    )]
    NotYours { mailbox: SmtpAddress },
    #[error(
        "{mailbox} is connected by somebody else already. Ask for it below; an administrator decides."
    )]
    Taken { mailbox: SmtpAddress },
    #[error(
        "Your organisation has no account for {domain} yet. An administrator adds one on the page Organisation."
    )]
    NoAccount { domain: String },
}

impl Refusal {
    /// The mailbox that the person may ask an admin for.
    pub const fn may_ask_for(&self) -> Option<&SmtpAddress> {
        match self {
            Self::NotYours { mailbox } | Self::Taken { mailbox } => Some(mailbox),
            Self::TooMany
            | Self::Paused
            | Self::PersonalOff
            | Self::TypedOff
            | Self::NoAccount { .. } => None,
        }
    }
}

/// Why something was not allowed, or could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum Forbidden {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a person may connect a mailbox with a password of their own typing.
pub async fn may_type(
    services: &Services,
    user: &User,
    mode: Mode,
    mailbox: &SmtpAddress,
) -> Result<(), Forbidden> {
    let policy = services.store.policy().await?;
    let needs_word = match Permission::of(&policy, mode) {
        Permission::Never if mode == Mode::Personal => return Err(Refusal::PersonalOff.into()),
        Permission::Never => return Err(Refusal::TypedOff.into()),
        Permission::OwnOrApproved => true,
        Permission::AnyMailbox => false,
    };
    may_have(services, user, mailbox, needs_word).await
}

/// The organisation's account through which a person may connect a mailbox.
pub async fn may_connect_through(
    services: &Services,
    user: &User,
    mailbox: &SmtpAddress,
) -> Result<Account, Forbidden> {
    may_have(services, user, mailbox, true).await?;
    let domain = mailbox.domain();
    let account = services.store.account_for(domain).await?;
    let domain = domain.to_owned();
    Ok(account.ok_or(Refusal::NoAccount { domain })?)
}

/// `needs_word`: a mailbox that is not the person's own needs an admin's word.
async fn may_have(
    services: &Services,
    user: &User,
    mailbox: &SmtpAddress,
    needs_word: bool,
) -> Result<(), Forbidden> {
    let store = &services.store;
    let mailbox = mailbox.clone();
    if store.global_pause().await?.is_some() {
        return Err(Refusal::Paused.into());
    }
    if store.owns(user.id, &mailbox).await? || store.is_approved(user.id, &mailbox).await? {
        return Ok(());
    }
    if needs_word {
        return Err(Refusal::NotYours { mailbox }.into());
    }
    if store.is_held_by_others(user.id, &mailbox).await? {
        return Err(Refusal::Taken { mailbox }.into());
    }
    Ok(())
}
