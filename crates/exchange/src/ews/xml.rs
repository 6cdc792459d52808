//! A pull reader for the answers of Exchange. Elements are told by namespace and local name, never by prefix; what is
//! not asked for is skipped; depth and sizes are bounded; a document type ends it.

use super::sanitize::{is_xml_char, sanitize_xml};
use crate::outbound::response::{BodyError, BodyStream};
use futures::StreamExt as _;
use kalends_core::problem::capped;
use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    name::{Namespace as Uri, ResolveResult},
    reader::NsReader,
};
use std::borrow::Cow;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// The most attributes of one element that are kept.
const MAX_ATTRIBUTES: usize = 32;

/// The namespaces that occur in EWS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// Of SOAP 1.1.
    Soap,
    /// Of the messages of EWS.
    Messages,
    /// Of the types of EWS.
    Types,
    /// Of the details of faults.
    Errors,
    /// `faultcode`, `faultstring` and `detail` have none.
    None,
    /// Any other.
    Other,
}

/// The start of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartTag<'a> {
    /// The namespace of the element.
    pub namespace: Namespace,
    start: BytesStart<'a>,
}

impl StartTag<'_> {
    /// Whether it is this element.
    pub fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name() == name
    }

    /// The local name.
    pub fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// An attribute by its local name.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let attribute = self
            .start
            .attributes()
            .filter_map(Result::ok)
            .take(MAX_ATTRIBUTES)
            .find(|attribute| attribute.key.local_name().into_inner() == name)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(clean(value).into_owned())
    }
}

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It is a web page.
    #[error("a web page")]
    Html,
    /// It is not the XML that the protocol allows; the text says what was met, for logs and for the advice.
    #[error("{0}")]
    Malformed(String),
}

impl XmlError {
    /// Of XML that is not what the protocol allows; at most 200 characters are kept.
    pub fn malformed(what: impl AsRef<str>) -> Self {
        Self::Malformed(capped(what.as_ref()))
    }
}

/// The text of an answer that is read to its end, at most as many bytes as the body allows.
pub async fn text_of(mut body: BodyStream) -> Result<String, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(sanitize_xml(&bytes))
}

/// The reader. After [`Xml::child`] returned an element, the next call must read it: by [`Xml::child`] again until it
/// returns `None`, by [`Xml::text`], or by [`Xml::skip`].
pub struct Xml<'a> {
    reader: NsReader<&'a [u8]>,
    depth: usize,
}

enum Token<'a> {
    Start(StartTag<'a>),
    End,
    Text(Cow<'a, str>),
    Eof,
}

impl<'a> Xml<'a> {
    /// Over a text as [`text_of`] makes it.
    pub fn new(text: &'a str) -> Self {
        // Some proxies put lines before it, and byte-order marks among them.
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0 }
    }

    /// The root element.
    pub fn root(&mut self) -> Result<StartTag<'a>, XmlError> {
        loop {
            match self.next()? {
                Token::Start(tag) if tag.name().eq_ignore_ascii_case("html") => {
                    return Err(XmlError::Html);
                }
                Token::Start(tag) => return Ok(tag),
                Token::Text(text) if text.trim().is_empty() => {}
                Token::Text(_) => return Err(XmlError::malformed("text before the root element")),
                Token::End | Token::Eof => return Err(XmlError::malformed("an empty answer")),
            }
        }
    }

    /// The next element within the current one; `None` at the end of the current one.
    pub fn child(&mut self) -> Result<Option<StartTag<'a>>, XmlError> {
        loop {
            match self.next()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End => return Ok(None),
                Token::Text(_) => {}
                Token::Eof => return Err(XmlError::malformed("the XML ends too early")),
            }
        }
    }

    /// The text of the current element up to its end; elements within are skipped.
    pub fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let mut text = Cow::Borrowed("");
        let mut inner = 0_usize;
        loop {
            match self.next()? {
                Token::Text(part) if inner == 0 && text.is_empty() => text = part,
                Token::Text(part) if inner == 0 => text.to_mut().push_str(&part),
                Token::Text(_) => {}
                Token::Start(_) => inner += 1,
                Token::End if inner == 0 => return Ok(text),
                Token::End => inner -= 1,
                Token::Eof => return Err(XmlError::malformed("the XML ends too early")),
            }
        }
    }

    /// Hands over the text of each element within the current one that holds text, however deep it stands, under its
    /// attribute `Name` or else its own name; `name` is that of the current one.
    pub fn leaves(&mut self, name: &str, take: &mut dyn FnMut(&str, &str)) -> Result<(), XmlError> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Token::Text(part) => text.push_str(&part),
                // The depth is bounded by the reader.
                Token::Start(tag) => {
                    let inner = tag.attribute("Name");
                    let inner = inner.unwrap_or_else(|| tag.name().to_owned());
                    self.leaves(&inner, take)?;
                }
                Token::End => {
                    if !text.trim().is_empty() {
                        take(name, text.trim());
                    }
                    return Ok(());
                }
                Token::Eof => return Err(XmlError::malformed("the XML ends too early")),
            }
        }
    }

    /// Reads past the end of the current element.
    pub fn skip(&mut self) -> Result<(), XmlError> {
        self.text().map(drop)
    }

    /// Reads what follows up to the end of the answer, so that one that breaks off later is none.
    pub fn finish(mut self) -> Result<(), XmlError> {
        while !matches!(self.next()?, Token::Eof) {}
        Ok(())
    }

    fn next(&mut self) -> Result<Token<'a>, XmlError> {
        loop {
            let (namespace, event) = self
                .reader
                .read_resolved_event()
                .map_err(|error| XmlError::malformed(error.to_string()))?;
            return Ok(match event {
                Event::Start(start) => {
                    let namespace = known(&namespace);
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(XmlError::malformed("nested too deeply"));
                    }
                    Token::Start(StartTag { namespace, start })
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::End
                }
                Event::Text(text) => Token::Text(clean(text.xml10_content())),
                Event::CData(text) => Token::Text(clean(text.xml10_content())),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    let character = reference.resolve_char_ref().ok().flatten();
                    Token::Text(Cow::Owned(resolve(&name, character)?))
                }
                Event::Eof => Token::Eof,
                Event::DocType(kind) => {
                    let is_html = kind.xml10_content().trim().to_ascii_lowercase();
                    return Err(if is_html.starts_with("html") {
                        XmlError::Html
                    } else {
                        XmlError::malformed("a document type")
                    });
                }
                // Empty elements come as a start and an end.
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => continue,
            });
        }
    }
}

/// Only the five entities of XML itself are known.
fn resolve(name: &str, character: Option<char>) -> Result<String, XmlError> {
    let c = match (character, name) {
        (Some(c), _) if is_xml_char(c) => c,
        (_, "amp") => '&',
        (_, "lt") => '<',
        (_, "gt") => '>',
        (_, "quot") => '"',
        (_, "apos") => '\'',
        (_, name) if name.starts_with('#') => char::REPLACEMENT_CHARACTER,
        _ => return Err(XmlError::malformed(format!("the entity {name}"))),
    };
    Ok(c.to_string())
}

/// Characters that XML forbids but the parser lets through become U+FFFD.
fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.as_bytes().iter().all(is_plain) || text.chars().all(is_xml_char) {
        return text;
    }
    let replaced = |c| {
        if is_xml_char(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(replaced).collect()
}

fn known(namespace: &ResolveResult<'_>) -> Namespace {
    match namespace {
        ResolveResult::Bound(Uri(uri)) => match *uri {
            "http://schemas.xmlsoap.org/soap/envelope/" => Namespace::Soap,
            "http://schemas.microsoft.com/exchange/services/2006/messages" => Namespace::Messages,
            "http://schemas.microsoft.com/exchange/services/2006/types" => Namespace::Types,
            "http://schemas.microsoft.com/exchange/services/2006/errors" => Namespace::Errors,
            _ => Namespace::Other,
        },
        ResolveResult::Unbound => Namespace::None,
        ResolveResult::Unknown(_) => Namespace::Other,
    }
}

/// A text as it may stand in a request: escaped, without characters that XML forbids.
pub fn escaped(text: &str) -> String {
    let kept: String = text.chars().filter(|c| is_xml_char(*c)).collect();
    quick_xml::escape::escape(kept.as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use hyper::body::Bytes;

    const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

    #[test]
    fn elements_are_told_by_namespace_whatever_the_prefix() {
        for (open, close) in [
            ("<t:a xmlns:t", "</t:a>"),
            ("<zz:a xmlns:zz", "</zz:a>"),
            ("<a xmlns", "</a>"),
        ] {
            let text = format!(
                "\u{FEFF}<?xml version=\"1.0\"?>{open}=\"{TYPES}\" Id=\"x&amp;y&#x1;\"><b/>&#x1;ä&lt;<![CDATA[<c>]]>{close}"
            );
            let text = sanitize_xml(text.as_bytes());
            let mut xml = Xml::new(&text);
            let root = xml.root().unwrap();
            assert!(root.is(Namespace::Types, "a"));
            assert_eq!(root.attribute("Id").as_deref(), Some("x&y\u{FFFD}"));
            assert_eq!(xml.text().unwrap(), "\u{FFFD}ä<<c>");
        }
    }

    #[test]
    fn hostile_documents_end_in_an_error() {
        let root = |text: &str| {
            let mut xml = Xml::new(text);
            xml.root()?;
            xml.text().map(Cow::into_owned)
        };
        assert_eq!(root("<!DOCTYPE html><html>"), Err(XmlError::Html));
        assert_eq!(root("<HTML><body>"), Err(XmlError::Html));
        for bad in [
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<a>&b;</a>",
            "<a><b></a>",
            "<a>",
            "",
            "no xml",
            &"<a>".repeat(100),
        ] {
            let result = root(bad);
            assert!(
                matches!(result, Err(XmlError::Malformed(_))),
                "{bad}: {result:?}"
            );
        }
    }

    #[tokio::test]
    async fn an_answer_is_put_together_from_its_chunks() {
        let chunks = |last: Result<Bytes, BodyError>| -> BodyStream {
            let bytes = "<a>ä&#x1;</a>".as_bytes().chunks(1);
            let whole = bytes.map(|byte| Ok(Bytes::copy_from_slice(byte)));
            Box::pin(stream::iter(whole.chain([last]).collect::<Vec<_>>()))
        };
        let text = text_of(chunks(Ok(Bytes::new()))).await;
        assert_eq!(text.as_deref(), Ok("<a>ä\u{FFFD}</a>"));
        let error = BodyError::TooLarge;
        assert_eq!(text_of(chunks(Err(error))).await, Err(error));
    }

    #[test]
    fn request_texts_are_escaped_and_stripped() {
        assert_eq!(
            escaped("a<b>&\"'\u{1}\u{FFFF}ä"),
            "a&lt;b&gt;&amp;&quot;&apos;ä"
        );
    }
}
