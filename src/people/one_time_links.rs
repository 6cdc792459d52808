//! Links that were just made, for the admin who made them to read once more: on any instance, for a quarter of an hour.

use crate::services::Services;
use kalends_core::{account_name::Password, id::UserId};
use kalends_store::{OneTimeLink, StoreError};
use sha2::{Digest as _, Sha256};

/// How many are read at a time.
const PAGE: i64 = 100;

/// A link with the person whom it is for.
#[derive(Debug)]
pub struct PersonsLink {
    pub name: String,
    pub email: String,
    pub token: Password,
}

/// What the main database knows a token by.
pub(super) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// The token of a person's link, for the admin who made it a moment ago.
pub async fn read(
    services: &Services,
    user: UserId,
    admin: UserId,
) -> Result<Option<Password>, StoreError> {
    let now = services.clock.now();
    let found = services.store.one_time_link(user, admin, now).await?;
    Ok(match found {
        Some(link) => opened(services, &link).await,
        None => None,
    })
}

/// Whether an admin can still read any that they made.
pub async fn has_any(services: &Services, admin: UserId) -> Result<bool, StoreError> {
    let now = services.clock.now();
    let first = services.store.one_time_links_by(admin, None, 1, now);
    Ok(!first.await?.is_empty())
}

/// Some of those that an admin made a moment ago, after those of one person and before, and where the next begin.
pub async fn page(
    services: &Services,
    admin: UserId,
    after: Option<UserId>,
) -> Result<(Vec<PersonsLink>, Option<UserId>), StoreError> {
    let now = services.clock.now();
    let found = services.store.one_time_links_by(admin, after, PAGE, now);
    let found = found.await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|found| found == PAGE);
    let next = found.last().map(|listed| listed.link.user_id);
    let mut links = Vec::new();
    for listed in found {
        if let Some(token) = opened(services, &listed.link).await {
            links.push(PersonsLink {
                name: listed.name,
                email: listed.email,
                token,
            });
        }
    }
    Ok((links, next.filter(|_| is_full)))
}

/// One that does not open is as good as forgotten: another is made with a click.
async fn opened(services: &Services, link: &OneTimeLink) -> Option<Password> {
    match services.custody().open_link(link).await {
        Ok(token) => Some(token),
        Err(error) => {
            tracing::error!(%error, secret.id = %link.secret_id, "a new link cannot be shown");
            None
        }
    }
}
