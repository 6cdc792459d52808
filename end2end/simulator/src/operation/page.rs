//! `FindItem` without a calendar view: the stored items of a folder, singles and masters, filtered, sorted and by pages.
//! Series are not expanded, and a page holds at most the limit of objects.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use roxmltree::Node;

use super::{
    folder::{CALENDAR, Folder},
    item_writer::Detail,
    item_xml,
    property::{Path, Value},
    restriction::Restriction,
    result_page::{ResultPage, max_entries, too_many},
    shape::Wanted,
};
use crate::{
    soap::{envelope::ResponseError, request::Request, schema},
    world::view::{self, Instance},
};

/// Which stored items are wanted, in which order, and which part of them.
#[derive(Debug)]
pub struct Asked {
    restriction: Option<Restriction>,
    /// The property and whether the greatest comes first.
    order: Vec<(Path, bool)>,
    page: Option<Page>,
    /// Associated and soft-deleted items: a practice calendar has none.
    shallow: bool,
}

#[derive(Clone, Copy, Debug)]
struct Page {
    most: Option<usize>,
    offset: usize,
    from_end: bool,
}

/// Reads what stands beside the item shape; the view, if any, is an indexed one.
pub fn read(request: &Request<'_, '_>) -> Result<Asked, ResponseError> {
    let foreign = [
        "m:FractionalPageItemView",
        "m:SeekToConditionPageItemView",
        "m:ContactsView",
        "m:GroupBy",
        "m:DistinguishedGroupBy",
        "m:QueryString",
    ];
    if foreign.iter().any(|name| request.child(name).is_some()) {
        return Err(ResponseError::new(
            "ErrorInvalidOperation",
            "The practice Exchange finds items by a CalendarView or by an IndexedPageItemView, without groups and query strings.",
        ));
    }
    let page = request.child("m:IndexedPageItemView").map(page).transpose();
    let restriction = match request.child("m:Restriction") {
        Some(node) => Restriction::read(node, request)?,
        None => None,
    };
    Ok(Asked {
        restriction,
        order: order(request)?,
        page: page?,
        shallow: request.operation.attribute("Traversal") == Some("Shallow"),
    })
}

fn page(view: Node<'_, '_>) -> Result<Page, ResponseError> {
    let offset = view.attribute("Offset").unwrap_or_default().trim();
    let offset = offset.parse().map_err(|_| {
        ResponseError::new(
            "ErrorInvalidIndexedPagingParameters",
            "The offset of an IndexedPageItemView must not be negative.",
        )
    })?;
    Ok(Page {
        most: max_entries(view)?,
        offset,
        from_end: view.attribute("BasePoint") == Some("End"),
    })
}

fn order(request: &Request<'_, '_>) -> Result<Vec<(Path, bool)>, ResponseError> {
    let fields = request.child("m:SortOrder");
    fields
        .into_iter()
        .flat_map(|order| order.children())
        .filter(|node| schema::is(*node, "t:FieldOrder"))
        .filter_map(|field| Some((field, field.children().find(Node::is_element)?)))
        .map(|(field, path)| {
            let path = Path::read(path, request, "ErrorUnsupportedPathForSortGroup")?;
            Ok((path, field.attribute("Order") == Some("Descending")))
        })
        .collect()
}

/// The answer for one folder.
pub fn find(
    folder: Folder<'_>,
    asked: &Asked,
    wanted: &Wanted,
    most: usize,
    zone: Option<&TimeZone>,
) -> Result<ResultPage, ResponseError> {
    let lines = lines(folder, asked);
    let total = lines.len();
    let (start, end) = match asked.page {
        // Without pages everything or nothing comes.
        None if total > most => return Err(too_many(most)),
        None => (0, total),
        Some(page) => {
            let size = page.most.unwrap_or(most).min(most);
            let offset = page.offset.min(total);
            if page.from_end {
                let end = total - offset;
                (end.saturating_sub(size), end)
            } else {
                (offset, (offset + size).min(total))
            }
        }
    };
    let from_end = asked.page.is_some_and(|page| page.from_end);
    let next = if from_end { total - start } else { end };
    Ok(ResultPage {
        items: lines[start..end]
            .iter()
            .map(|line| item_xml::item(line, folder, wanted, Detail::Found, zone))
            .collect(),
        next: asked.page.map(|_| next),
        total,
        is_last: if from_end { start == 0 } else { end == total },
    })
}

fn lines<'a>(folder: Folder<'a>, asked: &Asked) -> Vec<Instance<'a>> {
    if *folder.kind != CALENDAR || !asked.shallow {
        return Vec::new();
    }
    let stored = folder.mailbox.entries().iter();
    let mut lines: Vec<_> = stored
        .filter_map(view::single_or_master)
        .filter(|line| asked.restriction.as_ref().is_none_or(|it| it.admits(line)))
        .collect();
    lines.sort_by(|one, two| {
        asked
            .order
            .iter()
            .map(|(path, descending)| {
                let order = order_of(path.value(one), path.value(two));
                if *descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    lines
}

/// What is absent comes first.
fn order_of(one: Option<Value>, two: Option<Value>) -> Ordering {
    match (one, two) {
        (Some(one), Some(two)) => one.order(&two).unwrap_or(Ordering::Equal),
        (one, two) => one.is_some().cmp(&two.is_some()),
    }
}
