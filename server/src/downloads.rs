//! What people take away as files: admins lists, everybody what is stored about them.

use app::{
    AuditWanted, ConnectionsWanted, Words,
    request::{PublicOrigin, USER_KEY},
};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use futures::{StreamExt as _, stream};
use kalends::{
    audit, desk,
    id::{MapId, UserId},
    mapping,
    services::Services,
    store::{Store, StoreError, User},
    table::Table,
};
use tower_sessions::Session;

/// The routes; they stand within the sessions.
pub fn routes(services: Services) -> Router {
    Router::new()
        .route("/organisation/mailboxes/{id}/addresses.csv", get(addresses))
        .route("/audit.csv", get(audit_lines))
        .route("/connections.csv", get(connections))
        .route("/people/links.csv", get(links))
        .route("/profile/stored.json", get(stored))
        .route("/profile/calendar.ics", get(calendar))
        .with_state(services)
}

/// Who asks, if somebody is signed in.
async fn person(store: &Store, session: &Session) -> Option<User> {
    let id: UserId = session.get(USER_KEY).await.ok().flatten()?;
    let user = store.user(id).await.ok().flatten()?;
    Some(user).filter(|user| user.disabled_at.is_none())
}

/// The admin who asks; for everybody else the file is not there, nor for an admin without the second factor that the
/// organisation wants.
async fn admin(store: &Store, session: &Session) -> Option<User> {
    let user = person(store, session).await.filter(User::is_admin)?;
    let is_owed = kalends::factor::is_owed(store, &user).await.unwrap_or(true);
    (!is_owed).then_some(user)
}

/// Everything about the one who asks, and about nobody else.
async fn stored(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
) -> Response {
    let Some(user) = person(&services.store, &session).await else {
        return Redirect::to("/sign-in?next=/profile/stored").into_response();
    };
    match kalends::stored::as_json(&services, &user).await {
        Ok(all) => {
            let text = serde_json::to_string_pretty(&all).unwrap_or_default();
            attachment("application/json", "kalends.json", text.into())
        }
        Err(error) => failed(&error),
    }
}

/// The entries of the one who asks.
async fn calendar(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
) -> Response {
    let Some(user) = person(&services.store, &session).await else {
        return Redirect::to("/sign-in?next=/profile/stored").into_response();
    };
    match kalends::stored::as_icalendar(&services, &user).await {
        Ok(text) => attachment("text/calendar; charset=utf-8", "kalends.ics", text.into()),
        Err(error) => failed(&error),
    }
}

async fn addresses(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Response {
    if admin(&services.store, &session).await.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let map = match id.parse::<MapId>() {
        Ok(id) => services.store.map(id).await,
        Err(_) => Ok(None),
    };
    let map = match map {
        Ok(Some(map)) => map,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(&error),
    };
    let store = services.store.clone();
    let pages = move |offset| {
        let store = store.clone();
        async move { mapping::csv_page(&store, map.id, offset).await }
    };
    csv("mailboxes.csv", 0, pages)
}

/// The list of connections as the page's filter shows it.
async fn connections(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
    Query(wanted): Query<ConnectionsWanted>,
) -> Response {
    if admin(&services.store, &session).await.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let wanted = app::asked_connections(&wanted);
    let store = services.store.clone();
    let pages = move |offset| {
        let (store, wanted) = (store.clone(), wanted.clone());
        async move { desk::csv_page(&store, &wanted, offset).await }
    };
    csv("connections.csv", 0, pages)
}

/// The links that the admin who asks made a moment ago.
async fn links(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
    Extension(PublicOrigin(origin)): Extension<PublicOrigin>,
) -> Response {
    let Some(admin) = admin(&services.store, &session).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = services.clock.now();
    let mut table = Table::default();
    table.line(&["name", "email", "link"]);
    let mut links = services.links.all(admin.id, now);
    // Ids are ordered by when they were made.
    links.sort_by_key(|(id, _)| *id);
    for (id, token) in links {
        match services.store.user(id).await {
            Ok(Some(user)) => {
                let link = format!("{origin}/invitation?link={token}");
                table.line(&[&user.name, user.email.as_str(), &link]);
            }
            Ok(None) => {}
            Err(error) => return failed(&error),
        }
    }
    attachment("text/csv; charset=utf-8", "links.csv", table.bytes().into())
}

/// The lines of the audit trail that the page's filter shows.
async fn audit_lines(
    State(services): State<Services>,
    Extension(session): Extension<Session>,
    Query(wanted): Query<AuditWanted>,
) -> Response {
    let Some(admin) = admin(&services.store, &session).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let words = Words::new(&admin.time_zone, services.clock.now());
    let (filter, _) = app::audit_filter(&wanted, &words);
    let store = services.store.clone();
    let pages = move |before| {
        let (store, filter) = (store.clone(), filter.clone());
        async move { audit::csv_page(&store, &filter, before).await }
    };
    csv("audit.csv", i64::MAX, pages)
}

/// A table in pages, so that a long one is never held as a whole. Whoever packs it may ask again after its end.
fn csv<P, F>(name: &str, first: i64, page: P) -> Response
where
    P: Fn(i64) -> F + Send + 'static,
    F: Future<Output = Result<(Vec<u8>, Option<i64>), StoreError>> + Send,
{
    let lines = stream::unfold((Some(first), page), |(at, page)| async move {
        match page(at?).await {
            Ok((lines, next)) => Some((Ok(lines), (next, page))),
            Err(error) => {
                tracing::error!(%error, "a table could not be written out");
                Some((Err(error), (None, page)))
            }
        }
    });
    attachment(
        "text/csv; charset=utf-8",
        name,
        Body::from_stream(lines.fuse().boxed()),
    )
}

fn attachment(kind: &'static str, name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "a file could not be written out");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
