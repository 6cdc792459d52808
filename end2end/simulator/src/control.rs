//! The control endpoint: plain HTTP and JSON on loopback, for tests and for people who practise.
//! The crate's documentation lists its addresses; what the world refuses is told as `{"error": "…"}`.

mod change;
mod handler;
mod state;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post, put},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let routes = Router::new()
        .route("/state", get(state::state))
        .route("/mailboxes/{address}/view", get(state::view))
        .route("/accounts/{name}/password", post(change::password))
        .route("/accounts/{name}/role", post(change::role))
        .route("/accounts/{name}/unlock", post(change::unlock))
        .route("/accounts/{name}/disabled", post(change::disabled))
        .route("/scope", post(change::scope))
        .route(
            "/mailboxes/{address}",
            post(change::create_mailbox).delete(change::delete_mailbox),
        )
        .route("/mailboxes/{address}/server", post(change::server))
        .route("/mailboxes/{address}/alias", post(change::alias))
        .route("/mailboxes/{address}/entries", post(change::add_entry))
        .route(
            "/mailboxes/{address}/entries/{id}",
            put(change::replace_entry).delete(change::delete_entry),
        )
        .route(
            "/fault",
            get(state::faults)
                .post(change::plan_fault)
                .delete(change::clear_faults),
        )
        .route("/auth-offer", post(change::auth_offer))
        .route("/settings", post(change::settings))
        .route("/clock", post(change::clock))
        .with_state(shared);
    let served =
        axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        // Open connections of tests must not hold up the end.
        () = stop.cancelled() => {}
        _ = served => {}
    }
}
