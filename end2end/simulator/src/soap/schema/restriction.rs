//! The rules of a restriction: comparisons of a property with a constant or with another, and the operators around them.
//! The names of the expressions are those of the schema of Exchange SE.

use super::{
    Content, ElementType, SimpleType, UNBOUNDED, attributes, optional, particle,
    property_path::{EXTENDED_FIELD_URI, FIELD_URI, INDEXED_FIELD_URI},
    required, sequence,
};

/// `m:Restriction`: exactly one expression.
pub static RESTRICTION: ElementType = sequence(&[particle(EXPRESSIONS, 1, 1)]);

static EXPRESSIONS: &[(&str, &ElementType)] = &[
    ("t:And", &ONE_OR_MORE_EXPRESSIONS),
    ("t:Or", &ONE_OR_MORE_EXPRESSIONS),
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

static PATHS: &[(&str, &ElementType)] = &[
    ("t:FieldURI", &FIELD_URI),
    ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
    ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
];

static ONE_OR_MORE_EXPRESSIONS: ElementType = sequence(&[particle(EXPRESSIONS, 1, UNBOUNDED)]);
static EXISTS: ElementType = sequence(&[particle(PATHS, 1, 1)]);
static CONSTANT: ElementType = attributes(&[required("Value", SimpleType::String)]);
static BITMASK: ElementType = attributes(&[required("Value", SimpleType::Bitmask)]);
static EXCLUDES: ElementType = sequence(&[
    particle(PATHS, 1, 1),
    particle(&[("t:Bitmask", &BITMASK)], 1, 1),
]);
static PATH_OR_CONSTANT: ElementType = sequence(&[particle(
    &[
        ("t:FieldURI", &FIELD_URI),
        ("t:IndexedFieldURI", &INDEXED_FIELD_URI),
        ("t:ExtendedFieldURI", &EXTENDED_FIELD_URI),
        ("t:Constant", &CONSTANT),
    ],
    1,
    1,
)]);
static TWO_OPERANDS: ElementType = sequence(&[
    particle(PATHS, 1, 1),
    particle(&[("t:FieldURIOrConstant", &PATH_OR_CONSTANT)], 1, 1),
]);
static CONTAINS: ElementType = ElementType {
    attributes: &[
        optional(
            "ContainmentMode",
            SimpleType::OneOf(&[
                "FullString",
                "Prefixed",
                "Substring",
                "PrefixOnWords",
                "ExactPhrase",
            ]),
        ),
        optional(
            "ContainmentComparison",
            SimpleType::OneOf(&[
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
        particle(PATHS, 1, 1),
        particle(&[("t:Constant", &CONSTANT)], 1, 1),
    ]),
};
