//! People as administrators manage them: invited by a link that works once, given a role and addresses, disabled and enabled.

pub mod hashing;
mod import;
mod import_job;
mod invite;
mod new_person;
pub mod one_time_links;
mod recipients;
pub mod setup;
pub mod sign_in;
pub mod two_factor;

pub use import::{MAX_PEOPLE, read_people};
pub(crate) use import_job::import_people;
pub use import_job::{confirm, propose};
pub use invite::{check_theirs, invite, new_link};
pub use new_person::{NewPerson, PeopleError};

use crate::{
    people::{
        hashing::Queue,
        one_time_links::hash,
        sign_in::{
            Entered, PasswordError, Visitor,
            limits::{WrongLinks, count_wrong},
        },
    },
    services::Services,
};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    mailbox::SmtpAddress,
    rights::Role,
};
use kalends_store::User;

/// Deletes what nothing points to any more, such as a link that works no more. What does not go now stays listed, and
/// housekeeping goes on.
async fn forget_listed(services: &Services) {
    if let Err(error) = services.custody().delete_listed().await {
        tracing::error!(%error, "a link that works no more could not be forgotten yet");
    }
}

/// Makes an address one of somebody's own.
pub async fn verify_address(
    services: &Services,
    admin: &User,
    user: &User,
    address: &str,
) -> Result<(), PeopleError> {
    let parsed = address.trim().parse::<SmtpAddress>();
    let address = parsed.map_err(|error| PeopleError::Email(error.to_string()))?;
    let store = &services.store;
    check_theirs(store, Some(user.id), std::slice::from_ref(&address)).await?;
    let subject = format!("{address} of {}", user.email);
    let entry = AuditEntry::by(admin.id, AuditAction::AddressVerified).about(subject);
    let now = services.clock.now();
    store.verify_address(user.id, &address, &entry, now).await?;
    Ok(())
}

/// Whose link this is, if it still works. Wrong ones of an address are limited; one of 256 random bits is never guessed,
/// so a right one is not kept waiting for them.
pub async fn whose_link(
    services: &Services,
    token: &str,
    visitor: &Visitor,
) -> Result<User, PeopleError> {
    let now = services.clock.now();
    let found = services.store.invited(&hash(token), now).await?;
    if let Some(user) = found.filter(|user| user.disabled_at.is_none()) {
        return Ok(user);
    }
    let counted = count_wrong(services, &WrongLinks(visitor.network())).await;
    counted.map_err(PasswordError::from)?;
    Err(PeopleError::Link)
}

/// Sets a password by a link, which works no more then; every session of the person ends. They are signed in with it,
/// unless a second factor is still asked for.
pub async fn accept(
    services: &Services,
    token: &str,
    password: &Password,
    time_zone: &str,
    visitor: &Visitor,
) -> Result<Entered, PeopleError> {
    let user = whose_link(services, token, visitor).await?;
    let password_hash = sign_in::hash_new(&services.hashing, Queue::Anybody, password).await?;
    let needs_code = services.store.second_factor(user.id).await?.is_some();
    let actions: &[AuditAction] = if needs_code {
        &[AuditAction::LinkUsed]
    } else {
        &[AuditAction::LinkUsed, AuditAction::SignedIn]
    };
    let entries: Vec<AuditEntry> = actions
        .iter()
        .map(|action| AuditEntry::by(user.id, *action).about(&visitor.address))
        .collect();
    let is_done = services
        .store
        .use_link(
            &user,
            &hash(token),
            &password_hash,
            time_zone,
            &entries,
            services.clock.now(),
        )
        .await?;
    if !is_done {
        return Err(PeopleError::Link);
    }
    forget_listed(services).await;
    Ok(if needs_code {
        Entered::NeedsCode(user)
    } else {
        Entered::In(user)
    })
}

/// Makes somebody an admin, or no more.
pub async fn set_role(
    services: &Services,
    admin: &User,
    user: &User,
    role: Role,
) -> Result<(), PeopleError> {
    if user.role == role {
        return Ok(());
    }
    let (action, now) = (AuditAction::RoleChanged, services.clock.now());
    let entry = AuditEntry::by(admin.id, action).about(format!(
        "{} is {} now",
        user.email,
        match role {
            Role::Admin => "an administrator",
            Role::Member => "a member",
        }
    ));
    let done = services.store.set_role(user.id, role, &entry, now).await?;
    if done {
        Ok(())
    } else {
        Err(PeopleError::LastAdmin)
    }
}

/// Keeps somebody from signing in, ends their sessions and pauses their connection; or takes all that back.
pub async fn set_disabled(
    services: &Services,
    admin: &User,
    user: &User,
    disabled: bool,
) -> Result<(), PeopleError> {
    let action = if disabled {
        AuditAction::PersonDisabled
    } else {
        AuditAction::PersonEnabled
    };
    let entry = AuditEntry::by(admin.id, action).about(user.email.as_str());
    let now = services.clock.now();
    let done = services
        .store
        .set_disabled(user.id, disabled, &entry, now)
        .await?;
    services.wake.notify_one();
    forget_listed(services).await;
    if done {
        Ok(())
    } else {
        Err(PeopleError::LastAdmin)
    }
}
