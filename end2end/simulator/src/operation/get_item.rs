//! `GetItem`: single items, masters, occurrences and exceptions, by any of the three kinds of id.
//! One response message per id, in the order asked.

use jiff::SignedDuration;
use roxmltree::Node;

use super::{
    context::OperationContext,
    folder::{CALENDAR, Folder},
    item_writer::DetailLevel,
    item_xml,
    response_messages::{fail_all, message_for_each},
    response_shape::ResponseShape,
};
use crate::{
    soap::{envelope::ResponseError, request::SoapRequest, schema},
    world::{
        entry::{CalendarEntry, instant},
        item_id::ItemId,
        mailbox::Mailbox,
        view::{self, CalendarItemType, ItemInstance},
    },
};

pub fn answer(context: OperationContext<'_>, request: &SoapRequest<'_, '_>) -> String {
    let shape = match ResponseShape::read(request, "m:ItemShape") {
        Ok(shape) => shape,
        Err(error) => return fail_all(request, &error),
    };
    message_for_each(request, "m:ItemIds", |id| {
        let mailbox = context.mailbox.ok_or_else(not_found)?;
        let item = find_item(mailbox, id)?;
        let folder = Folder {
            mailbox,
            kind: &CALENDAR,
        };
        let xml = item_xml::calendar_item_xml(
            &item,
            folder,
            &shape,
            DetailLevel::Full,
            request.zone.as_ref(),
        );
        Ok(format!("<m:Items>{xml}</m:Items>"))
    })
}

fn find_item<'a>(
    mailbox: &'a Mailbox,
    id: Node<'_, '_>,
) -> Result<ItemInstance<'a>, ResponseError> {
    if schema::is_element(id, "t:OccurrenceItemId") {
        let master = entry_by_id(mailbox, id.attribute("RecurringMasterId"))?;
        return nth_occurrence(master, id.attribute("InstanceIndex"));
    }
    if schema::is_element(id, "t:RecurringMasterItemId") {
        let (master, _) = id
            .attribute("OccurrenceId")
            .and_then(ItemId::split_occurrence)
            .ok_or_else(malformed)?;
        let master = entry_by_id(mailbox, Some(master.as_str()))?;
        return view::single_or_master(master).ok_or_else(not_found);
    }
    let text = id.attribute("Id").unwrap_or_default();
    let Some((master, original)) = ItemId::split_occurrence(text) else {
        return view::single_or_master(entry_by_id(mailbox, Some(text))?).ok_or_else(not_found);
    };
    let master = entry_by_id(mailbox, Some(master.as_str()))?;
    let until = instant(original, &master.draft.time_zone());
    view::existing_instances(master, until)
        .into_iter()
        .find(|item| item.original == original && item.kind != CalendarItemType::Single)
        .ok_or_else(not_found)
}

fn entry_by_id<'a>(
    mailbox: &'a Mailbox,
    id: Option<&str>,
) -> Result<&'a CalendarEntry, ResponseError> {
    let id = id.unwrap_or_default();
    if id.is_empty() {
        return Err(ResponseError::new(
            "ErrorInvalidIdEmpty",
            "Id must be non-empty.",
        ));
    }
    if !ItemId::is_well_formed(id) {
        return Err(malformed());
    }
    mailbox.entry(id).ok_or_else(not_found)
}

/// The n-th occurrence from 1; deleted ones keep their number.
fn nth_occurrence<'a>(
    entry: &'a CalendarEntry,
    index: Option<&str>,
) -> Result<ItemInstance<'a>, ResponseError> {
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
    let original = view::all_instances(entry, until)
        .into_iter()
        .nth(index)
        .map(|item| item.original)
        .ok_or_else(beyond)?;
    view::existing_instances(entry, until)
        .into_iter()
        .find(|item| item.original == original)
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
