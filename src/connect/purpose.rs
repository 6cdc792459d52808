//! What a check of typed credentials saves.

use kalends_core::{
    check::Goal,
    clock::Timestamp,
    id::{AccountId, ConnectionId},
};
use kalends_store::Terms;

/// What a check of typed credentials saves once it has reached the end.
#[derive(Debug, Clone)]
pub(crate) enum SavePurpose {
    Connection,
    NewAccount(Terms),
    NextPassword {
        account_id: AccountId,
        expires_at: Option<Timestamp>,
    },
    MoveAccount {
        account_id: AccountId,
        terms: Terms,
    },
    /// Another password for an account that is saved already, used as soon as it has passed.
    Password {
        account_id: AccountId,
        /// The connection that it is tested with; `None` for an account of the organisation.
        connection_id: Option<ConnectionId>,
    },
}

impl SavePurpose {
    pub(super) const fn goal(&self) -> Goal {
        match self {
            Self::Connection
            | Self::Password {
                connection_id: Some(_),
                ..
            } => Goal::Connection,
            Self::Password {
                account_id,
                connection_id: None,
            } => Goal::ReplacePassword {
                account_id: *account_id,
            },
            Self::NewAccount(_) => Goal::NewAccount,
            Self::NextPassword { account_id, .. } => Goal::NextPassword {
                account_id: *account_id,
            },
            Self::MoveAccount { account_id, .. } => Goal::MoveAccount {
                account_id: *account_id,
            },
        }
    }
}
