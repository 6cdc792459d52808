//! What the handlers of the control endpoint have in common: the state that they are handed, and how the world's
//! refusals become HTTP answers.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{shared::Shared, world::Refused};

/// The extractor of the simulator's state.
pub type Simulation = State<Arc<Shared>>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoMailbox(_) | Self::NoAccount(_) | Self::NoEntry => StatusCode::NOT_FOUND,
            Self::MailboxExists(_) => StatusCode::CONFLICT,
            Self::Draft(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}
