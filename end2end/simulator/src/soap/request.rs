//! A request read in the server's own order: XML, schema, then version.
//! The result is an operation that is valid by the schema, and the identity that it impersonates.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use roxmltree::{Document, Node, ParsingOptions};

use super::{
    ENVELOPE, MESSAGES, TYPES,
    fault::SoapFault,
    schema::{self, header, operations, qualified_name, violation},
};
use crate::world::{settings::Product, zone};

/// Values of `RequestServerVersion`, oldest first.
const SCHEMA_VERSIONS: [&str; 19] = [
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2009",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2012",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2015_10_05",
    "V2016_01_06",
    "V2016_04_13",
    "V2016_07_13",
    "V2016_10_10",
    "V2017_01_07",
    "V2017_04_14",
    "V2017_07_11",
];

/// A schema version, as its index in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion(usize);

/// Whom a request impersonates, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedIdentity {
    PrincipalName(String),
    Sid(String),
    PrimarySmtpAddress(String),
    SmtpAddress(String),
}

#[derive(Debug)]
pub struct SoapRequest<'a, 'input> {
    pub operation: Node<'a, 'input>,
    pub version: SchemaVersion,
    pub sid: Option<RequestedIdentity>,
    /// Set by `TimeZoneContext`.
    pub zone: Option<TimeZone>,
}

impl SchemaVersion {
    /// The version of that name, if a server of this kind takes it.
    fn accepted(name: &str, product: Product) -> Option<Self> {
        let newest = match product {
            Product::Exchange2013 => "Exchange2013_SP1",
            _ => "V2017_07_11",
        };
        Self::named(name).filter(|version| Some(*version) <= Self::named(newest))
    }

    fn named(name: &str) -> Option<Self> {
        SCHEMA_VERSIONS
            .iter()
            .position(|known| *known == name)
            .map(Self)
    }

    pub fn is_newer_than(self, name: &str) -> bool {
        Self::named(name).is_some_and(|other| self > other)
    }

    pub fn at_least(self, name: &str) -> bool {
        Self::named(name).is_some_and(|other| self >= other)
    }
}

/// Parses bytes; anything that is not UTF-8 XML without a document type is a schema fault.
pub fn parse(text: &str) -> Result<Document<'_>, SoapFault> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: 100_000,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        SoapFault::schema(at.row, at.col, &error.to_string())
    })
}

impl<'a, 'input> SoapRequest<'a, 'input> {
    /// Reads the envelope: schema first, then version.
    pub fn read(document: &'a Document<'input>, product: Product) -> Result<Self, SoapFault> {
        let envelope = document.root_element();
        if !is_soap(envelope, "Envelope") {
            let sentence = format!("The element {} is not declared.", qualified_name(envelope));
            return Err(violation(envelope, &sentence));
        }
        let mut parts = envelope.children().filter(Node::is_element).peekable();
        let head = parts.next_if(|part| is_soap(*part, "Header"));
        let Some(body) = parts.next() else {
            return Err(violation(envelope, "The element 'Body' is missing."));
        };
        if !is_soap(body, "Body") || parts.next().is_some() {
            let sentence = format!(
                "The envelope has an invalid child element {}.",
                qualified_name(body)
            );
            return Err(violation(body, &sentence));
        }
        let operation = read_body(body)?;
        let entries = read_header(head)?;
        let version = read_version(&entries, product)?;
        Ok(Self {
            operation,
            version,
            sid: read_impersonation(&entries)?,
            zone: read_zone(&entries)?,
        })
    }

    /// The operation's name, `FindItem`.
    pub fn name(&self) -> &'a str {
        self.operation.tag_name().name()
    }

    /// The child `name` of the operation, written with a prefix `m:` or `t:`.
    pub fn child(&self, name: &str) -> Option<Node<'a, 'input>> {
        child(self.operation, name)
    }

    /// An instant as requests write it; without an offset it is meant in the context's zone, else UTC.
    pub fn instant(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        text.parse().ok().or_else(|| {
            let local: DateTime = text.parse().ok()?;
            let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
            local.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
        })
    }
}

/// The first child element of that name.
pub fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children()
        .find(|child| schema::is_element(*child, name))
}

fn is_soap(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(ENVELOPE)
}

fn read_body<'a, 'input>(body: Node<'a, 'input>) -> Result<Node<'a, 'input>, SoapFault> {
    let mut children = body.children().filter(Node::is_element);
    let Some(operation) = children.next() else {
        return Err(SoapFault::new(
            "ErrorInvalidRequest",
            "The request is invalid.",
        ));
    };
    let name = operation.tag_name();
    let rule = operations::rule(name.name());
    let ours = name.namespace() == Some(MESSAGES);
    let Some(rule) = rule.filter(|_| ours) else {
        let sentence = format!(
            "The element {} has invalid child element {}.",
            qualified_name(body),
            qualified_name(operation)
        );
        return Err(violation(operation, &sentence));
    };
    if operations::is_answered(name.name()) {
        schema::validate(operation, rule)?;
    }
    children.next().map_or(Ok(operation), |second| {
        let sentence = format!(
            "The element {} has invalid child element {}.",
            qualified_name(body),
            qualified_name(second)
        );
        Err(violation(second, &sentence))
    })
}

fn read_header<'a, 'input>(
    head: Option<Node<'a, 'input>>,
) -> Result<Vec<Node<'a, 'input>>, SoapFault> {
    let mut entries: Vec<Node<'a, 'input>> = Vec::new();
    let ours = head
        .into_iter()
        .flat_map(|head| head.children())
        .filter(|node| node.is_element() && node.tag_name().namespace() == Some(TYPES));
    for entry in ours {
        let name = entry.tag_name().name();
        let Some((_, rule)) = header::HEADER_ENTRIES
            .iter()
            .find(|(known, _)| *known == name)
        else {
            continue;
        };
        if entries.iter().any(|seen| seen.tag_name().name() == name) {
            return Err(SoapFault::new(
                "ErrorDuplicateSOAPHeader",
                "A SOAP header was specified more than once.",
            ));
        }
        schema::validate(entry, rule)?;
        entries.push(entry);
    }
    Ok(entries)
}

fn entry<'a, 'input>(entries: &[Node<'a, 'input>], name: &str) -> Option<Node<'a, 'input>> {
    entries
        .iter()
        .find(|entry| entry.tag_name().name() == name)
        .copied()
}

fn read_version(entries: &[Node<'_, '_>], product: Product) -> Result<SchemaVersion, SoapFault> {
    let name = entry(entries, "RequestServerVersion")
        .and_then(|node| node.attribute("Version"))
        .unwrap_or(SCHEMA_VERSIONS[0]);
    SchemaVersion::accepted(name, product).ok_or_else(|| {
        let mut fault = SoapFault::new(
            "ErrorInvalidServerVersion",
            "The specified server version is invalid.",
        );
        fault.action = true;
        fault
    })
}

fn read_impersonation(entries: &[Node<'_, '_>]) -> Result<Option<RequestedIdentity>, SoapFault> {
    let Some(header) = entry(entries, "ExchangeImpersonation") else {
        return Ok(None);
    };
    if entry(entries, "SerializedSecurityContext").is_some() {
        return Err(SoapFault::new(
            "ErrorMoreThanOneAccessModeSpecified",
            "Multiple access modes were specified in the request.",
        ));
    }
    let id = child(header, "t:ConnectingSID").and_then(|sid| sid.children().find(Node::is_element));
    let value = id
        .and_then(|id| id.text())
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let (Some(id), Some(value)) = (id, value) else {
        return Err(SoapFault::new(
            "ErrorInvalidExchangeImpersonationHeaderData",
            "The ExchangeImpersonation SOAP header holds no identity.",
        ));
    };
    let value = value.to_owned();
    Ok(Some(match id.tag_name().name() {
        "PrincipalName" => RequestedIdentity::PrincipalName(value),
        "SID" => RequestedIdentity::Sid(value),
        "PrimarySmtpAddress" => RequestedIdentity::PrimarySmtpAddress(value),
        _ => RequestedIdentity::SmtpAddress(value),
    }))
}

fn read_zone(entries: &[Node<'_, '_>]) -> Result<Option<TimeZone>, SoapFault> {
    let id = entry(entries, "TimeZoneContext")
        .and_then(|context| child(context, "t:TimeZoneDefinition"))
        .and_then(|definition| definition.attribute("Id"));
    id.map(|id| {
        zone::by_windows(id)
            .ok_or_else(|| SoapFault::new("ErrorTimeZone", "The specified time zone is not valid."))
    })
    .transpose()
}
