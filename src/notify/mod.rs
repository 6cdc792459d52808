//! Notices: whoever must act is told by mail and webhook, once for each cause and not for each person it holds up.
//!
//! `watch` compares what is wrong now with what was told and writes notices down; `deliver` hands them over, with
//! back-off, and writes down each try. Nothing leaves that does not stand in the main database first, so that a crash
//! loses none; whoever gets one twice after a crash knows it by its id.

pub mod current_problems;
mod decision;
mod deliver;
mod gather;
mod link;
mod mail;
mod watch;
mod webhook;
mod words;

pub use decision::decision;
pub(crate) use deliver::deliver;
pub use deliver::{deliver_due, test_mail, test_webhook};
pub use link::send_link;
pub use mail::{MailError, Mailer};
pub use watch::look;
pub use webhook::{HookError, NewHook, add, remove, signature};

use kalends_exchange::outbound::Outbound;
use std::sync::Arc;

/// The ways out for notices, and where people find Kalends.
#[derive(Clone)]
pub struct Channels(Arc<Inner>);

struct Inner {
    mail: Option<Mailer>,
    outbound: Outbound,
    origin: String,
}

impl Channels {
    /// `outbound` serves webhooks; `origin` is scheme, host and port under which people open Kalends.
    pub fn new(mail: Option<Mailer>, outbound: Outbound, origin: String) -> Self {
        Self(Arc::new(Inner {
            mail,
            outbound,
            origin,
        }))
    }

    /// `None` where no mail server is set.
    pub fn mail(&self) -> Option<&Mailer> {
        self.0.mail.as_ref()
    }

    fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin)
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channels")
    }
}
