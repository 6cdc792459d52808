//! The plain XML ("POX") form of Autodiscover: what is asked and what is made of the answer. Elements are told by
//! local name, since error blocks come in another namespace than settings.

use super::reply::{AutodiscoverReply, host_of};
use crate::ews::xml::{Xml, XmlError, escaped};
use kalends_core::{endpoint::EwsUrl, mailbox::SmtpAddress};

pub(super) const PATH: &str = "/autodiscover/autodiscover.xml";

/// The request about one mailbox.
pub(super) fn request(mailbox: &SmtpAddress) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>"#,
            "<EMailAddress>{}</EMailAddress>",
            "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>",
            "</Request></Autodiscover>"
        ),
        escaped(&mailbox.wire())
    )
}

/// The protocols that carry an EWS address, the best for a caller from outside first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Expr,
    Exhttp,
    Web,
    Exch,
}

/// Reads an answer.
pub(super) fn read(xml: &mut Xml<'_>) -> Result<AutodiscoverReply, XmlError> {
    let root = xml.root()?;
    if root.name() != "Autodiscover" {
        return Err(XmlError::malformed(format!(
            "{} in place of Autodiscover",
            root.name()
        )));
    }
    while let Some(tag) = xml.child()? {
        if tag.name() != "Response" {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "Error" => return read_error(xml),
                "Account" => return read_account(xml),
                _ => xml.skip()?,
            }
        }
    }
    Err(XmlError::malformed("Autodiscover without an answer"))
}

fn read_error(xml: &mut Xml<'_>) -> Result<AutodiscoverReply, XmlError> {
    let mut code = String::new();
    while let Some(tag) = xml.child()? {
        if tag.name() == "ErrorCode" {
            code = xml
                .text()?
                .chars()
                .filter(char::is_ascii_digit)
                .take(10)
                .collect();
        } else {
            xml.skip()?;
        }
    }
    Ok(match code.as_str() {
        // 500, 404 with servers of others: the address is not known here; 501: it is no address.
        "404" | "500" | "501" => AutodiscoverReply::UnknownMailbox,
        _ => AutodiscoverReply::Error { code },
    })
}

fn read_account(xml: &mut Xml<'_>) -> Result<AutodiscoverReply, XmlError> {
    let (mut urls, mut is_online, mut redirect) = (Vec::new(), false, None);
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "MicrosoftOnline" => is_online = xml.text()?.trim().eq_ignore_ascii_case("true"),
            "RedirectAddr" => {
                let address = xml.text()?.parse().ok();
                redirect = address.map(AutodiscoverReply::RedirectAddress).or(redirect);
            }
            "RedirectUrl" => {
                let host = host_of(&xml.text()?);
                redirect = host.map(AutodiscoverReply::RedirectHost).or(redirect);
            }
            "Protocol" => urls.extend(read_protocol(xml)?),
            _ => xml.skip()?,
        }
    }
    if let Some(redirect) = redirect {
        return Ok(redirect);
    }
    urls.sort_by_key(|(rank, _)| *rank);
    let url = urls.into_iter().next().map(|(_, url)| url);
    Ok(AutodiscoverReply::Settings { url, is_online })
}

/// One protocol: its own EWS address, or for WEB the one of the external protocol within.
fn read_protocol(xml: &mut Xml<'_>) -> Result<Option<(Rank, EwsUrl)>, XmlError> {
    let (mut kind, mut ews, mut availability, mut external) = (String::new(), None, None, None);
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "Type" => kind = xml.text()?.into_owned(),
            "EwsUrl" => ews = xml.text()?.parse().ok(),
            "ASUrl" => availability = xml.text()?.parse().ok(),
            "External" => external = read_external(xml)?,
            _ => xml.skip()?,
        }
    }
    let own = ews.or(availability);
    Ok(match kind.trim() {
        "EXPR" => own.map(|url| (Rank::Expr, url)),
        "EXHTTP" => own.map(|url| (Rank::Exhttp, url)),
        "WEB" => external.map(|url| (Rank::Web, url)),
        "EXCH" => own.map(|url| (Rank::Exch, url)),
        _ => None,
    })
}

fn read_external(xml: &mut Xml<'_>) -> Result<Option<EwsUrl>, XmlError> {
    let mut found = None;
    while let Some(tag) = xml.child()? {
        if tag.name() != "Protocol" {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            if tag.name() == "ASUrl" {
                let url: Option<EwsUrl> = xml.text()?.parse().ok();
                found = found.or(url);
            } else {
                xml.skip()?;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(inner: &str) -> AutodiscoverReply {
        let text = format!(
            r#"<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><User><DisplayName>Bob</DisplayName></User><Account>{inner}</Account></Response></Autodiscover>"#
        );
        read(&mut Xml::new(&text)).unwrap()
    }

    const EXCH: &str = "<Protocol><Type>EXCH</Type><ASUrl>https://ex01.int.example.test/EWS/Exchange.asmx</ASUrl><EwsUrl>https://ex01.int.example.test/EWS/Exchange.asmx</EwsUrl></Protocol>";
    const EXPR: &str = "<Protocol><Type>EXPR</Type><Server>mail.example.test</Server><ASUrl>https://mail.example.test/EWS/Exchange.asmx</ASUrl></Protocol>";
    const WEB: &str = r#"<Protocol><Type>WEB</Type><External><OWAUrl AuthenticationMethod="Fba">https://web.example.test/owa/</OWAUrl><Protocol><Type>EXPR</Type><ASUrl>https://web.example.test/EWS/Exchange.asmx</ASUrl></Protocol></External></Protocol>"#;

    #[test]
    fn the_address_for_callers_from_outside_is_taken_first() {
        for (inner, host) in [
            (format!("{EXCH}{WEB}{EXPR}"), "mail.example.test"),
            (format!("{EXCH}{WEB}"), "web.example.test"),
            (EXCH.to_owned(), "ex01.int.example.test"),
        ] {
            let AutodiscoverReply::Settings {
                url: Some(url),
                is_online: false,
            } = account(&inner)
            else {
                panic!("{inner}")
            };
            assert_eq!(url.host(), host);
        }
        assert_eq!(
            account("<MicrosoftOnline>True</MicrosoftOnline>"),
            AutodiscoverReply::Settings {
                url: None,
                is_online: true
            }
        );
    }

    #[test]
    fn redirects_and_error_blocks_are_read() {
        assert_eq!(
            account(
                "<Action>redirectAddr</Action><RedirectAddr>bob@mail.example.test</RedirectAddr>"
            ),
            AutodiscoverReply::RedirectAddress("bob@mail.example.test".parse().unwrap())
        );
        let to =
            |url: &str| format!("<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>");
        assert_eq!(
            account(&to(
                "https://Autodiscover.other.test/Autodiscover/autodiscover.xml"
            )),
            AutodiscoverReply::RedirectHost("autodiscover.other.test".to_owned())
        );
        let odd = account(&to("https://a.test/x"));
        assert!(
            matches!(odd, AutodiscoverReply::Settings { url: None, .. }),
            "{odd:?}"
        );
        let error = r#"<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response><Error Time="21:25:04.8897083" Id="4130155072"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData/></Error></Response></Autodiscover>"#;
        assert_eq!(
            read(&mut Xml::new(error)),
            Ok(AutodiscoverReply::Error {
                code: "600".to_owned()
            })
        );
    }
}
