//! Connecting to Microsoft Exchange: one form with both ways, in a page of its own and, once hydrated, in a dialog.

mod address;
mod check;
mod dom;
mod flow;
mod form;
mod one_click;
mod view;

pub use dom::with_host;
pub use flow::{ConnectDialog, ConnectInPage};
pub use form::{ByBasic, DraftNote, ServiceFields};
pub use view::{AllowedWays, ConnectAnswer, ConnectView};
