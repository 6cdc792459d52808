//! Which properties a shape asks for.
//! Paths newer than the request's schema version are refused.

use std::collections::BTreeSet;

use roxmltree::Node;

use crate::soap::{
    envelope::ResponseError,
    request::{Request, child},
    schema::{self, field_uri},
    text::escape,
};

/// The base shape's name, the paths and the extended properties that were asked for.
#[derive(Debug, Default)]
pub struct Wanted {
    base: String,
    paths: BTreeSet<String>,
    pub extended: Vec<Extended>,
}

/// An extended property as the request names it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Extended {
    attributes: Vec<(String, String)>,
}

impl Extended {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The tag's number, if the property is named by one.
    pub fn tag(&self) -> Option<u16> {
        let text = self.attribute("PropertyTag")?.to_ascii_lowercase();
        match text.strip_prefix("0x") {
            Some(digits) => u16::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }

    /// `t:ExtendedProperty` with this value.
    pub fn xml(&self, value: &str) -> String {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, value)| format!(r#" {name}="{}""#, escape(value)))
            .collect::<Vec<_>>()
            .concat();
        format!(
            "<t:ExtendedProperty><t:ExtendedFieldURI{attributes}/><t:Value>{}</t:Value></t:ExtendedProperty>",
            escape(value)
        )
    }
}

impl Wanted {
    /// Reads `m:ItemShape` or `m:FolderShape`.
    pub fn read(request: &Request<'_, '_>, shape: &str) -> Result<Self, ResponseError> {
        let mut wanted = Self::default();
        let Some(shape) = request.child(shape) else {
            return Ok(wanted);
        };
        if let Some(base) = child(shape, "t:BaseShape").and_then(|base| base.text()) {
            base.clone_into(&mut wanted.base);
        }
        let properties = child(shape, "t:AdditionalProperties");
        let properties = properties
            .into_iter()
            .flat_map(|list| list.children())
            .filter(Node::is_element);
        for property in properties {
            if schema::is(property, "t:ExtendedFieldURI") {
                let attributes = property
                    .attributes()
                    .map(|each| (each.name().to_owned(), each.value().to_owned()))
                    .collect();
                wanted.extended.push(Extended { attributes });
            } else if let Some(path) = property.attribute("FieldURI") {
                if !request.version.at_least(field_uri::since(path)) {
                    return Err(invalid_property());
                }
                wanted.paths.insert(path.to_owned());
            }
        }
        Ok(wanted)
    }

    /// Whether `path` was asked for, by name or by a base shape; `default` says whether the shape Default holds it.
    pub fn has(&self, path: &str, default: bool) -> bool {
        self.paths.contains(path)
            || self.base == "AllProperties"
            || (default && self.base == "Default")
    }

    /// Whether `path` was asked for by name.
    pub fn names(&self, path: &str) -> bool {
        self.paths.contains(path)
    }
}

pub fn invalid_property() -> ResponseError {
    ResponseError::new(
        "ErrorInvalidPropertyRequest",
        "The property can not be used with this type of request.",
    )
}
