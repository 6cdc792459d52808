//! The SOAP frame: writes a request around one operation and reads an answer up to the operation's own element, or
//! the fault that came instead.

use super::{
    Whose,
    error::ServerSaid,
    operation::OperationName,
    response_code::ResponseCode,
    version::{RequestVersion, ServerBuild},
    xml::{Namespace, Tag, Xml, XmlError, escaped},
};
use crate::{mailbox::ConnectingSid, problem::capped};

/// The most values of one `MessageXml` that are kept.
const MAX_VALUES: usize = 20;

/// A whole request. The operation's element is written here, from a name that only [`OperationName`] can hold.
pub fn write(
    version: RequestVersion,
    whose: Option<&Whose>,
    name: OperationName,
    attributes: &str,
    content: &str,
) -> String {
    let impersonation = whose
        .and_then(|whose| whose.connecting_sid.as_ref())
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
        ConnectingSid::PrimarySmtpAddress(address) => ("PrimarySmtpAddress", address.as_str()),
        ConnectingSid::SmtpAddress(address) => ("SmtpAddress", address.as_str()),
        ConnectingSid::PrincipalName(name) => ("PrincipalName", name.as_str()),
        ConnectingSid::Sid(sid) => ("SID", sid.as_str()),
    };
    format!(
        "<t:ExchangeImpersonation><t:ConnectingSID><t:{element}>{}</t:{element}></t:ConnectingSID></t:ExchangeImpersonation>",
        escaped(value)
    )
}

/// What stands at the head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub build: Option<ServerBuild>,
    pub body: Body,
}

/// The child of `soap:Body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Its content is still to be read.
    Operation(Tag),
    Fault(ServerSaid),
}

/// Reads up to the child of `soap:Body`. Header entries are ignored, `mustUnderstand` or not, but for the version.
pub async fn open(xml: &mut Xml) -> Result<Opened, XmlError> {
    let root = xml.root().await?;
    if !root.is(Namespace::Soap, "Envelope") {
        return Err(XmlError::malformed(format!(
            "{} in place of Envelope",
            root.name
        )));
    }
    let mut build = None;
    while let Some(tag) = xml.child().await? {
        if tag.is(Namespace::Soap, "Header") {
            build = read_header(xml).await?;
        } else if tag.is(Namespace::Soap, "Body") {
            let Some(tag) = xml.child().await? else {
                return Err(XmlError::malformed("an empty Body"));
            };
            let body = if tag.is(Namespace::Soap, "Fault") {
                Body::Fault(read_fault(xml).await?)
            } else {
                Body::Operation(tag)
            };
            return Ok(Opened { build, body });
        } else {
            xml.skip().await?;
        }
    }
    Err(XmlError::malformed("no Body"))
}

async fn read_header(xml: &mut Xml) -> Result<Option<ServerBuild>, XmlError> {
    let mut build = None;
    while let Some(tag) = xml.child().await? {
        if tag.is(Namespace::Types, "ServerVersionInfo") {
            build = server_build(&tag);
        }
        xml.skip().await?;
    }
    Ok(build)
}

fn server_build(tag: &Tag) -> Option<ServerBuild> {
    let part = |name| tag.attribute(name).and_then(|text| text.parse().ok());
    Some(ServerBuild {
        major: part("MajorVersion")?,
        minor: part("MinorVersion")?,
        build: part("MajorBuildNumber").unwrap_or(0),
        revision: part("MinorBuildNumber").unwrap_or(0),
    })
}

/// The code comes from the detail; without one, from the faultcode behind its prefix.
async fn read_fault(xml: &mut Xml) -> Result<ServerSaid, XmlError> {
    let (mut from_code, mut detail, mut text, mut values) = (None, None, String::new(), Vec::new());
    while let Some(tag) = xml.child().await? {
        match tag.name.as_str() {
            "faultcode" => {
                let code = xml.text().await?;
                from_code = code.rsplit(':').next().map(ResponseCode::from);
            }
            "faultstring" => text = capped(&xml.text().await?),
            "detail" => {
                while let Some(tag) = xml.child().await? {
                    match tag.name.as_str() {
                        "ResponseCode" => {
                            detail = Some(ResponseCode::from(xml.text().await?.as_str()));
                        }
                        "MessageXml" => read_values(xml, &mut values).await?,
                        _ => xml.skip().await?,
                    }
                }
            }
            _ => xml.skip().await?,
        }
    }
    let code = detail.or(from_code);
    Ok(ServerSaid {
        code: code.ok_or_else(|| XmlError::malformed("a fault without a code"))?,
        text,
        values,
        is_fault: true,
    })
}

async fn read_values(xml: &mut Xml, values: &mut Vec<(String, String)>) -> Result<(), XmlError> {
    while let Some(tag) = xml.child().await? {
        let name = tag.attribute("Name").unwrap_or(&tag.name).to_owned();
        let value = capped(&xml.text().await?);
        if values.len() < MAX_VALUES {
            values.push((capped(&name), value));
        }
    }
    Ok(())
}

/// The part that every response message shares.
#[derive(Debug)]
pub struct MessageHead {
    class: String,
    code: Option<ResponseCode>,
    text: String,
    values: Vec<(String, String)>,
}

impl MessageHead {
    /// From the start of a `…ResponseMessage`.
    pub fn new(message: &Tag) -> Self {
        Self {
            class: message
                .attribute("ResponseClass")
                .unwrap_or_default()
                .to_owned(),
            code: None,
            text: String::new(),
            values: Vec::new(),
        }
    }

    /// Reads a child that every message may have; `false`: it is the operation's own and still to be read.
    pub async fn take(&mut self, xml: &mut Xml, tag: &Tag) -> Result<bool, XmlError> {
        match tag.name.as_str() {
            "MessageText" => self.text = capped(&xml.text().await?),
            "ResponseCode" => self.code = Some(ResponseCode::from(xml.text().await?.as_str())),
            "MessageXml" => read_values(xml, &mut self.values).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `None` for a success; warnings are failures, since what was asked for was not done.
    pub fn failure(self) -> Option<ServerSaid> {
        let code = self
            .code
            .unwrap_or_else(|| ResponseCode::Other("missing".to_owned()));
        let succeeded = self.class == "Success" && code == ResponseCode::NoError;
        (!succeeded).then_some(ServerSaid {
            code,
            text: self.text,
            values: self.values,
            is_fault: false,
        })
    }
}

/// Enters the first response message of an operation's answer; `None` if there is none.
pub async fn first_message(xml: &mut Xml, name: OperationName) -> Result<Option<Tag>, XmlError> {
    let wanted = format!("{}ResponseMessage", name.as_str());
    while let Some(tag) = xml.child().await? {
        if !tag.is(Namespace::Messages, "ResponseMessages") {
            xml.skip().await?;
            continue;
        }
        while let Some(tag) = xml.child().await? {
            if tag.is(Namespace::Messages, &wanted) {
                return Ok(Some(tag));
            }
            xml.skip().await?;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ews::xml::from_text;

    const FAULT: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:a="http://schemas.microsoft.com/exchange/services/2006/types">a:ErrorServerBusy</faultcode><faultstring xml:lang="en-US">The server cannot service this request right now. Try again later.</faultstring>DETAIL</s:Fault></s:Body></s:Envelope>"#;

    async fn fault(detail: &str) -> ServerSaid {
        let text = FAULT.replace("DETAIL", detail);
        let opened = open(&mut from_text(&text, 11)).await.unwrap();
        match opened.body {
            Body::Fault(said) => said,
            Body::Operation(tag) => panic!("{tag:?}"),
        }
    }

    #[tokio::test]
    async fn a_fault_is_read_with_or_without_its_detail() {
        let full = r#"<detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">ErrorServerBusy</e:ResponseCode><t:MessageXml xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml></detail>"#;
        let said = fault(full).await;
        assert_eq!(said.code, ResponseCode::ServerBusy);
        assert_eq!(said.value("BackOffMilliseconds"), Some("297749"));
        for detail in ["", "<detail/>"] {
            let said = fault(detail).await;
            assert_eq!((said.code, said.values), (ResponseCode::ServerBusy, vec![]));
        }
    }

    #[tokio::test]
    async fn the_version_is_read_and_other_header_entries_are_ignored() {
        let text = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><Action s:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">*</Action><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body><m:GetFolderResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"/></s:Body></s:Envelope>"#;
        let opened = open(&mut from_text(text, 5)).await.unwrap();
        assert_eq!(opened.build, "15.2.1748.10".parse().ok());
        let Body::Operation(tag) = opened.body else {
            panic!()
        };
        assert!(tag.is(Namespace::Messages, "GetFolderResponse"));
    }

    #[tokio::test]
    async fn what_is_no_envelope_is_named() {
        for bad in [
            "<Envelope/>",
            "<a/>",
            "<s:Envelope xmlns:s=\"https://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>",
        ] {
            let result = open(&mut from_text(bad, 100)).await;
            assert!(matches!(result, Err(XmlError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn a_request_names_whom_it_impersonates() {
        let whose = Whose::impersonated("bob@example.test".parse().unwrap());
        let text = write(
            RequestVersion::Exchange2013Sp1,
            Some(&whose),
            OperationName::GetFolder,
            "",
            "<x/>",
        );
        assert!(text.contains(r#"<soap:Header><t:RequestServerVersion Version="Exchange2013_SP1"/><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></soap:Header><soap:Body><m:GetFolder><x/></m:GetFolder></soap:Body>"#), "{text}");
        let own = Whose::own("bob@example.test".parse().unwrap());
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
