//! An answer before it is sent: status, headers, body, and how it is to be delivered.
//! A planned fault can delay the delivery or break it off.

use crate::fault::Framing;

#[derive(Clone, Debug)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub delivery: Delivery,
    /// Wait before the first byte.
    pub delay_ms: u64,
}

/// How the body goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In chunks, which end within tags and within UTF-8 sequences.
    Whole,
    /// This many bytes at a time, with a pause in milliseconds.
    Drip { bytes: usize, pause_ms: u64 },
    /// Half of the body, then a TCP reset.
    ResetMidBody,
    /// A TCP reset, no answer.
    ResetBefore,
    /// Half of the body, then the end of the connection.
    Cut(Framing),
}

impl HttpResponse {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = if content_type.is_empty() {
            Vec::new()
        } else {
            vec![("Content-Type", content_type.to_owned())]
        };
        Self {
            status,
            headers,
            body: body.into(),
            delivery: Delivery::Whole,
            delay_ms: 0,
        }
    }

    pub fn xml(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/xml; charset=utf-8", body)
    }

    pub fn html(status: u16, title: &str, body: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\r\n<html><head><title>{title}</title></head><body>{body}</body></html>"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    pub fn empty(status: u16) -> Self {
        Self::new(status, "", Vec::new())
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
