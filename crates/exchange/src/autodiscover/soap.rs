//! The SOAP form of Autodiscover (`GetUserSettings`): asked where the plain form does not answer. Elements are told by
//! local name within the body, since prefixes and namespaces vary between versions.

use super::reply::{AutodiscoverReply, host_of};
use crate::ews::xml::{Namespace, Xml, XmlError, escaped};
use kalends_core::{endpoint::EwsUrl, mailbox::SmtpAddress};

pub(super) const PATH: &str = "/autodiscover/autodiscover.svc";

/// The request about one mailbox.
pub(super) fn request(host: &str, mailbox: &SmtpAddress) -> String {
    format!(
        concat!(
            r#"<?xml version="1.0" encoding="utf-8"?>"#,
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/""#,
            r#" xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover" xmlns:wsa="http://www.w3.org/2005/08/addressing">"#,
            "<soap:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion>",
            "<wsa:Action>http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettings</wsa:Action>",
            "<wsa:To>https://{}{}</wsa:To></soap:Header>",
            "<soap:Body><a:GetUserSettingsRequestMessage><a:Request>",
            "<a:Users><a:User><a:Mailbox>{}</a:Mailbox></a:User></a:Users>",
            "<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting><a:Setting>InternalEwsUrl</a:Setting>",
            "<a:Setting>UserMSOnline</a:Setting></a:RequestedSettings>",
            "</a:Request></a:GetUserSettingsRequestMessage></soap:Body></soap:Envelope>"
        ),
        host,
        PATH,
        escaped(&mailbox.wire())
    )
}

/// What was read of an answer; the level within decides where two levels speak.
#[derive(Default)]
struct UserSettings {
    code: String,
    target: String,
    external: Option<EwsUrl>,
    internal: Option<EwsUrl>,
    is_online: bool,
}

/// Reads an answer.
pub(super) fn read(xml: &mut Xml<'_>) -> Result<AutodiscoverReply, XmlError> {
    let root = xml.root()?;
    if !root.is(Namespace::Soap, "Envelope") {
        return Err(XmlError::malformed(format!(
            "{} in place of Envelope",
            root.name()
        )));
    }
    let mut settings = UserSettings::default();
    while let Some(tag) = xml.child()? {
        if tag.is(Namespace::Soap, "Body") {
            read_body(xml, &mut settings)?;
            return Ok(reply(settings));
        }
        xml.skip()?;
    }
    Err(XmlError::malformed("no Body"))
}

fn read_body(xml: &mut Xml<'_>, settings: &mut UserSettings) -> Result<(), XmlError> {
    while let Some(tag) = xml.child()? {
        match tag.name() {
            "GetUserSettingsResponseMessage" | "Response" | "UserResponses" | "UserResponse" => {
                read_body(xml, settings)?;
            }
            "ErrorCode" => {
                let code = xml.text()?;
                let code: String = code
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(40)
                    .collect();
                if code != "NoError" || settings.code.is_empty() {
                    settings.code = code;
                }
            }
            "RedirectTarget" => settings.target = xml.text()?.into_owned(),
            "UserSettings" => read_settings(xml, settings)?,
            "Fault" => {
                return Err(XmlError::malformed("a fault of Autodiscover"));
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn read_settings(xml: &mut Xml<'_>, settings: &mut UserSettings) -> Result<(), XmlError> {
    while let Some(tag) = xml.child()? {
        if tag.name() != "UserSetting" {
            xml.skip()?;
            continue;
        }
        let (mut name, mut value) = (String::new(), String::new());
        while let Some(tag) = xml.child()? {
            match tag.name() {
                "Name" => name = xml.text()?.into_owned(),
                "Value" => value = xml.text()?.into_owned(),
                _ => xml.skip()?,
            }
        }
        match name.trim() {
            "ExternalEwsUrl" => settings.external = value.parse().ok(),
            "InternalEwsUrl" => settings.internal = value.parse().ok(),
            "UserMSOnline" => settings.is_online = value.trim().eq_ignore_ascii_case("true"),
            _ => {}
        }
    }
    Ok(())
}

fn reply(settings: UserSettings) -> AutodiscoverReply {
    let code = settings.code;
    match code.as_str() {
        "NoError" => AutodiscoverReply::Settings {
            url: settings.external.or(settings.internal),
            is_online: settings.is_online,
        },
        "RedirectAddress" => match settings.target.parse() {
            Ok(address) => AutodiscoverReply::RedirectAddress(address),
            Err(_) => AutodiscoverReply::Error { code },
        },
        "RedirectUrl" => match host_of(&settings.target) {
            Some(host) => AutodiscoverReply::RedirectHost(host),
            None => AutodiscoverReply::Error { code },
        },
        "InvalidUser" => AutodiscoverReply::UnknownMailbox,
        _ => AutodiscoverReply::Error { code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(response: &str) -> Result<AutodiscoverReply, XmlError> {
        let text = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h:ServerVersionInfo xmlns:h="http://schemas.microsoft.com/exchange/2010/Autodiscover"><h:MajorVersion>15</h:MajorVersion></h:ServerVersionInfo></s:Header><s:Body><GetUserSettingsResponseMessage xmlns="http://schemas.microsoft.com/exchange/2010/Autodiscover"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse>{response}</UserResponse></UserResponses></Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"#
        );
        read(&mut Xml::new(&text))
    }

    fn setting(name: &str, value: &str) -> String {
        format!(
            r#"<UserSetting i:type="StringSetting"><Name>{name}</Name><Value>{value}</Value></UserSetting>"#
        )
    }

    #[test]
    fn the_address_for_callers_from_outside_is_taken_first() {
        let inner = setting(
            "InternalEwsUrl",
            "https://ex01.int.example.test/EWS/Exchange.asmx",
        );
        let outer = setting(
            "ExternalEwsUrl",
            "https://mail.example.test/EWS/Exchange.asmx",
        );
        for (settings, host) in [
            (format!("{inner}{outer}"), "mail.example.test"),
            (inner.clone(), "ex01.int.example.test"),
        ] {
            let response = format!(
                "<ErrorCode>NoError</ErrorCode><RedirectTarget i:nil=\"true\"/><UserSettingErrors/><UserSettings>{settings}</UserSettings>"
            );
            let Ok(AutodiscoverReply::Settings { url: Some(url), .. }) = answer(&response) else {
                panic!("{settings}")
            };
            assert_eq!(url.host(), host);
        }
        let online = format!(
            "<ErrorCode>NoError</ErrorCode><UserSettings>{}</UserSettings>",
            setting("UserMSOnline", "True")
        );
        let expected = AutodiscoverReply::Settings {
            url: None,
            is_online: true,
        };
        assert_eq!(answer(&online), Ok(expected));
    }

    #[test]
    fn redirects_and_errors_are_read_at_the_level_of_the_user() {
        let told = |code: &str, target: &str| {
            format!(
                "<ErrorCode>{code}</ErrorCode><ErrorMessage>x</ErrorMessage><RedirectTarget>{target}</RedirectTarget>"
            )
        };
        for (code, target, expected) in [
            (
                "RedirectAddress",
                "bob@mail.example.test",
                AutodiscoverReply::RedirectAddress("bob@mail.example.test".parse().unwrap()),
            ),
            (
                "RedirectUrl",
                "https://autodiscover.other.test/autodiscover/autodiscover.svc",
                AutodiscoverReply::RedirectHost("autodiscover.other.test".to_owned()),
            ),
            ("InvalidUser", "", AutodiscoverReply::UnknownMailbox),
            (
                "ServerBusy",
                "",
                AutodiscoverReply::Error {
                    code: "ServerBusy".to_owned(),
                },
            ),
        ] {
            assert_eq!(answer(&told(code, target)), Ok(expected), "{code}");
        }
    }
}
