//! Tells how far the test is: which step is under way, since when, and how the earlier ones ended.

use kalends_core::{
    check::{Step, StepReport, Verdict},
    problem::capped,
};
use std::time::Duration;
use tokio::time::Instant;

/// The most lines of one step.
const MAX_DETAILS: usize = 20;

/// Passes each change on to whoever listens.
pub(super) struct Progress<F> {
    report: F,
    step: Step,
    since: Instant,
    is_failed: bool,
    warns: bool,
    details: Vec<String>,
}

impl<F: FnMut(StepReport)> Progress<F> {
    pub fn new(report: F) -> Self {
        Self {
            report,
            step: Step::Autodiscover,
            since: Instant::now(),
            is_failed: false,
            warns: false,
            details: Vec::new(),
        }
    }

    /// A line for the end of the step under way.
    pub fn detail(&mut self, line: &str) {
        if self.details.len() < MAX_DETAILS {
            self.details.push(capped(line));
        }
    }

    /// The step under way shows something that must be looked at soon.
    pub fn warn(&mut self) {
        self.warns = true;
    }

    pub fn begin(&mut self, step: Step) {
        self.step = step;
        self.since = Instant::now();
        self.tell(step, Verdict::Running, None, None);
    }

    /// Everything begins anew.
    pub fn restart(&mut self) {
        for step in Step::ALL {
            self.tell(step, Verdict::NotReached, None, None);
        }
        self.is_failed = false;
    }

    /// How long the step under way has been.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    pub fn pass(&mut self, seen: &str) {
        self.pass_after(self.elapsed(), seen);
    }

    /// A step that only looked something up.
    pub fn pass_at_once(&mut self, seen: &str) {
        self.pass_after(Duration::ZERO, seen);
    }

    pub fn pass_after(&mut self, took: Duration, seen: &str) {
        self.tell(self.step, Verdict::Passed, Some(took), Some(seen));
    }

    /// A step that another one's answer proved.
    pub fn pass_untimed(&mut self, seen: &str) {
        self.tell(self.step, Verdict::Passed, None, Some(seen));
    }

    pub fn not_needed(&mut self, step: Step) {
        self.tell(step, Verdict::NotNeeded, None, None);
    }

    /// The step under way was only the one in which another one's failure came out.
    pub fn fail_at(&mut self, step: Step, took: Duration) {
        if step < self.step {
            self.tell(self.step, Verdict::NotReached, None, None);
        }
        self.step = step;
        self.since = Instant::now().checked_sub(took).unwrap_or(self.since);
    }

    pub fn fail(&mut self, seen: &str) {
        if !std::mem::replace(&mut self.is_failed, true) {
            self.tell(self.step, Verdict::Failed, Some(self.elapsed()), Some(seen));
        }
    }

    fn tell(&mut self, step: Step, verdict: Verdict, took: Option<Duration>, seen: Option<&str>) {
        let details = match verdict {
            Verdict::Passed | Verdict::Failed => std::mem::take(&mut self.details),
            _ => Vec::new(),
        };
        (self.report)(StepReport {
            details,
            warns: std::mem::take(&mut self.warns) && verdict == Verdict::Passed,
            step,
            verdict,
            millis: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            seen: seen.map(capped).filter(|seen| !seen.is_empty()),
        });
    }
}
