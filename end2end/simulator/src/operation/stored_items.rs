//! `FindItem` without a calendar view: the stored items of a folder, singles and masters, filtered, sorted and by pages.
//! Series are not expanded, and a page holds no more than the limit of objects.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use roxmltree::Node;

use super::{
    folder::{CALENDAR, Folder},
    item_writer::DetailLevel,
    item_xml,
    property::{PropertyPath, PropertyValue},
    response_shape::ResponseShape,
    restriction::Restriction,
    result_page::{ResultPage, find_count_exceeded, max_entries},
};
use crate::{
    soap::{envelope::ResponseError, request::SoapRequest, schema},
    world::view::{self, ItemInstance},
};

/// Which stored items are asked for, in which order, and which part of them.
#[derive(Debug)]
pub struct StoredItemsQuery {
    restriction: Option<Restriction>,
    /// The property and whether the greatest comes first.
    order: Vec<(PropertyPath, bool)>,
    page: Option<IndexedPageView>,
    /// Associated and soft-deleted items: a practice calendar has none.
    shallow: bool,
}

#[derive(Clone, Copy, Debug)]
struct IndexedPageView {
    limit: Option<usize>,
    offset: usize,
    from_end: bool,
}

/// Reads the part of the request after the item shape; the view, if any, is an indexed one.
pub fn read_query(request: &SoapRequest<'_, '_>) -> Result<StoredItemsQuery, ResponseError> {
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
    let page = request
        .child("m:IndexedPageItemView")
        .map(read_page_view)
        .transpose();
    let restriction = match request.child("m:Restriction") {
        Some(node) => Restriction::read(node, request)?,
        None => None,
    };
    Ok(StoredItemsQuery {
        restriction,
        order: read_sort_order(request)?,
        page: page?,
        shallow: request.operation.attribute("Traversal") == Some("Shallow"),
    })
}

fn read_page_view(view: Node<'_, '_>) -> Result<IndexedPageView, ResponseError> {
    let offset = view.attribute("Offset").unwrap_or_default().trim();
    let offset = offset.parse().map_err(|_| {
        ResponseError::new(
            "ErrorInvalidIndexedPagingParameters",
            "The offset of an IndexedPageItemView must not be negative.",
        )
    })?;
    Ok(IndexedPageView {
        limit: max_entries(view)?,
        offset,
        from_end: view.attribute("BasePoint") == Some("End"),
    })
}

fn read_sort_order(
    request: &SoapRequest<'_, '_>,
) -> Result<Vec<(PropertyPath, bool)>, ResponseError> {
    let fields = request.child("m:SortOrder");
    fields
        .into_iter()
        .flat_map(|order| order.children())
        .filter(|node| schema::is_element(*node, "t:FieldOrder"))
        .filter_map(|field| Some((field, field.children().find(Node::is_element)?)))
        .map(|(field, path)| {
            let path = PropertyPath::read(path, request, "ErrorUnsupportedPathForSortGroup")?;
            Ok((path, field.attribute("Order") == Some("Descending")))
        })
        .collect()
}

/// The answer for one folder.
pub fn find_page(
    folder: Folder<'_>,
    query: &StoredItemsQuery,
    shape: &ResponseShape,
    limit: usize,
    zone: Option<&TimeZone>,
) -> Result<ResultPage, ResponseError> {
    let items = matching_items(folder, query);
    let total = items.len();
    let (start, end) = match query.page {
        // Without paging the answer has all items, or fails beyond the limit.
        None if total > limit => return Err(find_count_exceeded(limit)),
        None => (0, total),
        Some(page) => {
            let size = page.limit.unwrap_or(limit).min(limit);
            let offset = page.offset.min(total);
            if page.from_end {
                let end = total - offset;
                (end.saturating_sub(size), end)
            } else {
                (offset, (offset + size).min(total))
            }
        }
    };
    let from_end = query.page.is_some_and(|page| page.from_end);
    let next = if from_end { total - start } else { end };
    Ok(ResultPage {
        items: items[start..end]
            .iter()
            .map(|item| {
                item_xml::calendar_item_xml(item, folder, shape, DetailLevel::Summary, zone)
            })
            .collect(),
        next: query.page.map(|_| next),
        total,
        is_last: if from_end { start == 0 } else { end == total },
    })
}

fn matching_items<'a>(folder: Folder<'a>, query: &StoredItemsQuery) -> Vec<ItemInstance<'a>> {
    if *folder.kind != CALENDAR || !query.shallow {
        return Vec::new();
    }
    let stored = folder.mailbox.entries().iter();
    let mut items: Vec<_> = stored
        .filter_map(view::single_or_master)
        .filter(|item| query.restriction.as_ref().is_none_or(|it| it.matches(item)))
        .collect();
    items.sort_by(|one, two| {
        query
            .order
            .iter()
            .map(|(path, descending)| {
                let order = compare_values(path.value(one), path.value(two));
                if *descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    items
}

/// An absent value sorts first.
fn compare_values(one: Option<PropertyValue>, two: Option<PropertyValue>) -> Ordering {
    match (one, two) {
        (Some(one), Some(two)) => one.order(&two).unwrap_or(Ordering::Equal),
        (one, two) => one.is_some().cmp(&two.is_some()),
    }
}
