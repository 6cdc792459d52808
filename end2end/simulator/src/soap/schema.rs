//! Strict reading: element order, unknown elements, enumerations, empty lists and missing attributes.
//! The rules are tables; a violation has the line, the position and a message like that of .NET's validating reader.

pub mod field_uri;
pub mod header;
pub mod operations;
mod property_path;
mod restriction;

use jiff::{Timestamp, civil::DateTime};
use roxmltree::Node;

use super::{MESSAGES, TYPES, fault::SoapFault};

/// What an element may hold.
#[derive(Debug)]
pub struct ElementType {
    pub attributes: &'static [AttributeRule],
    pub content: Content,
}

#[derive(Debug)]
pub struct AttributeRule {
    pub name: &'static str,
    pub required: bool,
    pub value: SimpleType,
}

#[derive(Debug)]
pub enum Content {
    Text(SimpleType),
    Sequence(&'static [Particle]),
    /// Not validated.
    Anything,
}

/// One particle of a sequence: one of the choices, `min` to `max` times.
#[derive(Debug)]
pub struct Particle {
    /// Names with the prefix `m:` or `t:`.
    pub choices: &'static [(&'static str, &'static ElementType)],
    pub min: usize,
    pub max: usize,
}

/// A simple type.
#[derive(Debug)]
pub enum SimpleType {
    String,
    NonEmpty,
    Integer,
    Boolean,
    DateTime,
    FieldUri,
    /// `0x670a` or decimal.
    PropertyTag,
    /// `0x1f` or decimal, 32 bits.
    Bitmask,
    OneOf(&'static [&'static str]),
}

pub const UNBOUNDED: usize = usize::MAX;

/// An element without attributes, holding a sequence.
pub const fn sequence(particles: &'static [Particle]) -> ElementType {
    ElementType {
        attributes: &[],
        content: Content::Sequence(particles),
    }
}

/// An element without attributes, holding text.
pub const fn text(value: SimpleType) -> ElementType {
    ElementType {
        attributes: &[],
        content: Content::Text(value),
    }
}

/// An empty element with attributes.
pub const fn attributes(attributes: &'static [AttributeRule]) -> ElementType {
    ElementType {
        attributes,
        content: Content::Sequence(&[]),
    }
}

pub const fn required(name: &'static str, value: SimpleType) -> AttributeRule {
    AttributeRule {
        name,
        required: true,
        value,
    }
}

pub const fn optional(name: &'static str, value: SimpleType) -> AttributeRule {
    AttributeRule {
        name,
        required: false,
        value,
    }
}

pub const fn particle(
    choices: &'static [(&'static str, &'static ElementType)],
    min: usize,
    max: usize,
) -> Particle {
    Particle { choices, min, max }
}

impl SimpleType {
    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::String => true,
            Self::NonEmpty => !value.is_empty(),
            Self::Integer => value.trim().parse::<i32>().is_ok(),
            Self::Boolean => matches!(value.trim(), "true" | "false" | "1" | "0"),
            Self::DateTime => {
                let value = value.trim();
                value.contains('T')
                    && (value.parse::<Timestamp>().is_ok() || value.parse::<DateTime>().is_ok())
            }
            Self::FieldUri => field_uri::is_known(value),
            Self::PropertyTag => parse_number(value).is_some_and(|tag| u16::try_from(tag).is_ok()),
            Self::Bitmask => parse_number(value).is_some(),
            Self::OneOf(values) => values.contains(&value),
        }
    }
}

/// `0x1f` or decimal.
pub fn parse_number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.map_or_else(
        || text.parse().ok(),
        |digits| u32::from_str_radix(digits, 16).ok(),
    )
}

/// Whether `node` is the element `name`, written with the prefix `m:` or `t:`.
pub fn is_element(node: Node<'_, '_>, name: &str) -> bool {
    let (prefix, local) = name.split_at(2);
    let namespace = if prefix == "m:" { MESSAGES } else { TYPES };
    node.is_element()
        && node.tag_name().name() == local
        && node.tag_name().namespace() == Some(namespace)
}

/// A fault that points at `node`.
pub fn violation(node: Node<'_, '_>, sentence: &str) -> SoapFault {
    let at = node.document().text_pos_at(node.range().start);
    // The position is that of the element's name, after the opening bracket.
    SoapFault::schema(at.row, at.col + 1, sentence)
}

/// Name and namespace as violations write them.
pub fn qualified_name(node: Node<'_, '_>) -> String {
    let name = node.tag_name();
    format!(
        "'{}' in namespace '{}'",
        name.name(),
        name.namespace().unwrap_or_default()
    )
}

/// Checks `node` against `kind`, depth first in document order.
pub fn validate(node: Node<'_, '_>, kind: &ElementType) -> Result<(), SoapFault> {
    validate_attributes(node, kind)?;
    match &kind.content {
        Content::Anything => Ok(()),
        Content::Text(value) => validate_text(node, value),
        Content::Sequence(particles) => validate_sequence(node, particles),
    }
}

fn validate_attributes(node: Node<'_, '_>, kind: &ElementType) -> Result<(), SoapFault> {
    let own = node
        .attributes()
        .filter(|attribute| attribute.namespace().is_none());
    for attribute in own {
        let name = attribute.name();
        let Some(rule) = kind.attributes.iter().find(|rule| rule.name == name) else {
            return Err(violation(
                node,
                &format!("The '{name}' attribute is not declared."),
            ));
        };
        if !rule.value.accepts(attribute.value()) {
            let value = attribute.value();
            return Err(violation(
                node,
                &format!(
                    "The '{name}' attribute is invalid - The value '{value}' is invalid according to its datatype."
                ),
            ));
        }
    }
    let missing = kind
        .attributes
        .iter()
        .find(|rule| rule.required && !node.has_attribute(rule.name));
    missing.map_or(Ok(()), |rule| {
        Err(violation(
            node,
            &format!("The required attribute '{}' is missing.", rule.name),
        ))
    })
}

fn validate_text(node: Node<'_, '_>, value: &SimpleType) -> Result<(), SoapFault> {
    if let Some(child) = node.children().find(Node::is_element) {
        let sentence = format!(
            "The element {} cannot contain child element {} because the parent element's content model is text only.",
            qualified_name(node),
            qualified_name(child)
        );
        return Err(violation(child, &sentence));
    }
    let content = node.text().unwrap_or_default();
    if value.accepts(content) {
        return Ok(());
    }
    let name = node.tag_name().name();
    Err(violation(
        node,
        &format!(
            "The '{name}' element is invalid - The value '{content}' is invalid according to its datatype."
        ),
    ))
}

fn validate_sequence(node: Node<'_, '_>, particles: &[Particle]) -> Result<(), SoapFault> {
    let stray = node
        .children()
        .any(|child| child.is_text() && !child.text().unwrap_or_default().trim_ascii().is_empty());
    if stray {
        return Err(violation(
            node,
            &format!("The element {} cannot contain text.", qualified_name(node)),
        ));
    }
    let mut children = node.children().filter(Node::is_element).peekable();
    for particle in particles {
        let mut seen = 0;
        while seen < particle.max {
            let Some(child) = children.peek().copied() else {
                break;
            };
            let Some((_, kind)) = particle
                .choices
                .iter()
                .find(|(name, _)| is_element(child, name))
            else {
                break;
            };
            validate(child, kind)?;
            children.next();
            seen += 1;
        }
        if seen < particle.min {
            let expected: Vec<_> = particle
                .choices
                .iter()
                .map(|(name, _)| &name[2..])
                .collect();
            let expected = format!(
                "List of possible elements expected: '{}'.",
                expected.join(", ")
            );
            return Err(match children.peek() {
                Some(child) => violation(*child, &invalid_child(node, *child, &expected)),
                None => violation(
                    node,
                    &format!(
                        "The element {} has incomplete content. {expected}",
                        qualified_name(node)
                    ),
                ),
            });
        }
    }
    children.next().map_or(Ok(()), |child| {
        Err(violation(child, &invalid_child(node, child, "")))
    })
}

fn invalid_child(node: Node<'_, '_>, child: Node<'_, '_>, expected: &str) -> String {
    let sentence = format!(
        "The element {} has invalid child element {}. {expected}",
        qualified_name(node),
        qualified_name(child)
    );
    sentence.trim_end().to_owned()
}
