//! An answer whose body is read as it comes in, under a limit.

use super::retry_after;
use futures::{Stream, StreamExt as _};
use http::{
    HeaderMap, StatusCode, Version,
    header::{LOCATION, RETRY_AFTER},
};
use hyper::body::Bytes;
use kalends_core::clock::Timestamp;
use std::pin::Pin;

/// The largest answer read where a call names no other limit: 16 MiB.
pub const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Why an answer could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than the caller reads, packed or unpacked.
    #[error("the answer is larger than the limit")]
    TooLarge,
    /// It ended before its end.
    #[error("the connection broke within the answer")]
    CutShort,
    /// By a method that was not offered, or damaged.
    #[error("the answer is packed in a way that cannot be undone")]
    Packed,
}

/// The head of an answer with its body still to be read.
pub struct IncomingResponse {
    /// The status code.
    pub status: StatusCode,
    /// The version of HTTP.
    pub version: Version,
    /// All headers, as they came.
    pub headers: HeaderMap,
    /// When it came.
    pub at: Timestamp,
    /// Unpacked.
    pub body: BodyStream,
}

/// The bytes of an answer as they come in.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

impl IncomingResponse {
    /// Reads what is left and drops it, so that the connection can be used again; gives up at the limit.
    pub async fn drain(mut self) {
        while let Some(Ok(_)) = self.body.next().await {}
    }

    /// Where it sends to, in UTF-8: hosts may stand there with letters beyond ASCII.
    pub fn location(&self) -> Option<&str> {
        let value = self.headers.get(LOCATION)?;
        str::from_utf8(value.as_bytes()).ok()
    }

    /// How long the server asks to be left alone, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        retry_after::seconds(self.header(RETRY_AFTER.as_str())?, self.at)
    }

    /// A header as text; `None` if it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
