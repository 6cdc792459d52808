//! What an analysis found, part by part.

use kalends_core::{
    check::{TestSteps, Typed},
    clock::Timestamp,
    connection::Mode,
    id::CheckId,
    mailbox::SmtpAddress,
    problem::Problem,
};

/// The test of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub mailbox: SmtpAddress,
    pub ladder: TestSteps,
    pub end: Option<PartEnd>,
}

/// How the test of one mailbox ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartEnd {
    /// It can be read; the number of entries of the next 30 days stands in the ladder.
    Readable,
    Failed {
        problem: Box<Problem>,
        request_id: Option<String>,
    },
    /// The password was refused before: it is not sent again.
    LeftOut,
}

/// One analysis, as far as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    pub id: CheckId,
    pub typed: Typed,
    pub mode: Mode,
    /// The mailbox, then the control mailbox if there is one.
    pub parts: Vec<Part>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub is_cancelled: bool,
}

/// In place of advice that stands above already.
pub const TOLD_ABOVE: &str = "What that means, and what to do, is told above.";

impl Analysis {
    /// Whether a part ended with the very problem of the one before it.
    pub fn is_told_above(&self, number: usize) -> bool {
        let problem = |number: usize| match &self.parts.get(number)?.end {
            Some(PartEnd::Failed { problem, .. }) => Some(problem),
            _ => None,
        };
        let before = number.checked_sub(1).and_then(problem);
        before.is_some() && before == problem(number)
    }
}
