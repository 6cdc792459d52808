//! Autodiscover in plain XML, and in SOAP below: the EWS URL of a mailbox, or that it has moved.
//! Any account may ask about any address, as with Exchange.

pub mod soap;

use jiff::Timestamp;

use crate::{
    fault::{FaultKind, FaultStage, RequestTarget},
    http_response::HttpResponse,
    soap::{request::parse, text::element},
    world::{World, mailbox::Mailbox},
};

const REQUEST: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
const RESPONSE: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const OUTLOOK: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

/// Answers a signed-in POST; a GET has an empty body and is answered as invalid.
pub fn answer(
    world: &mut World,
    body: &[u8],
    target: RequestTarget<'_>,
    now: Timestamp,
) -> HttpResponse {
    world.counters_mut().autodiscover_answer();
    let planned = world.faults.take_if(FaultStage::Operation, target, |kind| {
        matches!(kind, FaultKind::AutodiscoverError { .. })
    });
    if let Some(FaultKind::AutodiscoverError { code }) = planned {
        world.counters_mut().fault();
        return error_response(code, "A planned error.", now);
    }
    let Some((address, schema)) = read_request(body) else {
        return error_response(600, "Invalid Request", now);
    };
    if schema != OUTLOOK {
        return error_response(601, "Provider is not available", now);
    }
    let Some(mailbox) = world.by_any_address(&address) else {
        return error_response(500, "The email address can't be found.", now);
    };
    let account = match locate(world, mailbox, target.host) {
        MailboxLocation::Here => user_settings(world, mailbox),
        MailboxLocation::Address(there) => format!(
            "<Account><Action>redirectAddr</Action>{}</Account>",
            element("RedirectAddr", there)
        ),
        MailboxLocation::Host(url) => format!(
            "<Account><AccountType>email</AccountType><Action>redirectUrl</Action>{}</Account>",
            element("RedirectUrl", url)
        ),
    };
    wrap_document(&format!(
        r#"<Response xmlns="{OUTLOOK}">{account}</Response>"#
    ))
}

/// Where the settings of a mailbox are served.
enum MailboxLocation<'a> {
    Here,
    Address(&'a str),
    Host(&'a str),
}

fn locate<'a>(world: &'a World, mailbox: &'a Mailbox, host: &str) -> MailboxLocation<'a> {
    if let Some(there) = &mailbox.moved_to {
        return MailboxLocation::Address(there);
    }
    match &world.settings.autodiscover_url {
        Some(url) if !url.contains(&format!("//{host}/")) => MailboxLocation::Host(url),
        _ => MailboxLocation::Here,
    }
}

fn ews_url<'a>(world: &'a World, mailbox: &'a Mailbox) -> &'a str {
    let own = mailbox.ews_url.as_deref();
    own.unwrap_or(&world.settings.ews_url)
}

/// Address and schema of a well-formed request.
fn read_request(body: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(body).ok()?;
    let document = parse(text.trim_start_matches('\u{feff}')).ok()?;
    let root = document.root_element();
    let request = root
        .children()
        .find(|node| node.has_tag_name((REQUEST, "Request")))?;
    let part = |name| {
        request
            .children()
            .find(|node| node.has_tag_name((REQUEST, name)))
            .and_then(|node| node.text())
            .map(|text| text.trim().to_owned())
    };
    root.has_tag_name((REQUEST, "Autodiscover")).then_some(())?;
    Some((part("EMailAddress")?, part("AcceptableResponseSchema")?))
}

fn wrap_document(inner: &str) -> HttpResponse {
    HttpResponse::xml(
        200,
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{RESPONSE}">{inner}</Autodiscover>"#
        ),
    )
}

fn error_response(code: u16, message: &str, now: Timestamp) -> HttpResponse {
    let time = now.strftime("%H:%M:%S");
    wrap_document(&format!(
        r#"<Response><Error Time="{time}.0000000" Id="4130155072"><ErrorCode>{code}</ErrorCode>{}<DebugData/></Error></Response>"#,
        element("Message", message)
    ))
}

fn user_settings(world: &World, mailbox: &Mailbox) -> String {
    let domain = &world.domain;
    let url = ews_url(world, mailbox);
    let user = mailbox.address.split('@').next().unwrap_or_default();
    let urls = |url: &str| element("ASUrl", url) + &element("EwsUrl", url);
    let outside = |kind: &str| {
        format!(
            "<Protocol><Type>{kind}</Type><Server>mail.{domain}</Server><SSL>On</SSL><AuthPackage>Ntlm</AuthPackage>{}</Protocol>",
            urls(url)
        )
    };
    let inside = urls(&format!("https://ex01.int.{domain}/EWS/Exchange.asmx"));
    format!(
        concat!(
            "<User>{name}<LegacyDN>/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn={user}</LegacyDN>{address}<DeploymentId>644560b8-a1ce-429c-8ace-23395843f701</DeploymentId></User>",
            "<Account><AccountType>email</AccountType><Action>settings</Action><MicrosoftOnline>False</MicrosoftOnline>",
            "<Protocol><Type>EXCH</Type><Server>5f76be3c@{domain}</Server>{inside}<GroupingInformation>Site-A</GroupingInformation></Protocol>",
            "{expr}{exhttp}",
            r#"<Protocol><Type>WEB</Type><External><OWAUrl AuthenticationMethod="Fba">https://mail.{domain}/owa/</OWAUrl><Protocol><Type>EXPR</Type>{as_url}</Protocol></External></Protocol>"#,
            "</Account>"
        ),
        name = element("DisplayName", &mailbox.name),
        user = user,
        address = element("AutoDiscoverSMTPAddress", &mailbox.address),
        domain = domain,
        inside = inside,
        expr = outside("EXPR"),
        exhttp = outside("EXHTTP"),
        as_url = element("ASUrl", url),
    )
}
