//! Autodiscover in plain XML, and in SOAP below: where EWS is for a mailbox, or that it has moved.
//! Any account may ask about any address, as with Exchange.

pub mod soap;

use jiff::Timestamp;

use crate::{
    answer::Answer,
    fault::{Kind, Stage, Target},
    soap::{request::parse, text::element},
    world::{World, mailbox::Mailbox},
};

const REQUEST: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
const RESPONSE: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const OUTLOOK: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

/// Answers a signed-in POST; a GET has an empty body and is told that it is invalid.
pub fn answer(world: &mut World, body: &[u8], target: Target<'_>, now: Timestamp) -> Answer {
    world.counters_mut().autodiscover_answer();
    let planned = world.faults.take_if(Stage::Operation, target, |kind| {
        matches!(kind, Kind::AutodiscoverError { .. })
    });
    if let Some(Kind::AutodiscoverError { code }) = planned {
        world.counters_mut().fault();
        return error(code, "A planned error.", now);
    }
    let Some((address, schema)) = read(body) else {
        return error(600, "Invalid Request", now);
    };
    if schema != OUTLOOK {
        return error(601, "Provider is not available", now);
    }
    let Some(mailbox) = world.by_any_address(&address) else {
        return error(500, "The email address can't be found.", now);
    };
    let account = match place(world, mailbox, target.host) {
        Place::Here => settings(world, mailbox),
        Place::Address(there) => format!(
            "<Account><Action>redirectAddr</Action>{}</Account>",
            element("RedirectAddr", there)
        ),
        Place::Host(url) => format!(
            "<Account><AccountType>email</AccountType><Action>redirectUrl</Action>{}</Account>",
            element("RedirectUrl", url)
        ),
    };
    document(&format!(
        r#"<Response xmlns="{OUTLOOK}">{account}</Response>"#
    ))
}

/// Who is to be asked about a mailbox.
enum Place<'a> {
    Here,
    Address(&'a str),
    Host(&'a str),
}

fn place<'a>(world: &'a World, mailbox: &'a Mailbox, host: &str) -> Place<'a> {
    if let Some(there) = &mailbox.moved_to {
        return Place::Address(there);
    }
    match &world.settings.autodiscover_url {
        Some(url) if !url.contains(&format!("//{host}/")) => Place::Host(url),
        _ => Place::Here,
    }
}

fn ews_url<'a>(world: &'a World, mailbox: &'a Mailbox) -> &'a str {
    let own = mailbox.ews_url.as_deref();
    own.unwrap_or(&world.settings.ews_url)
}

/// Address and schema of a well-formed request.
fn read(body: &[u8]) -> Option<(String, String)> {
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

fn document(inner: &str) -> Answer {
    Answer::xml(
        200,
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{RESPONSE}">{inner}</Autodiscover>"#
        ),
    )
}

fn error(code: u16, message: &str, now: Timestamp) -> Answer {
    let time = now.strftime("%H:%M:%S");
    document(&format!(
        r#"<Response><Error Time="{time}.0000000" Id="4130155072"><ErrorCode>{code}</ErrorCode>{}<DebugData/></Error></Response>"#,
        element("Message", message)
    ))
}

fn settings(world: &World, mailbox: &Mailbox) -> String {
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
