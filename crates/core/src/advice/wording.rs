//! Advice in the making: sentences, steps and commands are put together here, and names made fit for a sentence.

use super::powershell::plain;
use crate::problem::capped;
use serde::{Deserialize, Serialize};

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Shows how things stand and changes nothing.
    FindOut,
    /// Changes something.
    Run,
    /// Shows whether the change took hold.
    Verify,
    /// Takes the change back.
    Undo,
}

impl Purpose {
    pub const fn label(self) -> &'static str {
        match self {
            Self::FindOut => "Find out",
            Self::Run => "Run",
            Self::Verify => "Verify",
            Self::Undo => "Undo",
        }
    }
}

/// A command with the place where it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub purpose: Purpose,
    /// Such as "In the Exchange Management Shell".
    pub place: String,
    pub text: String,
}

/// Advice in the making.
pub(super) struct AdviceBuilder {
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) steps: Vec<String>,
    pub(super) commands: Vec<Command>,
    pub(super) lists_causes: bool,
}

pub(super) fn words(title: impl Into<String>, meaning: impl Into<String>) -> AdviceBuilder {
    AdviceBuilder {
        title: title.into(),
        meaning: meaning.into(),
        steps: Vec::new(),
        commands: Vec::new(),
        lists_causes: false,
    }
}

impl AdviceBuilder {
    pub(super) fn step(mut self, text: impl Into<String>) -> Self {
        self.steps.push(text.into());
        self
    }

    /// Each step is for another cause, the likeliest first.
    pub(super) const fn for_each_cause(mut self) -> Self {
        self.lists_causes = true;
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
        let text = text.into();
        self.command(purpose, place_of(&text), text)
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

const EXCHANGE: &str = "In the Exchange Management Shell";
const DIRECTORY: &str = "In PowerShell with the ActiveDirectory module";
const EXCHANGE_AND_DIRECTORY: &str =
    "In the Exchange Management Shell with the ActiveDirectory module";
pub(super) const OPERATOR: &str = "In the settings of Kalends";
pub(super) const SERVER: &str = "In PowerShell on the Exchange server";

/// Where a command for Exchange is run: those of the directory, such as `Get-ADUser`, come with a module of their own.
pub(super) fn place_of(text: &str) -> &'static str {
    let first = text.split(' ').next().unwrap_or_default();
    let is_of_directory = ["-ADUser", "-ADAccount"]
        .iter()
        .any(|noun| first.ends_with(noun));
    match (is_of_directory, text.contains("Get-User ")) {
        (false, _) => EXCHANGE,
        (true, false) => DIRECTORY,
        (true, true) => EXCHANGE_AND_DIRECTORY,
    }
}

/// A name within a sentence: without characters that could reorder or break the line, at most 200 characters.
pub(super) fn shown(text: &str) -> String {
    capped(&plain(text))
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
