//! Writes the properties of an item that the response shape asks for.
//! Instants, flags and ids are written here in the one form that answers use.

use std::fmt::{self, Write};

use jiff::{Timestamp, tz::TimeZone};

use super::shape::Wanted;
use crate::{
    soap::text::{cut, element},
    world::{item_id::change_key, view::Instance},
};

/// How deep the answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// `FindItem`: strings cut, people by name only.
    Found,
    /// `GetItem`.
    Whole,
}

pub struct Out<'a> {
    pub xml: String,
    pub wanted: &'a Wanted,
    pub zone: Option<&'a TimeZone>,
    pub detail: Detail,
}

impl Out<'_> {
    pub fn raw(&mut self, part: fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.xml.write_fmt(part);
    }

    pub fn put(&mut self, path: &str, default: bool, name: &str, text: impl AsRef<str>) {
        if self.wanted.has(path, default) {
            self.xml += &element(name, text.as_ref());
        }
    }

    pub fn flag(&mut self, path: &str, default: bool, name: &str, value: bool) {
        self.put(path, default, name, if value { "true" } else { "false" });
    }

    pub fn time(&mut self, path: &str, default: bool, name: &str, at: Timestamp) {
        let text = written(at, self.zone);
        self.put(path, default, name, text);
    }

    pub fn string<'b>(&self, text: &'b str) -> &'b str {
        match self.detail {
            Detail::Found => cut(text),
            Detail::Whole => text,
        }
    }
}

/// An instant as answers write it: UTC, or with the offset of the request's zone.
pub fn written(at: Timestamp, zone: Option<&TimeZone>) -> String {
    match zone {
        Some(zone) if *zone != TimeZone::UTC => at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string(),
        _ => at.to_string(),
    }
}

/// The element `t:ItemId`.
pub fn item_id(address: &str, line: &Instance<'_>) -> String {
    format!(
        r#"<t:ItemId Id="{}" ChangeKey="{}"/>"#,
        line.id(),
        change_key(address, 0x0f, line.entry.save)
    )
}
