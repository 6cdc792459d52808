//! Strict reading: element order, unknown elements, enumerations, empty lists and missing attributes.
//! The rules are tables; a violation tells line, position and a sentence in the manner of a validating reader.

pub mod field_uri;
pub mod header;
pub mod operations;
mod property_path;
mod search;

use jiff::{Timestamp, civil::DateTime};
use roxmltree::Node;

use super::{MESSAGES, TYPES, fault::Fault};

/// What an element may hold.
#[derive(Debug)]
pub struct Type {
    pub attributes: &'static [Attribute],
    pub content: Content,
}

#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub required: bool,
    pub value: Simple,
}

#[derive(Debug)]
pub enum Content {
    Text(Simple),
    Sequence(&'static [Particle]),
    /// Not looked into.
    Anything,
}

/// One place of a sequence: one of the choices, `min` to `max` times.
#[derive(Debug)]
pub struct Particle {
    /// Names with the prefix `m:` or `t:`.
    pub choices: &'static [(&'static str, &'static Type)],
    pub min: usize,
    pub max: usize,
}

/// A simple type.
#[derive(Debug)]
pub enum Simple {
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

pub const MANY: usize = usize::MAX;

/// An element without attributes, holding a sequence.
pub const fn sequence(particles: &'static [Particle]) -> Type {
    Type {
        attributes: &[],
        content: Content::Sequence(particles),
    }
}

/// An element without attributes, holding text.
pub const fn text(value: Simple) -> Type {
    Type {
        attributes: &[],
        content: Content::Text(value),
    }
}

/// An empty element with attributes.
pub const fn attributes(attributes: &'static [Attribute]) -> Type {
    Type {
        attributes,
        content: Content::Sequence(&[]),
    }
}

pub const fn required(name: &'static str, value: Simple) -> Attribute {
    Attribute {
        name,
        required: true,
        value,
    }
}

pub const fn optional(name: &'static str, value: Simple) -> Attribute {
    Attribute {
        name,
        required: false,
        value,
    }
}

pub const fn place(
    choices: &'static [(&'static str, &'static Type)],
    min: usize,
    max: usize,
) -> Particle {
    Particle { choices, min, max }
}

impl Simple {
    fn admits(&self, value: &str) -> bool {
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
            Self::FieldUri => field_uri::known(value),
            Self::PropertyTag => number(value).is_some_and(|tag| u16::try_from(tag).is_ok()),
            Self::Bitmask => number(value).is_some(),
            Self::OneOf(values) => values.contains(&value),
        }
    }
}

/// `0x1f` or decimal.
pub fn number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.map_or_else(
        || text.parse().ok(),
        |digits| u32::from_str_radix(digits, 16).ok(),
    )
}

/// Whether `node` is the element `name`, written with the prefix `m:` or `t:`.
pub fn is(node: Node<'_, '_>, name: &str) -> bool {
    let (prefix, local) = name.split_at(2);
    let namespace = if prefix == "m:" { MESSAGES } else { TYPES };
    node.is_element()
        && node.tag_name().name() == local
        && node.tag_name().namespace() == Some(namespace)
}

/// A fault that points at `node`.
pub fn violation(node: Node<'_, '_>, sentence: &str) -> Fault {
    let at = node.document().text_pos_at(node.range().start);
    // The reader points at the name, behind the bracket.
    Fault::schema(at.row, at.col + 1, sentence)
}

/// Name and namespace as a violation tells them.
pub fn told(node: Node<'_, '_>) -> String {
    let name = node.tag_name();
    format!(
        "'{}' in namespace '{}'",
        name.name(),
        name.namespace().unwrap_or_default()
    )
}

/// Checks `node` against `kind`, depth first in document order.
pub fn validate(node: Node<'_, '_>, kind: &Type) -> Result<(), Fault> {
    validate_attributes(node, kind)?;
    match &kind.content {
        Content::Anything => Ok(()),
        Content::Text(value) => validate_text(node, value),
        Content::Sequence(particles) => validate_sequence(node, particles),
    }
}

fn validate_attributes(node: Node<'_, '_>, kind: &Type) -> Result<(), Fault> {
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
        if !rule.value.admits(attribute.value()) {
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

fn validate_text(node: Node<'_, '_>, value: &Simple) -> Result<(), Fault> {
    if let Some(child) = node.children().find(Node::is_element) {
        let sentence = format!(
            "The element {} cannot contain child element {} because the parent element's content model is text only.",
            told(node),
            told(child)
        );
        return Err(violation(child, &sentence));
    }
    let content = node.text().unwrap_or_default();
    if value.admits(content) {
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

fn validate_sequence(node: Node<'_, '_>, particles: &[Particle]) -> Result<(), Fault> {
    let stray = node
        .children()
        .any(|child| child.is_text() && !child.text().unwrap_or_default().trim_ascii().is_empty());
    if stray {
        return Err(violation(
            node,
            &format!("The element {} cannot contain text.", told(node)),
        ));
    }
    let mut children = node.children().filter(Node::is_element).peekable();
    for particle in particles {
        let mut seen = 0;
        while seen < particle.max {
            let Some(child) = children.peek().copied() else {
                break;
            };
            let Some((_, kind)) = particle.choices.iter().find(|(name, _)| is(child, name)) else {
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
                        told(node)
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
        told(node),
        told(child)
    );
    sentence.trim_end().to_owned()
}
