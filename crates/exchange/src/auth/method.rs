//! How a connection is signed in, chosen from what its server offers.

use super::offer::{Offer, Scheme};
use std::fmt;

/// How a connection is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// NTLM under its own name.
    Ntlm,
    /// NTLM under `Negotiate`, where that is all that is offered.
    Negotiate,
    /// The password itself, with every request.
    Basic,
}

impl AuthMethod {
    /// The best that is offered: NTLM proves the password without sending it, and is bound to the connection.
    pub fn of(offer: &Offer) -> Option<Self> {
        [
            (Scheme::Ntlm, Self::Ntlm),
            (Scheme::Negotiate, Self::Negotiate),
            (Scheme::Basic, Self::Basic),
        ]
        .into_iter()
        .find(|(scheme, _)| offer.has(scheme))
        .map(|(_, method)| method)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "NTLM (Negotiate)",
            Self::Basic => "Basic",
        })
    }
}
