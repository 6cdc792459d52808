//! Links to set a password with, by mail. A link opens an account, so that the text is written down without it; the link
//! itself lies sealed until the mail has left or is given up.

use super::{delivery_error::DeliveryError, mail::Mailer, new_notice::new_notice, words};
use crate::services::Services;
use kalends_core::notice::{Notice, NoticeKind, Recipient};
use kalends_store::User;

/// Stands in the text where the link is.
const HIDDEN: &str = "(not kept: it opens an account)";

/// The mail with somebody's link, to be written down with the link itself; `None` where there is no way to a mail server on
/// which nobody can read it.
pub fn link_mail(services: &Services, admin: &User, user: &User) -> Option<Notice> {
    services.channels.mail().filter(|mail| mail.is_private())?;
    let now = services.clock.now();
    let path = format!("/invitation?link={HIDDEN}");
    let told = words::link(&services.channels, &admin.name, user, &path);
    let recipient = Recipient::mail(&user.email);
    Some(Notice {
        person: Some(user.id),
        ..new_notice(services, NoticeKind::Link, None, recipient, &told, now)
    })
}

/// The text with the link in its place.
pub(super) async fn with_link(
    services: &Services,
    mailer: &Mailer,
    notice: &Notice,
) -> Result<String, DeliveryError> {
    if !mailer.is_private() {
        return Err(DeliveryError::ForGood(
            "the way to the mail server is not private any more; hand the link over yourself"
                .to_owned(),
        ));
    }
    let for_now = |error: &dyn std::fmt::Display| DeliveryError::ForNow(error.to_string());
    let found = match notice.person {
        Some(person) => services.store.link_to_mail(person).await,
        None => Ok(None),
    };
    let link = found.map_err(|error| for_now(&error))?.ok_or_else(|| {
        DeliveryError::ForGood("the link was used, or replaced by a newer one".to_owned())
    })?;
    let token = services.custody().open_link(&link).await;
    let token = token.map_err(|error| for_now(&error))?;
    Ok(notice.body.replace(HIDDEN, token.reveal()))
}
