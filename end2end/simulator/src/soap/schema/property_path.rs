//! The rules of the three elements that name a property.
//! Shapes, sort orders and restrictions share them.

use super::{ElementType, SimpleType, attributes, optional, required};

pub static FIELD_URI: ElementType = attributes(&[required("FieldURI", SimpleType::FieldUri)]);
pub static INDEXED_FIELD_URI: ElementType = attributes(&[
    required("FieldURI", SimpleType::String),
    required("FieldIndex", SimpleType::String),
]);
pub static EXTENDED_FIELD_URI: ElementType = attributes(&[
    optional(
        "DistinguishedPropertySetId",
        SimpleType::OneOf(&[
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
    optional("PropertySetId", SimpleType::String),
    optional("PropertyTag", SimpleType::PropertyTag),
    optional("PropertyName", SimpleType::String),
    optional("PropertyId", SimpleType::Integer),
    required(
        "PropertyType",
        SimpleType::OneOf(&[
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
