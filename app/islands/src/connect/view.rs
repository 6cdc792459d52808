//! What the connect form starts with, and what becomes of it once it is sent.

use crate::{draft::FormDraft, error::FieldErrors};
use serde::{Deserialize, Serialize};

/// What the form starts with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectView {
    pub draft: FormDraft,
    /// The mailbox that is connected at present: another one takes its place.
    pub replaces: Option<String>,
    /// Whether a connection exists that this one replaces.
    pub reconnect: bool,
    /// What connects with one click, through an account that an admin holds.
    pub one_click: Vec<String>,
    /// Which ways of typing a password the organisation allows.
    pub ways: AllowedWays,
}

/// The ways to connect with a typed password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedWays {
    pub service: bool,
    pub personal: bool,
}

impl AllowedWays {
    pub const fn any(self) -> bool {
        self.service || self.personal
    }
}

/// What became of a sent form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ConnectAnswer {
    /// A check runs, under this id.
    Started(String),
    Mistakes(FieldErrors),
}
