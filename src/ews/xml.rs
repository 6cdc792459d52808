//! A pull reader for the answers of Exchange, straight from the byte stream. Elements are told by namespace and local
//! name, never by prefix; what is not asked for is skipped; depth and sizes are bounded; a document type ends it.

use super::filter::{Filter, is_xml};
use crate::{
    outbound::connection::{Body, BodyError},
    problem::capped,
};
use futures::{StreamExt as _, stream};
use hyper::body::Bytes;
use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    name::{Namespace as Uri, ResolveResult},
    reader::NsReader,
};
use std::io;
use tokio::io::AsyncBufRead;
use tokio_util::io::StreamReader;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;
/// The most attributes of one element that are kept.
const MAX_ATTRIBUTES: usize = 32;

/// The namespaces that occur in EWS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    Soap,
    Messages,
    Types,
    Errors,
    /// `faultcode`, `faultstring` and `detail` have none.
    None,
    Other,
}

/// The start of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub namespace: Namespace,
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// An attribute by its local name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It is a web page.
    #[error("a web page")]
    Html,
    /// It is not the XML that the protocol allows; the text says what was met, for logs and for the advice.
    #[error("{0}")]
    Malformed(String),
}

impl XmlError {
    pub fn malformed(what: impl AsRef<str>) -> Self {
        Self::Malformed(capped(what.as_ref()))
    }
}

/// The reader. After [`Xml::child`] returned an element, the next call must read it: by [`Xml::child`] again until it
/// returns `None`, by [`Xml::text`], or by [`Xml::skip`].
pub struct Xml {
    reader: NsReader<Box<dyn AsyncBufRead + Send + Unpin>>,
    buffer: Vec<u8>,
    depth: usize,
}

enum Token {
    Start(Tag),
    End,
    Text(String),
    Eof,
}

impl Xml {
    pub fn new(body: Body) -> Self {
        let filtered = stream::unfold(Some((body, Filter::default())), |state| async {
            let (mut body, mut filter) = state?;
            match body.next().await {
                Some(Ok(chunk)) => {
                    let passed = Bytes::from(filter.push(&chunk));
                    Some((Ok(passed), Some((body, filter))))
                }
                Some(Err(error)) => Some((Err(error), None)),
                None => Some((Ok(Bytes::from(filter.finish())), None)),
            }
        })
        // An empty chunk would read as the end of the answer.
        .filter(|chunk| std::future::ready(!matches!(chunk, Ok(bytes) if bytes.is_empty())));
        let mut reader: NsReader<Box<dyn AsyncBufRead + Send + Unpin>> =
            NsReader::from_reader(Box::new(StreamReader::new(Box::pin(filtered))));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// Reads an answer that is there as a whole, in pieces as they come over a network.
    pub fn of_bytes(bytes: Bytes) -> Self {
        const PIECE: usize = 16 * 1024;
        let pieces = (0..bytes.len()).step_by(PIECE).map(move |from| {
            let to = bytes.len().min(from + PIECE);
            Ok(bytes.slice(from..to))
        });
        Self::new(Box::pin(stream::iter(pieces.collect::<Vec<_>>())))
    }

    /// The root element.
    pub async fn root(&mut self) -> Result<Tag, XmlError> {
        loop {
            match self.next().await? {
                Token::Start(tag) if tag.name.eq_ignore_ascii_case("html") => {
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
    pub async fn child(&mut self) -> Result<Option<Tag>, XmlError> {
        loop {
            match self.next().await? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End => return Ok(None),
                Token::Text(_) => {}
                Token::Eof => return Err(XmlError::malformed("the XML ends too early")),
            }
        }
    }

    /// The text of the current element up to its end; elements within are skipped.
    pub async fn text(&mut self) -> Result<String, XmlError> {
        let mut text = String::new();
        let mut inner = 0_usize;
        loop {
            match self.next().await? {
                Token::Text(part) if inner == 0 && text.is_empty() => text = part,
                Token::Text(part) if inner == 0 => text.push_str(&part),
                Token::Text(_) => {}
                Token::Start(_) => inner += 1,
                Token::End if inner == 0 => return Ok(text),
                Token::End => inner -= 1,
                Token::Eof => return Err(XmlError::malformed("the XML ends too early")),
            }
        }
    }

    /// Reads past the end of the current element.
    pub async fn skip(&mut self) -> Result<(), XmlError> {
        self.text().await.map(drop)
    }

    /// Reads what follows up to the end of the answer, so that the connection can carry another one.
    pub async fn finish(mut self) -> Result<(), XmlError> {
        while !matches!(self.next().await?, Token::Eof) {}
        Ok(())
    }

    async fn next(&mut self) -> Result<Token, XmlError> {
        loop {
            self.buffer.clear();
            let (namespace, event) = self
                .reader
                .read_resolved_event_into_async(&mut self.buffer)
                .await
                .map_err(|error| told(&error))?;
            return Ok(match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(XmlError::malformed("nested too deeply"));
                    }
                    Token::Start(tag(&namespace, &start))
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::End
                }
                Event::Text(text) => Token::Text(clean(&text.xml10_content())),
                Event::CData(text) => Token::Text(clean(&text.xml10_content())),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    Token::Text(resolve(&name, reference.resolve_char_ref().ok().flatten())?)
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
        (Some(c), _) if is_xml(c) => c,
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
fn clean(text: &str) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.as_bytes().iter().all(is_plain) || text.chars().all(is_xml) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| {
            if is_xml(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

fn tag(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Tag {
    let namespace = match namespace {
        ResolveResult::Bound(Uri(uri)) => match *uri {
            "http://schemas.xmlsoap.org/soap/envelope/" => Namespace::Soap,
            "http://schemas.microsoft.com/exchange/services/2006/messages" => Namespace::Messages,
            "http://schemas.microsoft.com/exchange/services/2006/types" => Namespace::Types,
            "http://schemas.microsoft.com/exchange/services/2006/errors" => Namespace::Errors,
            _ => Namespace::Other,
        },
        ResolveResult::Unbound => Namespace::None,
        ResolveResult::Unknown(_) => Namespace::Other,
    };
    let attributes = start
        .attributes()
        .filter_map(Result::ok)
        .take(MAX_ATTRIBUTES)
        .filter_map(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
            let name = attribute.key.local_name().as_ref().to_owned();
            Some((name, clean(&value)))
        })
        .collect();
    Tag {
        namespace,
        name: start.local_name().as_ref().to_owned(),
        attributes,
    }
}

fn told(error: &quick_xml::Error) -> XmlError {
    if let quick_xml::Error::Io(io) = error {
        return body_error(io);
    }
    XmlError::malformed(error.to_string())
}

fn body_error(error: &io::Error) -> XmlError {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<BodyError>());
    XmlError::Body(inner.copied().unwrap_or(BodyError::CutShort))
}

/// A text as it may stand in a request: escaped, without characters that XML forbids.
pub fn escaped(text: &str) -> String {
    let kept: String = text.chars().filter(|c| is_xml(*c)).collect();
    quick_xml::escape::escape(kept.as_str()).into_owned()
}

/// A reader over a text that stands in for an answer, cut into chunks of `size` bytes.
#[cfg(test)]
pub(crate) fn from_text(text: &str, size: usize) -> Xml {
    let chunks: Vec<io::Result<Bytes>> = text
        .as_bytes()
        .chunks(size)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    Xml::new(Box::pin(stream::iter(chunks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

    #[tokio::test]
    async fn elements_are_told_by_namespace_whatever_the_prefix() {
        for (open, close) in [
            ("<t:a xmlns:t", "</t:a>"),
            ("<zz:a xmlns:zz", "</zz:a>"),
            ("<a xmlns", "</a>"),
        ] {
            let text = format!(
                "\u{FEFF}<?xml version=\"1.0\"?>{open}=\"{TYPES}\" Id=\"x&amp;y&#x1;\"><b/>&#x1;ä&lt;<![CDATA[<c>]]>{close}"
            );
            for size in [1, 2, 7, 1000] {
                let mut xml = from_text(&text, size);
                let root = xml.root().await.unwrap();
                assert!(root.is(Namespace::Types, "a"));
                assert_eq!(root.attribute("Id"), Some("x&y\u{FFFD}"));
                assert_eq!(xml.text().await.unwrap(), "\u{FFFD}ä<<c>");
            }
        }
    }

    #[tokio::test]
    async fn hostile_documents_end_in_an_error() {
        let root = |text: String| async move {
            let mut xml = from_text(&text, 9);
            xml.root().await?;
            xml.text().await
        };
        assert_eq!(
            root("<!DOCTYPE html><html>".to_owned()).await,
            Err(XmlError::Html)
        );
        assert_eq!(root("<HTML><body>".to_owned()).await, Err(XmlError::Html));
        for bad in [
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(),
            "<a>&b;</a>".to_owned(),
            "<a><b></a>".to_owned(),
            "<a>".to_owned(),
            String::new(),
            "no xml".to_owned(),
            "<a>".repeat(100),
        ] {
            let result = root(bad.clone()).await;
            assert!(
                matches!(result, Err(XmlError::Malformed(_))),
                "{bad}: {result:?}"
            );
        }
    }

    #[test]
    fn request_texts_are_escaped_and_stripped() {
        assert_eq!(
            escaped("a<b>&\"'\u{1}\u{FFFF}ä"),
            "a&lt;b&gt;&amp;&quot;&apos;ä"
        );
    }
}
