//! The device that a request comes from: a cookie tells those on which somebody has signed in before.

use super::{
    answer::internal,
    context::{client_address, parts, public_origin, services},
};
use crate::AppError;
use axum::http::{HeaderValue, header};
use kalends::people::sign_in::{DeviceToken, Visitor, cookie_name, know_device};
use kalends_core::lifetimes::KNOWN_DEVICE;
use kalends_store::User;
use std::sync::{Arc, Mutex, PoisonError};
use tower_sessions::cookie::{Cookie, SameSite, time};

/// In the extensions of a request: the cookie of a device, for its answer.
#[derive(Debug, Clone, Default)]
pub struct DeviceCookie(Arc<Mutex<Option<HeaderValue>>>);

impl DeviceCookie {
    fn set(&self, value: HeaderValue) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// The header, if somebody has signed in.
    pub fn take(&self) -> Option<HeaderValue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Who asks to be signed in, or gives a password once more.
pub fn visitor() -> Visitor {
    Visitor {
        address: client_address(),
        device: sent(),
    }
}

fn is_https() -> bool {
    public_origin().starts_with("https://")
}

fn sent() -> Option<DeviceToken> {
    let parts = parts()?;
    let lines = parts.headers.get_all(header::COOKIE).into_iter();
    let name = cookie_name(is_https());
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .and_then(|cookie| DeviceToken::parse(cookie.value()))
}

/// Knows the device of somebody who has just signed in.
pub(super) async fn know(user: &User) -> Result<(), AppError> {
    let token = know_device(&services(), user, &visitor()).await;
    let token = token.map_err(internal)?;
    let is_https = is_https();
    let cookie = Cookie::build((cookie_name(is_https), token.reveal()))
        .path("/")
        .secure(is_https)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(time::Duration::try_from(KNOWN_DEVICE).unwrap_or(time::Duration::DAY))
        .build();
    let answer = parts().and_then(|parts| parts.extensions.get::<DeviceCookie>().cloned());
    if let (Some(answer), Ok(value)) = (answer, HeaderValue::from_str(&cookie.to_string())) {
        answer.set(value);
    }
    Ok(())
}
