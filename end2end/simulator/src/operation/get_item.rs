//! `GetItem`: single items, masters, occurrences and exceptions, by any of the three kinds of id.
//! One response message per id, in the order asked.

use jiff::SignedDuration;
use roxmltree::Node;

use super::{
    context::Scene,
    folder::{CALENDAR, Folder},
    item_writer::Detail,
    item_xml,
    response_messages::{each, refuse},
    shape::Wanted,
};
use crate::{
    soap::{envelope::ResponseError, request::Request, schema},
    world::{
        entry::{Entry, instant},
        item_id::ItemId,
        mailbox::Mailbox,
        view::{self, Instance, Kind},
    },
};

pub fn answer(scene: Scene<'_>, request: &Request<'_, '_>) -> String {
    let wanted = match Wanted::read(request, "m:ItemShape") {
        Ok(wanted) => wanted,
        Err(error) => return refuse(request, &error),
    };
    each(request, "m:ItemIds", |id| {
        let mailbox = scene.mailbox.ok_or_else(not_found)?;
        let line = find(mailbox, id)?;
        let folder = Folder {
            mailbox,
            kind: &CALENDAR,
        };
        let item = item_xml::item(&line, folder, &wanted, Detail::Whole, request.zone.as_ref());
        Ok(format!("<m:Items>{item}</m:Items>"))
    })
}

fn find<'a>(mailbox: &'a Mailbox, id: Node<'_, '_>) -> Result<Instance<'a>, ResponseError> {
    if schema::is(id, "t:OccurrenceItemId") {
        let master = entry(mailbox, id.attribute("RecurringMasterId"))?;
        return nth(master, id.attribute("InstanceIndex"));
    }
    if schema::is(id, "t:RecurringMasterItemId") {
        let (master, _) = id
            .attribute("OccurrenceId")
            .and_then(ItemId::split)
            .ok_or_else(malformed)?;
        let master = entry(mailbox, Some(master.as_str()))?;
        return view::single_or_master(master).ok_or_else(not_found);
    }
    let text = id.attribute("Id").unwrap_or_default();
    let Some((master, original)) = ItemId::split(text) else {
        return view::single_or_master(entry(mailbox, Some(text))?).ok_or_else(not_found);
    };
    let master = entry(mailbox, Some(master.as_str()))?;
    let until = instant(original, &master.draft.time_zone());
    view::instances(master, until)
        .into_iter()
        .find(|line| line.original == original && line.kind != Kind::Single)
        .ok_or_else(not_found)
}

fn entry<'a>(mailbox: &'a Mailbox, id: Option<&str>) -> Result<&'a Entry, ResponseError> {
    let id = id.unwrap_or_default();
    if id.is_empty() {
        return Err(ResponseError::new(
            "ErrorInvalidIdEmpty",
            "Id must be non-empty.",
        ));
    }
    if !ItemId::well_formed(id) {
        return Err(malformed());
    }
    mailbox.entry(id).ok_or_else(not_found)
}

/// The n-th occurrence from 1; deleted ones keep their number.
fn nth<'a>(entry: &'a Entry, index: Option<&str>) -> Result<Instance<'a>, ResponseError> {
    let beyond = || {
        ResponseError::new(
            "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange",
            "Occurrence index is out of recurrence range.",
        )
    };
    let index = index
        .and_then(|text| text.trim().parse::<usize>().ok())
        .and_then(|index| index.checked_sub(1))
        .ok_or_else(beyond)?;
    let start = instant(entry.draft.start, &entry.draft.time_zone());
    let until = start + SignedDuration::from_hours(24 * 366 * 20);
    let original = view::pattern(entry, until)
        .into_iter()
        .nth(index)
        .map(|line| line.original)
        .ok_or_else(beyond)?;
    view::instances(entry, until)
        .into_iter()
        .find(|line| line.original == original)
        .ok_or_else(|| {
            ResponseError::new(
                "ErrorCalendarOccurrenceIsDeletedFromRecurrence",
                "Occurrence is deleted from the recurrence.",
            )
        })
}

fn malformed() -> ResponseError {
    ResponseError::new("ErrorInvalidIdMalformed", "Id is malformed.")
}

fn not_found() -> ResponseError {
    ResponseError::new(
        "ErrorItemNotFound",
        "The specified object was not found in the store.",
    )
}
