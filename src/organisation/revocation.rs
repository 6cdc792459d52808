//! The end of an account: what its password could still do is tried once more, then the password is forgotten and the
//! copies are purged. What was seen stays on record.

use crate::{
    audit::{Action, Entry},
    connect::again,
    custody::CustodyError,
    id::RecordId,
    mailbox::SmtpAddress,
    problem::Problem,
    refusal::SavedGate,
    services::Services,
    store::{Account, Held, Probe, Revocation, User},
};

/// Probes, forgets and purges, in this order; the probe's result does not matter to the rest.
pub async fn end(
    services: &Services,
    admin: &User,
    held: &Held,
) -> Result<Revocation, CustodyError> {
    let account = &held.account;
    let store = &services.store;
    let mailbox = match account.control_mailbox.clone() {
        Some(control) => Some(control),
        None => store.any_mailbox_of(account.id).await?,
    };
    let probe = match &mailbox {
        Some(mailbox) => probe(services, account, mailbox).await?,
        None => Probe::NotTried,
    };
    let now = services.clock.now();
    let subject = format!("{} ({} at {})", account.label, account.name, account.host);
    let entry = Entry::by(admin.id, Action::AccountEnded).about(subject);
    let ended = services.custody().end_account(account.id, &entry).await?;
    services.kept.close(account.id);
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

async fn probe(
    services: &Services,
    account: &Account,
    mailbox: &SmtpAddress,
) -> Result<Probe, CustodyError> {
    let closed = SavedGate::refused_before(&services.store, &services.clock, account).await?;
    if closed {
        return Ok(Probe::RefusedBefore);
    }
    Ok(match again::probe(services, account, mailbox).await {
        Ok(()) => Probe::Open,
        Err(problem) => {
            let is_refusal = matches!(
                problem,
                Problem::SignInRefused { .. }
                    | Problem::PasswordRefused
                    | Problem::AccountDisabled
                    | Problem::PasswordExpired
                    | Problem::AccessDenied
                    | Problem::Forbidden
                    | Problem::EwsOffHere
                    | Problem::EwsOffEverywhere
            ) || problem.may_take_effect();
            let problem = Box::new(problem);
            if is_refusal {
                Probe::Closed { problem }
            } else {
                Probe::Unknown { problem }
            }
        }
    })
}
