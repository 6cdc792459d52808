//! A restriction as a question to one item.
//! What cannot be looked for, a constant of the wrong kind and too many nodes are refused before any item is seen.

use std::cmp::Ordering;

use roxmltree::Node;

use super::property::{PropertyPath, PropertyValue, ValueType};
use crate::{
    soap::{envelope::ResponseError, request::SoapRequest, schema},
    world::view::ItemInstance,
};

/// How many nodes a restriction may have.
const MAX_NODES: usize = 255;
const UNSUPPORTED_PATH_CODE: &str = "ErrorUnsupportedPathForQuery";

#[derive(Debug)]
pub enum Restriction {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Exists(PropertyPath),
    /// None of these bits is set.
    Excludes(PropertyPath, u32),
    Contains {
        path: PropertyPath,
        mode: String,
        /// Case and accents count.
        exact: bool,
        text: String,
    },
    Compare(PropertyPath, Comparison, Operand),
}

#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug)]
pub enum Operand {
    Path(PropertyPath),
    Constant(PropertyValue),
}

impl Restriction {
    /// Reads `m:Restriction`, which the schema has let pass.
    pub fn read(
        node: Node<'_, '_>,
        request: &SoapRequest<'_, '_>,
    ) -> Result<Option<Self>, ResponseError> {
        let nodes = node.descendants().filter(|node| is_expression(*node));
        if nodes.count() > MAX_NODES {
            return Err(ResponseError::new(
                "ErrorRestrictionTooComplex",
                "The restriction is too complex.",
            ));
        }
        node.children()
            .find(Node::is_element)
            .map(|node| read_expression(node, request))
            .transpose()
    }

    /// Whether the item matches.
    pub fn matches(&self, item: &ItemInstance<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(item)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(item)),
            Self::Not(part) => !part.matches(item),
            Self::Exists(path) => path.value(item).is_some(),
            Self::Excludes(path, mask) => match path.value(item) {
                Some(PropertyValue::Number(number)) => number & i64::from(*mask) == 0,
                _ => true,
            },
            Self::Contains {
                path,
                mode,
                exact,
                text,
            } => match path.value(item) {
                Some(PropertyValue::Text(held)) => contains(&held, mode, *exact, text),
                Some(PropertyValue::Texts(held)) => {
                    held.iter().any(|held| contains(held, mode, *exact, text))
                }
                _ => false,
            },
            Self::Compare(path, comparison, operand) => {
                let other = match operand {
                    Operand::Path(path) => path.value(item),
                    Operand::Constant(value) => Some(value.clone()),
                };
                compare(path.value(item).as_ref(), *comparison, other.as_ref())
            }
        }
    }
}

/// Whether the node is an expression, not a path, a constant or what holds them.
fn is_expression(node: Node<'_, '_>) -> bool {
    let name = node.tag_name().name();
    node.is_element()
        && (name.starts_with("Is")
            || ["And", "Or", "Not", "Exists", "Excludes", "Contains"].contains(&name))
}

fn read_expression(
    node: Node<'_, '_>,
    request: &SoapRequest<'_, '_>,
) -> Result<Restriction, ResponseError> {
    let mut children = node.children().filter(Node::is_element);
    match node.tag_name().name() {
        "And" => Ok(Restriction::And(read_expressions(node, request)?)),
        "Or" => Ok(Restriction::Or(read_expressions(node, request)?)),
        "Not" => {
            let inner = children.next().ok_or_else(invalid_restriction)?;
            Ok(Restriction::Not(Box::new(read_expression(inner, request)?)))
        }
        name => {
            let path = children.next().ok_or_else(invalid_restriction)?;
            let path = PropertyPath::read(path, request, UNSUPPORTED_PATH_CODE)?;
            read_comparison(name, node, path, children.next(), request)
        }
    }
}

fn read_expressions(
    node: Node<'_, '_>,
    request: &SoapRequest<'_, '_>,
) -> Result<Vec<Restriction>, ResponseError> {
    node.children()
        .filter(Node::is_element)
        .map(|node| read_expression(node, request))
        .collect()
}

fn read_comparison(
    name: &str,
    node: Node<'_, '_>,
    path: PropertyPath,
    second: Option<Node<'_, '_>>,
    request: &SoapRequest<'_, '_>,
) -> Result<Restriction, ResponseError> {
    if name == "Exists" {
        return Ok(Restriction::Exists(path));
    }
    let second = second.ok_or_else(invalid_restriction)?;
    let value = second.attribute("Value").unwrap_or_default();
    match name {
        "Excludes" => {
            let mask = schema::parse_number(value).filter(|mask| *mask != 0);
            let mask = mask.filter(|_| path.kind() == ValueType::Number);
            mask.map(|mask| Restriction::Excludes(path, mask))
                .ok_or_else(|| {
                    ResponseError::new(
                        "ErrorInvalidExcludesRestriction",
                        "The Excludes restriction needs a number property and bits that are not all zero.",
                    )
                })
        }
        "Contains" => read_contains(node, path, value),
        _ => {
            let operand = second
                .children()
                .find(Node::is_element)
                .ok_or_else(invalid_restriction)?;
            let operand = if schema::is_element(operand, "t:Constant") {
                let text = operand.attribute("Value").unwrap_or_default();
                Operand::Constant(read_constant(&path, text, request)?)
            } else {
                Operand::Path(PropertyPath::read(operand, request, UNSUPPORTED_PATH_CODE)?)
            };
            let comparison = comparison_named(name).ok_or_else(invalid_restriction)?;
            Ok(Restriction::Compare(path, comparison, operand))
        }
    }
}

fn read_constant(
    path: &PropertyPath,
    text: &str,
    request: &SoapRequest<'_, '_>,
) -> Result<PropertyValue, ResponseError> {
    path.kind().parse(text, request).ok_or_else(|| {
        ResponseError::new(
            "ErrorInvalidValueForProperty",
            "The specified value is invalid for property.",
        )
    })
}

fn read_contains(
    node: Node<'_, '_>,
    path: PropertyPath,
    text: &str,
) -> Result<Restriction, ResponseError> {
    if !matches!(path.kind(), ValueType::Text | ValueType::Texts) {
        return Err(ResponseError::new(
            "ErrorContainsFilterWrongType",
            "The Contains filter can only be used for string properties.",
        ));
    }
    let mode = node.attribute("ContainmentMode").unwrap_or("FullString");
    let comparison = node.attribute("ContainmentComparison");
    Ok(Restriction::Contains {
        path,
        mode: mode.to_owned(),
        exact: comparison.is_none_or(|name| !name.contains("Ignore") && name != "Loose"),
        text: text.to_owned(),
    })
}

fn comparison_named(name: &str) -> Option<Comparison> {
    Some(match name {
        "IsEqualTo" => Comparison::Equal,
        "IsNotEqualTo" => Comparison::NotEqual,
        "IsGreaterThan" => Comparison::Greater,
        "IsGreaterThanOrEqualTo" => Comparison::GreaterOrEqual,
        "IsLessThan" => Comparison::Less,
        "IsLessThanOrEqualTo" => Comparison::LessOrEqual,
        _ => return None,
    })
}

/// What is absent is unequal to everything, and neither greater nor less.
fn compare(
    one: Option<&PropertyValue>,
    comparison: Comparison,
    two: Option<&PropertyValue>,
) -> bool {
    let order = match (one, two) {
        // One of several values is enough to be equal.
        (Some(PropertyValue::Texts(texts)), Some(two @ PropertyValue::Text(_))) => texts
            .iter()
            .filter_map(|text| PropertyValue::Text(text.clone()).order(two))
            .find(|order| order.is_eq()),
        (Some(one), Some(two)) => one.order(two),
        _ => None,
    };
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
    }
}

fn contains(held: &str, mode: &str, exact: bool, text: &str) -> bool {
    if !exact {
        return contains(&held.to_lowercase(), mode, true, &text.to_lowercase());
    }
    match mode {
        "FullString" => held == text,
        "Prefixed" => held.starts_with(text),
        "PrefixOnWords" => held
            .split_whitespace()
            .any(|word| word.starts_with(text.trim())),
        // A phrase, and a part anywhere.
        _ => held.contains(text),
    }
}

fn invalid_restriction() -> ResponseError {
    ResponseError::new("ErrorInvalidRestriction", "The restriction is invalid.")
}
