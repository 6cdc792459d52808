//! A request read in the server's own order: XML, schema, then version.
//! What is left is an operation that the schema admits, and whom it is meant for.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use roxmltree::{Document, Node, ParsingOptions};

use super::{
    ENVELOPE, MESSAGES, TYPES,
    fault::Fault,
    schema::{self, header, operations, told, violation},
};
use crate::world::{settings::Product, zone};

/// Values of `RequestServerVersion`, oldest first.
const VERSIONS: [&str; 19] = [
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

/// A place in the list of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(usize);

/// Whom a request impersonates, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectingSid {
    PrincipalName(String),
    Sid(String),
    PrimarySmtpAddress(String),
    SmtpAddress(String),
}

#[derive(Debug)]
pub struct Request<'a, 'input> {
    pub operation: Node<'a, 'input>,
    pub version: Version,
    pub sid: Option<ConnectingSid>,
    /// Set by `TimeZoneContext`.
    pub zone: Option<TimeZone>,
}

impl Version {
    /// The version of that name, if a server of this kind takes it.
    fn accepted(name: &str, product: Product) -> Option<Self> {
        let newest = match product {
            Product::Exchange2013 => "Exchange2013_SP1",
            _ => "V2017_07_11",
        };
        Self::named(name).filter(|version| Some(*version) <= Self::named(newest))
    }

    fn named(name: &str) -> Option<Self> {
        VERSIONS.iter().position(|known| *known == name).map(Self)
    }

    pub fn is_newer_than(self, name: &str) -> bool {
        Self::named(name).is_some_and(|other| self > other)
    }

    pub fn at_least(self, name: &str) -> bool {
        Self::named(name).is_some_and(|other| self >= other)
    }
}

/// Parses bytes; anything that is not UTF-8 XML without a document type is a schema fault.
pub fn parse(text: &str) -> Result<Document<'_>, Fault> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: 100_000,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        Fault::schema(at.row, at.col, &error.to_string())
    })
}

impl<'a, 'input> Request<'a, 'input> {
    /// Reads the envelope: schema first, then version.
    pub fn read(document: &'a Document<'input>, product: Product) -> Result<Self, Fault> {
        let envelope = document.root_element();
        if !is_soap(envelope, "Envelope") {
            let sentence = format!("The element {} is not declared.", told(envelope));
            return Err(violation(envelope, &sentence));
        }
        let mut parts = envelope.children().filter(Node::is_element).peekable();
        let head = parts.next_if(|part| is_soap(*part, "Header"));
        let Some(body) = parts.next() else {
            return Err(violation(envelope, "The element 'Body' is missing."));
        };
        if !is_soap(body, "Body") || parts.next().is_some() {
            let sentence = format!("The envelope has an invalid child element {}.", told(body));
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
    node.children().find(|child| schema::is(*child, name))
}

fn is_soap(node: Node<'_, '_>, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(ENVELOPE)
}

fn read_body<'a, 'input>(body: Node<'a, 'input>) -> Result<Node<'a, 'input>, Fault> {
    let mut children = body.children().filter(Node::is_element);
    let Some(operation) = children.next() else {
        return Err(Fault::new("ErrorInvalidRequest", "The request is invalid."));
    };
    let name = operation.tag_name();
    let rule = operations::rule(name.name());
    let ours = name.namespace() == Some(MESSAGES);
    let Some(rule) = rule.filter(|_| ours) else {
        let sentence = format!(
            "The element {} has invalid child element {}.",
            told(body),
            told(operation)
        );
        return Err(violation(operation, &sentence));
    };
    if operations::answered(name.name()) {
        schema::validate(operation, rule)?;
    }
    children.next().map_or(Ok(operation), |second| {
        let sentence = format!(
            "The element {} has invalid child element {}.",
            told(body),
            told(second)
        );
        Err(violation(second, &sentence))
    })
}

fn read_header<'a, 'input>(head: Option<Node<'a, 'input>>) -> Result<Vec<Node<'a, 'input>>, Fault> {
    let mut entries: Vec<Node<'a, 'input>> = Vec::new();
    let ours = head
        .into_iter()
        .flat_map(|head| head.children())
        .filter(|node| node.is_element() && node.tag_name().namespace() == Some(TYPES));
    for entry in ours {
        let name = entry.tag_name().name();
        let Some((_, rule)) = header::ENTRIES.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        if entries.iter().any(|seen| seen.tag_name().name() == name) {
            return Err(Fault::new(
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

fn read_version(entries: &[Node<'_, '_>], product: Product) -> Result<Version, Fault> {
    let name = entry(entries, "RequestServerVersion")
        .and_then(|node| node.attribute("Version"))
        .unwrap_or(VERSIONS[0]);
    Version::accepted(name, product).ok_or_else(|| {
        let mut fault = Fault::new(
            "ErrorInvalidServerVersion",
            "The specified server version is invalid.",
        );
        fault.action = true;
        fault
    })
}

fn read_impersonation(entries: &[Node<'_, '_>]) -> Result<Option<ConnectingSid>, Fault> {
    let Some(header) = entry(entries, "ExchangeImpersonation") else {
        return Ok(None);
    };
    if entry(entries, "SerializedSecurityContext").is_some() {
        return Err(Fault::new(
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
        return Err(Fault::new(
            "ErrorInvalidExchangeImpersonationHeaderData",
            "The ExchangeImpersonation SOAP header holds no identity.",
        ));
    };
    let value = value.to_owned();
    Ok(Some(match id.tag_name().name() {
        "PrincipalName" => ConnectingSid::PrincipalName(value),
        "SID" => ConnectingSid::Sid(value),
        "PrimarySmtpAddress" => ConnectingSid::PrimarySmtpAddress(value),
        _ => ConnectingSid::SmtpAddress(value),
    }))
}

fn read_zone(entries: &[Node<'_, '_>]) -> Result<Option<TimeZone>, Fault> {
    let id = entry(entries, "TimeZoneContext")
        .and_then(|context| child(context, "t:TimeZoneDefinition"))
        .and_then(|definition| definition.attribute("Id"));
    id.map(|id| {
        zone::by_windows(id)
            .ok_or_else(|| Fault::new("ErrorTimeZone", "The specified time zone is not valid."))
    })
    .transpose()
}
