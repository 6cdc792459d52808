//! What a stored item holds under a path: a property of the schema, or an extended one as MAPI numbers it.
//! Restrictions, sort orders and extended properties are answered from here, from the data of the mailbox.

use std::cmp::Ordering;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use roxmltree::Node;

use super::shape::{Extended, invalid_property};
use crate::{
    soap::{
        envelope::ResponseError,
        request::Request,
        schema::{self, field_uri},
    },
    world::{
        entry::{FreeBusy, MyResponse, Sensitivity},
        view::{Instance, Kind as Line},
    },
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
    Bytes(Vec<u8>),
    Texts(Vec<String>),
}

/// What kind of value a path holds, and so what a constant must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    Number,
    Flag,
    Time,
    Bytes,
    Texts,
    /// A type that no item of the practice world uses.
    Unused,
}

/// A property as restrictions and sort orders name it.
#[derive(Clone, Debug)]
pub enum Path {
    Field(String),
    Extended(Extended),
}

const SENSITIVITIES: &[&str] = &["Normal", "Personal", "Private", "Confidential"];
const IMPORTANCES: &[&str] = &["Low", "Normal", "High"];
const STATUSES: &[&str] = &[
    "Free",
    "Tentative",
    "Busy",
    "OOF",
    "WorkingElsewhere",
    "NoData",
];
const RESPONSES: &[&str] = &[
    "Unknown",
    "Organizer",
    "Tentative",
    "Accept",
    "Decline",
    "NoResponseReceived",
];

impl Path {
    /// Reads `t:FieldURI` or `t:ExtendedFieldURI`; `unsupported` is the code for what can be read but not looked for.
    pub fn read(
        node: Node<'_, '_>,
        request: &Request<'_, '_>,
        unsupported: &str,
    ) -> Result<Self, ResponseError> {
        if schema::is(node, "t:ExtendedFieldURI") {
            return Ok(Self::Extended(Extended::read(node)?));
        }
        let path = node.attribute("FieldURI").unwrap_or_default();
        if !request.version.at_least(field_uri::since(path)) {
            return Err(invalid_property());
        }
        let plain = schema::is(node, "t:FieldURI");
        if plain && field_kind(path).is_some() {
            return Ok(Self::Field(path.to_owned()));
        }
        Err(ResponseError::new(
            unsupported,
            "The property is not valid for this kind of query.",
        ))
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Field(path) => field_kind(path).unwrap_or(Kind::Unused),
            Self::Extended(extended) => extended_kind(extended),
        }
    }

    /// The item's value; `None` if it has none.
    pub fn value(&self, line: &Instance<'_>) -> Option<Value> {
        match self {
            Self::Field(path) => field(path, line),
            Self::Extended(property) => extended(property, line),
        }
    }
}

impl Kind {
    /// A constant of this kind as requests write it.
    pub fn parse(self, text: &str, request: &Request<'_, '_>) -> Option<Value> {
        let trimmed = text.trim();
        match self {
            Self::Text | Self::Texts | Self::Unused => Some(Value::Text(text.to_owned())),
            Self::Choice(words) => words
                .contains(&trimmed)
                .then(|| Value::Text(trimmed.to_owned())),
            Self::Number => trimmed
                .parse()
                .ok()
                .or_else(|| schema::number(trimmed).map(i64::from))
                .map(Value::Number),
            Self::Flag => match trimmed {
                "true" | "1" => Some(Value::Flag(true)),
                "false" | "0" => Some(Value::Flag(false)),
                _ => None,
            },
            Self::Time => request.instant(trimmed).map(Value::Time),
            Self::Bytes => STANDARD.decode(trimmed).ok().map(Value::Bytes),
        }
    }
}

impl Value {
    /// How two values of one kind compare; text without regard to case.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => Some(one.to_lowercase().cmp(&two.to_lowercase())),
            (Self::Number(one), Self::Number(two)) => Some(one.cmp(two)),
            (Self::Flag(one), Self::Flag(two)) => Some(one.cmp(two)),
            (Self::Time(one), Self::Time(two)) => Some(one.cmp(two)),
            (Self::Bytes(one), Self::Bytes(two)) => Some(one.cmp(two)),
            (Self::Texts(one), Self::Texts(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    /// The value as an extended property tells it.
    pub fn xml(&self, property: &Extended) -> String {
        match self {
            Self::Text(text) => property.xml(text),
            Self::Number(number) => property.xml(&number.to_string()),
            Self::Flag(flag) => property.xml(if *flag { "true" } else { "false" }),
            Self::Time(at) => property.xml(&at.to_string()),
            Self::Bytes(bytes) => property.xml(&STANDARD.encode(bytes)),
            Self::Texts(texts) => property.list_xml(texts),
        }
    }
}

fn field_kind(path: &str) -> Option<Kind> {
    Some(match path {
        "item:Subject"
        | "item:ItemClass"
        | "item:Body"
        | "item:LastModifiedName"
        | "calendar:Location" => Kind::Text,
        "item:Sensitivity" => Kind::Choice(SENSITIVITIES),
        "item:Importance" => Kind::Choice(IMPORTANCES),
        "calendar:LegacyFreeBusyStatus" => Kind::Choice(STATUSES),
        "calendar:MyResponseType" => Kind::Choice(RESPONSES),
        "item:Categories" => Kind::Texts,
        "item:HasAttachments"
        | "calendar:IsAllDayEvent"
        | "calendar:IsRecurring"
        | "calendar:MeetingRequestWasSent" => Kind::Flag,
        "item:DateTimeCreated"
        | "item:DateTimeReceived"
        | "item:LastModifiedTime"
        | "calendar:Start"
        | "calendar:End" => Kind::Time,
        "calendar:AppointmentSequenceNumber" | "calendar:AppointmentState" => Kind::Number,
        _ => return None,
    })
}

fn field(path: &str, line: &Instance<'_>) -> Option<Value> {
    let entry = line.entry;
    let draft = &entry.draft;
    let word = |word: String| Some(Value::Text(word));
    match path {
        "item:Subject" => line.subject().map(|text| Value::Text(text.to_owned())),
        "item:ItemClass" => word("IPM.Appointment".to_owned()),
        "calendar:Location" => line.location().map(|text| Value::Text(text.to_owned())),
        "item:Sensitivity" => word(format!("{:?}", draft.sensitivity)),
        "item:Importance" => word("Normal".to_owned()),
        "calendar:LegacyFreeBusyStatus" => word(format!("{:?}", line.free_busy())),
        "calendar:MyResponseType" => word(format!("{:?}", draft.my_response)),
        "item:Categories" => {
            (!draft.categories.is_empty()).then(|| Value::Texts(draft.categories.clone()))
        }
        "item:HasAttachments" => Some(Value::Flag(false)),
        "calendar:IsAllDayEvent" => Some(Value::Flag(draft.all_day)),
        "calendar:IsRecurring" => Some(Value::Flag(line.kind != Line::Single)),
        "calendar:MeetingRequestWasSent" => Some(Value::Flag(draft.organizer.is_some())),
        "item:DateTimeCreated" | "item:DateTimeReceived" => Some(Value::Time(entry.created)),
        "item:LastModifiedTime" => Some(Value::Time(entry.modified)),
        "calendar:Start" => Some(Value::Time(line.start)),
        "calendar:End" => Some(Value::Time(line.end)),
        "calendar:AppointmentSequenceNumber" => Some(Value::Number(0)),
        "calendar:AppointmentState" => Some(Value::Number(state(line))),
        _ => None,
    }
}

/// 1 for a meeting, 4 more once it is cancelled.
pub fn state(line: &Instance<'_>) -> i64 {
    let draft = &line.entry.draft;
    i64::from(draft.organizer.is_some()) + 4 * i64::from(draft.cancelled)
}

fn extended_kind(property: &Extended) -> Kind {
    match property.attribute("PropertyType") {
        Some("String") => Kind::Text,
        Some("Integer" | "Short" | "Long") => Kind::Number,
        Some("Boolean") => Kind::Flag,
        Some("SystemTime") => Kind::Time,
        Some("Binary") => Kind::Bytes,
        Some("StringArray") => Kind::Texts,
        _ => Kind::Unused,
    }
}

/// The value of an extended property, if the item has it under the type that is asked for.
pub fn extended(property: &Extended, line: &Instance<'_>) -> Option<Value> {
    let value = match property.tag() {
        Some(tag) => tagged(tag, line),
        None => named(property, line),
    }?;
    let fits = matches!(
        (&value, extended_kind(property)),
        (Value::Text(_), Kind::Text)
            | (Value::Number(_), Kind::Number)
            | (Value::Flag(_), Kind::Flag)
            | (Value::Time(_), Kind::Time)
            | (Value::Bytes(_), Kind::Bytes)
            | (Value::Texts(_), Kind::Texts)
    );
    fits.then_some(value)
}

fn tagged(tag: u16, line: &Instance<'_>) -> Option<Value> {
    let entry = line.entry;
    match tag {
        // Message class, importance, sensitivity, subject.
        0x001a => field("item:ItemClass", line),
        0x0017 => Some(Value::Number(1)),
        0x0036 => Some(Value::Number(match entry.draft.sensitivity {
            Sensitivity::Normal => 0,
            Sensitivity::Personal => 1,
            Sensitivity::Private => 2,
            Sensitivity::Confidential => 3,
        })),
        0x0037 => field("item:Subject", line),
        // Attachments, article number.
        0x0e1b => Some(Value::Flag(false)),
        0x0e23 => i64::try_from(entry.save).ok().map(Value::Number),
        // Delivery and creation; last modification.
        0x0e06 | 0x3007 => Some(Value::Time(entry.created)),
        0x3008 => Some(Value::Time(entry.modified)),
        _ => None,
    }
}

/// The property set's name, whether the request writes the name or the set's id.
fn set(property: &Extended) -> Option<&str> {
    if let Some(name) = property.attribute("DistinguishedPropertySetId") {
        return Some(name);
    }
    match property
        .attribute("PropertySetId")?
        .to_ascii_uppercase()
        .as_str()
    {
        "6ED8DA90-450B-101B-98DA-00AA003F1305" => Some("Meeting"),
        "00062002-0000-0000-C000-000000000046" => Some("Appointment"),
        "00062008-0000-0000-C000-000000000046" => Some("Common"),
        "00020329-0000-0000-C000-000000000046" => Some("PublicStrings"),
        _ => None,
    }
}

fn named(property: &Extended, line: &Instance<'_>) -> Option<Value> {
    let draft = &line.entry.draft;
    if let Some(name) = property.attribute("PropertyName") {
        return match name {
            "SkypeTeamsMeetingUrl" => draft.meeting_url.clone().map(Value::Text),
            "Keywords" if set(property) == Some("PublicStrings") => field("item:Categories", line),
            _ => None,
        };
    }
    let id = property
        .attribute("PropertyId")?
        .trim()
        .parse::<u16>()
        .ok()?;
    match (set(property)?, id) {
        ("Appointment", 0x8205) => Some(Value::Number(match line.free_busy() {
            FreeBusy::Free | FreeBusy::NoData => 0,
            FreeBusy::Tentative => 1,
            FreeBusy::Busy => 2,
            FreeBusy::OOF => 3,
            FreeBusy::WorkingElsewhere => 4,
        })),
        ("Appointment", 0x8208) => field("calendar:Location", line),
        ("Appointment", 0x820d) | ("Common", 0x8516) => Some(Value::Time(line.start)),
        ("Appointment", 0x820e) | ("Common", 0x8517) => Some(Value::Time(line.end)),
        ("Appointment", 0x8215) => Some(Value::Flag(draft.all_day)),
        ("Appointment", 0x8217) => Some(Value::Number(state(line))),
        ("Appointment", 0x8218) => Some(Value::Number(match draft.my_response {
            MyResponse::Unknown => 0,
            MyResponse::Organizer => 1,
            MyResponse::Tentative => 2,
            MyResponse::Accept => 3,
            MyResponse::Decline => 4,
            MyResponse::NoResponseReceived => 5,
        })),
        ("Appointment", 0x8223) => field("calendar:IsRecurring", line),
        ("Common", 0x8506) => Some(Value::Flag(matches!(
            draft.sensitivity,
            Sensitivity::Private | Sensitivity::Confidential
        ))),
        // The global object id, of which the UID holds the digits.
        ("Meeting", 0x3 | 0x23) => bytes(&line.entry.uid).map(Value::Bytes),
        _ => None,
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
