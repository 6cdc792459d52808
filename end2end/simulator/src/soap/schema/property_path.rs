//! The rules of the three elements that name a property.
//! Shapes, sort orders and restrictions share them.

use super::{Simple, Type, attributes, optional, required};

pub static FIELD_URI: Type = attributes(&[required("FieldURI", Simple::FieldUri)]);
pub static INDEXED_FIELD_URI: Type = attributes(&[
    required("FieldURI", Simple::String),
    required("FieldIndex", Simple::String),
]);
pub static EXTENDED_FIELD_URI: Type = attributes(&[
    optional(
        "DistinguishedPropertySetId",
        Simple::OneOf(&[
            "Meeting",
            "Appointment",
            "Common",
            "PublicStrings",
            "Address",
            "InternetHeaders",
            "CalendarAssistant",
            "UnifiedMessaging",
            "Task",
            "Sharing",
        ]),
    ),
    optional("PropertySetId", Simple::String),
    optional("PropertyTag", Simple::PropertyTag),
    optional("PropertyName", Simple::String),
    optional("PropertyId", Simple::Integer),
    required(
        "PropertyType",
        Simple::OneOf(&[
            "ApplicationTime",
            "ApplicationTimeArray",
            "Binary",
            "BinaryArray",
            "Boolean",
            "CLSID",
            "CLSIDArray",
            "Currency",
            "CurrencyArray",
            "Double",
            "DoubleArray",
            "Error",
            "Float",
            "FloatArray",
            "Integer",
            "IntegerArray",
            "Long",
            "LongArray",
            "Null",
            "Object",
            "ObjectArray",
            "Short",
            "ShortArray",
            "SystemTime",
            "SystemTimeArray",
            "String",
            "StringArray",
        ]),
    ),
]);
