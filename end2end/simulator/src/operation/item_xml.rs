//! A calendar item as XML, in the order of the schema.
//! A property without a value is left out; a private item is sent in full, as Exchange does to an impersonating account.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    folder::Folder,
    item_writer::{DetailLevel, ItemWriter, item_id_xml},
    mime, property,
    response_shape::ResponseShape,
    series_xml,
};
use crate::{
    soap::text::{element, escape, truncate_to_255},
    world::{
        entry::{EntryDraft, Participant, instant},
        item_id::change_key,
        view::{CalendarItemType, ItemInstance},
        zone::windows_name,
    },
};

/// The element `t:CalendarItem`.
pub fn calendar_item_xml(
    item: &ItemInstance<'_>,
    folder: Folder<'_>,
    shape: &ResponseShape,
    detail: DetailLevel,
    zone: Option<&TimeZone>,
) -> String {
    let mut out = ItemWriter {
        xml: String::new(),
        shape,
        zone,
        detail,
    };
    if shape.mime {
        out.raw(format_args!(
            r#"<t:MimeContent CharacterSet="UTF-8">{}</t:MimeContent>"#,
            STANDARD.encode(mime::icalendar_document(item))
        ));
    }
    write_item_properties(&mut out, item, folder);
    write_calendar_properties(&mut out, item);
    write_people(&mut out, item);
    if detail == DetailLevel::Full {
        series_xml::write_series(&mut out, item, folder);
    }
    write_time_zones(&mut out, &item.entry.draft, item);
    format!("<t:CalendarItem>{}</t:CalendarItem>", out.xml)
}

fn write_item_properties(out: &mut ItemWriter<'_>, item: &ItemInstance<'_>, folder: Folder<'_>) {
    let address = &folder.mailbox.address;
    let entry = item.entry;
    let draft = &entry.draft;
    out.xml += &item_id_xml(address, item);
    if out.shape.has("item:ParentFolderId", false) {
        out.raw(format_args!(
            r#"<t:ParentFolderId Id="{}" ChangeKey="{}"/>"#,
            folder.id(),
            change_key(address, 0x01, 1)
        ));
    }
    out.put("item:ItemClass", false, "IPM.Appointment");
    if out.shape.has("item:Subject", true) {
        match (&draft.subject_xml, item.subject()) {
            (Some(raw), _) => out.raw(format_args!("<t:Subject>{raw}</t:Subject>")),
            (None, Some(subject)) => out.xml += &element("t:Subject", out.string(subject)),
            (None, None) => {}
        }
    }
    let sensitivity = format!("{:?}", draft.sensitivity);
    out.put("item:Sensitivity", false, sensitivity);
    if out.shape.has("item:Categories", false) && !draft.categories.is_empty() {
        let list: String = draft
            .categories
            .iter()
            .map(|name| element("t:String", name))
            .collect();
        out.raw(format_args!("<t:Categories>{list}</t:Categories>"));
    }
    out.put("item:Importance", false, "Normal");
    out.time("item:DateTimeCreated", false, entry.created);
    out.flag("item:HasAttachments", true, false);
    for property in &out.shape.extended {
        if let Some(value) = property::extended_value(property, item) {
            out.xml += &value.xml(property);
        }
    }
    out.put("item:LastModifiedName", false, &folder.mailbox.name);
    out.time("item:LastModifiedTime", false, entry.modified);
}

fn write_calendar_properties(out: &mut ItemWriter<'_>, item: &ItemInstance<'_>) {
    let draft = &item.entry.draft;
    let is_occurrence = matches!(
        item.kind,
        CalendarItemType::Occurrence | CalendarItemType::Exception
    );
    let original = instant(item.original, &draft.time_zone());
    out.put("calendar:UID", false, &item.entry.uid);
    if is_occurrence {
        out.time("calendar:RecurrenceId", false, original);
    }
    out.time("calendar:DateTimeStamp", false, item.entry.modified);
    out.time("calendar:Start", true, item.start);
    out.time("calendar:End", true, item.end);
    if is_occurrence {
        out.time("calendar:OriginalStart", false, original);
    }
    out.flag("calendar:IsAllDayEvent", false, draft.all_day);
    let status = format!("{:?}", item.free_busy());
    out.put("calendar:LegacyFreeBusyStatus", true, status);
    if let Some(location) = item.location() {
        let location = out.string(location);
        out.put("calendar:Location", true, location);
    }
    let meeting = draft.organizer.is_some();
    out.flag("calendar:IsMeeting", false, meeting);
    out.flag("calendar:IsCancelled", false, draft.cancelled);
    out.flag("calendar:IsRecurring", false, is_occurrence);
    out.flag("calendar:MeetingRequestWasSent", false, meeting);
    out.flag("calendar:IsResponseRequested", false, meeting);
    let kind = format!("{:?}", item.kind);
    out.put("calendar:CalendarItemType", false, kind);
    let response = format!("{:?}", draft.my_response);
    out.put("calendar:MyResponseType", false, response);
}

fn write_people(out: &mut ItemWriter<'_>, item: &ItemInstance<'_>) {
    let draft = &item.entry.draft;
    if let Some(organizer) = &draft.organizer
        && out.shape.has("calendar:Organizer", true)
    {
        let mailbox = match out.detail {
            DetailLevel::Summary => {
                format!(
                    "<t:Mailbox>{}</t:Mailbox>",
                    element("t:Name", truncate_to_255(&organizer.name))
                )
            }
            DetailLevel::Full => mailbox_xml(organizer),
        };
        out.raw(format_args!("<t:Organizer>{mailbox}</t:Organizer>"));
    }
    let wants_attendees = out.shape.has("calendar:RequiredAttendees", false);
    if out.detail == DetailLevel::Full && wants_attendees && !draft.attendees.is_empty() {
        let list = draft
            .attendees
            .iter()
            .map(|each| {
                format!(
                    "<t:Attendee>{}<t:ResponseType>Unknown</t:ResponseType></t:Attendee>",
                    mailbox_xml(each)
                )
            })
            .collect::<Vec<_>>()
            .concat();
        out.raw(format_args!(
            "<t:RequiredAttendees>{list}</t:RequiredAttendees>"
        ));
    }
    out.put("calendar:AppointmentSequenceNumber", false, "0");
    out.put(
        "calendar:AppointmentState",
        false,
        property::appointment_state(item).to_string(),
    );
}

fn mailbox_xml(person: &Participant) -> String {
    format!(
        "<t:Mailbox>{}{}<t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>",
        element("t:Name", &person.name),
        element("t:EmailAddress", &person.address)
    )
}

fn write_time_zones(out: &mut ItemWriter<'_>, draft: &EntryDraft, item: &ItemInstance<'_>) {
    let (id, name) = windows_name(&draft.zone);
    let definition =
        |tag: &str| format!(r#"<t:{tag} Name="{}" Id="{}"/>"#, escape(name), escape(id));
    for (path, tag) in [
        ("calendar:StartTimeZone", "StartTimeZone"),
        ("calendar:EndTimeZone", "EndTimeZone"),
    ] {
        if out.shape.has(path, false) {
            out.xml += &definition(tag);
        }
    }
    if let Some(location) = item.location()
        && out.shape.has("calendar:EnhancedLocation", false)
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
    out.put("calendar:StartWallClock", false, wall(item.start));
    out.put("calendar:EndWallClock", false, wall(item.end));
    out.put("calendar:StartTimeZoneId", false, id);
    out.put("calendar:EndTimeZoneId", false, id);
}
