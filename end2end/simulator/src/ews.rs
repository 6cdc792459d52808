//! The EWS endpoint from a signed-in request to an answer.
//! Checks come in the server's order: XML and schema, version, impersonation, budget, operation.

use std::collections::BTreeMap;

use crate::{
    fault::{FaultKind, FaultShape, FaultStage, RequestTarget},
    http_response::HttpResponse,
    operation::{self, OperationContext},
    soap::{
        envelope::{self, ResponseError},
        fault::{ErrorDetail, SoapFault},
        request::{self, RequestedIdentity, SoapRequest},
    },
    world::{World, mailbox::Mailbox, settings::Product},
};

/// Answers the body of a POST by the account `caller`, a principal name.
pub fn answer(
    world: &mut World,
    caller: &str,
    body: &[u8],
    target: RequestTarget<'_>,
) -> HttpResponse {
    match respond(world, caller, body, target) {
        Ok(xml) => HttpResponse::xml(200, xml),
        Err((fault, shape)) => {
            let xml = fault.xml(shape);
            match shape {
                FaultShape::Http200 => HttpResponse::xml(200, xml),
                FaultShape::Http403 => HttpResponse::xml(403, xml),
                FaultShape::Plain500 => HttpResponse::new(500, "text/plain", xml),
                FaultShape::Plain503 => HttpResponse::new(503, "text/plain", xml),
                _ => HttpResponse::xml(500, xml),
            }
        }
    }
}

const SCHEMA_TOO_NEW: &str = "The schema is too new.";

/// A fault and how much of it is sent.
type FaultAnswer = (SoapFault, FaultShape);

fn full_fault(fault: SoapFault) -> FaultAnswer {
    (fault, FaultShape::Full)
}

fn respond(
    world: &mut World,
    caller: &str,
    body: &[u8],
    target: RequestTarget<'_>,
) -> Result<String, FaultAnswer> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|_| full_fault(SoapFault::schema(1, 1, "The request is not UTF-8.")))?;
    let document = request::parse(text).map_err(full_fault)?;
    let request = SoapRequest::read(&document, world.settings.product).map_err(full_fault)?;
    let mailbox = impersonated_mailbox(world, caller, request.sid.as_ref(), target.host)
        .map_err(full_fault)?;
    let name = request.name();
    let counted = mailbox.as_deref().unwrap_or(caller);
    world.counters_mut().operation(counted, name);
    world.counters_mut().keep_request(counted, name, text);
    let target = RequestTarget {
        mailbox: Some(counted),
        ..target
    };
    let refused = apply_planned_fault(world, &request, target)?;
    let messages = if let Some(messages) = refused {
        messages
    } else {
        let context = OperationContext {
            world,
            mailbox: mailbox
                .as_deref()
                .and_then(|address| world.mailbox(address)),
        };
        operation::answer(context, &request).map_err(full_fault)?
    };
    let online = world.faults.take_if(FaultStage::Answer, target, |kind| {
        *kind == FaultKind::ExchangeOnline
    });
    if online.is_some() {
        world.counters_mut().fault();
    }
    let product = online.map_or(world.settings.product, |_| Product::ExchangeOnline);
    Ok(envelope::answer_document(product.build(), name, &messages))
}

/// The address of the impersonated mailbox, else of the caller's own, if any.
fn impersonated_mailbox(
    world: &World,
    caller: &str,
    sid: Option<&RequestedIdentity>,
    host: &str,
) -> Result<Option<String>, SoapFault> {
    let account = world.account(caller);
    let Some(sid) = sid else {
        return Ok(account.and_then(|account| account.mailbox.clone()));
    };
    let mailbox = find_mailbox(world, sid)?;
    let elsewhere = mailbox.ews_url.as_deref().and_then(host_of);
    if elsewhere.is_some_and(|there| !there.eq_ignore_ascii_case(host)) {
        return Err(no_mailbox_fault());
    }
    let allowed =
        account.is_some_and(|account| account.role) && world.scope.covers(&mailbox.address);
    if !allowed {
        return Err(SoapFault::new(
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

fn find_mailbox<'a>(world: &'a World, sid: &RequestedIdentity) -> Result<&'a Mailbox, SoapFault> {
    let mailbox = match sid {
        RequestedIdentity::PrimarySmtpAddress(address) => {
            let mailbox = mailbox_by_address(world, address)?;
            let primary = mailbox.address.eq_ignore_ascii_case(address);
            if !primary && !world.settings.accept_alias_as_primary {
                return Err(not_primary_fault(mailbox));
            }
            mailbox
        }
        RequestedIdentity::SmtpAddress(address) => mailbox_by_address(world, address)?,
        RequestedIdentity::PrincipalName(name) => world
            .mailboxes()
            .find(|each| each.principal_name.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                SoapFault::new(
                    "ErrorInvalidUserPrincipalName",
                    "The user principal name is not valid.",
                )
            })?,
        RequestedIdentity::Sid(sid) => world
            .mailboxes()
            .find(|each| each.sid.eq_ignore_ascii_case(sid))
            .ok_or_else(|| SoapFault::new("ErrorInvalidUserSid", "The user SID is not valid."))?,
    };
    if mailbox.moved_to.is_some() {
        return Err(no_mailbox_fault());
    }
    Ok(mailbox)
}

fn mailbox_by_address<'a>(world: &'a World, address: &str) -> Result<&'a Mailbox, SoapFault> {
    let parts = address.split_once('@');
    let valid = parts.is_some_and(|(user, domain)| {
        !user.is_empty() && domain.contains('.') && !domain.contains(['@', ' '])
    });
    if !valid {
        return Err(SoapFault::new(
            "ErrorInvalidSmtpAddress",
            "The SMTP address format is invalid.",
        ));
    }
    world.by_any_address(address).ok_or_else(no_mailbox_fault)
}

fn no_mailbox_fault() -> SoapFault {
    SoapFault::new(
        "ErrorNonExistentMailbox",
        "The SMTP address has no mailbox associated with it.",
    )
}

fn not_primary_fault(mailbox: &Mailbox) -> SoapFault {
    let primary = &mailbox.address;
    SoapFault::new(
        "ErrorNonPrimarySmtpAddress",
        &format!(
            "The primary SMTP address must be specified when referencing a mailbox. The primary SMTP address is {primary}."
        ),
    )
    .with(ErrorDetail::Value("Primary".to_owned(), primary.clone()))
}

/// Applies a planned fault of the budget or the operation: a SOAP fault, or response messages that all fail.
fn apply_planned_fault(
    world: &mut World,
    request: &SoapRequest<'_, '_>,
    target: RequestTarget<'_>,
) -> Result<Option<String>, FaultAnswer> {
    let Some(kind) = world
        .faults
        .take_if(FaultStage::Operation, target, |kind| match kind {
            FaultKind::AutodiscoverError { .. } => false,
            FaultKind::OldSchema { newest, .. } => request.version.is_newer_than(newest),
            FaultKind::RefusedProperty { property, .. } => names_property(request, property),
            _ => true,
        })
    else {
        return Ok(None);
    };
    world.counters_mut().fault();
    match kind {
        FaultKind::Throttled { back_off } => Err(full_fault(server_busy(back_off))),
        FaultKind::SoapFault {
            code,
            message,
            shape,
        } => {
            let message = message.unwrap_or_else(|| format!("A planned fault: {code}."));
            Err((SoapFault::new(&code, &message), shape))
        }
        FaultKind::DetailedFault {
            code,
            values,
            nested,
        } => {
            let mut fault = SoapFault::new(&code, &format!("A planned fault: {code}."));
            fault.details = error_details(values, nested);
            Err(full_fault(fault))
        }
        FaultKind::OldSchema { code, as_fault, .. } if as_fault => {
            Err(full_fault(SoapFault::new(&code, SCHEMA_TOO_NEW)))
        }
        kind => Ok(planned_error(kind).map(|error| operation::fail_all(request, &error))),
    }
}

fn server_busy(back_off: Option<u64>) -> SoapFault {
    let fault = SoapFault::new(
        "ErrorServerBusy",
        "The server cannot service this request right now. Try again later.",
    );
    match back_off {
        Some(milliseconds) => fault.with(ErrorDetail::Value(
            "BackOffMilliseconds".to_owned(),
            milliseconds.to_string(),
        )),
        None => fault,
    }
}

/// The error of every response message, for the kinds of faults that answer with response messages.
fn planned_error(kind: FaultKind) -> Option<ResponseError> {
    match kind {
        FaultKind::ResponseCode { code, message } => {
            let message = message.unwrap_or_else(|| format!("A planned error: {code}."));
            Some(ResponseError::new(&code, &message))
        }
        FaultKind::DetailedMessage {
            code,
            message,
            values,
            nested,
        } => {
            let mut error = ResponseError::new(&code, &message);
            error.details = error_details(values, nested);
            Some(error)
        }
        FaultKind::OldSchema { code, .. } => Some(ResponseError::new(&code, SCHEMA_TOO_NEW)),
        FaultKind::RefusedProperty { code, .. } => Some(ResponseError::new(
            &code,
            "The property is not valid for this request.",
        )),
        _ => None,
    }
}

fn error_details(values: BTreeMap<String, String>, nested: bool) -> Vec<ErrorDetail> {
    let values: Vec<ErrorDetail> = values
        .into_iter()
        .map(|(name, value)| ErrorDetail::Value(name, value))
        .collect();
    if nested {
        vec![ErrorDetail::Nested(
            "InnerError",
            vec![ErrorDetail::Nested("Details", values)],
        )]
    } else {
        values
    }
}

fn names_property(request: &SoapRequest<'_, '_>, property: &str) -> bool {
    request
        .operation
        .descendants()
        .any(|node| node.attribute("FieldURI") == Some(property))
}

/// The mailbox that a request says it is for; nobody has signed in yet.
pub fn claimed_mailbox(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = request::parse(text.trim_start_matches('\u{feff}')).ok()?;
    let id = document
        .descendants()
        .find(|node| node.tag_name().name() == "ConnectingSID")?
        .children()
        .find(roxmltree::Node::is_element)?;
    id.text().map(|text| text.trim().to_ascii_lowercase())
}
