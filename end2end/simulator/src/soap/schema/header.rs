//! Rules for the header entries of the types namespace.
//! Their order is free and each may come once; entries of other namespaces are not looked at.

use super::{
    Content, ElementType, SimpleType, attributes, optional, particle, required, sequence, text,
};

static ID: ElementType = text(SimpleType::String);
static VERSION: ElementType = attributes(&[required("Version", SimpleType::String)]);
static CONNECTING_SID: ElementType = sequence(&[particle(
    &[
        ("t:PrincipalName", &ID),
        ("t:SID", &ID),
        ("t:PrimarySmtpAddress", &ID),
        ("t:SmtpAddress", &ID),
    ],
    1,
    1,
)]);
static IMPERSONATION: ElementType =
    sequence(&[particle(&[("t:ConnectingSID", &CONNECTING_SID)], 1, 1)]);
static ZONE: ElementType = ElementType {
    attributes: &[
        optional("Id", SimpleType::String),
        optional("Name", SimpleType::String),
    ],
    content: Content::Anything,
};
static ZONE_CONTEXT: ElementType = sequence(&[particle(&[("t:TimeZoneDefinition", &ZONE)], 1, 1)]);
static CULTURE: ElementType = text(SimpleType::NonEmpty);
static PRECISION: ElementType = text(SimpleType::OneOf(&["Seconds", "Milliseconds"]));
static ANY: ElementType = ElementType {
    attributes: &[],
    content: Content::Anything,
};

/// The header entries that Exchange knows, by local name.
pub static HEADER_ENTRIES: &[(&str, &ElementType)] = &[
    ("RequestServerVersion", &VERSION),
    ("ExchangeImpersonation", &IMPERSONATION),
    ("TimeZoneContext", &ZONE_CONTEXT),
    ("MailboxCulture", &CULTURE),
    ("DateTimePrecision", &PRECISION),
    ("SerializedSecurityContext", &ANY),
    ("ManagementRole", &ANY),
];
