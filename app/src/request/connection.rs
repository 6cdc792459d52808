//! Connections as several pages need them: found by their id, and told in their reader's words.

use super::{
    answer::{internal, not_there},
    context::services,
    user::may,
};
use crate::{AppError, moment::Formatter};
use kalends::analysis::Analysis;
use kalends_core::{
    advice::{Advice, advice},
    connection::{Connection, ConnectionState, Mode},
    id::{CheckId, ConnectionId},
    problem::Problem,
    rights::Right,
};
use kalends_store::User;

/// How instants and failures are told to somebody.
pub async fn formatter(user: &User) -> Result<Formatter, AppError> {
    let tells_addresses = may(user, Right::NetworkAddresses).await?;
    Ok(Formatter::new(&user.time_zone, services().clock.now())
        .with(user.calendar)
        .telling_addresses(tells_addresses))
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
pub async fn analysis_of(admin: &User, id: &str) -> Result<Analysis, AppError> {
    let found = match id.parse::<CheckId>() {
        Ok(id) => kalends::analysis::read(&services(), id, admin.id).await,
        Err(_) => Ok(None),
    };
    found.map_err(internal)?.ok_or_else(not_there)
}
