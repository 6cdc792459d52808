//! What a server function answers when it cannot do what was asked: data, never a sentence from below.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Messages by field name; the empty name stands for the whole form.
pub type FieldErrors = BTreeMap<String, String>;

/// Every way in which a server function can refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    #[error("not signed in")]
    SignedOut,
    /// Not there, or not for this person: the two look the same from outside.
    #[error("not found")]
    NotYours,
    /// More was sent than a form may hold.
    #[error("too large")]
    TooLarge,
    /// No form of ours sends this.
    #[error("not understood")]
    NotUnderstood,
    /// Something of ours failed; the reference stands in the log beside the cause.
    #[error("internal error {reference}")]
    Internal { reference: String },
    /// Too many ask for the same at this moment; nothing was done.
    #[error("busy, try again in {seconds} seconds")]
    Busy { seconds: u64 },
    /// The browser could not reach Kalends.
    #[error("no connection to Kalends")]
    Unreachable,
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Self::Unreachable,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self::NotUnderstood,
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Serialization(_) => Self::Internal {
                reference: "server-function".to_owned(),
            },
        }
    }
}
