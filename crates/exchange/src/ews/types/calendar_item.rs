//! `t:CalendarItem` as `FindItem` returns it, and how it becomes an [`Event`]. Instants are taken as the server gives
//! them; only the days of all-day entries are worked out here.

use super::{
    date_time::{day_number, instant, wall_clock},
    time_zone::zone,
};
use crate::ews::xml::{Namespace, StartTag, Xml, XmlError};
use jiff::{Span, civil, tz::TimeZone};
use kalends_core::{
    calendar::{DaySpan, EntryKind, Event, FreeBusyStatus, Sensitivity},
    clock::Timestamp,
};

/// The longest id that is kept, in bytes; those of occurrences are the longest.
const MAX_ID: usize = 1024;
/// Exchange cuts texts of `FindItem` at 255 characters; this is for servers that do not.
const MAX_TEXT: usize = 255;

/// An item with what was sent of it; everything may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarItem {
    /// Exchange's id: opaque and case-sensitive.
    pub item_id: Option<String>,
    /// Changes with every save.
    pub change_key: Option<String>,
    /// The iCalendar uid.
    pub uid: Option<String>,
    /// The title.
    pub subject: Option<String>,
    /// In the schema's spelling.
    pub sensitivity: Option<String>,
    /// As typed.
    pub location: Option<String>,
    /// The organizer's display name.
    pub organizer: Option<String>,
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The instant after the last.
    pub end: Option<Timestamp>,
    /// Whole days by the zone of its creator.
    pub is_all_day: bool,
    /// Free or busy, in the schema's spelling.
    pub status: Option<String>,
    /// Called off by its organizer.
    pub is_cancelled: bool,
    /// Single, occurrence or exception.
    pub kind: Option<String>,
    /// When it was saved last.
    pub last_modified: Option<Timestamp>,
    /// The local start in the zone of its creator; from Exchange 2013 on.
    pub start_wall_clock: Option<civil::DateTime>,
    /// The local end; likewise.
    pub end_wall_clock: Option<civil::DateTime>,
    /// The creator's zone, by its Windows or IANA name.
    pub start_zone: Option<String>,
    /// The zone of the end; likewise.
    pub end_zone: Option<String>,
}

impl CalendarItem {
    /// Reads the content of the element. A value that cannot be read is left out; only broken XML is an error.
    pub fn read(xml: &mut Xml<'_>) -> Result<Self, XmlError> {
        let mut item = Self::default();
        while let Some(tag) = xml.child()? {
            item.take(xml, &tag)?;
        }
        Ok(item)
    }

    fn take(&mut self, xml: &mut Xml<'_>, tag: &StartTag<'_>) -> Result<(), XmlError> {
        if tag.namespace != Namespace::Types {
            return xml.skip();
        }
        match tag.name() {
            "ItemId" => {
                self.item_id = id(tag, "Id");
                self.change_key = id(tag, "ChangeKey");
                xml.skip()?;
            }
            "UID" => self.uid = Some(xml.text()?.into_owned()).filter(|uid| is_id(uid)),
            "Subject" => self.subject = short(&xml.text()?),
            "Sensitivity" => self.sensitivity = short(&xml.text()?),
            "Location" => self.location = short(&xml.text()?),
            "Organizer" => self.organizer = read_organizer(xml)?,
            "Start" => self.start = instant(&xml.text()?),
            "End" => self.end = instant(&xml.text()?),
            "IsAllDayEvent" => self.is_all_day = is_true(&xml.text()?),
            "LegacyFreeBusyStatus" => self.status = short(&xml.text()?),
            "IsCancelled" => self.is_cancelled = is_true(&xml.text()?),
            "CalendarItemType" => self.kind = short(&xml.text()?),
            "LastModifiedTime" => self.last_modified = instant(&xml.text()?),
            "StartWallClock" => self.start_wall_clock = wall_clock(&xml.text()?),
            "EndWallClock" => self.end_wall_clock = wall_clock(&xml.text()?),
            "StartTimeZoneId" => self.start_zone = short(&xml.text()?),
            "EndTimeZoneId" => self.end_zone = short(&xml.text()?),
            _ => xml.skip()?,
        }
        Ok(())
    }

    /// The entry; `None` for items without an id or an instant, which cannot be kept. `owner` is the zone of the
    /// calendar's owner. The content of entries that are not normal is dropped here and goes no further.
    pub fn into_event(self, owner: &TimeZone) -> Option<Event> {
        let (start, end) = (self.start?, self.end?);
        let sensitivity = Sensitivity::from(
            self.sensitivity
                .clone()
                .unwrap_or_else(|| "Normal".to_owned()),
        );
        let shown = |text: Option<String>| text.filter(|_| !sensitivity.hides_content());
        let all_day = if self.is_all_day {
            self.days(start, end, owner)
        } else {
            None
        };
        Some(Event {
            item_id: self.item_id?,
            change_key: self.change_key.unwrap_or_default(),
            uid: self.uid,
            subject: shown(self.subject),
            location: shown(self.location),
            organizer: shown(self.organizer),
            start,
            end: end.max(start),
            all_day,
            status: FreeBusyStatus::from(self.status.unwrap_or_else(|| "NoData".to_owned())),
            kind: EntryKind::from(self.kind.unwrap_or_else(|| "Single".to_owned())),
            sensitivity,
            cancelled: self.is_cancelled,
            last_modified: self.last_modified,
        })
    }

    /// Exactly midnight to midnight for the owner, whatever zone the entry names: programs write "UTC" into it. Else on
    /// the creator's clock, rounded to the nearest midnight where that is none: entries made in another zone than the
    /// one known here start at odd hours.
    fn days(&self, start: Timestamp, end: Timestamp, owner: &TimeZone) -> Option<DaySpan> {
        if let (Some(first), Some(end)) = (day_begun(start, owner), day_begun(end, owner)) {
            return Some(span(first, end));
        }
        let clocks = (self.start_wall_clock, self.end_wall_clock);
        let creator = self.start_zone.as_ref().and_then(|id| zone(id));
        let creator = creator.map(|zone| (civil_at(start, &zone), civil_at(end, &zone)));
        // Where the zone is not the creator's, the clock on the wall may still be.
        if let (Some(first), Some(end)) = clocks
            && is_midnight(first)
            && is_midnight(end)
            && !creator
                .is_some_and(|(a, b)| a.is_some_and(is_midnight) && b.is_some_and(is_midnight))
        {
            return Some(span(day_number(first.date()), day_number(end.date())));
        }
        let local = |at: Timestamp, zone_id: Option<&String>, clock: Option<civil::DateTime>| match (
            zone_id.and_then(|id| zone(id)),
            clock,
        ) {
            (Some(zone), _) => civil_at(at, &zone),
            (None, Some(clock)) => Some(clock),
            (None, None) => civil_at(at, owner),
        };
        let end_zone = self.end_zone.as_ref().or(self.start_zone.as_ref());
        let first = nearest_day(local(
            start,
            self.start_zone.as_ref(),
            self.start_wall_clock,
        )?)?;
        let end = nearest_day(local(end, end_zone, self.end_wall_clock)?)?;
        Some(span(first, end))
    }
}

/// One day at least.
fn span(first: i32, end: i32) -> DaySpan {
    DaySpan {
        first,
        end: end.max(first.saturating_add(1)),
    }
}

/// The day that begins at this very instant in a zone. Where clocks skip midnight, the day begins later.
fn day_begun(at: Timestamp, zone: &TimeZone) -> Option<i32> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    let local = at.to_zoned(zone.clone());
    let begins = local.start_of_day().ok()?.timestamp() == at;
    (begins || is_midnight(local.datetime())).then(|| day_number(local.date()))
}

fn is_midnight(clock: civil::DateTime) -> bool {
    clock.time() == civil::Time::midnight()
}

fn civil_at(at: Timestamp, zone: &TimeZone) -> Option<civil::DateTime> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Some(zone.to_datetime(at))
}

fn nearest_day(clock: civil::DateTime) -> Option<i32> {
    let noon_later = clock.checked_add(Span::new().hours(12)).ok()?;
    Some(day_number(noon_later.date()))
}

/// `FindItem` names the organizer without an address.
fn read_organizer(xml: &mut Xml<'_>) -> Result<Option<String>, XmlError> {
    let mut name = None;
    while let Some(tag) = xml.child()? {
        if !tag.is(Namespace::Types, "Mailbox") {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            if tag.is(Namespace::Types, "Name") {
                name = short(&xml.text()?);
            } else {
                xml.skip()?;
            }
        }
    }
    Ok(name)
}

fn id(tag: &StartTag, name: &str) -> Option<String> {
    tag.attribute(name).filter(|value| is_id(value))
}

const fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID
}

fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let kept = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    (!kept.is_empty()).then(|| kept.to_owned())
}

fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> CalendarItem {
        let text = format!(
            r#"<t:CalendarItem xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">{inner}</t:CalendarItem>"#
        );
        let mut xml = Xml::new(&text);
        xml.root().unwrap();
        CalendarItem::read(&mut xml).unwrap()
    }

    const DENTIST: &str = "<t:ItemId Id=\"AAMkAGNhbA1\" ChangeKey=\"DwAAABYAAACq\"/><t:Subject>Dentist&#x1;</t:Subject><t:Sensitivity>Private</t:Sensitivity><t:LastModifiedTime>2026-02-20T08:11:03Z</t:LastModifiedTime><t:UID>040000008200E008</t:UID><t:Start>2026-03-02T09:00:00Z</t:Start><t:End>2026-03-02T10:00:00Z</t:End><t:IsAllDayEvent>false</t:IsAllDayEvent><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus><t:Location/><t:CalendarItemType>Single</t:CalendarItemType><t:Organizer><t:Mailbox><t:Name>Bob</t:Name></t:Mailbox></t:Organizer>";

    #[test]
    fn the_content_of_private_entries_is_dropped() {
        let item = read(DENTIST);
        assert_eq!(item.subject.as_deref(), Some("Dentist\u{FFFD}"));
        assert_eq!(
            (item.location.as_ref(), item.organizer.as_deref()),
            (None, Some("Bob"))
        );
        let event = item.clone().into_event(&TimeZone::UTC).unwrap();
        assert_eq!((event.subject, event.organizer), (None, None));
        assert_eq!(event.status, FreeBusyStatus::Busy);
        let mut normal = item;
        normal.sensitivity = None;
        assert_eq!(
            normal
                .into_event(&TimeZone::UTC)
                .unwrap()
                .organizer
                .as_deref(),
            Some("Bob")
        );
    }

    #[test]
    fn an_item_without_id_or_instants_is_left_out() {
        for missing in [
            "<t:ItemId Id=\"AAMkAGNhbA1\" ChangeKey=\"DwAAABYAAACq\"/>",
            "<t:Start>2026-03-02T09:00:00Z</t:Start>",
        ] {
            assert_eq!(
                read(&DENTIST.replace(missing, "")).into_event(&TimeZone::UTC),
                None
            );
        }
    }

    fn days(start: &str, end: &str, more: &str, fallback: &str) -> DaySpan {
        let item = read(&format!(
            "<t:ItemId Id=\"a\"/><t:Start>{start}</t:Start><t:End>{end}</t:End><t:IsAllDayEvent>true</t:IsAllDayEvent>{more}"
        ));
        item.into_event(&zone(fallback).unwrap())
            .unwrap()
            .all_day
            .unwrap()
    }

    type Day = (i16, i8, i8);

    /// The owner's zone, start and end of an entry, and the first and last of its days.
    const MIDNIGHTS: &[(&str, &str, &str, Day, Day)] = &[
        (
            "Pacific/Auckland",
            "2027-01-09T11:00:00Z",
            "2027-01-10T11:00:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
        // In winter there, and over the day on which it ends.
        (
            "Pacific/Auckland",
            "2027-06-09T12:00:00Z",
            "2027-06-12T12:00:00Z",
            (2027, 6, 10),
            (2027, 6, 12),
        ),
        (
            "Pacific/Auckland",
            "2027-09-25T12:00:00Z",
            "2027-09-26T11:00:00Z",
            (2027, 9, 26),
            (2027, 9, 26),
        ),
        (
            "Pacific/Honolulu",
            "2027-01-09T10:00:00Z",
            "2027-01-10T10:00:00Z",
            (2027, 1, 9),
            (2027, 1, 9),
        ),
        (
            "Pacific/Kiritimati",
            "2027-01-09T10:00:00Z",
            "2027-01-11T10:00:00Z",
            (2027, 1, 10),
            (2027, 1, 11),
        ),
        (
            "Asia/Kolkata",
            "2027-01-09T18:30:00Z",
            "2027-01-10T18:30:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
        (
            "Asia/Kathmandu",
            "2027-01-09T18:15:00Z",
            "2027-01-10T18:15:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
        (
            "Australia/Lord_Howe",
            "2027-01-09T13:00:00Z",
            "2027-01-10T13:00:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
        (
            "Pacific/Chatham",
            "2027-01-09T10:15:00Z",
            "2027-01-10T10:15:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
        (
            "America/Los_Angeles",
            "2026-03-08T08:00:00Z",
            "2026-03-09T07:00:00Z",
            (2026, 3, 8),
            (2026, 3, 8),
        ),
        // Midnight does not exist on this day: it begins at one.
        (
            "Africa/Cairo",
            "2027-04-29T22:00:00Z",
            "2027-04-30T21:00:00Z",
            (2027, 4, 30),
            (2027, 4, 30),
        ),
        (
            "Europe/Berlin",
            "2027-01-09T23:00:00Z",
            "2027-01-10T23:00:00Z",
            (2027, 1, 10),
            (2027, 1, 10),
        ),
    ];

    #[test]
    fn midnight_to_midnight_for_the_owner_decides() {
        let day = |date: civil::Date| day_number(date);
        let utc =
            "<t:StartTimeZoneId>UTC</t:StartTimeZoneId><t:EndTimeZoneId>UTC</t:EndTimeZoneId>";
        for &(owner, start, end, first, last) in MIDNIGHTS {
            let date = |(year, month, day): Day| civil::date(year, month, day);
            let expected = DaySpan {
                first: day(date(first)),
                end: day(date(last)) + 1,
            };
            for zone in [
                utc,
                "",
                "<t:StartTimeZoneId>Romance Standard Time</t:StartTimeZoneId>",
            ] {
                assert_eq!(days(start, end, zone, owner), expected, "{owner} {zone}");
            }
        }
        // For an owner to whom it is no midnight, the creator's clock decides as before.
        let midnight = "<t:StartWallClock>2027-01-10T00:00:00</t:StartWallClock><t:EndWallClock>2027-01-11T00:00:00</t:EndWallClock>";
        let found = days(
            "2027-01-09T11:00:00Z",
            "2027-01-10T11:00:00Z",
            &format!("{midnight}{utc}"),
            "Europe/Berlin",
        );
        assert_eq!(found.first, day(civil::date(2027, 1, 10)));
    }

    #[test]
    fn all_day_entries_keep_their_creators_days() {
        let june_9 = DaySpan {
            first: 20_613,
            end: 20_614,
        };
        let (start, end) = ("2026-06-08T22:00:00Z", "2026-06-09T22:00:00Z");
        let berlin = "<t:StartTimeZoneId>W. Europe Standard Time</t:StartTimeZoneId>";
        assert_eq!(days(start, end, berlin, "America/New_York"), june_9);
        let clock = "<t:StartWallClock>2026-06-09T00:00:00</t:StartWallClock><t:EndWallClock>2026-06-10T00:00:00</t:EndWallClock><t:StartTimeZoneId>Customized Time Zone</t:StartTimeZoneId>";
        assert_eq!(days(start, end, clock, "America/New_York"), june_9);
        assert_eq!(days(start, end, "", "Europe/Berlin"), june_9);
        // Made in Berlin, read with Helsinki as the only zone known: starts at 01:00 there.
        assert_eq!(days(start, end, "", "Europe/Helsinki"), june_9);
        // 29 March 2026 has 23 hours in Berlin.
        let short_day = days(
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            berlin,
            "UTC",
        );
        assert_eq!(short_day.end - short_day.first, 1);
    }
}
