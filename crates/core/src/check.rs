//! The connection test as data: its steps in order, what each saw, and how it ended.

use crate::{
    advice::Names,
    clock::Timestamp,
    connection::Mode,
    id::{AccountId, CheckId, ConnectionId, UserId},
    problem::{Problem, text_without_addresses},
};
use serde::{Deserialize, Serialize};

/// The steps of the test, in the order in which they are taken and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Autodiscover,
    AddressAllowed,
    Dns,
    Tcp,
    Tls,
    EwsAnswers,
    SignIn,
    Impersonation,
    Calendar,
    Entries,
}

impl Step {
    pub const ALL: [Self; 10] = [
        Self::Autodiscover,
        Self::AddressAllowed,
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::EwsAnswers,
        Self::SignIn,
        Self::Impersonation,
        Self::Calendar,
        Self::Entries,
    ];

    /// What people read beside the verdict.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Autodiscover => "Autodiscover",
            Self::AddressAllowed => "Address allowed",
            Self::Dns => "Name found (DNS)",
            Self::Tcp => "Server reached (TCP)",
            Self::Tls => "Certificate trusted (TLS)",
            Self::EwsAnswers => "EWS answers",
            Self::SignIn => "Signed in",
            Self::Impersonation => "Impersonation",
            Self::Calendar => "Calendar found",
            Self::Entries => "Entries read",
        }
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    NotReached,
    NotNeeded,
    Running,
    Passed,
    Failed,
    /// It ran when the test was cancelled, or when its process ended.
    BrokenOff,
}

/// One step with what was measured where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    pub step: Step,
    pub verdict: Verdict,
    /// How long it took, in milliseconds; only for steps that ran.
    pub millis: Option<u64>,
    /// Short facts such as addresses, a protocol version, a folder's name. Remote text is capped at 200 characters.
    pub seen: Option<String>,
    /// What else was seen, a line each: addresses asked, certificates shown. Each is capped at 200 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// It passed, and shows something that must be looked at soon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warns: bool,
}

/// The ten steps of one check, updated while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestSteps(Vec<StepReport>);

impl Default for TestSteps {
    fn default() -> Self {
        Self::new()
    }
}

impl TestSteps {
    /// All steps not reached yet.
    pub fn new() -> Self {
        let report = |step| StepReport {
            step,
            verdict: Verdict::NotReached,
            millis: None,
            seen: None,
            details: Vec::new(),
            warns: false,
        };
        Self(Step::ALL.into_iter().map(report).collect())
    }

    /// The password was held back before anything was asked: no step was reached.
    pub fn held_back() -> Self {
        let mut ladder = Self::new();
        for report in &mut ladder.0 {
            if report.step == Step::SignIn {
                report.seen = Some("the saved password was not sent".to_owned());
            }
        }
        ladder
    }

    /// As people see it who are no administrators: without where names lead.
    #[must_use]
    pub fn without_addresses(mut self) -> Self {
        for report in &mut self.0 {
            let is_version = report.step == Step::EwsAnswers && report.verdict == Verdict::Passed;
            report.seen = match (&report.seen, report.step, report.verdict) {
                (Some(_), Step::Dns, Verdict::Passed) => Some("found".to_owned()),
                (Some(_), Step::Tcp, Verdict::Passed) => Some("reached".to_owned()),
                // The number of a version reads like an address.
                (Some(seen), ..) if !is_version => Some(text_without_addresses(seen)),
                (seen, ..) => seen.clone(),
            };
            for detail in &mut report.details {
                *detail = text_without_addresses(detail);
            }
        }
        self
    }

    pub fn steps(&self) -> &[StepReport] {
        &self.0
    }

    pub fn into_steps(self) -> Vec<StepReport> {
        self.0
    }

    pub fn set(&mut self, report: StepReport) {
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.step == report.step) {
            *slot = report;
        }
    }

    /// What still ran when the test ended did not come to its own end.
    pub fn break_off(&mut self) {
        for report in &mut self.0 {
            if report.verdict == Verdict::Running {
                report.verdict = Verdict::BrokenOff;
            }
        }
    }

    /// Whether a step began at all.
    pub fn is_begun(&self) -> bool {
        let reached = |report: &StepReport| report.verdict != Verdict::NotReached;
        self.0.iter().any(reached)
    }

    /// The step at which the check failed, if it did.
    pub fn failed_at(&self) -> Option<Step> {
        self.0
            .iter()
            .find(|report| report.verdict == Verdict::Failed)
            .map(|report| report.step)
    }
}

/// What was typed, without the password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Typed {
    pub mailbox: String,
    pub account: String,
    pub domain: String,
    /// Empty: found by Autodiscover.
    pub endpoint: String,
    #[serde(default)]
    pub goal: Goal,
}

/// What a check that reaches the end brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Goal {
    /// The person's calendar is connected.
    #[default]
    Connection,
    /// The organisation has another account.
    NewAccount,
    /// An account's second slot is filled.
    NextPassword { account_id: AccountId },
    /// An account's refused password is replaced, and used at once.
    ReplacePassword { account_id: AccountId },
    /// An account signs in somewhere else.
    MoveAccount { account_id: AccountId },
    /// The saved password of an account is sent once more.
    SendAgain { account_id: AccountId },
}

/// One calendar entry shown as proof that reading works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestProof {
    /// `None` for private entries, whose subject is not kept.
    pub subject: Option<String>,
    /// Whether the time is taken, such as "Busy": all that is shown where no more may be.
    #[serde(default)]
    pub status: String,
    pub start: Timestamp,
    pub all_day: bool,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Connected {
        connection_id: ConnectionId,
        proof: Vec<TestProof>,
    },
    /// An account of the organisation was tested and saved.
    AccountSaved {
        account_id: AccountId,
    },
    Failed {
        problem: Box<Problem>,
        request_id: Option<String>,
    },
    Cancelled,
}

/// A check that goes on trying, because what it lacks may take effect by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What the last try met.
    pub problem: Problem,
    pub attempts: u32,
    pub next_at: Timestamp,
    pub until: Timestamp,
}

/// One run of the connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub user_id: UserId,
    pub mode: Mode,
    pub typed: Typed,
    /// The saved account that it signs in with, or that it is about.
    pub account_id: Option<AccountId>,
    pub ladder: TestSteps,
    pub outcome: Option<Outcome>,
    /// Between two tries.
    pub waiting: Option<Waiting>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Check {
    /// The names for words about what it met, to a reader so many seconds east of UTC.
    pub fn names(&self, utc_offset: Option<i32>) -> Names {
        Names {
            mailbox: self.typed.mailbox.clone(),
            account: self.typed.account.clone(),
            endpoint: self.typed.endpoint.clone(),
            utc_offset,
            // A password that an admin has just typed is not held yet.
            held: self.mode == Mode::Organisation
                && matches!(self.typed.goal, Goal::Connection | Goal::SendAgain { .. }),
            is_own: self.mode == Mode::Personal,
            tells_addresses: false,
            probe_at: None,
        }
    }
}
