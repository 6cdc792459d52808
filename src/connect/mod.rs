//! Connecting: a check is a row that a task works on, outliving the request that asked for it; only a check that
//! reached the end is saved.

mod attempt;
pub mod certificate;
mod check_run;
pub mod connection_test;
pub(crate) mod context;
mod end;
pub mod form;
mod limits;
mod one_click;
mod purpose;
pub(crate) mod recheck;
mod replace_password;
mod resend;
pub(crate) mod running;
mod running_checks;
mod save;
mod start;

pub use end::{cancel, disconnect, end_if_not_allowed, end_interrupted, end_orphans};
pub use form::{ConnectRequest, Form, FormField};
pub(crate) use limits::POLL_INTERVAL;
pub use one_click::connect_through;
pub(crate) use purpose::SavePurpose;
pub use recheck::check_again;
pub use replace_password::{OwnConnection, replace_mine};
pub use resend::send_once_more;
pub use running_checks::RunningChecks;
pub(crate) use start::begin;
pub use start::start;
