//! The names that words and commands are filled in with.

use crate::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// The names that the words and commands are filled in with; all come from what was typed or stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    pub mailbox: String,
    pub account: String,
    /// The endpoint as typed or found; empty when Autodiscover found none.
    pub endpoint: String,
    /// Seconds east of UTC, where the reader's zone is known.
    #[serde(default)]
    pub utc_offset: Option<i32>,
    /// Whether an admin holds the account for everybody.
    #[serde(default)]
    pub held: bool,
    /// Whether the mailbox's owner signs in with an account of their own: no role is needed, and nobody else uses it.
    #[serde(default)]
    pub is_own: bool,
    /// Whether the reader may know where names lead within the network: an admin, or whoever runs Kalends.
    #[serde(default)]
    pub tells_addresses: bool,
    /// When a saved password that was refused is sent again by itself.
    #[serde(default)]
    pub probe_at: Option<Timestamp>,
}

impl Names {
    /// Names for pages that explain without an occasion.
    pub fn example() -> Self {
        Self {
            mailbox: "alice@example.test".to_owned(),
            account: "svc-kalends@example.test".to_owned(),
            endpoint: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
            utc_offset: None,
            held: false,
            is_own: false,
            tells_addresses: true,
            probe_at: None,
        }
    }

    /// For a reader who may know the addresses of servers, or may not.
    #[must_use]
    pub fn telling_addresses(self, tells_addresses: bool) -> Self {
        Self {
            tells_addresses,
            ..self
        }
    }
}
