//! The rules of a restriction: comparisons of a property with a constant or with another, and what joins them.
//! The names of the expressions are those of the schema of Exchange SE.

use super::{
    Content, MANY, Simple, Type, attributes, optional, place,
    property_path::{EXTENDED_FIELD_URI, FIELD_URI, INDEXED_FIELD_URI},
    required, sequence,
};

/// `m:Restriction`: exactly one expression.
pub static RESTRICTION: Type = sequence(&[place(EXPRESSIONS, 1, 1)]);

static EXPRESSIONS: &[(&str, &Type)] = &[
    ("t:And", &SEVERAL),
    ("t:Or", &SEVERAL),
    ("t:Not", &RESTRICTION),
    ("t:Exists", &EXISTS),
    ("t:Excludes", &EXCLUDES),
    ("t:Contains", &CONTAINS),
    ("t:IsEqualTo", &TWO_OPERANDS),
    ("t:IsNotEqualTo", &TWO_OPERANDS),
    ("t:IsGreaterThan", &TWO_OPERANDS),
    ("t:IsGreaterThanOrEqualTo", &TWO_OPERANDS),
    ("t:IsLessThan", &TWO_OPERANDS),
    ("t:IsLessThanOrEqualTo", &TWO_OPERANDS),
];

static PATHS: &[(&str, &Type)] = &[
    ("t:FieldURI", &FIELD_URI),
    ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
    ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
];

static SEVERAL: Type = sequence(&[place(EXPRESSIONS, 1, MANY)]);
static EXISTS: Type = sequence(&[place(PATHS, 1, 1)]);
static CONSTANT: Type = attributes(&[required("Value", Simple::String)]);
static BITMASK: Type = attributes(&[required("Value", Simple::Bitmask)]);
static EXCLUDES: Type = sequence(&[place(PATHS, 1, 1), place(&[("t:Bitmask", &BITMASK)], 1, 1)]);
static PATH_OR_CONSTANT: Type = sequence(&[place(
    &[
        ("t:FieldURI", &FIELD_URI),
        ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
        ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ("t:Constant", &CONSTANT),
    ],
    1,
    1,
)]);
static TWO_OPERANDS: Type = sequence(&[
    place(PATHS, 1, 1),
    place(&[("t:FieldURIOrConstant", &PATH_OR_CONSTANT)], 1, 1),
]);
static CONTAINS: Type = Type {
    attributes: &[
        optional(
            "ContainmentMode",
            Simple::OneOf(&[
                "FullString",
                "Prefixed",
                "Substring",
                "PrefixOnWords",
                "ExactPhrase",
            ]),
        ),
        optional(
            "ContainmentComparison",
            Simple::OneOf(&[
                "Exact",
                "IgnoreCase",
                "IgnoreNonSpacingCharacters",
                "Loose",
                "IgnoreCaseAndNonSpacingCharacters",
                "LooseAndIgnoreCase",
                "LooseAndIgnoreNonSpace",
                "LooseAndIgnoreCaseAndIgnoreNonSpace",
            ]),
        ),
    ],
    content: Content::Sequence(&[
        place(PATHS, 1, 1),
        place(&[("t:Constant", &CONSTANT)], 1, 1),
    ]),
};
