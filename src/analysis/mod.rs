//! Looking closely at an Exchange without connecting anything: the connection test for a mailbox, then for the
//! control mailbox, as a report to read and to send on. Nothing is written to a database but the count of refused
//! sign-ins, and the password lives in the analysis alone.

mod report;

pub use report::report;

use crate::{
    accounts::{permission::Forbidden, refusals::TypedGate},
    connect::{
        self, ConnectRequest, certificate,
        connection_test::{self, Controls, Failure, Success, Tools},
    },
    services::Services,
};
use jiff::tz::TimeZone;
use kalends_core::{
    check::{StepReport, TestSteps, Typed},
    clock::Timestamp,
    connection::Mode,
    id::{CheckId, UserId},
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
    problem::Problem,
};
use kalends_store::User;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// For how long an ended analysis can still be read.
const KEPT: Duration = Duration::from_mins(30);
/// The most that are kept; the oldest that has ended goes first.
const MOST: usize = 50;

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

/// The analyses of this process. Clones share them.
#[derive(Clone, Default)]
pub struct Analyses(Arc<Mutex<HashMap<CheckId, Kept>>>);

struct Kept {
    by: UserId,
    analysis: Analysis,
    stop: CancellationToken,
}

impl Analyses {
    /// Starts one and returns at once; it holds a place of the tests that this person may run until it has ended.
    pub async fn start(
        &self,
        services: &Services,
        by: &User,
        request: ConnectRequest,
    ) -> Result<CheckId, Forbidden> {
        let place = connect::running::take_place(services, by.id).await?;
        let now = services.clock.now();
        let id = CheckId::new(now, services.random.bytes());
        let stop = CancellationToken::new();
        let kept = Kept {
            by: by.id,
            analysis: begun(id, &request, now),
            stop: stop.clone(),
        };
        self.with(|all| {
            all.retain(|_, kept| kept.analysis.ended_at.is_none_or(|at| at + KEPT > now));
            let ended = all.values().filter(|kept| kept.analysis.ended_at.is_some());
            if all.len() >= MOST
                && let Some(oldest) = ended.map(|kept| kept.analysis.id).min()
            {
                all.remove(&oldest);
            }
            all.insert(id, kept);
        });
        let (analyses, services, by) = (self.clone(), services.clone(), by.id);
        tokio::spawn(async move {
            let _place = place;
            let tell = |analysis: &Analysis| {
                analyses.with(|all| {
                    if let Some(kept) = all.get_mut(&id) {
                        kept.analysis.clone_from(analysis);
                    }
                });
            };
            let whole = Box::pin(analyse(&services, (id, Some(by)), request, tell));
            let ended = stop.run_until_cancelled(whole).await;
            analyses.with(|all| {
                if let Some(kept) = all.get_mut(&id) {
                    kept.analysis.is_cancelled = ended.is_none();
                    kept.analysis.ended_at = Some(services.clock.now());
                    for part in &mut kept.analysis.parts {
                        part.ladder.break_off();
                    }
                }
            });
        });
        Ok(id)
    }

    /// An analysis of this person's own.
    pub fn get(&self, id: CheckId, by: &User) -> Option<Analysis> {
        self.with(|all| {
            let kept = all.get(&id).filter(|kept| kept.by == by.id)?;
            Some(kept.analysis.clone())
        })
    }

    pub fn cancel(&self, id: CheckId, by: &User) {
        self.with(|all| {
            if let Some(kept) = all.get(&id).filter(|kept| kept.by == by.id) {
                kept.stop.cancel();
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<CheckId, Kept>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn begun(id: CheckId, request: &ConnectRequest, now: Timestamp) -> Analysis {
    let part = |mailbox: &SmtpAddress| Part {
        mailbox: mailbox.clone(),
        ladder: TestSteps::new(),
        end: None,
    };
    let control = request
        .control
        .as_ref()
        .filter(|control| **control != request.mailbox);
    Analysis {
        id,
        typed: request.typed.clone(),
        mode: request.mode,
        parts: std::iter::once(&request.mailbox)
            .chain(control)
            .map(part)
            .collect(),
        started_at: now,
        ended_at: None,
        is_cancelled: false,
    }
}

/// Tests the mailbox, then the control mailbox, each with a ladder of its own; `tell` hears of each change. A refused
/// password is not sent again.
#[tracing::instrument(name = "analyse", skip_all)]
pub async fn analyse(
    services: &Services,
    (id, by): (CheckId, Option<UserId>),
    request: ConnectRequest,
    mut tell: impl FnMut(&Analysis) + Send,
) -> Analysis {
    let mut analysis = begun(id, &request, services.clock.now());
    let mut may_send = true;
    // Where the first mailbox was found, the control mailbox is looked for as well: its own domain gets no password.
    let mut endpoint = request.endpoint.clone();
    for index in 0..analysis.parts.len() {
        let mailbox = &analysis.parts[index].mailbox;
        let is_elsewhere = endpoint.is_none() && mailbox.domain() != request.mailbox.domain();
        if !may_send || is_elsewhere {
            analysis.parts[index].end = Some(PartEnd::LeftOut);
            tell(&analysis);
            continue;
        }
        let climbing = connection_test::TestRequest {
            mode: request.mode,
            mailbox: analysis.parts[index].mailbox.clone(),
            account: request.account.clone(),
            password: request.password.clone(),
            endpoint: endpoint.clone(),
            fallback_zone: TimeZone::UTC,
            level: PrivacyLevel::FreeBusy,
            // What the first mailbox proved about the account decides what is wrong with the second.
            controls: Controls::named(if index == 0 {
                request.control.clone()
            } else {
                Some(request.mailbox.clone())
            }),
            remembered: None,
            confirmed: request.confirmed.clone(),
        };
        let tools = Tools {
            outbound: services.outbound.clone(),
            clock: services.clock.clone(),
            random: services.random.clone(),
            gate: Arc::new(TypedGate::new(services, by).signing_in(request.sign_in)),
        };
        let mut ended = connection_test::climb(&tools, climbing, |report: StepReport| {
            analysis.parts[index].ladder.set(report);
            tell(&analysis);
        })
        .await;
        if let Err(failure) = &mut ended {
            certificate::tell_change_in(services, failure).await;
        }
        if let Ok(success) = &ended {
            endpoint = Some(success.endpoint.clone());
        }
        may_send = !matches!(&ended, Err(failure) if failure.refused_sign_in.is_some());
        analysis.parts[index].end = Some(part_end(ended));
        tell(&analysis);
    }
    analysis.ended_at = Some(services.clock.now());
    analysis
}

fn part_end(ended: Result<Success, Failure>) -> PartEnd {
    match ended {
        Ok(_) => PartEnd::Readable,
        Err(failure) => PartEnd::Failed {
            problem: Box::new(failure.problem),
            request_id: failure.request_id,
        },
    }
}
