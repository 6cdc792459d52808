//! The value of a stored item's property: a property of the schema, or an extended one as MAPI numbers it.
//! Restrictions, sort orders and extended properties are answered from here, from the data of the mailbox.

use std::cmp::Ordering;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use roxmltree::Node;

use super::response_shape::{ExtendedProperty, invalid_property_request};
use crate::{
    soap::{
        envelope::ResponseError,
        request::SoapRequest,
        schema::{self, field_uri},
    },
    world::{
        entry::{EntrySensitivity, FreeBusy, MyResponse},
        view::{CalendarItemType, ItemInstance},
    },
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
    Bytes(Vec<u8>),
    Texts(Vec<String>),
}

/// What kind of value a path holds, and so what a constant must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
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
pub enum PropertyPath {
    Field(String),
    Extended(ExtendedProperty),
}

const SENSITIVITIES: &[&str] = &["Normal", "Personal", "Private", "Confidential"];
const IMPORTANCES: &[&str] = &["Low", "Normal", "High"];
const FREE_BUSY_STATUSES: &[&str] = &[
    "Free",
    "Tentative",
    "Busy",
    "OOF",
    "WorkingElsewhere",
    "NoData",
];
const RESPONSE_TYPES: &[&str] = &[
    "Unknown",
    "Organizer",
    "Tentative",
    "Accept",
    "Decline",
    "NoResponseReceived",
];

impl PropertyPath {
    /// Reads `t:FieldURI` or `t:ExtendedFieldURI`; `unsupported` is the code for what can be read but not looked for.
    pub fn read(
        node: Node<'_, '_>,
        request: &SoapRequest<'_, '_>,
        unsupported: &str,
    ) -> Result<Self, ResponseError> {
        if schema::is_element(node, "t:ExtendedFieldURI") {
            return Ok(Self::Extended(ExtendedProperty::read(node)?));
        }
        let path = node.attribute("FieldURI").unwrap_or_default();
        if !request.version.at_least(field_uri::introduced_in(path)) {
            return Err(invalid_property_request());
        }
        let plain = schema::is_element(node, "t:FieldURI");
        if plain && field_type(path).is_some() {
            return Ok(Self::Field(path.to_owned()));
        }
        Err(ResponseError::new(
            unsupported,
            "The property is not valid for this kind of query.",
        ))
    }

    pub fn kind(&self) -> ValueType {
        match self {
            Self::Field(path) => field_type(path).unwrap_or(ValueType::Unused),
            Self::Extended(extended) => extended_type(extended),
        }
    }

    /// The item's value; `None` if it has none.
    pub fn value(&self, item: &ItemInstance<'_>) -> Option<PropertyValue> {
        match self {
            Self::Field(path) => field_value(path, item),
            Self::Extended(property) => extended_value(property, item),
        }
    }
}

impl ValueType {
    /// A constant of this kind as requests write it.
    pub fn parse(self, text: &str, request: &SoapRequest<'_, '_>) -> Option<PropertyValue> {
        let trimmed = text.trim();
        match self {
            Self::Text | Self::Texts | Self::Unused => Some(PropertyValue::Text(text.to_owned())),
            Self::Choice(words) => words
                .contains(&trimmed)
                .then(|| PropertyValue::Text(trimmed.to_owned())),
            Self::Number => trimmed
                .parse()
                .ok()
                .or_else(|| schema::parse_number(trimmed).map(i64::from))
                .map(PropertyValue::Number),
            Self::Flag => match trimmed {
                "true" | "1" => Some(PropertyValue::Flag(true)),
                "false" | "0" => Some(PropertyValue::Flag(false)),
                _ => None,
            },
            Self::Time => request.instant(trimmed).map(PropertyValue::Time),
            Self::Bytes => STANDARD.decode(trimmed).ok().map(PropertyValue::Bytes),
        }
    }
}

impl PropertyValue {
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

    /// The value as an extended property.
    pub fn xml(&self, property: &ExtendedProperty) -> String {
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

fn field_type(path: &str) -> Option<ValueType> {
    Some(match path {
        "item:Subject"
        | "item:ItemClass"
        | "item:Body"
        | "item:LastModifiedName"
        | "calendar:Location" => ValueType::Text,
        "item:Sensitivity" => ValueType::Choice(SENSITIVITIES),
        "item:Importance" => ValueType::Choice(IMPORTANCES),
        "calendar:LegacyFreeBusyStatus" => ValueType::Choice(FREE_BUSY_STATUSES),
        "calendar:MyResponseType" => ValueType::Choice(RESPONSE_TYPES),
        "item:Categories" => ValueType::Texts,
        "item:HasAttachments"
        | "calendar:IsAllDayEvent"
        | "calendar:IsRecurring"
        | "calendar:MeetingRequestWasSent" => ValueType::Flag,
        "item:DateTimeCreated"
        | "item:DateTimeReceived"
        | "item:LastModifiedTime"
        | "calendar:Start"
        | "calendar:End" => ValueType::Time,
        "calendar:AppointmentSequenceNumber" | "calendar:AppointmentState" => ValueType::Number,
        _ => return None,
    })
}

fn field_value(path: &str, item: &ItemInstance<'_>) -> Option<PropertyValue> {
    let entry = item.entry;
    let draft = &entry.draft;
    let word = |word: String| Some(PropertyValue::Text(word));
    match path {
        "item:Subject" => item
            .subject()
            .map(|text| PropertyValue::Text(text.to_owned())),
        "item:ItemClass" => word("IPM.Appointment".to_owned()),
        "calendar:Location" => item
            .location()
            .map(|text| PropertyValue::Text(text.to_owned())),
        "item:Sensitivity" => word(format!("{:?}", draft.sensitivity)),
        "item:Importance" => word("Normal".to_owned()),
        "calendar:LegacyFreeBusyStatus" => word(format!("{:?}", item.free_busy())),
        "calendar:MyResponseType" => word(format!("{:?}", draft.my_response)),
        "item:Categories" => {
            (!draft.categories.is_empty()).then(|| PropertyValue::Texts(draft.categories.clone()))
        }
        "item:HasAttachments" => Some(PropertyValue::Flag(false)),
        "calendar:IsAllDayEvent" => Some(PropertyValue::Flag(draft.all_day)),
        "calendar:IsRecurring" => Some(PropertyValue::Flag(item.kind != CalendarItemType::Single)),
        "calendar:MeetingRequestWasSent" => Some(PropertyValue::Flag(draft.organizer.is_some())),
        "item:DateTimeCreated" | "item:DateTimeReceived" => {
            Some(PropertyValue::Time(entry.created))
        }
        "item:LastModifiedTime" => Some(PropertyValue::Time(entry.modified)),
        "calendar:Start" => Some(PropertyValue::Time(item.start)),
        "calendar:End" => Some(PropertyValue::Time(item.end)),
        "calendar:AppointmentSequenceNumber" => Some(PropertyValue::Number(0)),
        "calendar:AppointmentState" => Some(PropertyValue::Number(appointment_state(item))),
        _ => None,
    }
}

/// 1 for a meeting, 4 more once it is cancelled.
pub fn appointment_state(item: &ItemInstance<'_>) -> i64 {
    let draft = &item.entry.draft;
    i64::from(draft.organizer.is_some()) + 4 * i64::from(draft.cancelled)
}

fn extended_type(property: &ExtendedProperty) -> ValueType {
    match property.attribute("PropertyType") {
        Some("String") => ValueType::Text,
        Some("Integer" | "Short" | "Long") => ValueType::Number,
        Some("Boolean") => ValueType::Flag,
        Some("SystemTime") => ValueType::Time,
        Some("Binary") => ValueType::Bytes,
        Some("StringArray") => ValueType::Texts,
        _ => ValueType::Unused,
    }
}

/// The value of an extended property, if the item has it under the type that is asked for.
pub fn extended_value(
    property: &ExtendedProperty,
    item: &ItemInstance<'_>,
) -> Option<PropertyValue> {
    let value = match property.tag() {
        Some(tag) => tagged_value(tag, item),
        None => named_value(property, item),
    }?;
    let has_type = matches!(
        (&value, extended_type(property)),
        (PropertyValue::Text(_), ValueType::Text)
            | (PropertyValue::Number(_), ValueType::Number)
            | (PropertyValue::Flag(_), ValueType::Flag)
            | (PropertyValue::Time(_), ValueType::Time)
            | (PropertyValue::Bytes(_), ValueType::Bytes)
            | (PropertyValue::Texts(_), ValueType::Texts)
    );
    has_type.then_some(value)
}

fn tagged_value(tag: u16, item: &ItemInstance<'_>) -> Option<PropertyValue> {
    let entry = item.entry;
    match tag {
        // Message class, importance, sensitivity, subject.
        0x001a => field_value("item:ItemClass", item),
        0x0017 => Some(PropertyValue::Number(1)),
        0x0036 => Some(PropertyValue::Number(match entry.draft.sensitivity {
            EntrySensitivity::Normal => 0,
            EntrySensitivity::Personal => 1,
            EntrySensitivity::Private => 2,
            EntrySensitivity::Confidential => 3,
        })),
        0x0037 => field_value("item:Subject", item),
        // Attachments, article number.
        0x0e1b => Some(PropertyValue::Flag(false)),
        0x0e23 => i64::try_from(entry.revision)
            .ok()
            .map(PropertyValue::Number),
        // Delivery and creation; last modification.
        0x0e06 | 0x3007 => Some(PropertyValue::Time(entry.created)),
        0x3008 => Some(PropertyValue::Time(entry.modified)),
        _ => None,
    }
}

/// The property set's name, whether the request writes the name or the set's id.
fn property_set(property: &ExtendedProperty) -> Option<&str> {
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

fn named_value(property: &ExtendedProperty, item: &ItemInstance<'_>) -> Option<PropertyValue> {
    let draft = &item.entry.draft;
    if let Some(name) = property.attribute("PropertyName") {
        return match name {
            "SkypeTeamsMeetingUrl" => draft.meeting_url.clone().map(PropertyValue::Text),
            "Keywords" if property_set(property) == Some("PublicStrings") => {
                field_value("item:Categories", item)
            }
            _ => None,
        };
    }
    let id = property
        .attribute("PropertyId")?
        .trim()
        .parse::<u16>()
        .ok()?;
    match (property_set(property)?, id) {
        ("Appointment", 0x8205) => Some(PropertyValue::Number(match item.free_busy() {
            FreeBusy::Free | FreeBusy::NoData => 0,
            FreeBusy::Tentative => 1,
            FreeBusy::Busy => 2,
            FreeBusy::OOF => 3,
            FreeBusy::WorkingElsewhere => 4,
        })),
        ("Appointment", 0x8208) => field_value("calendar:Location", item),
        ("Appointment", 0x820d) | ("Common", 0x8516) => Some(PropertyValue::Time(item.start)),
        ("Appointment", 0x820e) | ("Common", 0x8517) => Some(PropertyValue::Time(item.end)),
        ("Appointment", 0x8215) => Some(PropertyValue::Flag(draft.all_day)),
        ("Appointment", 0x8217) => Some(PropertyValue::Number(appointment_state(item))),
        ("Appointment", 0x8218) => Some(PropertyValue::Number(match draft.my_response {
            MyResponse::Unknown => 0,
            MyResponse::Organizer => 1,
            MyResponse::Tentative => 2,
            MyResponse::Accept => 3,
            MyResponse::Decline => 4,
            MyResponse::NoResponseReceived => 5,
        })),
        ("Appointment", 0x8223) => field_value("calendar:IsRecurring", item),
        ("Common", 0x8506) => Some(PropertyValue::Flag(matches!(
            draft.sensitivity,
            EntrySensitivity::Private | EntrySensitivity::Confidential
        ))),
        // The global object id, of which the UID holds the digits.
        ("Meeting", 0x3 | 0x23) => decode_hex(&item.entry.uid).map(PropertyValue::Bytes),
        _ => None,
    }
}

fn decode_hex(hex: &str) -> Option<Vec<u8>> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
