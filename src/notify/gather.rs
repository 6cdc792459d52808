//! What is to be told at present: what is wrong, requests that wait, and what ends soon.

use crate::{
    accounts::organisation::{self, Expiry},
    notify::current_problems::{CurrentProblem, troubles},
};
use kalends_core::{
    advice::Names,
    clock::Timestamp,
    id::{AccountId, UserId},
    problem::{Certificate, Concerns, ENDS_SOON, Owner},
};
use kalends_store::{Account, Store, StoreError};
use std::time::Duration;

/// Before this it may pass, and the number of people is not known yet.
const INCIDENT_DELAY: Duration = Duration::from_mins(5);
/// A refused password is looked at once more after a quarter of an hour, since single refusals happen under load.
const PASSWORD_DELAY: Duration = Duration::from_mins(17);
/// What passes by itself is told only when it has lasted this long.
const PASSING_DELAY: Duration = Duration::from_hours(6);
/// Up to so many people are each told of a problem of their own mailbox; for more, it is the organisation's.
const FEW_PEOPLE: i64 = 10;
/// Days ahead of the end of a certificate at which it is told.
const CERTIFICATE_WARNED: [u64; 4] = [30, 14, 3, 1];

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub enum IncidentCause {
    Problem(Box<About>),
    /// Requests for mailboxes that no admin has decided.
    Requests {
        waiting: i64,
    },
    /// The password of an account that admins hold.
    PasswordEnds {
        account: AccountId,
        label: String,
        ends: Timestamp,
        days: u64,
    },
    CertificateEnds {
        host: String,
        certificate: Box<Certificate>,
        days: u64,
    },
}

/// What is wrong, for whoever must act.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    pub trouble: CurrentProblem,
    /// Who must act, if it is one person and no admin.
    pub person: Option<UserId>,
}

/// A cause under the name that is open at most once.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub name: String,
    pub cause: IncidentCause,
    /// From when on it is told.
    pub told_from: Timestamp,
    /// Whether it is told again, and when it is over.
    pub is_followed: bool,
}

/// All that is to be told at `now`, by name.
pub async fn conditions(store: &Store, now: Timestamp) -> Result<Vec<Condition>, StoreError> {
    let mut all = Vec::new();
    for trouble in troubles(store).await? {
        all.extend(of_trouble(store, trouble).await?);
    }
    let waiting = store.count_waiting_requests().await?;
    if waiting > 0 {
        all.push(Condition {
            name: "requests".to_owned(),
            cause: IncidentCause::Requests { waiting },
            told_from: now,
            is_followed: true,
        });
    }
    let accounts = store.accounts().await?;
    all.extend(
        accounts
            .iter()
            .filter_map(|account| password_ends(account, now)),
    );
    for ending in store.certificates_ending(now + ENDS_SOON).await? {
        all.extend(certificate_ends(ending.host, ending.certificate, now));
    }
    Ok(all)
}

async fn of_trouble(store: &Store, trouble: CurrentProblem) -> Result<Vec<Condition>, StoreError> {
    let what = trouble.problem.concerns();
    let is_theirs = trouble.owner == Owner::You
        && match what {
            Concerns::Mailbox => trouble.people <= FEW_PEOPLE,
            // One account for many people is no single person's business.
            Concerns::Password | Concerns::Account | Concerns::Role | Concerns::Server => {
                trouble.people == 1
            }
        };
    let settles = match (trouble.owner, what) {
        (Owner::Nobody, _) => PASSING_DELAY,
        (_, Concerns::Password) => PASSWORD_DELAY,
        _ => INCIDENT_DELAY,
    };
    let condition = |about: About, name: String| Condition {
        name,
        told_from: about.trouble.since + settles,
        is_followed: true,
        cause: IncidentCause::Problem(Box::new(about)),
    };
    if !is_theirs {
        let name = trouble.name.clone();
        let about = About {
            trouble,
            person: None,
        };
        return Ok(vec![condition(about, name)]);
    }
    let code = trouble.problem.code();
    let people = store
        .held_up_people(trouble.account, &trouble.problem, FEW_PEOPLE)
        .await?;
    Ok(people
        .into_iter()
        .map(|(user, mailbox, since)| {
            let about = About {
                trouble: CurrentProblem {
                    names: Names {
                        mailbox: mailbox.to_string(),
                        ..trouble.names.clone()
                    },
                    people: 1,
                    since,
                    link: "/profile".to_owned(),
                    ..trouble.clone()
                },
                person: Some(user),
            };
            condition(about, format!("{code} {user}"))
        })
        .collect())
}

fn password_ends(account: &Account, now: Timestamp) -> Option<Condition> {
    let ends = account.expires_at?;
    let (days, level) = match organisation::expiry(ends, now)? {
        Expiry::Soon { days, level } => (days, level),
        Expiry::Over => return None,
    };
    Some(Condition {
        // A new name at each warning: each is told once.
        name: format!("password-ends {} {} {level}", account.id, ends.millis()),
        cause: IncidentCause::PasswordEnds {
            account: account.id,
            label: account.label.clone(),
            ends,
            days,
        },
        told_from: now,
        is_followed: false,
    })
}

fn certificate_ends(host: String, certificate: Certificate, now: Timestamp) -> Option<Condition> {
    let ends = certificate.not_after;
    if ends <= now {
        return None;
    }
    let days = ends.since(now).as_secs() / (24 * 3600);
    let level = CERTIFICATE_WARNED
        .iter()
        .filter(|ahead| days <= **ahead)
        .count();
    (level > 0).then(|| Condition {
        name: format!("certificate-ends {host} {} {level}", ends.millis()),
        cause: IncidentCause::CertificateEnds {
            host,
            certificate: Box::new(certificate),
            days,
        },
        told_from: now,
        is_followed: false,
    })
}
