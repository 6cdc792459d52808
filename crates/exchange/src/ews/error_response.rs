//! What Exchange says where it refuses or fails: the same in a SOAP fault and in a response message.

use super::response_code::ResponseCode;

/// What Exchange said in a fault or a response message that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The code of the message, or of the detail of the fault.
    pub code: ResponseCode,
    /// The error within it, where the code itself says nothing.
    pub inner: Option<ResponseCode>,
    /// The server's words, at most 200 characters; their language varies, so nothing is decided by them.
    pub text: String,
    /// The named values of `MessageXml`, such as `BackOffMilliseconds`.
    pub values: Vec<(String, String)>,
    /// A SOAP fault, not a response message.
    pub is_fault: bool,
}

impl ErrorResponse {
    /// The code that tells what is the matter.
    pub fn specific_code(&self) -> &ResponseCode {
        self.inner.as_ref().unwrap_or(&self.code)
    }

    /// A named value, such as `BackOffMilliseconds`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}
