//! SOAP Autodiscover: the one operation `GetUserSettings`, checked against its contract.

use roxmltree::Node;

use super::{MailboxLocation, ews_url, locate};
use crate::{
    fault::RequestTarget,
    http_response::HttpResponse,
    soap::{request::parse, text::element},
    world::World,
};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const CONTRACT: &str = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
const ACTION: &str =
    "http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettings";

/// Answers a signed-in POST.
pub fn answer(world: &mut World, body: &[u8], target: RequestTarget<'_>) -> HttpResponse {
    world.counters_mut().autodiscover_answer();
    let Some((addresses, settings_requested)) = read_request(body) else {
        return invalid_request_fault();
    };
    let answers: String = addresses
        .iter()
        .map(|address| user_response(world, address, &settings_requested, target.host))
        .collect();
    let build = world.settings.product.build();
    HttpResponse::xml(
        200,
        format!(
            concat!(
                r#"<s:Envelope xmlns:s="{soap}" xmlns:a="{addressing}"><s:Header>"#,
                r#"<a:Action s:mustUnderstand="1">{action}Response</a:Action>"#,
                r#"<h:ServerVersionInfo xmlns:h="{contract}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">"#,
                "<h:MajorVersion>15</h:MajorVersion><h:MinorVersion>{minor}</h:MinorVersion>",
                "<h:MajorBuildNumber>{major_build}</h:MajorBuildNumber><h:MinorBuildNumber>{minor_build}</h:MinorBuildNumber>",
                "<h:Version>Exchange2015</h:Version></h:ServerVersionInfo></s:Header><s:Body>",
                r#"<GetUserSettingsResponseMessage xmlns="{contract}"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">"#,
                "<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses>{answers}</UserResponses>",
                "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
            ),
            soap = SOAP,
            addressing = ADDRESSING,
            action = ACTION,
            contract = CONTRACT,
            minor = build.minor,
            major_build = build.major_build,
            minor_build = build.minor_build,
            answers = answers,
        ),
    )
}

fn invalid_request_fault() -> HttpResponse {
    HttpResponse::xml(
        500,
        format!(
            r#"<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring xml:lang="en-US">The request is not valid.</faultstring></s:Fault></s:Body></s:Envelope>"#
        ),
    )
}

/// Mailboxes and settings of a request that keeps to the contract.
fn read_request(body: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let text = std::str::from_utf8(body).ok()?;
    let document = parse(text).ok()?;
    let envelope = document.root_element();
    envelope.has_tag_name((SOAP, "Envelope")).then_some(())?;
    let header = child(envelope, SOAP, "Header")?;
    child(header, CONTRACT, "RequestedServerVersion")?;
    let action = child(header, ADDRESSING, "Action")?.text()?;
    (action.trim() == ACTION).then_some(())?;
    let message = child(
        child(envelope, SOAP, "Body")?,
        CONTRACT,
        "GetUserSettingsRequestMessage",
    )?;
    let request = child(message, CONTRACT, "Request")?;
    let users = child_texts(child(request, CONTRACT, "Users")?, "Mailbox");
    let settings = child_texts(child(request, CONTRACT, "RequestedSettings")?, "Setting");
    (!users.is_empty() && !settings.is_empty()).then_some((users, settings))
}

fn child<'a, 'b>(node: Node<'a, 'b>, namespace: &str, name: &str) -> Option<Node<'a, 'b>> {
    node.children()
        .find(|child| child.has_tag_name((namespace, name)))
}

fn child_texts(node: Node<'_, '_>, name: &str) -> Vec<String> {
    node.descendants()
        .filter(|found| found.has_tag_name((CONTRACT, name)))
        .filter_map(|found| found.text())
        .map(|text| text.trim().to_owned())
        .collect()
}

fn user_response(
    world: &World,
    address: &str,
    settings_requested: &[String],
    host: &str,
) -> String {
    let Some(mailbox) = world.by_any_address(address) else {
        return response_xml("InvalidUser", "The user could not be found.", None, "");
    };
    match locate(world, mailbox, host) {
        MailboxLocation::Address(there) => {
            response_xml("RedirectAddress", "Redirection.", Some(there), "")
        }
        MailboxLocation::Host(url) => {
            let url = url.replace("autodiscover.xml", "autodiscover.svc");
            response_xml("RedirectUrl", "Redirection.", Some(&url), "")
        }
        MailboxLocation::Here => {
            let inside = format!("https://ex01.int.{}/EWS/Exchange.asmx", world.domain);
            let known = [
                ("ExternalEwsUrl", ews_url(world, mailbox)),
                ("InternalEwsUrl", inside.as_str()),
                ("UserMSOnline", "False"),
                ("AutoDiscoverSMTPAddress", mailbox.address.as_str()),
            ];
            let mut settings = String::new();
            for (name, value) in known {
                if settings_requested.iter().any(|requested| requested == name) {
                    settings += r#"<UserSetting i:type="StringSetting">"#;
                    settings += &element("Name", name);
                    settings += &element("Value", value);
                    settings += "</UserSetting>";
                }
            }
            response_xml("NoError", "No error.", None, &settings)
        }
    }
}

fn response_xml(code: &str, message: &str, target: Option<&str>, settings: &str) -> String {
    let target = target.map_or_else(
        || r#"<RedirectTarget i:nil="true"/>"#.to_owned(),
        |target| element("RedirectTarget", target),
    );
    format!(
        "<UserResponse>{}{}{target}<UserSettingErrors/><UserSettings>{settings}</UserSettings></UserResponse>",
        element("ErrorCode", code),
        element("ErrorMessage", message)
    )
}
