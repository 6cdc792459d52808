//! SOAP 1.1 as Exchange speaks it. Requests are read strictly; answers are one line with the prefixes of a real server.
//! Nothing here knows an operation; see [`crate::operation`].

pub mod envelope;
pub mod fault;
pub mod request;
pub mod schema;
pub mod text;

pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
pub const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";
pub const ERRORS: &str = "http://schemas.microsoft.com/exchange/services/2006/errors";
