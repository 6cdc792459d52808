//! The control endpoint: plain HTTP and JSON on loopback, for tests and for people who try the product out.
//! The crate's documentation lists its addresses; errors are reported as `{"error": "…"}`.

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

use crate::shared_state::SharedState;

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, shared: Arc<SharedState>, stop: CancellationToken) {
    let routes = Router::new()
        .route("/state", get(state::get_state))
        .route("/mailboxes/{address}/view", get(state::expected_view))
        .route("/accounts/{name}/password", post(change::set_password))
        .route(
            "/accounts/{name}/role",
            post(change::set_impersonation_role),
        )
        .route("/accounts/{name}/unlock", post(change::unlock))
        .route("/accounts/{name}/disabled", post(change::set_disabled))
        .route("/scope", post(change::set_scope))
        .route(
            "/mailboxes/{address}",
            post(change::create_mailbox).delete(change::delete_mailbox),
        )
        .route("/mailboxes/{address}/server", post(change::set_ews_url))
        .route("/mailboxes/{address}/alias", post(change::add_alias))
        .route("/mailboxes/{address}/entries", post(change::add_entry))
        .route(
            "/mailboxes/{address}/entries/{id}",
            put(change::replace_entry).delete(change::delete_entry),
        )
        .route(
            "/fault",
            get(state::list_faults)
                .post(change::plan_fault)
                .delete(change::clear_faults),
        )
        .route("/auth-offer", post(change::set_auth_offer))
        .route("/settings", post(change::change_settings))
        .route("/clock", post(change::set_clock))
        .with_state(shared);
    let served =
        axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        // Connections that tests leave open must not delay the shutdown.
        () = stop.cancelled() => {}
        _ = served => {}
    }
}
