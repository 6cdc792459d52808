//! Notices: whoever must act is told by mail and webhook, once for each cause and not for each person it holds up.
//!
//! `watch` compares what is wrong now with what was told and writes notices down, each as a job; `deliver` hands them over,
//! with back-off, and writes down each attempt. Nothing leaves that does not stand in the main database first, so that a crash
//! loses none; whoever gets one twice after a crash knows it by its id.

mod channels;
pub mod current_problems;
mod decision;
mod deliver;
mod delivery_error;
mod gather;
mod link;
mod mail;
mod new_notice;
mod watch;
mod webhook;
mod words;

pub use channels::Channels;
pub use decision::decision;
pub(crate) use deliver::{can_mail, deliver};
pub use deliver::{test_mail, test_webhook};
pub use link::link_mail;
pub use mail::{MailError, Mailer};
pub use watch::update_incidents;
pub use webhook::{HookError, NewHook, add, new_key, remove, signature};
