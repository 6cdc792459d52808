//! The one place where a failure becomes words: what happened, who must act, and the command to run.

use crate::problem::Owner;
use serde::{Deserialize, Serialize};

/// The names that the words and commands are filled in with; all come from what was typed or stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    pub mailbox: String,
    pub account: String,
    /// The endpoint as typed or found; empty when Autodiscover found none.
    pub endpoint: String,
}

/// What people read about a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// One short sentence: what happened.
    pub title: String,
    /// What that means, in plain words.
    pub meaning: String,
    pub owner: Owner,
    /// What to do, in order; the likeliest first.
    pub steps: Vec<String>,
    /// Commands to paste as they are.
    pub commands: Vec<Command>,
}

/// A command with the place where it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Such as "In the Exchange Management Shell".
    pub place: String,
    pub text: String,
}
