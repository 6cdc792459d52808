//! Advice in the making: sentences, steps and commands are put together here, and names made fit for a sentence.

use super::{Command, Purpose, powershell::plain};

/// Advice in the making.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) steps: Vec<String>,
    pub(super) commands: Vec<Command>,
}

pub(super) fn words(title: impl Into<String>, meaning: impl Into<String>) -> Words {
    Words {
        title: title.into(),
        meaning: meaning.into(),
        steps: Vec::new(),
        commands: Vec::new(),
    }
}

impl Words {
    pub(super) fn step(mut self, text: impl Into<String>) -> Self {
        self.steps.push(text.into());
        self
    }

    pub(super) fn command(
        mut self,
        purpose: Purpose,
        place: &str,
        text: impl Into<String>,
    ) -> Self {
        self.commands.push(Command {
            purpose,
            place: place.to_owned(),
            text: text.into(),
        });
        self
    }

    pub(super) fn exchange(self, purpose: Purpose, text: impl Into<String>) -> Self {
        self.command(purpose, EXCHANGE, text)
    }

    /// A command that shows how things stand.
    pub(super) fn find_out(self, text: impl Into<String>) -> Self {
        self.exchange(Purpose::FindOut, text)
    }

    /// A command that changes something; `verify` and `undo` follow.
    pub(super) fn run(self, text: impl Into<String>) -> Self {
        self.exchange(Purpose::Run, text)
    }

    pub(super) fn verify(self, text: impl Into<String>) -> Self {
        self.exchange(Purpose::Verify, text)
    }

    pub(super) fn undo(self, text: impl Into<String>) -> Self {
        self.exchange(Purpose::Undo, text)
    }
}

pub(super) const EXCHANGE: &str = "In the Exchange Management Shell";
pub(super) const OPERATOR: &str = "In the settings of Kalends";
pub(super) const SERVER: &str = "In PowerShell on the Exchange server";

/// A name within a sentence: without characters that could reorder or break the line, at most 200 characters.
pub(super) fn shown(text: &str) -> String {
    crate::problem::capped(&plain(text))
}

/// A name within a sentence, or what stands for it where none is known.
pub(super) fn shown_or(text: &str, otherwise: &str) -> String {
    let name = shown(text);
    if name.is_empty() {
        otherwise.to_owned()
    } else {
        name
    }
}

/// The host of an endpoint, for sentences.
pub(super) fn host_of(endpoint: &str) -> String {
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    shown_or(
        rest.split('/').next().unwrap_or_default(),
        "the Exchange server",
    )
}
