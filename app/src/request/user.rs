//! Who asks: a user who is signed in, or one who has a right.

use super::{
    answer::{internal, not_there, see_other, set_status},
    context::{parts, services},
    session::{USER_KEY, session},
};
use crate::AppError;
use axum::http::StatusCode;
use kalends_core::{id::UserId, rights::Right};
use kalends_store::User;

/// A path of our own, safe to send a browser to; anything else is none.
pub fn local_path(next: &str) -> Option<&str> {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/api/")
        && next.len() <= 200
        && next.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    ours.then_some(next)
}

pub async fn user_if_signed_in() -> Result<Option<User>, AppError> {
    let Some(id) = session()?.get::<UserId>(USER_KEY).await.map_err(internal)? else {
        return Ok(None);
    };
    services().store.enabled_user(id).await.map_err(internal)
}

/// Who asks; leads to the sign-in page if nobody is signed in.
pub async fn user() -> Result<User, AppError> {
    if let Some(user) = user_if_signed_in().await? {
        return Ok(user);
    }
    let page = parts().filter(|parts| parts.method == axum::http::Method::GET);
    let next = page
        .and_then(|parts| parts.uri.path_and_query().map(ToString::to_string))
        .unwrap_or_default();
    set_status(StatusCode::UNAUTHORIZED);
    match local_path(&next).filter(|path| *path != "/") {
        Some(path) => see_other(&format!(
            "/sign-in?next={}",
            path.replace('&', "%26").replace('?', "%3F")
        )),
        None => see_other("/sign-in"),
    }
    Err(AppError::SignedOut)
}

/// Who asks, if they have this right; for everybody else the page does not exist. Leads to the security page an admin
/// without the second factor that the organisation wants.
pub async fn user_with(right: Right) -> Result<User, AppError> {
    let user = user().await?;
    if !user.has(right) {
        return Err(not_there());
    }
    if !may(&user, right).await? {
        see_other("/profile/security");
        return Err(AppError::NotYours);
    }
    Ok(user)
}

/// Whether somebody may see or do something; an admin who owes the second factor that the organisation wants may less.
pub async fn may(user: &User, right: Right) -> Result<bool, AppError> {
    let may = kalends::people::two_factor::may(&services().store, user, right).await;
    may.map_err(internal)
}
