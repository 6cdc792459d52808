//! `FindItem`: a calendar view expands series within a range; without one stored items come by pages.
//! A view of more objects than the limit is an error, unless the request says how many it takes.

use jiff::{ToSpan, tz::TimeZone};
use roxmltree::Node;

use super::{
    context::OperationContext,
    folder::{self, CALENDAR},
    item_writer::DetailLevel,
    item_xml,
    response_messages::{fail_all, message_for_each},
    response_shape::{ResponseShape, invalid_property_request},
    result_page::{ResultPage, find_count_exceeded, max_entries, root_folder},
    stored_items,
};
use crate::{
    soap::{envelope::ResponseError, request::SoapRequest},
    world::{
        settings::Settings,
        view::{self, ViewRange},
    },
};

/// Paths that only `GetItem` returns.
const GET_ITEM_ONLY_PATHS: [&str; 13] = [
    "item:Body",
    "item:Attachments",
    "item:MimeContent",
    "item:UniqueBody",
    "item:TextBody",
    "calendar:RequiredAttendees",
    "calendar:OptionalAttendees",
    "calendar:Resources",
    "calendar:Recurrence",
    "calendar:FirstOccurrence",
    "calendar:LastOccurrence",
    "calendar:ModifiedOccurrences",
    "calendar:DeletedOccurrences",
];

struct FindItemQuery {
    shape: ResponseShape,
    what: QueriedView,
}

enum QueriedView {
    View {
        range: ViewRange,
        limit: Option<usize>,
    },
    Stored(stored_items::StoredItemsQuery),
}

pub fn answer(context: OperationContext<'_>, request: &SoapRequest<'_, '_>) -> String {
    match read_query(request) {
        Ok(query) => message_for_each(request, "m:ParentFolderIds", |id| {
            find_in_folder(context, id, &query, request.zone.as_ref())
        }),
        Err(error) => fail_all(request, &error),
    }
}

fn read_query(request: &SoapRequest<'_, '_>) -> Result<FindItemQuery, ResponseError> {
    let shape = ResponseShape::read(request, "m:ItemShape")?;
    if shape.mime || GET_ITEM_ONLY_PATHS.iter().any(|path| shape.names(path)) {
        return Err(invalid_property_request());
    }
    let what = match request.child("m:CalendarView") {
        Some(view) => read_calendar_view(request, view)?,
        None => QueriedView::Stored(stored_items::read_query(request)?),
    };
    Ok(FindItemQuery { shape, what })
}

fn read_calendar_view(
    request: &SoapRequest<'_, '_>,
    view: Node<'_, '_>,
) -> Result<QueriedView, ResponseError> {
    let beside = [
        "m:Restriction",
        "m:SortOrder",
        "m:GroupBy",
        "m:DistinguishedGroupBy",
        "m:QueryString",
    ];
    if beside.iter().any(|name| request.child(name).is_some()) {
        return Err(ResponseError::new(
            "ErrorInvalidOperation",
            "Restrictions and sort order may not be specified for a CalendarView.",
        ));
    }
    if request.operation.attribute("Traversal") != Some("Shallow") {
        return Err(ResponseError::new(
            "ErrorInvalidOperation",
            "A CalendarView can be used with a shallow traversal only.",
        ));
    }
    Ok(QueriedView::View {
        range: read_range(request, view)?,
        limit: max_entries(view)?,
    })
}

fn read_range(
    request: &SoapRequest<'_, '_>,
    view: Node<'_, '_>,
) -> Result<ViewRange, ResponseError> {
    let edge = |name| {
        view.attribute(name)
            .and_then(|text| request.instant(text))
            .ok_or_else(|| ResponseError::new("ErrorInvalidArgument", "The date is invalid."))
    };
    let range = ViewRange {
        start: edge("StartDate")?,
        end: edge("EndDate")?,
    };
    if range.end < range.start {
        return Err(ResponseError::new(
            "ErrorCalendarEndDateIsEarlierThanStartDate",
            "EndDate is earlier than StartDate",
        ));
    }
    let longest = range.start.to_zoned(TimeZone::UTC).checked_add(2.years());
    if longest.is_ok_and(|longest| range.end > longest.timestamp()) {
        return Err(ResponseError::new(
            "ErrorCalendarViewRangeTooBig",
            "The specified view range exceeds the maximum range of two years.",
        ));
    }
    Ok(range)
}

fn find_in_folder(
    context: OperationContext<'_>,
    id: Node<'_, '_>,
    query: &FindItemQuery,
    zone: Option<&TimeZone>,
) -> Result<String, ResponseError> {
    let folder = folder::find_folder(context, id)?;
    let settings = &context.world.settings;
    let find_limit = settings.find_limit;
    let (range, limit) = match &query.what {
        QueriedView::View { range, limit } => (*range, *limit),
        QueriedView::Stored(stored) => {
            let found = stored_items::find_page(folder, stored, &query.shape, find_limit, zone)?;
            return Ok(root_folder(settings, &found));
        }
    };
    if *folder.kind != CALENDAR {
        return Err(ResponseError::new(
            "ErrorCalendarFolderIsInvalidForCalendarView",
            "The folder cannot be used with a CalendarView.",
        ));
    }
    if let Some(error) = view_error(settings, range) {
        return Err(error);
    }
    let items = view::calendar_view(folder.mailbox, range);
    if limit.is_none() && items.len() > find_limit {
        return Err(find_count_exceeded(find_limit));
    }
    let taken = limit.unwrap_or(find_limit).min(find_limit);
    let xml = items.iter().take(taken).map(|item| {
        item_xml::calendar_item_xml(item, folder, &query.shape, DetailLevel::Summary, zone)
    });
    let found = ResultPage {
        items: xml.collect(),
        next: None,
        total: items.len(),
        is_last: items.len() <= taken,
    };
    Ok(root_folder(settings, &found))
}

/// The error that the settings plan for views of this range, if any.
fn view_error(settings: &Settings, range: ViewRange) -> Option<ResponseError> {
    let length = range.end.duration_since(range.start);
    if settings.slow_view.is_some_and(|longest| length > longest) {
        return Some(ResponseError::new(
            "ErrorTimeoutExpired",
            "The request timed out.",
        ));
    }
    let (_, code) = settings
        .damaged
        .iter()
        .find(|(at, _)| (range.start..range.end).contains(at))?;
    Some(ResponseError::new(code, "Data is corrupt."))
}
