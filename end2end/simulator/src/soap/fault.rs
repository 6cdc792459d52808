//! SOAP faults: errors of the whole request, sent with HTTP status 500.
//! A fault can be sent with less detail, as proxies and old servers do.

use super::{ENVELOPE, ERRORS, TYPES, text::escape};
use crate::fault::FaultShape;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapFault {
    pub code: String,
    pub message: String,
    /// The element `faultstring` when it says more than the message.
    pub reason: Option<String>,
    pub details: Vec<ErrorDetail>,
    /// Version faults carry an addressing header.
    pub action: bool,
}

/// One child of `MessageXml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorDetail {
    /// `<t:Value Name="…">`
    Value(String, String),
    /// An element of its own, such as `t:LineNumber`.
    Element(&'static str, String),
    /// Other details within an element of their own.
    Nested(&'static str, Vec<ErrorDetail>),
}

impl ErrorDetail {
    pub fn xml(&self) -> String {
        match self {
            Self::Value(name, text) => {
                format!(r#"<t:Value Name="{name}">{}</t:Value>"#, escape(text))
            }
            Self::Element(name, text) => format!("<t:{name}>{}</t:{name}>", escape(text)),
            Self::Nested(name, details) => {
                let inner: String = details.iter().map(Self::xml).collect();
                format!("<t:{name}>{inner}</t:{name}>")
            }
        }
    }
}

impl SoapFault {
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
            reason: None,
            details: Vec::new(),
            action: false,
        }
    }

    #[must_use]
    pub fn with(mut self, detail: ErrorDetail) -> Self {
        self.details.push(detail);
        self
    }

    /// The body is not what the schema asks for.
    pub fn schema(line: u32, position: u32, violation: &str) -> Self {
        let mut fault = Self::new(
            "ErrorSchemaValidation",
            "The request failed schema validation.",
        )
        .with(ErrorDetail::Element("LineNumber", line.to_string()))
        .with(ErrorDetail::Element("LinePosition", position.to_string()))
        .with(ErrorDetail::Element("Violation", violation.to_owned()));
        fault.reason = Some(format!("The request failed schema validation: {violation}"));
        fault
    }

    /// The whole document.
    pub fn xml(&self, shape: FaultShape) -> String {
        let header = if self.action {
            r#"<s:Header><Action s:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">*</Action></s:Header>"#
        } else {
            ""
        };
        let code = escape(&self.code);
        let message = escape(&self.message);
        let reason = self.reason.as_deref().map_or(message.clone(), escape);
        let detail = match shape {
            FaultShape::Bare => String::new(),
            FaultShape::EmptyDetail => "<detail/>".to_owned(),
            _ => format!(
                r#"<detail><e:ResponseCode xmlns:e="{ERRORS}">{code}</e:ResponseCode><e:Message xmlns:e="{ERRORS}">{message}</e:Message>{}</detail>"#,
                self.message_xml()
            ),
        };
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{ENVELOPE}">{header}<s:Body><s:Fault><faultcode xmlns:a="{TYPES}">a:{code}</faultcode><faultstring xml:lang="en-US">{reason}</faultstring>{detail}</s:Fault></s:Body></s:Envelope>"#
        )
    }

    fn message_xml(&self) -> String {
        if self.details.is_empty() {
            return String::new();
        }
        let details: String = self.details.iter().map(ErrorDetail::xml).collect();
        format!(r#"<t:MessageXml xmlns:t="{TYPES}">{details}</t:MessageXml>"#)
    }
}
