//! `FindItem`: a calendar view expands series within a window; without one stored items come by pages.
//! Beyond the limit of objects a view errs, unless the request says how many it takes.

use jiff::{ToSpan, tz::TimeZone};
use roxmltree::Node;

use super::{
    context::Scene,
    folder::{self, CALENDAR},
    item_writer::Detail,
    item_xml, page,
    response_messages::{each, refuse},
    result_page::{ResultPage, max_entries, root_folder, too_many},
    shape::{Wanted, invalid_property},
};
use crate::{
    soap::{envelope::ResponseError, request::Request},
    world::{
        settings::Settings,
        view::{self, Window},
    },
};

/// Paths that only `GetItem` returns.
const NOT_HERE: [&str; 13] = [
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

struct Asked {
    wanted: Wanted,
    what: What,
}

enum What {
    View {
        window: Window,
        limit: Option<usize>,
    },
    Stored(page::Asked),
}

pub fn answer(scene: Scene<'_>, request: &Request<'_, '_>) -> String {
    match read(request) {
        Ok(asked) => each(request, "m:ParentFolderIds", |id| {
            find(scene, id, &asked, request.zone.as_ref())
        }),
        Err(error) => refuse(request, &error),
    }
}

fn read(request: &Request<'_, '_>) -> Result<Asked, ResponseError> {
    let wanted = Wanted::read(request, "m:ItemShape")?;
    if wanted.mime || NOT_HERE.iter().any(|path| wanted.names(path)) {
        return Err(invalid_property());
    }
    let what = match request.child("m:CalendarView") {
        Some(view) => calendar_view(request, view)?,
        None => What::Stored(page::read(request)?),
    };
    Ok(Asked { wanted, what })
}

fn calendar_view(request: &Request<'_, '_>, view: Node<'_, '_>) -> Result<What, ResponseError> {
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
    Ok(What::View {
        window: window(request, view)?,
        limit: max_entries(view)?,
    })
}

fn window(request: &Request<'_, '_>, view: Node<'_, '_>) -> Result<Window, ResponseError> {
    let edge = |name| {
        view.attribute(name)
            .and_then(|text| request.instant(text))
            .ok_or_else(|| ResponseError::new("ErrorInvalidArgument", "The date is invalid."))
    };
    let window = Window {
        start: edge("StartDate")?,
        end: edge("EndDate")?,
    };
    if window.end < window.start {
        return Err(ResponseError::new(
            "ErrorCalendarEndDateIsEarlierThanStartDate",
            "EndDate is earlier than StartDate",
        ));
    }
    let longest = window.start.to_zoned(TimeZone::UTC).checked_add(2.years());
    if longest.is_ok_and(|longest| window.end > longest.timestamp()) {
        return Err(ResponseError::new(
            "ErrorCalendarViewRangeTooBig",
            "The specified view range exceeds the maximum range of two years.",
        ));
    }
    Ok(window)
}

fn find(
    scene: Scene<'_>,
    id: Node<'_, '_>,
    asked: &Asked,
    zone: Option<&TimeZone>,
) -> Result<String, ResponseError> {
    let folder = folder::find(scene, id)?;
    let settings = &scene.world.settings;
    let most = settings.find_limit;
    let (window, limit) = match &asked.what {
        What::View { window, limit } => (*window, *limit),
        What::Stored(stored) => {
            let found = page::find(folder, stored, &asked.wanted, most, zone)?;
            return Ok(root_folder(settings, &found));
        }
    };
    if *folder.kind != CALENDAR {
        return Err(ResponseError::new(
            "ErrorCalendarFolderIsInvalidForCalendarView",
            "The folder cannot be used with a CalendarView.",
        ));
    }
    if let Some(error) = trouble(settings, window) {
        return Err(error);
    }
    let lines = view::view(folder.mailbox, window);
    if limit.is_none() && lines.len() > most {
        return Err(too_many(most));
    }
    let taken = limit.unwrap_or(most).min(most);
    let items: String = lines
        .iter()
        .take(taken)
        .map(|line| item_xml::item(line, folder, &asked.wanted, Detail::Found, zone))
        .collect();
    let found = ResultPage {
        items,
        next: None,
        total: lines.len(),
        is_last: lines.len() <= taken,
    };
    Ok(root_folder(settings, &found))
}

/// What keeps the server from answering about a window.
fn trouble(settings: &Settings, window: Window) -> Option<ResponseError> {
    let length = window.end.duration_since(window.start);
    if settings.slow_view.is_some_and(|longest| length > longest) {
        return Some(ResponseError::new(
            "ErrorTimeoutExpired",
            "The request timed out.",
        ));
    }
    let (_, code) = settings
        .damaged
        .iter()
        .find(|(at, _)| (window.start..window.end).contains(at))?;
    Some(ResponseError::new(code, "Data is corrupt."))
}
