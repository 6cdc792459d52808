//! What people take away as files: admins lists, everybody what is stored about them.

use app::{
    AuditQuery, ConnectionsQuery, Formatter,
    request::{PublicOrigin, USER_KEY},
};
use axum::{
    Extension, Router,
    body::Body,
    extract::{FromRequestParts, Path, Query, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use futures::{StreamExt as _, stream};
use kalends::{
    audit::csv_page,
    mailbox_scope,
    people::{
        one_time_links::{self, PersonsLink},
        two_factor::may,
    },
    reports::connection_list,
    services::Services,
    spreadsheet::CsvTable,
};
use kalends_core::{
    id::{ScopeId, UserId},
    rights::Right,
};
use kalends_store::{StoreError, User};
use tower_sessions::Session;

/// The routes; they stand within the sessions.
pub fn routes(services: Services) -> Router {
    Router::new()
        .route("/organisation/mailboxes/{id}/addresses.csv", get(addresses))
        .route("/audit.csv", get(audit_lines))
        .route("/connections.csv", get(connections))
        .route("/people/links.csv", get(links))
        .route("/profile/data.json", get(stored))
        .route("/profile/calendar.ics", get(calendar))
        .with_state(services)
}

/// Who asks.
struct Person(User);

impl FromRequestParts<Services> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Response> {
        match signed_in(parts, services).await? {
            Some(user) => Ok(Self(user)),
            None => Err(Redirect::to("/sign-in?next=/profile/data").into_response()),
        }
    }
}

/// Who asks, if anybody is signed in; for everybody else the file is not there.
struct SignedIn(User);

impl FromRequestParts<Services> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Response> {
        let user = signed_in(parts, services).await?;
        user.map(Self)
            .ok_or_else(|| StatusCode::NOT_FOUND.into_response())
    }
}

impl SignedIn {
    /// The one who asks, if they have this right; else the file is not there.
    async fn with(self, services: &Services, right: Right) -> Result<User, Response> {
        let may = may(&services.store, &self.0, right).await;
        if may.map_err(|error| failed(&error))? {
            Ok(self.0)
        } else {
            Err(StatusCode::NOT_FOUND.into_response())
        }
    }
}

/// Nobody is signed out by a database that does not answer.
async fn signed_in(parts: &mut Parts, services: &Services) -> Result<Option<User>, Response> {
    let session = Session::from_request_parts(parts, services).await;
    let session = session.map_err(IntoResponse::into_response)?;
    let id = session.get::<UserId>(USER_KEY).await;
    let Some(id) = id.map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let user = services.store.enabled_user(id).await;
    user.map_err(|error| failed(&error))
}

/// Everything about the one who asks, and about nobody else.
async fn stored(Person(user): Person, State(services): State<Services>) -> Response {
    match kalends::reports::data_export::as_json(&services, &user).await {
        Ok(all) => {
            let text = serde_json::to_string_pretty(&all).unwrap_or_default();
            attachment("application/json", "kalends.json", text.into())
        }
        Err(error) => failed(&error),
    }
}

/// The entries of the one who asks.
async fn calendar(Person(user): Person, State(services): State<Services>) -> Response {
    match kalends::reports::data_export::as_icalendar(&services, &user).await {
        Ok(text) => attachment("text/calendar; charset=utf-8", "kalends.ics", text.into()),
        Err(error) => failed(&error),
    }
}

async fn addresses(
    asker: SignedIn,
    State(services): State<Services>,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    asker.with(&services, Right::Accounts).await?;
    let found = match id.parse::<ScopeId>() {
        Ok(id) => services.store.mailbox_scope(id).await,
        Err(_) => Ok(None),
    };
    let found = found.map_err(|error| failed(&error))?;
    let scope = found.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let store = services.store.clone();
    let pages = move |offset| {
        let store = store.clone();
        async move { mailbox_scope::csv_page(&store, scope.id, offset).await }
    };
    Ok(csv("mailboxes.csv", 0, pages))
}

/// The list of connections as the page's filter shows it.
async fn connections(
    asker: SignedIn,
    State(services): State<Services>,
    Query(wanted): Query<ConnectionsQuery>,
) -> Result<Response, Response> {
    asker.with(&services, Right::Connections).await?;
    let wanted = app::asked_connections(&wanted);
    let store = services.store.clone();
    let pages = move |from| {
        let (store, wanted) = (store.clone(), wanted.clone());
        async move {
            let (lines, next) = connection_list::csv_page(&store, &wanted, from).await?;
            Ok((lines, next.map(Some)))
        }
    };
    Ok(csv("connections.csv", None, pages))
}

/// The links that the admin who asks made a moment ago.
async fn links(
    asker: SignedIn,
    State(services): State<Services>,
    Extension(PublicOrigin(origin)): Extension<PublicOrigin>,
) -> Result<Response, Response> {
    let admin = asker.with(&services, Right::People).await?;
    let pages = move |after: Option<UserId>| {
        let (services, origin) = (services.clone(), origin.clone());
        async move {
            let mut table = CsvTable::default();
            if after.is_none() {
                table.line(&["name", "email", "link"]);
            }
            let (links, next) = one_time_links::page(&services, admin.id, after).await?;
            for PersonsLink { name, email, token } in links {
                let link = format!("{origin}/invitation?link={}", token.reveal());
                table.line(&[&name, &email, &link]);
            }
            Ok((table.bytes(), next.map(Some)))
        }
    };
    Ok(csv("links.csv", None, pages))
}

/// The lines of the audit trail that the page's filter shows.
async fn audit_lines(
    asker: SignedIn,
    State(services): State<Services>,
    Query(wanted): Query<AuditQuery>,
) -> Result<Response, Response> {
    let admin = asker.with(&services, Right::AuditTrail).await?;
    let words = Formatter::new(&admin.time_zone, services.clock.now());
    let (filter, _) = app::audit_filter(&wanted, &words);
    let store = services.store.clone();
    let pages = move |before| {
        let (store, filter) = (store.clone(), filter.clone());
        async move { csv_page(&store, &filter, before).await }
    };
    Ok(csv("audit.csv", i64::MAX, pages))
}

/// A table in pages, so that a long one is never held as a whole. Whoever packs it may ask again after its end.
fn csv<T, P, F>(name: &str, first: T, page: P) -> Response
where
    T: Send + 'static,
    P: Fn(T) -> F + Send + 'static,
    F: Future<Output = Result<(Vec<u8>, Option<T>), StoreError>> + Send,
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

fn failed(error: &impl std::fmt::Display) -> Response {
    tracing::error!(%error, "a file could not be written out");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
