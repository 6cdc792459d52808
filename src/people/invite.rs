//! Invitations and new passwords: a link that works once, sealed for whoever made it and for the mail that carries it.

use super::{NewPerson, PeopleError, one_time_links::hash};
use crate::{accounts::custody::CustodyError, notify, services::Services};
use kalends_core::{
    account_name::Password,
    audit::{AuditAction, AuditEntry},
    id::UserId,
    lifetimes::{PASSWORD_LINK, SHOWN_ONCE},
    mailbox::SmtpAddress,
};
use kalends_store::{NewLink, NewUser, Store, StoreError, User, vault::Destination};

/// Refuses addresses that somebody else signs in with: nobody gets a colleague's calendar by a slip.
pub async fn check_theirs(
    store: &Store,
    user: Option<UserId>,
    addresses: &[SmtpAddress],
) -> Result<(), PeopleError> {
    for address in addresses {
        let found = store.user_by_email(address).await?;
        if let Some(other) = found.filter(|found| Some(found.id) != user) {
            return Err(PeopleError::NotTheirs(address.to_string(), other.name));
        }
    }
    Ok(())
}

/// A new link for somebody, sealed; nothing points to it yet.
async fn sealed_link(
    services: &Services,
    admin: &User,
    user_id: UserId,
) -> Result<NewLink, CustodyError> {
    let token = Password::from(services.random.hex::<32>());
    let to = Destination::password_link_of(user_id);
    let now = services.clock.now();
    Ok(NewLink {
        user_id,
        made_by: admin.id,
        token_hash: hash(token.reveal()),
        works_until: now + PASSWORD_LINK,
        secret_id: services.custody().seal(&token, &to).await?,
        shown_until: now + SHOWN_ONCE,
    })
}

/// Adds somebody without a password, with their link and the mail that carries it: all of it or nothing.
pub async fn invite(
    services: &Services,
    admin: &User,
    person: NewPerson,
) -> Result<User, PeopleError> {
    invite_through(&services.store, services, admin, person).await
}

/// As [`invite`]; the person alone is written through this handle of the main database.
pub(super) async fn invite_through(
    store: &Store,
    services: &Services,
    admin: &User,
    person: NewPerson,
) -> Result<User, PeopleError> {
    check_theirs(&services.store, None, &person.addresses).await?;
    let now = services.clock.now();
    let id = UserId::new(now, services.random.bytes());
    let entry = AuditEntry::by(admin.id, AuditAction::PersonInvited).about(person.email.as_str());
    let new = NewUser {
        email: person.email,
        name: person.name,
        role: person.role,
        password_hash: String::new(),
        time_zone: person.time_zone,
    };
    let link = sealed_link(services, admin, id).await?;
    let mail = |user: &User| notify::link_mail(services, admin, user);
    let made = store
        .invite(new, &person.addresses, &link, mail, (&entry, now))
        .await;
    let kept = services.custody().kept(link.secret_id, made).await;
    services.wake_jobs.notify_one();
    kept.map_err(|error| match error {
        CustodyError::Store(StoreError::EmailTaken(email)) => PeopleError::Taken(email),
        CustodyError::Store(error) => error.into(),
        error @ CustodyError::Vault(_) => error.into(),
    })
}

/// Makes a new link for somebody; an older one works no more. Their password, if they have one, works until the link is
/// used.
pub async fn new_link(services: &Services, admin: &User, user: &User) -> Result<(), CustodyError> {
    let custody = services.custody();
    let link = sealed_link(services, admin, user.id).await?;
    let entry = AuditEntry::by(admin.id, AuditAction::LinkMade).about(user.email.as_str());
    let mail = notify::link_mail(services, admin, user);
    let now = services.clock.now();
    let put = services
        .store
        .put_link(&link, mail.as_ref(), (&entry, now))
        .await;
    let released = custody.kept(link.secret_id, put).await?;
    services.wake_jobs.notify_one();
    custody.forget(released.as_slice()).await
}
