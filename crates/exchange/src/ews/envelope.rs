//! The SOAP frame: writes a request around one operation and reads an answer up to the operation's own element, or
//! the fault that came instead.

use super::{
    error_response::ErrorResponse,
    mailbox_access::MailboxAccess,
    operation_name::OperationName,
    response_code::ResponseCode,
    xml::{Namespace, StartTag, Xml, XmlError, escaped},
};
use kalends_core::exchange_version::{RequestVersion, ServerBuild};
use kalends_core::{
    mailbox::ConnectingSid,
    problem::{NO_CODE, capped},
};

/// The most values of one `MessageXml` that are kept.
const MAX_VALUES: usize = 20;

/// A whole request. The operation's element is written here, from a name that only [`OperationName`] can hold.
pub fn write(
    version: RequestVersion,
    access: Option<&MailboxAccess>,
    name: OperationName,
    attributes: &str,
    content: &str,
) -> String {
    let impersonation = access
        .and_then(|access| access.connecting_sid.as_ref())
        .map_or_else(String::new, impersonation);
    let (version, name) = (version.as_str(), name.as_str());
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/""#,
            r#" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types""#,
            r#" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">"#,
            r#"<soap:Header><t:RequestServerVersion Version="{}"/>{}</soap:Header>"#,
            "<soap:Body><m:{}{}>{}</m:{}></soap:Body></soap:Envelope>",
        ),
        version, impersonation, name, attributes, content, name
    )
}

fn impersonation(sid: &ConnectingSid) -> String {
    let (element, value) = match sid {
        ConnectingSid::PrimarySmtpAddress(address) => ("PrimarySmtpAddress", address.wire()),
        ConnectingSid::SmtpAddress(address) => ("SmtpAddress", address.wire()),
        ConnectingSid::PrincipalName(name) => ("PrincipalName", name.clone()),
        ConnectingSid::Sid(sid) => ("SID", sid.clone()),
    };
    format!(
        "<t:ExchangeImpersonation><t:ConnectingSID><t:{element}>{}</t:{element}></t:ConnectingSID></t:ExchangeImpersonation>",
        escaped(&value)
    )
}

/// What stands at the head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapResponse<'a> {
    /// From `ServerVersionInfo`, where it stands.
    pub build: Option<ServerBuild>,
    /// What the answer is.
    pub body: SoapBody<'a>,
}

/// The child of `soap:SoapBody`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoapBody<'a> {
    /// Its content is still to be read.
    Operation(StartTag<'a>),
    /// The server refused or failed.
    Fault(ErrorResponse),
}

/// Reads up to the child of `soap:SoapBody`. Header entries are ignored, `mustUnderstand` or not, but for the version.
pub fn open<'a>(xml: &mut Xml<'a>) -> Result<SoapResponse<'a>, XmlError> {
    let root = xml.root()?;
    if !root.is(Namespace::Soap, "Envelope") {
        return Err(XmlError::malformed(match root.name() {
            "Envelope" => "an Envelope of another version of SOAP".to_owned(),
            other => format!("{other} in place of Envelope"),
        }));
    }
    let mut build = None;
    while let Some(tag) = xml.child()? {
        if tag.is(Namespace::Soap, "Header") {
            build = read_header(xml)?;
        } else if tag.is(Namespace::Soap, "Body") {
            let Some(tag) = xml.child()? else {
                return Err(XmlError::malformed("an empty Body"));
            };
            let body = if tag.is(Namespace::Soap, "Fault") {
                SoapBody::Fault(read_fault(xml)?)
            } else {
                SoapBody::Operation(tag)
            };
            return Ok(SoapResponse { build, body });
        } else {
            xml.skip()?;
        }
    }
    Err(XmlError::malformed("no Body"))
}

fn read_header(xml: &mut Xml<'_>) -> Result<Option<ServerBuild>, XmlError> {
    let mut build = None;
    while let Some(tag) = xml.child()? {
        if tag.is(Namespace::Types, "ServerVersionInfo") {
            build = server_build(&tag);
        }
        xml.skip()?;
    }
    Ok(build)
}

fn server_build(tag: &StartTag<'_>) -> Option<ServerBuild> {
    let part = |name| tag.attribute(name).and_then(|text| text.parse().ok());
    Some(ServerBuild {
        major: part("MajorVersion")?,
        minor: part("MinorVersion")?,
        build: part("MajorBuildNumber").unwrap_or(0),
        revision: part("MinorBuildNumber").unwrap_or(0),
    })
}

/// The code comes from the detail; without one, from the faultcode behind its prefix.
fn read_fault(xml: &mut Xml<'_>) -> Result<ErrorResponse, XmlError> {
    let (mut from_code, mut code, mut text) = (None, None, String::new());
    let mut details = ErrorDetails::default();
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "faultcode" => {
                let code = xml.text()?;
                from_code = code.rsplit(':').next().and_then(code_of);
            }
            "faultstring" => {
                let words = xml.text()?;
                details.look_through(&words);
                text = capped(&words);
            }
            "detail" => {
                while let Some(tag) = xml.child()? {
                    match tag.name() {
                        "ResponseCode" if code.is_none() => {
                            code = code_of(&xml.text()?);
                        }
                        name => details.read(xml, name)?,
                    }
                }
            }
            _ => xml.skip()?,
        }
    }
    let code = code.or(from_code);
    let code = code.ok_or_else(|| XmlError::malformed("a fault without a code"))?;
    Ok(details.into_response(code, text, true))
}

/// An element may be there and empty.
fn code_of(text: &str) -> Option<ResponseCode> {
    let code = ResponseCode::from(text);
    (!code.as_str().is_empty()).then_some(code)
}

/// The named values of an element, however deep they stand, and what they say about an error within the error.
#[derive(Debug, Default)]
struct ErrorDetails {
    values: Vec<(String, String)>,
    inner: Option<ResponseCode>,
    /// A code that stands within a text.
    mentioned: Option<ResponseCode>,
}

impl ErrorDetails {
    /// Reads the content of an element called `name`.
    fn read(&mut self, xml: &mut Xml<'_>, name: &str) -> Result<(), XmlError> {
        xml.leaves(name, &mut |name, text| self.take(name, text))
    }

    fn take(&mut self, name: &str, text: &str) {
        let code = ResponseCode::from(text);
        let is_known = ResponseCode::NAMED.contains(&code) && !code.is_a_wrapper();
        if is_known && name.to_ascii_lowercase().ends_with("responsecode") {
            self.inner.get_or_insert(code);
        }
        self.look_through(text);
        if self.values.len() < MAX_VALUES {
            self.values.push((capped(name), capped(text)));
        }
    }

    /// Codes are the same in every language; of those within a text, only one that asks for less work counts.
    fn look_through(&mut self, text: &str) {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let busy = words
            .find(|word| word.starts_with("Error") && ResponseCode::from(*word).is_throttling());
        if let Some(busy) = busy {
            self.mentioned.get_or_insert(ResponseCode::from(busy));
        }
    }

    fn into_response(self, code: ResponseCode, text: String, is_fault: bool) -> ErrorResponse {
        let inner = self.inner.or(self.mentioned);
        ErrorResponse {
            inner: inner.filter(|_| code.is_a_wrapper()),
            code,
            text,
            values: self.values,
            is_fault,
        }
    }
}

/// The part that every response message shares.
#[derive(Debug)]
pub struct MessageHead {
    class: String,
    code: Option<ResponseCode>,
    text: String,
    details: ErrorDetails,
}

impl MessageHead {
    /// From the start of a `…ResponseMessage`.
    pub fn new(message: &StartTag<'_>) -> Self {
        Self {
            class: message.attribute("ResponseClass").unwrap_or_default(),
            code: None,
            text: String::new(),
            details: ErrorDetails::default(),
        }
    }

    /// Reads a child that every message may have; `false`: it is the operation's own and still to be read.
    pub fn take(&mut self, xml: &mut Xml<'_>, tag: &StartTag<'_>) -> Result<bool, XmlError> {
        match tag.name() {
            "MessageText" => {
                let words = xml.text()?;
                self.details.look_through(&words);
                self.text = capped(&words);
            }
            "ResponseCode" => self.code = code_of(&xml.text()?),
            "MessageXml" => self.details.read(xml, tag.name())?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `None` for a success; warnings are failures, since what was asked for was not done.
    pub fn failure(self) -> Option<ErrorResponse> {
        let code = self
            .code
            .unwrap_or_else(|| ResponseCode::Other(NO_CODE.to_owned()));
        let succeeded = self.class == "Success" && code == ResponseCode::NoError;
        (!succeeded).then(|| self.details.into_response(code, self.text, false))
    }
}

/// Enters the first response message of an operation's answer; `None` if there is none.
pub fn first_message<'a>(
    xml: &mut Xml<'a>,
    name: OperationName,
) -> Result<Option<StartTag<'a>>, XmlError> {
    let wanted = format!("{}ResponseMessage", name.as_str());
    while let Some(tag) = xml.child()? {
        if !tag.is(Namespace::Messages, "ResponseMessages") {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            if tag.is(Namespace::Messages, &wanted) {
                return Ok(Some(tag));
            }
            xml.skip()?;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorServerBusy</faultcode><faultstring xml:lang="en-US">The server cannot service this request right now. Try again later.</faultstring>DETAIL</s:Fault></s:Body></s:Envelope>"#;

    fn fault(detail: &str) -> ErrorResponse {
        let text = FAULT.replace("DETAIL", detail);
        let opened = open(&mut Xml::new(&text)).unwrap();
        match opened.body {
            SoapBody::Fault(said) => said,
            SoapBody::Operation(tag) => panic!("{tag:?}"),
        }
    }

    #[test]
    fn a_fault_is_read_with_or_without_its_detail() {
        let full = r#"<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorServerBusy</e:ResponseCode><t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml></detail>"#;
        let said = fault(full);
        assert_eq!(said.code, ResponseCode::ServerBusy);
        assert_eq!(said.value("BackOffMilliseconds"), Some("297749"));
        for detail in ["", "<detail/>"] {
            let said = fault(detail);
            assert_eq!((said.code, said.values), (ResponseCode::ServerBusy, vec![]));
        }
    }

    #[test]
    fn the_version_is_read_and_other_header_entries_are_ignored() {
        let text = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><Action s:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">*</Action><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body><m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"/></s:Body></s:Envelope>"#;
        let opened = open(&mut Xml::new(text)).unwrap();
        assert_eq!(opened.build, "15.2.1748.10".parse().ok());
        let SoapBody::Operation(tag) = opened.body else {
            panic!()
        };
        assert!(tag.is(Namespace::Messages, "GetFolderResponse"));
    }

    #[test]
    fn what_is_no_envelope_is_named() {
        for bad in [
            "<Envelope/>",
            "<a/>",
            "<s:Envelope xmlns:s=\"https://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>",
        ] {
            let result = open(&mut Xml::new(bad));
            assert!(matches!(result, Err(XmlError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn a_request_names_whom_it_impersonates() {
        let access = MailboxAccess::impersonated("bob@example.test".parse().unwrap());
        let text = write(
            RequestVersion::Exchange2013Sp1,
            Some(&access),
            OperationName::GetFolder,
            "",
            "<x/>",
        );
        assert!(text.contains(r#"<soap:Header><t:RequestServerVersion Version="Exchange2013_SP1"/><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></soap:Header><soap:Body><m:GetFolder><x/></m:GetFolder></soap:Body>"#), "{text}");
        let own = MailboxAccess::own("bob@example.test".parse().unwrap());
        let text = write(
            RequestVersion::Exchange2013,
            Some(&own),
            OperationName::FindItem,
            " a=\"b\"",
            "",
        );
        assert!(
            !text.contains("Impersonation") && text.contains("<m:FindItem a=\"b\"></m:FindItem>"),
            "{text}"
        );
    }
}
