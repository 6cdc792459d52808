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
mod whose;
pub mod window;
pub mod xml;

pub use client::{Client, Greeting};
pub use error::{CallIds, Cause, EwsError, ServerSaid};
pub use kalends_core::call::Call;
pub use kalends_core::exchange_version::ServerBuild;
pub use operation::{find_item::View, get_folder::FolderFacts};
pub use whose::Whose;
pub use window::{Damaged, Reading, read_window};
