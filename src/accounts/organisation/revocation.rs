//! The end of an account: what its password could still do is tried once more, then the password is forgotten and the
//! copies are purged. What was seen stays on record.

use crate::{
    accounts::{custody::CustodyError, refusals::full_until},
    connect::recheck,
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    id::RecordId,
    mailbox::SmtpAddress,
    problem::Problem,
};
use kalends_store::{Account, OrganisationAccount, Probe, Revocation, User};
use std::time::Duration;
use tokio::time::timeout;

/// How many mailboxes that were read are tried beside the control mailbox.
const MAX_TRIED: i64 = 5;
/// Whoever ends an account waits no longer than this for what its password can still do.
const PROBE_LIMIT: Duration = Duration::from_secs(25);

/// Probes, forgets and purges, in this order; the probe's result does not matter to the rest.
pub async fn end(
    services: &Services,
    admin: &User,
    held: &OrganisationAccount,
) -> Result<Revocation, CustodyError> {
    let account = &held.account;
    let store = &services.store;
    let mut mailboxes = store.mailboxes_read_by(account.id, MAX_TRIED).await?;
    if let Some(control) = account.control_mailbox.clone() {
        mailboxes.retain(|mailbox| *mailbox != control);
        mailboxes.insert(0, control);
    }
    let (mailbox, probe) = probe_in_time(services, account, mailboxes).await?;
    let now = services.clock.now();
    let subject = format!("{} ({} at {})", account.label, account.name, account.host);
    let entry = AuditEntry::by(admin.id, AuditAction::AccountEnded).about(subject);
    let ended = services.custody().end_account(account.id, &entry).await?;
    services.idle_connections.close(account.id);
    let revocation = Revocation {
        id: RecordId::new(now, services.random.bytes()),
        at: now,
        by: admin.id,
        label: account.label.clone(),
        account: account.name.to_string(),
        endpoint: account.endpoint.clone(),
        mailbox,
        probe,
        users: ended.users,
        entries: ended.entries,
    };
    store.keep_revocation(&revocation).await?;
    Ok(revocation)
}

/// As [`probe`]. Where the server takes too long, the verdict on a password that was sent is awaited all the same, by nobody
/// who looks.
async fn probe_in_time(
    services: &Services,
    account: &Account,
    mailboxes: Vec<SmtpAddress>,
) -> Result<(Option<SmtpAddress>, Probe), CustodyError> {
    let first = mailboxes.first().cloned();
    let (probing, account) = (services.clone(), account.clone());
    let probing = services
        .tasks
        .spawn(async move { Box::pin(probe(&probing, &account, &mailboxes)).await });
    let problem = match timeout(PROBE_LIMIT, probing).await {
        Ok(Ok(probed)) => return probed,
        Ok(Err(error)) => {
            tracing::error!(%error, "the last try of an account's password broke");
            Problem::Interrupted
        }
        Err(_) => Problem::AnswerTimedOut {
            seconds: PROBE_LIMIT.as_secs(),
            operation: None,
        },
    };
    let problem = Box::new(problem);
    Ok((first, Probe::Unknown { problem }))
}

/// What the password can still do, with the mailbox that says it: one that opens ends the search, for it proves that
/// access is open; one that is denied proves nothing about the others.
async fn probe(
    services: &Services,
    account: &Account,
    mailboxes: &[SmtpAddress],
) -> Result<(Option<SmtpAddress>, Probe), CustodyError> {
    let mut ended = (None, Probe::NotTried);
    for (place, mailbox) in mailboxes.iter().enumerate() {
        if account.saved_refusals > 0 || full_until(services, account).await?.is_some() {
            return Ok((Some(mailbox.clone()), Probe::RefusedBefore));
        }
        let problem = match Box::pin(recheck::probe(services, account, mailbox)).await {
            Ok(()) => return Ok((Some(mailbox.clone()), Probe::Open)),
            Err(problem) => Box::new(problem),
        };
        if is_about_sign_in(&problem) {
            return Ok((Some(mailbox.clone()), Probe::Closed { problem }));
        }
        if !is_denial(&problem) {
            return Ok((Some(mailbox.clone()), Probe::Unknown { problem }));
        }
        let tried = place + 1;
        ended = (Some(mailbox.clone()), Probe::Denied { problem, tried });
    }
    Ok(ended)
}

/// The password itself was turned away.
const fn is_about_sign_in(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::SignInRefused { .. }
            | Problem::PasswordRefused { .. }
            | Problem::AccountDisabled
            | Problem::PasswordExpired
    )
}

/// Exchange knows who signed in, and says no for this mailbox.
fn is_denial(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::AccessDenied
            | Problem::Forbidden
            | Problem::EwsOffHere
            | Problem::EwsOffEverywhere
            | Problem::MailboxNotFound
    ) || problem.may_take_effect()
}
