//! The EWS client: words of the protocol in, calendar data or an [`EwsError`] out. It reads calendars and nothing
//! else; it knows no store, no user, no vault and no sentence for people.

mod budget;
pub mod client;
pub mod envelope;
pub mod error;
pub(crate) mod http;
pub mod operation;
pub mod response_code;
pub mod sanitize;
pub mod types;
pub mod window;
pub mod xml;

pub use client::{Client, Greeting};
pub use error::{CallIds, Cause, EwsError, ServerSaid};
pub use kalends_core::call::Call;
pub use kalends_core::exchange_version::ServerBuild;
pub use operation::{find_item::View, get_folder::FolderFacts};
pub use window::{Damaged, Reading, read_window};

use kalends_core::mailbox::{ConnectingSid, SmtpAddress};

/// Whose calendar a call is about, and whether it is reached by impersonation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Also the anchor by which Exchange finds the right server.
    pub mailbox: SmtpAddress,
    /// `None`: the account opens its own mailbox.
    pub connecting_sid: Option<ConnectingSid>,
}

impl Whose {
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
