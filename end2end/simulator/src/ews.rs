//! The EWS endpoint from a signed-in request to an answer.
//! Checks come in the server's order: XML and schema, version, impersonation, budget, operation.

use std::collections::BTreeMap;

use crate::{
    answer::Answer,
    fault::{FaultShape, Kind, Stage, Target},
    operation::{self, Scene},
    soap::{
        envelope::{self, ResponseError},
        fault::{Detail, Fault},
        request::{self, ConnectingSid, Request},
    },
    world::{World, mailbox::Mailbox, settings::Product},
};

/// Answers the body of a POST by the account `caller`, a principal name.
pub fn answer(world: &mut World, caller: &str, body: &[u8], target: Target<'_>) -> Answer {
    match respond(world, caller, body, target) {
        Ok(xml) => Answer::xml(200, xml),
        Err((fault, shape)) => {
            let xml = fault.xml(shape);
            match shape {
                FaultShape::Http200 => Answer::xml(200, xml),
                FaultShape::Http403 => Answer::xml(403, xml),
                FaultShape::Plain500 => Answer::new(500, "text/plain", xml),
                FaultShape::Plain503 => Answer::new(503, "text/plain", xml),
                _ => Answer::xml(500, xml),
            }
        }
    }
}

type Refusal = (Fault, FaultShape);

fn full(fault: Fault) -> Refusal {
    (fault, FaultShape::Full)
}

fn respond(
    world: &mut World,
    caller: &str,
    body: &[u8],
    target: Target<'_>,
) -> Result<String, Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|_| full(Fault::schema(1, 1, "The request is not UTF-8.")))?;
    let document = request::parse(text).map_err(full)?;
    let request = Request::read(&document, world.settings.product).map_err(full)?;
    let mailbox = whose(world, caller, request.sid.as_ref(), target.host).map_err(full)?;
    let name = request.name();
    let counted = mailbox.as_deref().unwrap_or(caller);
    world.counters_mut().operation(counted, name);
    world.counters_mut().keep_request(counted, name, text);
    let target = Target {
        mailbox: Some(counted),
        ..target
    };
    let refused = planned(world, &request, target)?;
    let messages = if let Some(messages) = refused {
        messages
    } else {
        let scene = Scene {
            world,
            mailbox: mailbox
                .as_deref()
                .and_then(|address| world.mailbox(address)),
        };
        operation::answer(scene, &request).map_err(full)?
    };
    let online = world
        .faults
        .take_if(Stage::Answer, target, |kind| *kind == Kind::ExchangeOnline);
    if online.is_some() {
        world.counters_mut().fault();
    }
    let product = online.map_or(world.settings.product, |_| Product::ExchangeOnline);
    Ok(envelope::answer(product.build(), name, &messages))
}

/// The address of the impersonated mailbox, else of the caller's own, if any.
fn whose(
    world: &World,
    caller: &str,
    sid: Option<&ConnectingSid>,
    host: &str,
) -> Result<Option<String>, Fault> {
    let account = world.account(caller);
    let Some(sid) = sid else {
        return Ok(account.and_then(|account| account.mailbox.clone()));
    };
    let mailbox = look_up(world, sid)?;
    let elsewhere = mailbox.ews_url.as_deref().and_then(host_of);
    if elsewhere.is_some_and(|there| !there.eq_ignore_ascii_case(host)) {
        return Err(no_mailbox());
    }
    let allowed =
        account.is_some_and(|account| account.role) && world.scope.covers(&mailbox.address);
    if !allowed {
        return Err(Fault::new(
            "ErrorImpersonateUserDenied",
            "The account does not have permission to impersonate the requested user.",
        ));
    }
    Ok(Some(mailbox.address.clone()))
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', ':']).next()
}

fn look_up<'a>(world: &'a World, sid: &ConnectingSid) -> Result<&'a Mailbox, Fault> {
    let mailbox = match sid {
        ConnectingSid::PrimarySmtpAddress(address) => {
            let mailbox = by_address(world, address)?;
            let primary = mailbox.address.eq_ignore_ascii_case(address);
            if !primary && !world.settings.accept_alias_as_primary {
                return Err(not_primary(mailbox));
            }
            mailbox
        }
        ConnectingSid::SmtpAddress(address) => by_address(world, address)?,
        ConnectingSid::PrincipalName(name) => world
            .mailboxes()
            .find(|each| each.principal_name.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                Fault::new(
                    "ErrorInvalidUserPrincipalName",
                    "The user principal name is not valid.",
                )
            })?,
        ConnectingSid::Sid(sid) => world
            .mailboxes()
            .find(|each| each.sid.eq_ignore_ascii_case(sid))
            .ok_or_else(|| Fault::new("ErrorInvalidUserSid", "The user SID is not valid."))?,
    };
    if mailbox.moved_to.is_some() {
        return Err(no_mailbox());
    }
    Ok(mailbox)
}

fn by_address<'a>(world: &'a World, address: &str) -> Result<&'a Mailbox, Fault> {
    let parts = address.split_once('@');
    let valid = parts.is_some_and(|(user, domain)| {
        !user.is_empty() && domain.contains('.') && !domain.contains(['@', ' '])
    });
    if !valid {
        return Err(Fault::new(
            "ErrorInvalidSmtpAddress",
            "The SMTP address format is invalid.",
        ));
    }
    world.by_any_address(address).ok_or_else(no_mailbox)
}

fn no_mailbox() -> Fault {
    Fault::new(
        "ErrorNonExistentMailbox",
        "The SMTP address has no mailbox associated with it.",
    )
}

fn not_primary(mailbox: &Mailbox) -> Fault {
    let primary = &mailbox.address;
    Fault::new(
        "ErrorNonPrimarySmtpAddress",
        &format!(
            "The primary SMTP address must be specified when referencing a mailbox. The primary SMTP address is {primary}."
        ),
    )
    .with(Detail::Value("Primary".to_owned(), primary.clone()))
}

/// A planned fault of budget or operation: a fault, or messages that refuse everything.
fn planned(
    world: &mut World,
    request: &Request<'_, '_>,
    target: Target<'_>,
) -> Result<Option<String>, Refusal> {
    let Some(kind) = world
        .faults
        .take_if(Stage::Operation, target, |kind| match kind {
            Kind::AutodiscoverError { .. } => false,
            Kind::OldSchema { newest, .. } => request.version.is_newer_than(newest),
            Kind::RefusedProperty { property, .. } => names(request, property),
            _ => true,
        })
    else {
        return Ok(None);
    };
    world.counters_mut().fault();
    match kind {
        Kind::Throttled { back_off } => {
            let mut fault = Fault::new(
                "ErrorServerBusy",
                "The server cannot service this request right now. Try again later.",
            );
            if let Some(back_off) = back_off {
                fault = fault.with(Detail::Value(
                    "BackOffMilliseconds".to_owned(),
                    back_off.to_string(),
                ));
            }
            Err(full(fault))
        }
        Kind::SoapFault {
            code,
            message,
            shape,
        } => {
            let message = message.unwrap_or_else(|| format!("A planned fault: {code}."));
            Err((Fault::new(&code, &message), shape))
        }
        Kind::ResponseCode { code, message } => {
            let message = message.unwrap_or_else(|| format!("A planned error: {code}."));
            let error = ResponseError::new(&code, &message);
            Ok(Some(operation::refuse(request, &error)))
        }
        Kind::DetailedFault {
            code,
            values,
            nested,
        } => {
            let mut fault = Fault::new(&code, &format!("A planned fault: {code}."));
            fault.details = details(values, nested);
            Err(full(fault))
        }
        Kind::DetailedMessage {
            code,
            message,
            values,
            nested,
        } => {
            let mut error = ResponseError::new(&code, &message);
            error.details = details(values, nested);
            Ok(Some(operation::refuse(request, &error)))
        }
        Kind::OldSchema { code, as_fault, .. } if as_fault => {
            Err(full(Fault::new(&code, "The schema is too new.")))
        }
        Kind::OldSchema { code, .. } => {
            let error = ResponseError::new(&code, "The schema is too new.");
            Ok(Some(operation::refuse(request, &error)))
        }
        Kind::RefusedProperty { code, .. } => {
            let error = ResponseError::new(&code, "The property is not valid for this request.");
            Ok(Some(operation::refuse(request, &error)))
        }
        _ => Ok(None),
    }
}

fn details(values: BTreeMap<String, String>, nested: bool) -> Vec<Detail> {
    let values: Vec<Detail> = values
        .into_iter()
        .map(|(name, value)| Detail::Value(name, value))
        .collect();
    if nested {
        vec![Detail::Within(
            "InnerError",
            vec![Detail::Within("Details", values)],
        )]
    } else {
        values
    }
}

fn names(request: &Request<'_, '_>, property: &str) -> bool {
    request
        .operation
        .descendants()
        .any(|node| node.attribute("FieldURI") == Some(property))
}

/// The mailbox that a request is for, as far as one can tell without signing it in.
pub fn addressed(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = request::parse(text.trim_start_matches('\u{feff}')).ok()?;
    let id = document
        .descendants()
        .find(|node| node.tag_name().name() == "ConnectingSID")?
        .children()
        .find(roxmltree::Node::is_element)?;
    id.text().map(|text| text.trim().to_ascii_lowercase())
}
