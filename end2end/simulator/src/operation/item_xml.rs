//! A calendar item as XML, in the order of the schema.
//! What has no value is absent; a private item is told in full, as to any impersonator.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    folder::Folder,
    item_writer::{Detail, Out, item_id},
    mime, property, series_xml,
    shape::Wanted,
};
use crate::{
    soap::text::{cut, element, escape},
    world::{
        entry::{Draft, Person},
        item_id::change_key,
        view::{Instance, Kind},
        zone::windows_name,
    },
};

/// The element `t:CalendarItem`.
pub fn item(
    line: &Instance<'_>,
    folder: Folder<'_>,
    wanted: &Wanted,
    detail: Detail,
    zone: Option<&TimeZone>,
) -> String {
    let mut out = Out {
        xml: String::new(),
        wanted,
        zone,
        detail,
    };
    if wanted.mime {
        out.raw(format_args!(
            r#"<t:MimeContent CharacterSet="UTF-8">{}</t:MimeContent>"#,
            STANDARD.encode(mime::calendar(line))
        ));
    }
    item_part(&mut out, line, folder);
    calendar_part(&mut out, line);
    people_part(&mut out, line);
    if detail == Detail::Whole {
        series_xml::part(&mut out, line, folder);
    }
    zone_part(&mut out, &line.entry.draft, line);
    format!("<t:CalendarItem>{}</t:CalendarItem>", out.xml)
}

fn item_part(out: &mut Out<'_>, line: &Instance<'_>, folder: Folder<'_>) {
    let address = &folder.mailbox.address;
    let entry = line.entry;
    let draft = &entry.draft;
    out.xml += &item_id(address, line);
    if out.wanted.has("item:ParentFolderId", false) {
        out.raw(format_args!(
            r#"<t:ParentFolderId Id="{}" ChangeKey="{}"/>"#,
            folder.id(),
            change_key(address, 0x01, 1)
        ));
    }
    out.put("item:ItemClass", false, "t:ItemClass", "IPM.Appointment");
    if out.wanted.has("item:Subject", true) {
        match (&draft.subject_xml, line.subject()) {
            (Some(raw), _) => out.raw(format_args!("<t:Subject>{raw}</t:Subject>")),
            (None, Some(subject)) => out.xml += &element("t:Subject", out.string(subject)),
            (None, None) => {}
        }
    }
    let sensitivity = format!("{:?}", draft.sensitivity);
    out.put("item:Sensitivity", false, "t:Sensitivity", sensitivity);
    if out.wanted.has("item:Categories", false) && !draft.categories.is_empty() {
        let list: String = draft
            .categories
            .iter()
            .map(|name| element("t:String", name))
            .collect();
        out.raw(format_args!("<t:Categories>{list}</t:Categories>"));
    }
    out.put("item:Importance", false, "t:Importance", "Normal");
    out.time(
        "item:DateTimeCreated",
        false,
        "t:DateTimeCreated",
        entry.created,
    );
    out.flag("item:HasAttachments", true, "t:HasAttachments", false);
    for asked in &out.wanted.extended {
        if let Some(value) = property::extended(asked, line) {
            out.xml += &value.xml(asked);
        }
    }
    out.put(
        "item:LastModifiedName",
        false,
        "t:LastModifiedName",
        &folder.mailbox.name,
    );
    out.time(
        "item:LastModifiedTime",
        false,
        "t:LastModifiedTime",
        entry.modified,
    );
}

fn calendar_part(out: &mut Out<'_>, line: &Instance<'_>) {
    let draft = &line.entry.draft;
    let one_of_many = matches!(line.kind, Kind::Occurrence | Kind::Exception);
    let original = crate::world::entry::instant(line.original, &draft.time_zone());
    out.put("calendar:UID", false, "t:UID", &line.entry.uid);
    if one_of_many {
        out.time("calendar:RecurrenceId", false, "t:RecurrenceId", original);
    }
    out.time(
        "calendar:DateTimeStamp",
        false,
        "t:DateTimeStamp",
        line.entry.modified,
    );
    out.time("calendar:Start", true, "t:Start", line.start);
    out.time("calendar:End", true, "t:End", line.end);
    if one_of_many {
        out.time("calendar:OriginalStart", false, "t:OriginalStart", original);
    }
    out.flag(
        "calendar:IsAllDayEvent",
        false,
        "t:IsAllDayEvent",
        draft.all_day,
    );
    let status = format!("{:?}", line.free_busy());
    out.put(
        "calendar:LegacyFreeBusyStatus",
        true,
        "t:LegacyFreeBusyStatus",
        status,
    );
    if let Some(location) = line.location() {
        let location = out.string(location);
        out.put("calendar:Location", true, "t:Location", location);
    }
    let meeting = draft.organizer.is_some();
    out.flag("calendar:IsMeeting", false, "t:IsMeeting", meeting);
    out.flag(
        "calendar:IsCancelled",
        false,
        "t:IsCancelled",
        draft.cancelled,
    );
    out.flag("calendar:IsRecurring", false, "t:IsRecurring", one_of_many);
    out.flag(
        "calendar:MeetingRequestWasSent",
        false,
        "t:MeetingRequestWasSent",
        meeting,
    );
    out.flag(
        "calendar:IsResponseRequested",
        false,
        "t:IsResponseRequested",
        meeting,
    );
    let kind = format!("{:?}", line.kind);
    out.put(
        "calendar:CalendarItemType",
        false,
        "t:CalendarItemType",
        kind,
    );
    let response = format!("{:?}", draft.my_response);
    out.put(
        "calendar:MyResponseType",
        false,
        "t:MyResponseType",
        response,
    );
}

fn people_part(out: &mut Out<'_>, line: &Instance<'_>) {
    let draft = &line.entry.draft;
    if let Some(organizer) = &draft.organizer
        && out.wanted.has("calendar:Organizer", true)
    {
        let mailbox = match out.detail {
            Detail::Found => {
                format!(
                    "<t:Mailbox>{}</t:Mailbox>",
                    element("t:Name", cut(&organizer.name))
                )
            }
            Detail::Whole => person(organizer),
        };
        out.raw(format_args!("<t:Organizer>{mailbox}</t:Organizer>"));
    }
    let asked = out.wanted.has("calendar:RequiredAttendees", false);
    if out.detail == Detail::Whole && asked && !draft.attendees.is_empty() {
        let list = draft
            .attendees
            .iter()
            .map(|each| {
                format!(
                    "<t:Attendee>{}<t:ResponseType>Unknown</t:ResponseType></t:Attendee>",
                    person(each)
                )
            })
            .collect::<Vec<_>>()
            .concat();
        out.raw(format_args!(
            "<t:RequiredAttendees>{list}</t:RequiredAttendees>"
        ));
    }
    out.put(
        "calendar:AppointmentSequenceNumber",
        false,
        "t:AppointmentSequenceNumber",
        "0",
    );
    out.put(
        "calendar:AppointmentState",
        false,
        "t:AppointmentState",
        property::state(line).to_string(),
    );
}

fn person(person: &Person) -> String {
    format!(
        "<t:Mailbox>{}{}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>",
        element("t:Name", &person.name),
        element("t:EmailAddress", &person.address)
    )
}

fn zone_part(out: &mut Out<'_>, draft: &Draft, line: &Instance<'_>) {
    let (id, name) = windows_name(&draft.zone);
    let definition =
        |tag: &str| format!(r#"<t:{tag} Name="{}" Id="{}"/>"#, escape(name), escape(id));
    for (path, tag) in [
        ("calendar:StartTimeZone", "StartTimeZone"),
        ("calendar:EndTimeZone", "EndTimeZone"),
    ] {
        if out.wanted.has(path, false) {
            out.xml += &definition(tag);
        }
    }
    if let Some(location) = line.location()
        && out.wanted.has("calendar:EnhancedLocation", false)
    {
        out.raw(format_args!(
            "<t:EnhancedLocation>{}<t:Annotation/><t:PostalAddress><t:Type>Business</t:Type><t:LocationSource>None</t:LocationSource></t:PostalAddress></t:EnhancedLocation>",
            element("t:DisplayName", out.string(location))
        ));
    }
    let zone = draft.time_zone();
    let wall = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    };
    out.put(
        "calendar:StartWallClock",
        false,
        "t:StartWallClock",
        wall(line.start),
    );
    out.put(
        "calendar:EndWallClock",
        false,
        "t:EndWallClock",
        wall(line.end),
    );
    out.put("calendar:StartTimeZoneId", false, "t:StartTimeZoneId", id);
    out.put("calendar:EndTimeZoneId", false, "t:EndTimeZoneId", id);
}
