//! What is wrong now, compared with what was told.

use super::{
    gather::{Condition, IncidentCause, conditions},
    new_notice::new_notice,
    words::{self, NoticeReason},
};
use crate::services::Services;
use kalends_core::notice::{
    Channel, Incident, IncidentScope, Notice, NoticeKind, Recipient, ReportedProblem,
};
use kalends_core::{clock::Timestamp, id::IncidentId, problem::Concerns};
use kalends_store::StoreError;
use std::{collections::HashMap, time::Duration};

const DAY: Duration = Duration::from_hours(24);
/// Days after the first time at which what lasts is told again.
const REMINDER_DAYS: [u64; 3] = [1, 3, 7];

/// Tells what began, what still lasts and what is over: that a connection that had it was seen without it. While everything is paused nothing is compared, so that a pause
/// looks like no recovery.
pub async fn update_incidents(services: &Services) -> Result<(), StoreError> {
    let (store, now) = (&services.store, services.clock.now());
    if store.global_pause().await?.is_some() {
        return Ok(());
    }
    let found = conditions(store, now).await?;
    let open = store.open_incidents().await?;
    let mut open: HashMap<String, Incident> = open
        .into_iter()
        .map(|incident| (incident.name.clone(), incident))
        .collect();
    for condition in found {
        match open.remove(&condition.name) {
            None if condition.told_from <= now => raise(services, &condition, now).await?,
            None => {}
            Some(incident) => again(services, &incident, &condition, now).await?,
        }
    }
    for incident in open.into_values() {
        if let Some(told) = &incident.about
            && is_hidden(services, told).await?
        {
            continue;
        }
        close(services, &incident, now).await?;
    }
    Ok(())
}

async fn raise(
    services: &Services,
    condition: &Condition,
    now: Timestamp,
) -> Result<(), StoreError> {
    let incident = Incident {
        id: IncidentId::new(now, services.random.bytes()),
        name: condition.name.clone(),
        title: words::title(&condition.cause),
        about: about(&condition.cause),
        people: people(&condition.cause),
        opened_at: now,
        reminders: 0,
        next_at: told_again(now, 0).filter(|_| condition.is_followed),
    };
    let told = words::cause(
        &services.channels,
        &condition.cause,
        NoticeReason::Raised,
        now,
    );
    let notices: Vec<Notice> = recipients(services, &condition.cause)
        .await?
        .into_iter()
        .map(|to| {
            new_notice(
                services,
                NoticeKind::Raised,
                Some(incident.id),
                to,
                &told,
                now,
            )
        })
        .collect();
    services.store.open_incident(&incident, &notices).await?;
    Ok(())
}

async fn again(
    services: &Services,
    incident: &Incident,
    condition: &Condition,
    now: Timestamp,
) -> Result<(), StoreError> {
    let days = days(incident.reminders).filter(|_| incident.next_at.is_some_and(|at| at <= now));
    let Some(days) = days else { return Ok(()) };
    let next_at = told_again(incident.opened_at, incident.reminders + 1);
    let moment = NoticeReason::Again { days };
    let told = words::cause(&services.channels, &condition.cause, moment, now);
    let notices: Vec<Notice> = recipients(services, &condition.cause)
        .await?
        .into_iter()
        .map(|to| {
            new_notice(
                services,
                NoticeKind::Reminder,
                Some(incident.id),
                to,
                &told,
                now,
            )
        })
        .collect();
    services
        .store
        .remind(incident, people(&condition.cause), next_at, &notices)
        .await
}

/// How many days after the first time something is told again that was told again so often.
fn days(reminders: i64) -> Option<u64> {
    REMINDER_DAYS.get(usize::try_from(reminders).ok()?).copied()
}

fn told_again(opened_at: Timestamp, reminders: i64) -> Option<Timestamp> {
    let days = u32::try_from(days(reminders)?).ok()?;
    Some(opened_at + DAY * days)
}

/// Whoever was told is told that it is over; what is told once ends without a word.
async fn close(services: &Services, incident: &Incident, now: Timestamp) -> Result<(), StoreError> {
    let is_followed = incident.next_at.is_some() || incident.reminders > 0;
    let admins = services.store.acting_admins().await?;
    let over = |to: Recipient| {
        let is_to_admins =
            to.channel == Channel::Webhook || admins.iter().any(|admin| admin.as_str() == to.to);
        let told = words::over(&services.channels, incident, is_to_admins, now);
        new_notice(
            services,
            NoticeKind::Over,
            Some(incident.id),
            to,
            &told,
            now,
        )
    };
    services
        .store
        .close_incident(incident, is_followed.then_some(over), now)
        .await
}

/// Whether something that is not seen may last all the same: another problem lies before it, or its work is paused.
async fn is_hidden(services: &Services, told: &ReportedProblem) -> Result<bool, StoreError> {
    let now = services.store.problems_of(&told.whose).await?;
    Ok(now.iter().any(|problem| problem.may_hide(&told.problem)))
}

fn about(cause: &IncidentCause) -> Option<ReportedProblem> {
    let IncidentCause::Problem(about) = cause else {
        return None;
    };
    let trouble = &about.trouble;
    let whose = match about.person {
        Some(person) => IncidentScope::Person(person),
        None if trouble.problem.concerns() == Concerns::Server => {
            IncidentScope::Host(trouble.host.clone())
        }
        None => IncidentScope::Account(trouble.account),
    };
    Some(ReportedProblem {
        problem: trouble.problem.clone(),
        whose,
    })
}

const fn people(cause: &IncidentCause) -> i64 {
    match cause {
        IncidentCause::Problem(about) => about.trouble.people,
        IncidentCause::Requests { waiting } => *waiting,
        IncidentCause::PasswordEnds { .. } | IncidentCause::CertificateEnds { .. } => 0,
    }
}

/// The person who must act, or all admins and webhooks.
async fn recipients(
    services: &Services,
    cause: &IncidentCause,
) -> Result<Vec<Recipient>, StoreError> {
    let store = &services.store;
    let has_mail = services.channels.mail().is_some();
    if let IncidentCause::Problem(about) = cause
        && let Some(person) = about.person
    {
        let user = store.user(person).await?.filter(|_| has_mail);
        return Ok(user
            .map(|user| Recipient::mail(&user.email))
            .into_iter()
            .collect());
    }
    let mut all = Vec::new();
    if has_mail {
        let admins = store.acting_admins().await?;
        all.extend(admins.iter().map(Recipient::mail));
    }
    all.extend(store.webhooks().await?.iter().map(Recipient::webhook));
    Ok(all)
}
