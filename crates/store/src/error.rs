//! Why the main database did not answer.

use crate::database::{DatabaseError, describe};

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the main database: {0}")]
    Database(#[from] DatabaseError),
    #[error("the main database: {}", describe(.0))]
    Sql(#[from] sqlx::Error),
    #[error("the main database holds a {0} that cannot be read")]
    Corrupt(&'static str),
    /// Somebody else has connected the mailbox, and no admin has said that two may.
    #[error("the mailbox is connected by somebody else")]
    MailboxTaken,
    /// The organisation's rules do not allow it, or no longer.
    #[error("the organisation's rules do not allow this connection")]
    NotAllowed,
    /// A save took so long that its secret was listed for deletion meanwhile; nothing points to it.
    #[error("the sealed secret was not announced")]
    SecretNotAnnounced,
    #[error("{0} has an account already")]
    EmailTaken(String),
    /// A limit is full.
    #[error("there are as many as may be")]
    TooMany,
    /// What was held when the work began is held no longer: this process was not heard of for a while.
    #[error("what is worked on is held by somebody else meanwhile, or was ended")]
    LeaseLost,
}

impl StoreError {
    /// Whether it says nothing of what was to be stored: the same may well be stored later.
    pub const fn is_for_now(&self) -> bool {
        match self {
            Self::Database(_) | Self::Sql(_) | Self::LeaseLost => true,
            Self::Corrupt(_)
            | Self::MailboxTaken
            | Self::NotAllowed
            | Self::SecretNotAnnounced
            | Self::EmailTaken(_)
            | Self::TooMany => false,
        }
    }
}
