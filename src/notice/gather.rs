//! What somebody must act on at present: one cause for each password, role or server that is in trouble, however many
//! connections it holds up.

use crate::{
    advice::{Names, advice},
    clock::Timestamp,
    connection::Mode,
    id::{AccountId, UserId},
    organisation::{self, Expiry},
    problem::{Certificate, Concerns, ENDS_SOON, Owner, Problem},
    store::{Account, HeldUp, Store, StoreError},
};
use std::{collections::BTreeMap, time::Duration};

/// Before this it may pass, and the number of people is not known yet.
const SETTLES: Duration = Duration::from_mins(5);
/// A refused password is looked at once more after a quarter of an hour, since single refusals happen under load.
const PROVEN: Duration = Duration::from_mins(17);
/// What passes by itself is told only when it has lasted this long.
const LASTS: Duration = Duration::from_hours(6);
/// Up to so many people are each told of a problem of their own mailbox; for more, it is the organisation's.
const FEW: i64 = 10;
/// Days ahead of the end of a certificate at which it is told.
const CERTIFICATE_WARNED: [u64; 4] = [30, 14, 3, 1];

/// Something to be told.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
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

/// A problem with what it is the problem of.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    pub problem: Problem,
    pub names: Names,
    pub people: i64,
    pub since: Timestamp,
    /// The path of the page that shows who waits.
    pub link: String,
    /// Who must act, if it is one person and no admin.
    pub person: Option<UserId>,
}

/// A cause under the name that is open at most once.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub name: String,
    pub cause: Cause,
    /// From when on it is told.
    pub told_from: Timestamp,
    /// Whether it is told again, and when it is over.
    pub is_followed: bool,
}

/// All that is to be told at `now`, by name.
pub async fn conditions(store: &Store, now: Timestamp) -> Result<Vec<Condition>, StoreError> {
    let mut found = BTreeMap::new();
    let accounts = store.accounts().await?;
    for held_up in store.held_up().await? {
        let Some(account) = accounts.iter().find(|it| it.id == held_up.account) else {
            continue;
        };
        for condition in of_problem(store, &held_up, account).await? {
            join(&mut found, condition);
        }
    }
    let mut all: Vec<Condition> = found.into_values().collect();
    let waiting = store.count_waiting_requests().await?;
    if waiting > 0 {
        all.push(Condition {
            name: "requests".to_owned(),
            cause: Cause::Requests { waiting },
            told_from: now,
            is_followed: true,
        });
    }
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

/// Two problems of one cause are one: the words are those of the one that holds up more people.
fn join(found: &mut BTreeMap<String, Condition>, new: Condition) {
    let Some(there) = found.get_mut(&new.name) else {
        found.insert(new.name.clone(), new);
        return;
    };
    there.told_from = there.told_from.min(new.told_from);
    if let (Cause::Problem(old), Cause::Problem(new)) = (&mut there.cause, new.cause) {
        let (people, since) = (old.people + new.people, old.since.min(new.since));
        if new.people > old.people {
            *old = new;
        }
        (old.people, old.since) = (people, since);
    }
}

async fn of_problem(
    store: &Store,
    held_up: &HeldUp,
    account: &Account,
) -> Result<Vec<Condition>, StoreError> {
    let problem = &held_up.problem;
    let what = problem.concerns();
    let names = Names {
        mailbox: held_up.mailbox.to_string(),
        account: account.name.to_string(),
        endpoint: account.endpoint.to_string(),
        utc_offset: None,
        held: account.mode == Mode::Organisation,
    };
    let owner = advice(problem, &names).owner;
    let is_theirs = owner == Owner::You
        && match what {
            Concerns::Mailbox => held_up.people <= FEW,
            // One account for many people is no single person's business.
            Concerns::Password | Concerns::Account | Concerns::Role | Concerns::Server => {
                held_up.people == 1
            }
        };
    let settles = match (owner, what) {
        (Owner::Nobody, _) => LASTS,
        (_, Concerns::Password) => PROVEN,
        _ => SETTLES,
    };
    let code = problem.code();
    let condition = |name: String, about: About| Condition {
        name,
        told_from: about.since + settles,
        is_followed: true,
        cause: Cause::Problem(Box::new(about)),
    };
    if is_theirs {
        let people = store.held_up_people(account.id, problem, FEW).await?;
        return Ok(people
            .into_iter()
            .map(|(user, mailbox, since)| {
                let about = About {
                    problem: problem.clone(),
                    names: Names {
                        mailbox: mailbox.to_string(),
                        ..names.clone()
                    },
                    people: 1,
                    since,
                    link: "/profile/exchange".to_owned(),
                    person: Some(user),
                };
                condition(format!("{code} {user}"), about)
            })
            .collect());
    }
    let (name, link) = match what {
        // All of its codes are one cause.
        Concerns::Password | Concerns::Role => (
            format!("{} {}", <&str>::from(what), account.id),
            format!("/connections?account={}", account.id),
        ),
        Concerns::Account | Concerns::Mailbox => (
            format!("{code} {}", account.id),
            format!("/connections?account={}&cause={code}", account.id),
        ),
        Concerns::Server => (
            format!("{code} {}", account.host),
            format!("/connections?cause={code}"),
        ),
    };
    Ok(vec![condition(
        name,
        About {
            problem: problem.clone(),
            names,
            people: held_up.people,
            since: held_up.since,
            link,
            person: None,
        },
    )])
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
        cause: Cause::PasswordEnds {
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
        cause: Cause::CertificateEnds {
            host,
            certificate: Box::new(certificate),
            days,
        },
        told_from: now,
        is_followed: false,
    })
}
