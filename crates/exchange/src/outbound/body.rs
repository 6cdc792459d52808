//! The body of an answer, as it comes in.

use futures::Stream;
use hyper::body::Bytes;
use std::pin::Pin;

/// The bytes of an answer as they come in.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// Why an answer could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the answer is larger than the limit")]
    TooLarge,
    #[error("the connection broke within the answer")]
    CutShort,
    #[error("the answer is packed in a way that cannot be undone")]
    Packed,
}
