//! The saved password of the organisation's account sent once more, for an administrator who does not wait for the next
//! probe: after an outage of the directory it is the right one all along.

use super::{
    check_run::{failed, finish, new_check},
    recheck::{Patience, test_saved, wait_for_account},
    running,
};
use crate::{
    accounts::{permission::Forbidden, refusals::Sending},
    services::Services,
    sync::while_held,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Goal, Outcome, TestSteps, Typed},
    connection::Mode,
    id::CheckId,
    mailbox::SmtpAddress,
    problem::Problem,
};
use kalends_store::{Account, User};

/// Starts the check of a mailbox that the account reaches, unless as many tests of the administrator run as may.
/// `None`: no mailbox is known that the account reaches.
pub async fn send_once_more(
    services: &Services,
    admin: &User,
    account: &Account,
) -> Result<Option<CheckId>, Forbidden> {
    let mailbox = match account.control_mailbox.clone() {
        Some(control) => Some(control),
        None => services.store.mailboxes_read_by(account.id, 1).await?.pop(),
    };
    let Some(mailbox) = mailbox else {
        return Ok(None);
    };
    let place = running::take_place(services, admin.id).await?;
    let typed = Typed {
        mailbox: mailbox.to_string(),
        account: account.name.to_string(),
        endpoint: account.endpoint.to_string(),
        goal: Goal::SendAgain {
            account_id: account.id,
        },
        ..Typed::default()
    };
    let mut check = new_check(services, admin, account.mode, typed);
    check.account_id = Some(account.id);
    let subject = format!(
        "{mailbox} through {}, with the saved password once more",
        account.name
    );
    let entry = AuditEntry::by(admin.id, AuditAction::CheckStarted).about(subject);
    services.store.start_check(&check, &entry).await?;
    let id = check.id;
    services.running.begin(id, place);
    let (services, admin, account) = (services.clone(), admin.clone(), account.clone());
    services.tasks.clone().spawn(async move {
        let (ladder, outcome) = send(&services, id, &admin, &account, &mailbox).await;
        finish(&services, id, &ladder, &outcome).await;
    });
    Ok(Some(id))
}

async fn send(
    services: &Services,
    id: CheckId,
    admin: &User,
    account: &Account,
    mailbox: &SmtpAddress,
) -> (TestSteps, Outcome) {
    let held_back = |problem: Problem| (TestSteps::held_back(), failed(problem.into()));
    let leased = match wait_for_account(services, account.id, Patience::OfTest).await {
        Ok(leased) => leased,
        Err(problem) => return held_back(problem),
    };
    let whose = (Mode::Organisation, mailbox);
    let sending = Sending::once_more(account);
    let testing = test_saved(services, id, admin, &leased, whose, sending);
    let tested = while_held(services, &leased, testing).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    services.wake.notify_one();
    match tested.unwrap_or(Err(Problem::AccountInUse)) {
        Ok((ladder, Some(Ok(_)))) => (
            ladder,
            Outcome::AccountSaved {
                account_id: account.id,
            },
        ),
        Ok((ladder, Some(Err(failure)))) => (ladder, failed(failure)),
        Ok((ladder, None)) => (ladder, Outcome::Cancelled),
        Err(problem) => held_back(problem),
    }
}
