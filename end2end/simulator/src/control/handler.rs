//! What the handlers of the control endpoint share: the extractor of the state, and how errors of the world become
//! HTTP answers.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{shared_state::SharedState, world::WorldError};

/// The extractor of the simulator's state.
pub type SimulatorState = State<Arc<SharedState>>;

impl IntoResponse for WorldError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoMailbox(_) | Self::NoAccount(_) | Self::NoEntry => StatusCode::NOT_FOUND,
            Self::MailboxExists(_) => StatusCode::CONFLICT,
            Self::Draft(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}
