//! The one place where a failure becomes words: what happened, who must act, and the command to run. Each problem has
//! its words in a file below, by what must be looked at; no other part of Kalends holds a sentence about Exchange.

mod autodiscover;
mod certificate;
mod damaged;
mod mailbox;
mod names;
mod network;
mod organisation;
mod own_account;
mod passing;
mod password;
pub mod powershell;
mod proxied;
mod role;
mod server;
mod service_account;
mod sign_in;
pub mod table;
mod tls;
mod topics;
mod unusable;
mod wording;

pub use autodiscover::{in_few_words, tried};
pub use certificate::ending as ending_certificate;
pub use names::Names;
pub use service_account::{Section, service_account};
pub use wording::{Command, Purpose};

use crate::problem::{Owner, Problem};
use serde::{Deserialize, Serialize};
use wording::{AdviceBuilder, words};

/// What people read about a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The problem's stable code.
    pub code: String,
    /// One short sentence: what happened.
    pub title: String,
    /// What that means, in plain words; a list stands in lines of its own.
    pub meaning: String,
    pub owner: Owner,
    /// Whether whoever typed the password must connect again in the end, whoever acts before.
    pub connects_again: bool,
    /// What to do, in order; the likeliest first. The first words say what to do.
    pub steps: Vec<String>,
    /// Commands to paste as they are; one that checks stands beside one that changes.
    pub commands: Vec<Command>,
    /// Whether each step is for another cause: the first ones, which need no command, can be tried alone.
    pub lists_causes: bool,
    /// Whether it speaks of the service account's role, which has a page of its own.
    pub on_role: bool,
}

impl Advice {
    /// Whether whoever connected has nothing to do, now or in the end.
    pub fn is_up_to_others(&self) -> bool {
        self.owner != Owner::You && !self.connects_again
    }

    /// Whether an administrator paused it on purpose: nothing is wrong, and nothing goes on by itself.
    pub fn is_pause(&self) -> bool {
        self.code == Problem::AccountPaused.code()
    }
}

/// The words for a problem.
pub fn advice(problem: &Problem, names: &Names) -> Advice {
    let hidden;
    let problem = if names.tells_addresses {
        problem
    } else {
        hidden = problem.without_addresses();
        &hidden
    };
    let words = words_for(problem, names);
    let (owner, words) = if names.held {
        organisation::held(problem, words)
    } else if names.is_own {
        own_account::told(problem, words, names)
    } else {
        (problem.owner(), words)
    };
    let on_role = [&words.meaning]
        .into_iter()
        .chain(&words.steps)
        .chain(words.commands.iter().map(|command| &command.text))
        .any(|text| text.contains("ApplicationImpersonation"));
    Advice {
        code: problem.code().to_owned(),
        on_role,
        title: words.title,
        meaning: words.meaning,
        owner,
        connects_again: !names.held && problem.is_about_password(),
        steps: words.steps,
        commands: words.commands,
        lists_causes: words.lists_causes,
    }
}

/// The words that depend on the problem alone. A unit test sees to it that no problem is without.
fn words_for(problem: &Problem, names: &Names) -> AdviceBuilder {
    topics::words_of(problem, names)
        .or_else(|| autodiscover::words_of(problem, names))
        .unwrap_or_else(|| {
            words(
                format!("Kalends has no words for {}.", problem.code()),
                "This version knows that it can happen, and no advice on it.",
            )
        })
}

/// One example or more of every problem, for the pages and the table that explain them without an occasion, and for the
/// tests.
fn every_problem() -> Vec<Problem> {
    [topics::examples(), autodiscover::examples()].concat()
}

#[cfg(test)]
mod tests;
