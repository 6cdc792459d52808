//! One click: a mailbox connected through the organisation's account, whose password nobody types.

use super::{
    check_run::{failed, finish, may_save, new_check, unsaved},
    recheck::{Patience, test_saved, wait_for_account},
    running,
};
use crate::{
    accounts::{
        permission::{Forbidden, may_connect_through},
        refusals::Sending,
    },
    services::Services,
    sync::while_held,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    check::{Outcome, TestSteps, Typed},
    connection::Mode,
    id::CheckId,
    mailbox::SmtpAddress,
    problem::Problem,
};
use kalends_store::{Account, ConnectedMailbox, StoreError, User};

/// Starts the check of a mailbox through the account that serves its domain, and connects it if the check reaches the
/// end.
pub async fn connect_through(
    services: &Services,
    user: &User,
    mailbox: &SmtpAddress,
) -> Result<CheckId, Forbidden> {
    let account = may_connect_through(services, user, mailbox).await?;
    let place = running::take_place(services, user.id).await?;
    let typed = Typed {
        mailbox: mailbox.to_string(),
        account: account.name.to_string(),
        endpoint: account.endpoint.to_string(),
        ..Typed::default()
    };
    let mut check = new_check(services, user, Mode::Organisation, typed);
    check.account_id = Some(account.id);
    let subject = format!("{mailbox} through {}", account.name);
    let entry = AuditEntry::by(user.id, AuditAction::CheckStarted).about(subject);
    services.store.start_check(&check, &entry).await?;
    let id = check.id;
    services.running.begin(id, place);
    let (services, user, mailbox) = (services.clone(), user.clone(), mailbox.clone());
    services.tasks.clone().spawn(async move {
        let (ladder, outcome) = connect(&services, id, &user, &account, &mailbox).await;
        finish(&services, id, &ladder, &outcome).await;
    });
    Ok(id)
}

async fn connect(
    services: &Services,
    id: CheckId,
    user: &User,
    account: &Account,
    mailbox: &SmtpAddress,
) -> (TestSteps, Outcome) {
    let leased = match wait_for_account(services, account.id, Patience::OfTest).await {
        Ok(leased) => leased,
        Err(problem) => return (TestSteps::held_back(), failed(problem.into())),
    };
    let whose = (Mode::Organisation, mailbox);
    let testing = test_saved(services, id, user, &leased, whose, Sending::Planned);
    let tested = while_held(services, &leased, testing).await;
    if let Err(error) = services.store.release_account(&leased).await {
        tracing::error!(%error, "an account's lease runs out by itself");
    }
    let (ladder, ended) = match tested.unwrap_or(Err(Problem::AccountInUse)) {
        Ok(tested) => tested,
        Err(problem) => return (TestSteps::held_back(), failed(problem.into())),
    };
    let outcome = match ended {
        Some(Ok(_)) if !may_save(services, id).await => Outcome::Cancelled,
        Some(Ok(success)) => {
            let reads = ConnectedMailbox {
                user_id: user.id,
                mailbox: mailbox.clone(),
                folder_id: success.folder.id,
                folder_name: success.folder.display_name,
            };
            let subject = format!("{mailbox} through {}", account.name);
            let entry = AuditEntry::by(user.id, AuditAction::Connected).about(subject);
            match services.custody().attach(account.id, &reads, &entry).await {
                Ok(connection_id) => {
                    services.wake.notify_one();
                    Outcome::Connected {
                        connection_id,
                        proof: success.proof,
                    }
                }
                Err(error) => unsaved(id, &error),
            }
        }
        Some(Err(failure)) => {
            if let Problem::MailboxAlias {
                primary: Some(primary),
            } = &failure.problem
                && let Err(error) = learn_primary(services, user, mailbox, primary).await
            {
                tracing::error!(%error, "a primary address could not be kept");
            }
            failed(failure)
        }
        None => Outcome::Cancelled,
    };
    (ladder, outcome)
}

/// Exchange itself says that somebody's own address is another name of this one: it is theirs too.
async fn learn_primary(
    services: &Services,
    user: &User,
    alias: &SmtpAddress,
    primary: &SmtpAddress,
) -> Result<(), StoreError> {
    let store = &services.store;
    if !store.owns(user.id, alias).await? || store.owns(user.id, primary).await? {
        return Ok(());
    }
    let subject = format!("{primary}, named by Exchange as the primary address of {alias}");
    let entry = AuditEntry::by_kalends(AuditAction::AddressVerified).about(subject);
    let now = services.clock.now();
    store.verify_address(user.id, primary, &entry, now).await
}
