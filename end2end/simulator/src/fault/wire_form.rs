//! The forms in which an answer is sent on purpose: how its body is encoded, how it breaks off, and how much of a SOAP
//! fault it holds.

use serde::{Deserialize, Serialize};

/// How a body is compressed, and what `Content-Encoding` says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    Gzip,
    /// `deflate` as the standard has it, within zlib.
    Zlib,
    /// `deflate` as some servers send it, without zlib.
    Deflate,
    /// Compressed twice.
    GzipGzip,
    /// Compressed, without a header that says so.
    UntoldGzip,
    /// The header says gzip, but the body is not compressed.
    OnlySaidGzip,
    /// Compressed, and cut off in the middle.
    TornGzip,
    /// A few kilobytes that decompress to 64 MiB.
    Bomb,
    /// A coding that no client knows.
    Unknown,
}

/// How much of a fault is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultShape {
    #[default]
    Full,
    /// An empty `detail`.
    EmptyDetail,
    /// Only `faultcode` and `faultstring`.
    Bare,
    /// All of it, with HTTP status 200.
    Http200,
    /// All of it, with HTTP status 403.
    Http403,
    /// All of it as plain text, with HTTP status 500.
    Plain500,
    /// All of it as plain text, with HTTP status 503.
    Plain503,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// The last chunk never comes.
    #[default]
    Chunked,
    /// `Content-Length` promises more than is sent.
    ContentLength,
}
