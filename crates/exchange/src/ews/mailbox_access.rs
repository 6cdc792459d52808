//! The mailbox that a call is about, and by whose right it is read.

use kalends_core::mailbox::{ConnectingSid, SmtpAddress};

/// The mailbox whose calendar a call is about, and whether it is reached by impersonation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxAccess {
    /// Also the anchor by which Exchange finds the right server.
    pub mailbox: SmtpAddress,
    /// `None`: the account opens its own mailbox.
    pub connecting_sid: Option<ConnectingSid>,
}

impl MailboxAccess {
    /// A service account impersonates the owner of the mailbox.
    pub fn impersonated(mailbox: SmtpAddress) -> Self {
        Self {
            connecting_sid: Some(ConnectingSid::PrimarySmtpAddress(mailbox.clone())),
            mailbox,
        }
    }

    /// The owner's own account.
    pub const fn own(mailbox: SmtpAddress) -> Self {
        Self {
            mailbox,
            connecting_sid: None,
        }
    }
}
