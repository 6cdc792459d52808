//! How checks and connections end: by a person, by a permission that is gone, or with the process.

use super::limits::MAX_DURATION;
use crate::{
    accounts::custody::{CustodyError, Ended},
    services::Services,
};
use kalends_core::{
    audit::{AuditAction, AuditEntry},
    connection::Mode,
    id::CheckId,
};
use kalends_store::{StoreError, User, database::Engine};

/// Asks a running check to stop, whichever instance runs it.
pub async fn cancel(services: &Services, id: CheckId) -> Result<(), StoreError> {
    services.running.cancel(id);
    services.store.cancel_check(id).await
}

/// Ends a user's connection: the copy goes at once, the secret with the last connection that uses it.
pub async fn disconnect(services: &Services, user: &User) -> Result<Option<Ended>, CustodyError> {
    services
        .custody()
        .end(user.id, &AuditEntry::by(user.id, AuditAction::Disconnected))
        .await
}

/// Ends a person's connection, in an admin's name, if nothing allows its mailbox any more.
pub async fn end_if_not_allowed(
    services: &Services,
    admin: &User,
    person: &User,
) -> Result<(), CustodyError> {
    let store = &services.store;
    let Some(connection) = store.connection_of(person.id).await? else {
        return Ok(());
    };
    let mailbox = &connection.mailbox;
    if connection.mode == Mode::Personal
        || store.owns(person.id, mailbox).await?
        || store.is_approved(person.id, mailbox).await?
    {
        return Ok(());
    }
    let entry = AuditEntry::by(admin.id, AuditAction::Disconnected).about(mailbox.as_str());
    services.custody().end(person.id, &entry).await?;
    Ok(())
}

/// At the start: a file has one process, so that what others hold in it is left over. Others may run on a server that
/// instances share: [`crate::services::instance`] looks after them.
pub async fn end_orphans(services: &Services) -> Result<(), StoreError> {
    let now = services.clock.now();
    if services.store.engine() == Engine::Sqlite {
        services.store.forget_other_processes(now).await?;
    }
    end_interrupted(services).await
}

/// Ends checks and analyses whose process is gone.
pub async fn end_interrupted(services: &Services) -> Result<(), StoreError> {
    let now = services.clock.now();
    let before = now - MAX_DURATION;
    services.store.end_interrupted_checks(before, now).await?;
    services.store.end_interrupted_analyses(before, now).await
}
