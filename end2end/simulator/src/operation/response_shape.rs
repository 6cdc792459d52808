//! Which properties a shape asks for.
//! Paths newer than the request's schema version are refused.

use std::collections::BTreeSet;

use roxmltree::Node;

use crate::soap::{
    envelope::ResponseError,
    request::{SoapRequest, child},
    schema::{self, field_uri},
    text::{element, escape},
};

/// The base shape's name, the paths and the extended properties that were asked for.
#[derive(Debug, Default)]
pub struct ResponseShape {
    base: String,
    paths: BTreeSet<String>,
    pub extended: Vec<ExtendedProperty>,
    /// Whether the item as MIME was asked for.
    pub mime: bool,
}

/// An extended property as the request names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtendedProperty {
    attributes: Vec<(String, String)>,
}

impl ExtendedProperty {
    /// Reads `t:ExtendedFieldURI`; it must name the property in exactly one way, as with Exchange.
    pub fn read(node: Node<'_, '_>) -> Result<Self, ResponseError> {
        let attributes = node
            .attributes()
            .map(|each| (each.name().to_owned(), each.value().to_owned()))
            .collect();
        let extended = Self { attributes };
        let has = |name| extended.attribute(name).is_some();
        let sets = u8::from(has("PropertySetId")) + u8::from(has("DistinguishedPropertySetId"));
        let names = u8::from(has("PropertyName")) + u8::from(has("PropertyId"));
        let sound = match extended.tag() {
            // Tags from 0x8000 on are assigned by each mailbox, so a request cannot use them.
            Some(tag) => tag < 0x8000 && sets == 0 && names == 0,
            None => sets == 1 && names == 1,
        };
        if sound {
            return Ok(extended);
        }
        Err(ResponseError::new(
            "ErrorInvalidExtendedProperty",
            "The extended property attribute combination is invalid.",
        ))
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The tag's number, if the property is named by one.
    pub fn tag(&self) -> Option<u16> {
        let number = schema::parse_number(self.attribute("PropertyTag")?)?;
        u16::try_from(number).ok()
    }

    /// `t:ExtendedProperty` with this text as its value.
    pub fn xml(&self, value: &str) -> String {
        self.around(&element("t:Value", value))
    }

    /// `t:ExtendedProperty` with several values.
    pub fn list_xml(&self, values: &[String]) -> String {
        let values: String = values
            .iter()
            .map(|value| element("t:Value", value))
            .collect();
        self.around(&format!("<t:Values>{values}</t:Values>"))
    }

    fn around(&self, values: &str) -> String {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, value)| format!(r#" {name}="{}""#, escape(value)))
            .collect::<Vec<_>>()
            .concat();
        format!(
            "<t:ExtendedProperty><t:ExtendedFieldURI{attributes}/>{values}</t:ExtendedProperty>"
        )
    }
}

impl ResponseShape {
    /// Reads `m:ItemShape` or `m:FolderShape`.
    pub fn read(request: &SoapRequest<'_, '_>, shape: &str) -> Result<Self, ResponseError> {
        let mut response_shape = Self::default();
        let Some(shape) = request.child(shape) else {
            return Ok(response_shape);
        };
        if let Some(base) = child(shape, "t:BaseShape").and_then(|base| base.text()) {
            base.clone_into(&mut response_shape.base);
        }
        let mime = child(shape, "t:IncludeMimeContent").and_then(|mime| mime.text());
        response_shape.mime = mime.is_some_and(|mime| matches!(mime.trim(), "true" | "1"));
        let properties = child(shape, "t:AdditionalProperties");
        let properties = properties
            .into_iter()
            .flat_map(|list| list.children())
            .filter(Node::is_element);
        for property in properties {
            if schema::is_element(property, "t:ExtendedFieldURI") {
                response_shape
                    .extended
                    .push(ExtendedProperty::read(property)?);
            } else if let Some(path) = property.attribute("FieldURI") {
                if !request.version.at_least(field_uri::introduced_in(path)) {
                    return Err(invalid_property_request());
                }
                response_shape.mime |= path == "item:MimeContent";
                response_shape.paths.insert(path.to_owned());
            }
        }
        Ok(response_shape)
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

pub fn invalid_property_request() -> ResponseError {
    ResponseError::new(
        "ErrorInvalidPropertyRequest",
        "The property can not be used with this type of request.",
    )
}
