//! The EWS client: words of the protocol in, calendar data or an [`EwsError`] out. It reads calendars and nothing
//! else; it knows no store, no user, no vault and no sentence for people.

pub mod envelope;
pub mod operation;
pub mod response_code;
pub mod xml;

pub(crate) mod http;
pub(crate) mod sanitize;

mod budget;
mod call_ids;
mod client;
mod error;
mod error_response;
mod greeting;
mod mailbox_access;
mod operation_name;
mod responder;
mod types;
mod window;

pub use call_ids::CallIds;
pub use client::Client;
pub use error::{CallError, EwsError};
pub use error_response::ErrorResponse;
pub use greeting::{Greeting, greet};
pub use kalends_core::{call::Call, exchange_version::ServerBuild};
pub use mailbox_access::MailboxAccess;
pub use operation::get_folder::FolderFacts;
pub use operation_name::OperationName;
pub use responder::Responder;
pub use window::{DamagedPeriods, WindowEvents, read_window};
