//! Rules for the header entries of the types namespace.
//! Their order is free and each may come once; entries of other namespaces are not looked at.

use super::{Content, Simple, Type, attributes, optional, place, required, sequence, text};

static ID: Type = text(Simple::String);
static VERSION: Type = attributes(&[required("Version", Simple::String)]);
static CONNECTING_SID: Type = sequence(&[place(
    &[
        ("t:PrincipalName", &ID),
        ("t:SID", &ID),
        ("t:PrimarySmtpAddress", &ID),
        ("t:SmtpAddress", &ID),
    ],
    1,
    1,
)]);
static IMPERSONATION: Type = sequence(&[place(&[("t:ConnectingSID", &CONNECTING_SID)], 1, 1)]);
static ZONE: Type = Type {
    attributes: &[
        optional("Id", Simple::String),
        optional("Name", Simple::String),
    ],
    content: Content::Anything,
};
static ZONE_CONTEXT: Type = sequence(&[place(&[("t:TimeZoneDefinition", &ZONE)], 1, 1)]);
static CULTURE: Type = text(Simple::NonEmpty);
static PRECISION: Type = text(Simple::OneOf(&["Seconds", "Milliseconds"]));
static ANY: Type = Type {
    attributes: &[],
    content: Content::Anything,
};

/// The header entries that Exchange knows, by local name.
pub static ENTRIES: &[(&str, &Type)] = &[
    ("RequestServerVersion", &VERSION),
    ("ExchangeImpersonation", &IMPERSONATION),
    ("TimeZoneContext", &ZONE_CONTEXT),
    ("MailboxCulture", &CULTURE),
    ("DateTimePrecision", &PRECISION),
    ("SerializedSecurityContext", &ANY),
    ("ManagementRole", &ANY),
];
