//! What an analysis does: a test of each mailbox, one after the other.

use super::result::{Analysis, AnalysisEnd, Part, PartEnd};
use crate::{
    accounts::refusals::TypedGate,
    connect::{
        ConnectRequest, certificate,
        connection_test::{self, Controls, Failure, Success, Tools},
    },
    services::Services,
};
use jiff::tz::TimeZone;
use kalends_core::{
    check::{StepReport, TestSteps},
    clock::Timestamp,
    id::{CheckId, UserId},
    mailbox::SmtpAddress,
    policy::PrivacyLevel,
};
use std::sync::Arc;

/// An analysis before its first step.
pub(super) fn begun(id: CheckId, request: &ConnectRequest, now: Timestamp) -> Analysis {
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
        end: None,
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
        let testing = connection_test::TestRequest {
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
        let mut ended = connection_test::run(&tools, testing, |report: StepReport| {
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
    analysis.end = Some(AnalysisEnd::Finished);
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
