//! What an analysis found, part by part.

use kalends_core::{
    check::{TestSteps, Typed},
    clock::Timestamp,
    connection::Mode,
    id::CheckId,
    mailbox::SmtpAddress,
    problem::Problem,
};
use kalends_store::{StoreError, StoredAnalysis};
use serde::{Deserialize, Serialize};

pub use kalends_store::AnalysisEnd;

/// The test of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub mailbox: SmtpAddress,
    pub ladder: TestSteps,
    pub end: Option<PartEnd>,
}

/// How the test of one mailbox ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    pub id: CheckId,
    pub typed: Typed,
    pub mode: Mode,
    /// The mailbox, then the control mailbox if there is one.
    pub parts: Vec<Part>,
    pub started_at: Timestamp,
    /// When and how it ended stands beside it in its row.
    #[serde(skip)]
    pub ended_at: Option<Timestamp>,
    #[serde(skip)]
    pub end: Option<AnalysisEnd>,
}

/// In place of advice that stands above already.
pub const TOLD_ABOVE: &str = "What that means, and what to do, is told above.";

impl Analysis {
    /// As its row holds it.
    pub(super) fn to_text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|_| StoreError::Corrupt("analysis"))
    }

    pub(crate) fn of_row(row: &StoredAnalysis) -> Result<Self, StoreError> {
        let read: Result<Self, _> = serde_json::from_str(&row.content);
        let mut analysis = read.map_err(|_| StoreError::Corrupt("analysis"))?;
        if let Some((end, at)) = row.ended {
            (analysis.end, analysis.ended_at) = (Some(end), Some(at));
            for part in &mut analysis.parts {
                part.ladder.break_off();
            }
        }
        Ok(analysis)
    }

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
