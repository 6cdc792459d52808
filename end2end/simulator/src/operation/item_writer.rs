//! Writes the properties of an item that the response shape asks for.
//! Instants, flags and ids are written here in the one form that answers use.

use std::fmt::{self, Write};

use jiff::{Timestamp, tz::TimeZone};

use super::response_shape::ResponseShape;
use crate::{
    soap::text::{element, truncate_to_255},
    world::{item_id::change_key, view::ItemInstance},
};

/// How much of an item an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailLevel {
    /// As `FindItem` answers: strings truncated, people by name only.
    Summary,
    /// As `GetItem` answers.
    Full,
}

pub struct ItemWriter<'a> {
    pub xml: String,
    pub shape: &'a ResponseShape,
    pub zone: Option<&'a TimeZone>,
    pub detail: DetailLevel,
}

impl ItemWriter<'_> {
    pub fn raw(&mut self, part: fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.xml.write_fmt(part);
    }

    /// The property's element, named as its path is.
    pub fn put(&mut self, path: &str, default: bool, text: impl AsRef<str>) {
        if self.shape.has(path, default) {
            let (_, name) = path.split_once(':').unwrap_or_default();
            self.xml += &element(&format!("t:{name}"), text.as_ref());
        }
    }

    pub fn flag(&mut self, path: &str, default: bool, value: bool) {
        self.put(path, default, if value { "true" } else { "false" });
    }

    pub fn time(&mut self, path: &str, default: bool, at: Timestamp) {
        let text = format_instant(at, self.zone);
        self.put(path, default, text);
    }

    /// The text as this level of detail shows it.
    pub fn string<'b>(&self, text: &'b str) -> &'b str {
        match self.detail {
            DetailLevel::Summary => truncate_to_255(text),
            DetailLevel::Full => text,
        }
    }
}

/// An instant as answers write it: UTC, or with the offset of the request's zone.
pub fn format_instant(at: Timestamp, zone: Option<&TimeZone>) -> String {
    match zone {
        Some(zone) if *zone != TimeZone::UTC => at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string(),
        _ => at.to_string(),
    }
}

/// The element `t:ItemId`.
pub fn item_id_xml(address: &str, item: &ItemInstance<'_>) -> String {
    format!(
        r#"<t:ItemId Id="{}" ChangeKey="{}"/>"#,
        item.id(),
        change_key(address, 0x0f, item.entry.revision)
    )
}
