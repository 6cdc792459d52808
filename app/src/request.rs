//! What server functions need of the request they answer: who asks, in which session, and how to send them on.

mod checks;
mod device;
mod session;

pub use checks::{check_for, check_view, fix, form_of};
pub use device::{DeviceCookie, visitor};
pub use session::{
    AWAITED_KEY, DEVICE_KEY, USER_KEY, await_code, awaited, chosen, end_all_sessions,
    end_other_sessions, end_session, flash, imported, keep_chosen, keep_imported, may_see_kit,
    show_kit, start_session, take_flash, this_session,
};

use crate::{AppError, component::Question, draft::FormDraft, moment::Formatter};
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use kalends::{analysis::Analysis, people::hashing::HashingBusy, services::Services};
use kalends_core::{
    advice::{Advice, advice},
    connection::{Connection, ConnectionState, Mode},
    id::{CheckId, ConnectionId, UserId},
    problem::Problem,
};
use kalends_store::User;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use session::session;
use std::fmt::Display;

/// Scheme, host and port under which people open Kalends; in the context of every page.
#[derive(Debug, Clone)]
pub struct PublicOrigin(pub String);

/// In the extensions of a request for a page that tells why a form failed.
#[derive(Debug, Clone)]
pub struct FailedForm(pub AppError);

/// Why the form failed whose page this is; a page that is not there otherwise.
pub fn failure() -> AppError {
    let error = parts()
        .and_then(|parts| parts.extensions.get::<FailedForm>().cloned())
        .map_or(AppError::NotYours, |FailedForm(error)| error);
    set_status(status_of(&error));
    if let AppError::Busy { seconds } = error {
        retry_after(seconds);
    }
    error
}

/// The HTTP status that stands for a refusal.
pub const fn status_of(error: &AppError) -> StatusCode {
    match error {
        AppError::SignedOut => StatusCode::UNAUTHORIZED,
        AppError::NotYours => StatusCode::NOT_FOUND,
        AppError::NotUnderstood => StatusCode::BAD_REQUEST,
        AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        AppError::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        AppError::Unreachable | AppError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The address that a request came from, as far as the proxies in between are trusted.
#[derive(Debug, Clone)]
pub struct ClientAddress(pub String);

/// The id of a request in the log and in the header of its answer.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

pub fn services() -> Services {
    expect_context()
}

fn parts() -> Option<Parts> {
    use_context()
}

pub fn client_address() -> String {
    parts()
        .and_then(|parts| {
            parts
                .extensions
                .get::<ClientAddress>()
                .map(|address| address.0.clone())
        })
        .unwrap_or_default()
}

/// What the browser says it is.
fn client_agent() -> String {
    parts()
        .and_then(|parts| {
            let agent = parts.headers.get(header::USER_AGENT)?;
            Some(agent.to_str().ok()?.chars().take(500).collect())
        })
        .unwrap_or_default()
}

/// Whether a browser posted the form itself, without script.
pub fn is_plain() -> bool {
    parts().is_some_and(|parts| {
        parts
            .headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.contains("text/html"))
    })
}

/// Logs what went wrong under a reference and shows people only the reference.
pub fn internal(error: impl Display) -> AppError {
    let reference = services().random.hex::<5>();
    // Parts of a page are loaded outside the request's span.
    let id = parts().and_then(|parts| parts.extensions.get::<RequestId>().cloned());
    let id = id.map(|RequestId(id)| id);
    tracing::error!(request.id = id, %reference, %error, "a request could not be answered");
    set_status(StatusCode::INTERNAL_SERVER_ERROR);
    AppError::Internal { reference }
}

/// Tells people, and programs by `Retry-After`, to come again in a moment.
pub fn busy(told: HashingBusy) -> AppError {
    let seconds = told.retry_after.as_secs();
    set_status(StatusCode::SERVICE_UNAVAILABLE);
    retry_after(seconds);
    AppError::Busy { seconds }
}

fn retry_after(seconds: u64) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(header::RETRY_AFTER, seconds.into());
    }
}

/// Sends the browser on with 303 after a form, or with a redirect while a page is rendered.
pub fn see_other(path: &str) {
    leptos_axum::redirect(path);
    // Pages are asked for with GET, whatever the asker says it accepts.
    let is_page = parts().is_some_and(|parts| parts.method == axum::http::Method::GET);
    if let (true, Some(response)) = (is_plain() || is_page, use_context::<ResponseOptions>()) {
        response.set_status(StatusCode::SEE_OTHER);
        if let Ok(value) = HeaderValue::from_str(path) {
            response.insert_header(header::LOCATION, value);
        }
    }
}

pub fn set_not_found() {
    set_status(StatusCode::NOT_FOUND);
}

/// Lets the browser load the page again after so many seconds.
pub fn look_again_in(seconds: u32) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.insert_header(header::REFRESH, seconds.into());
    }
}

pub fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

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
    let user = services().store.user(id).await.map_err(internal)?;
    Ok(user.filter(|user| user.disabled_at.is_none()))
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

/// The admin who asks; for everybody else the page does not exist. Leads to the security page an admin without the
/// second factor that the organisation wants.
pub async fn admin() -> Result<User, AppError> {
    let user = user().await?;
    if !user.is_admin() {
        return Err(not_there());
    }
    if !acts_as_admin(&user).await? {
        see_other("/profile/security");
        return Err(AppError::NotYours);
    }
    Ok(user)
}

/// Whether somebody may see and do what admins may: one who owes the second factor that the organisation wants may not.
pub async fn acts_as_admin(user: &User) -> Result<bool, AppError> {
    let owed = kalends::people::two_factor::is_owed(&services().store, user).await;
    Ok(user.is_admin() && !owed.map_err(internal)?)
}

/// Keeps a form until its page is shown again; how long it may be, the limit of a request's body decides. Of somebody
/// who is not signed in little is kept: anybody may leave it behind.
pub async fn keep_draft(form: &str, draft: FormDraft) -> Result<(), AppError> {
    let session = session()?;
    let is_known = session.get_value(USER_KEY).await.map_err(internal)?;
    let draft = if is_known.is_some() {
        draft
    } else {
        draft.cut()
    };
    session
        .insert(&format!("draft-{form}"), draft)
        .await
        .map_err(internal)
}

pub async fn take_draft(form: &str) -> Result<FormDraft, AppError> {
    let key = format!("draft-{form}");
    let session = session()?;
    if session.get_value(&key).await.map_err(internal)?.is_none() {
        return Ok(FormDraft::default());
    }
    Ok(session
        .remove::<FormDraft>(&key)
        .await
        .map_err(internal)?
        .unwrap_or_default())
}

/// A kept form as it stands, left where it is.
pub async fn look_at_draft(form: &str) -> Result<FormDraft, AppError> {
    let kept = session()?.get::<FormDraft>(&format!("draft-{form}")).await;
    Ok(kept.map_err(internal)?.unwrap_or_default())
}

/// Asks once, where a form stands, before something is lost.
pub async fn keep_question(form: &str, question: Question) -> Result<(), AppError> {
    session()?
        .insert(&format!("question-{form}"), question)
        .await
        .map_err(internal)
}

pub async fn take_question(form: &str) -> Result<Option<Question>, AppError> {
    let taken = session()?.remove(&format!("question-{form}")).await;
    taken.map_err(internal)
}

/// Where people reach this Kalends, such as `https://kalends.example.com`.
pub fn public_origin() -> String {
    use_context::<PublicOrigin>().map_or_else(String::new, |PublicOrigin(origin)| origin)
}

pub fn words(user: &User) -> Formatter {
    Formatter::new(&user.time_zone, services().clock.now())
        .with(user.calendar)
        .for_admin(user.is_admin())
}

pub const fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Organisation => "organisation’s account",
        Mode::ServiceAccount => "service account",
        Mode::Personal => "personal account",
    }
}

/// What holds a connection up now: problems stay on record while it is paused, and the pause is what counts then.
pub fn advice_for(connection: &Connection, words: &Formatter) -> Option<Advice> {
    let is_paused = connection.state == ConnectionState::Paused;
    let problem = if is_paused {
        Some(&Problem::AccountPaused)
    } else {
        connection.problem.as_ref()
    };
    let names = connection.names(Some(words.utc_offset()));
    let names = names.telling_addresses(words.tells_addresses);
    problem.map(|problem| advice(problem, &names))
}

pub async fn connection_by_id(id: &str) -> Result<Connection, AppError> {
    let found = match id.parse::<ConnectionId>() {
        Ok(id) => services().store.connection(id).await.map_err(internal)?,
        Err(_) => None,
    };
    found.ok_or_else(not_there)
}

/// Warnings of certificates that end soon, of one host or of all in use.
pub async fn ending_certificates(host: Option<&str>) -> Result<Vec<String>, AppError> {
    let services = services();
    let by = services.clock.now() + kalends_core::problem::ENDS_SOON;
    let found = services.store.certificates_ending(by).await;
    Ok(found
        .map_err(internal)?
        .iter()
        .filter(|ending| host.is_none_or(|host| ending.host == host))
        .map(|ending| kalends_core::advice::ending_certificate(&ending.host, &ending.certificate))
        .collect())
}

/// An admin's own analysis.
pub fn analysis_of(admin: &User, id: &str) -> Result<Analysis, AppError> {
    let found = id
        .parse::<CheckId>()
        .ok()
        .and_then(|id| services().analyses.get(id, admin));
    found.ok_or_else(not_there)
}

/// A text as an address that downloads it.
pub fn as_data(text: &str) -> String {
    let text = crate::percent::encoded(text);
    format!("data:text/plain;charset=utf-8,{text}")
}

/// Tells that there is no such thing, or not for who asks.
pub fn not_there() -> AppError {
    set_not_found();
    AppError::NotYours
}
