//! The frame of a normal answer and of its response messages.
//! It is written in one line, with the prefixes of a real server, in the order of the schema.

use super::{ENVELOPE, MESSAGES, TYPES, fault::ErrorDetail, text::element};
use crate::world::settings::Build;

/// An error of one response message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseError {
    pub code: String,
    pub message: String,
    pub details: Vec<ErrorDetail>,
}

impl ResponseError {
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            details: Vec::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, detail: ErrorDetail) -> Self {
        self.details.push(detail);
        self
    }
}

/// The whole document around the response messages of `operation`.
pub fn answer_document(build: Build, operation: &str, messages: &str) -> String {
    let Build {
        minor,
        major_build,
        minor_build,
        schema,
    } = build;
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{envelope}"><s:Header>"#,
            r#"<h:ServerVersionInfo MajorVersion="15" MinorVersion="{minor}" MajorBuildNumber="{major_build}" MinorBuildNumber="{minor_build}" Version="{schema}" "#,
            r#"xmlns:h="{types}" xmlns="{types}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/></s:Header>"#,
            r#"<s:Body xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">"#,
            r#"<m:{operation}Response xmlns:m="{messages_ns}" xmlns:t="{types}"><m:ResponseMessages>{messages}</m:ResponseMessages></m:{operation}Response></s:Body></s:Envelope>"#
        ),
        envelope = ENVELOPE,
        types = TYPES,
        messages_ns = MESSAGES,
        operation = operation,
        messages = messages,
        minor = minor,
        major_build = major_build,
        minor_build = minor_build,
        schema = schema,
    )
}

/// One response message of class Success.
pub fn success_message(operation: &str, payload: &str) -> String {
    format!(
        r#"<m:{operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>{payload}</m:{operation}ResponseMessage>"#
    )
}

/// One response message of class Error, with the operation's empty container.
pub fn error_message(operation: &str, error: &ResponseError) -> String {
    unsuccessful_message(operation, "Error", error)
}

/// The message of an item that was not processed after an earlier error.
pub fn batch_stopped_message(operation: &str) -> String {
    let error = ResponseError::new(
        "ErrorBatchProcessingStopped",
        "An earlier error stopped the batch.",
    );
    unsuccessful_message(operation, "Warning", &error)
}

fn unsuccessful_message(operation: &str, class: &str, error: &ResponseError) -> String {
    let container = match operation {
        "GetFolder" => "<m:Folders/>",
        "GetItem" => "<m:Items/>",
        _ => "",
    };
    let details = if error.details.is_empty() {
        String::new()
    } else {
        let details: String = error.details.iter().map(ErrorDetail::xml).collect();
        format!("<m:MessageXml>{details}</m:MessageXml>")
    };
    format!(
        r#"<m:{operation}ResponseMessage ResponseClass="{class}">{}{}<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{details}{container}</m:{operation}ResponseMessage>"#,
        element("m:MessageText", &error.message),
        element("m:ResponseCode", &error.code),
    )
}
