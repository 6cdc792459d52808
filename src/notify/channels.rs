//! The ways out for notices, and where people find Kalends.

use super::mail::Mailer;
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

    pub(super) fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin)
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channels")
    }
}
