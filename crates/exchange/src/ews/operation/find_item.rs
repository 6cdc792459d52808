//! `FindItem` with a `CalendarView`: the entries of a window, series expanded by Exchange. There is no paging: a window
//! with too many entries is halved by the caller.

use super::{Operation, calendar, field_uris};
use crate::ews::{
    envelope::{MessageHead, first_message},
    error_response::ErrorResponse,
    mailbox_access::MailboxAccess,
    operation_name::OperationName,
    types::calendar_item::CalendarItem,
    xml::{Namespace, Xml, XmlError},
};
use kalends_core::{
    calendar::Window, clock::Timestamp, exchange_version::RequestSchema, policy::PrivacyLevel,
};

/// Exchange's own limit for one answer (find limit, not settable since 2013).
const MAX_ENTRIES: usize = 1000;

/// When, and how busy.
const TIMES: [&str; 7] = [
    "item:LastModifiedTime",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:LegacyFreeBusyStatus",
    "calendar:IsCancelled",
    "calendar:CalendarItemType",
];

/// What it is called, and whether that is private.
const TITLES: [&str; 3] = ["item:Subject", "item:Sensitivity", "calendar:UID"];

/// Where, and who called it.
const DETAILS: [&str; 2] = ["calendar:Location", "calendar:Organizer"];

/// The easiest source of local dates; known from Exchange 2013 on.
const WALL_CLOCK: [&str; 4] = [
    "calendar:StartWallClock",
    "calendar:EndWallClock",
    "calendar:StartTimeZoneId",
    "calendar:EndTimeZoneId",
];

/// Asks for the entries that overlap a window.
#[derive(Debug, Clone, Copy)]
pub struct FindItem {
    /// Entries that overlap it are found.
    pub window: Window,
    /// What is not allowed is not asked for.
    pub level: PrivacyLevel,
}

/// The fields that a level allows.
fn fields(level: PrivacyLevel) -> String {
    let mut fields = field_uris(&TIMES);
    if level >= PrivacyLevel::TimesAndTitles {
        fields.push_str(&field_uris(&TITLES));
    }
    if level >= PrivacyLevel::Everything {
        fields.push_str(&field_uris(&DETAILS));
    }
    fields
}

/// What one view holds.
#[derive(Debug, Clone, Default)]
pub struct FindItemResult {
    /// In the order of the server.
    pub items: Vec<CalendarItem>,
    /// Whether all entries of the window came.
    pub coverage: ViewCoverage,
}

/// Whether a view holds all entries of its window, as far as its server tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ViewCoverage {
    /// All entries came.
    Complete,
    /// The window holds more than one answer may.
    #[default]
    CutOff,
    /// It is said to be complete, and to hold more entries than came.
    Doubtful,
}

impl ViewCoverage {
    /// From the two attributes of a view, either of which may be missing or mean nothing, and the items that came.
    fn of(includes_last: Option<&str>, total: Option<&str>, came: usize) -> Self {
        let includes_last =
            includes_last.and_then(|text| match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            });
        let total = total.and_then(|text| text.trim().parse::<usize>().ok());
        match (includes_last, total) {
            (Some(false), _) => Self::CutOff,
            (_, Some(total)) if total > came => Self::Doubtful,
            // Nothing says that it is complete, and it is as long as an answer may be.
            (None, total) if came >= MAX_ENTRIES && total != Some(came) => Self::CutOff,
            (Some(true) | None, _) => Self::Complete,
        }
    }
}

impl Operation for FindItem {
    const NAME: OperationName = OperationName::FindItem;
    type Answer = FindItemResult;

    fn attributes(&self) -> &'static str {
        r#" Traversal="Shallow""#
    }

    fn content(&self, schema: RequestSchema, access: Option<&MailboxAccess>) -> String {
        let wall_clock = if schema.asks_for_wall_clock() {
            field_uris(&WALL_CLOCK)
        } else {
            String::new()
        };
        format!(
            concat!(
                "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{}{}</t:AdditionalProperties></m:ItemShape>",
                r#"<m:CalendarView MaxEntriesReturned="{}" StartDate="{}" EndDate="{}"/>"#,
                "<m:ParentFolderIds>{}</m:ParentFolderIds>"
            ),
            fields(self.level),
            wall_clock,
            MAX_ENTRIES,
            utc(self.window.start),
            utc(self.window.end),
            calendar(access)
        )
    }

    fn read(xml: &mut Xml<'_>) -> Result<Result<FindItemResult, ErrorResponse>, XmlError> {
        let Some(message) = first_message(xml, Self::NAME)? else {
            return Err(XmlError::malformed("FindItemResponse without a message"));
        };
        let mut head = MessageHead::new(&message);
        let mut view = FindItemResult::default();
        let mut has_root = false;
        while let Some(tag) = xml.child()? {
            if head.take(xml, &tag)? {
            } else if tag.is(Namespace::Messages, "RootFolder") {
                has_root = true;
                let includes_last = tag.attribute("IncludesLastItemInRange");
                let total = tag.attribute("TotalItemsInView");
                let came = read_root(xml, &mut view.items)?;
                view.coverage = ViewCoverage::of(includes_last.as_deref(), total.as_deref(), came);
            } else {
                xml.skip()?;
            }
        }
        match head.failure() {
            Some(said) => Ok(Err(said)),
            None if has_root => Ok(Ok(view)),
            None => Err(XmlError::malformed("FindItemResponse without a RootFolder")),
        }
    }
}

/// How many items came, those of other classes among them.
fn read_root(xml: &mut Xml<'_>, items: &mut Vec<CalendarItem>) -> Result<usize, XmlError> {
    let mut came = 0;
    while let Some(tag) = xml.child()? {
        if !tag.is(Namespace::Types, "Items") {
            xml.skip()?;
            continue;
        }
        while let Some(tag) = xml.child()? {
            came += 1;
            // Items of another class can lie in a calendar folder.
            if !tag.is(Namespace::Types, "CalendarItem") {
                xml.skip()?;
                continue;
            }
            let item = CalendarItem::read(xml)?;
            if items.len() >= MAX_ENTRIES {
                return Err(XmlError::malformed("more items than were asked for"));
            }
            items.push(item);
        }
    }
    Ok(came)
}

/// Whole seconds in UTC, so that no zone matters: `2026-03-01T00:00:00Z`.
fn utc(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.millis().div_euclid(1000))
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_asked_for_in_utc() {
        let window = Window {
            start: Timestamp::from_seconds(1_772_323_200),
            end: Timestamp::from_seconds(1_775_001_600),
        };
        let operation = FindItem {
            window,
            level: PrivacyLevel::Everything,
        };
        let text = operation.content(RequestSchema::default(), None);
        assert!(
            text.contains(r#"StartDate="2026-03-01T00:00:00Z" EndDate="2026-04-01T00:00:00Z""#),
            "{text}"
        );
        assert!(text.contains("StartWallClock"));
        assert!(
            !operation
                .content("Exchange2010_SP2".parse().unwrap(), None)
                .contains("WallClock")
        );
        let own = MailboxAccess::own("bob@example.test".parse().unwrap());
        let text = operation.content("Exchange2013".parse().unwrap(), Some(&own));
        assert!(
            text.contains("<t:EmailAddress>bob@example.test</t:EmailAddress>"),
            "{text}"
        );
    }

    #[test]
    fn what_a_level_does_not_allow_is_not_asked_for() {
        let window = Window {
            start: Timestamp::from_seconds(0),
            end: Timestamp::from_seconds(1),
        };
        let asked = |level| FindItem { window, level }.content(RequestSchema::default(), None);
        for (level, allowed) in [
            (PrivacyLevel::FreeBusy, [false, false]),
            (PrivacyLevel::TimesAndTitles, [true, false]),
            (PrivacyLevel::Everything, [true, true]),
        ] {
            let text = asked(level);
            assert!(text.contains("calendar:Start\""), "{text}");
            for field in TITLES {
                assert_eq!(text.contains(field), allowed[0], "{level:?} {field}");
            }
            for field in DETAILS {
                assert_eq!(text.contains(field), allowed[1], "{level:?} {field}");
            }
        }
    }

    #[test]
    fn what_a_view_says_of_itself_may_be_missing_or_nonsense() {
        for (last, total, came, reach) in [
            (Some("true"), Some("5"), 5, ViewCoverage::Complete),
            (Some("TRUE"), Some("5"), 5, ViewCoverage::Complete),
            (Some("1"), None, 5, ViewCoverage::Complete),
            (Some("true"), Some("4"), 5, ViewCoverage::Complete),
            (Some("true"), Some("-1"), 5, ViewCoverage::Complete),
            (Some("true"), Some("2600"), 1000, ViewCoverage::Doubtful),
            (None, Some("2600"), 1000, ViewCoverage::Doubtful),
            (Some("maybe"), Some("6"), 5, ViewCoverage::Doubtful),
            (Some("false"), Some("5"), 5, ViewCoverage::CutOff),
            (Some("0"), None, 5, ViewCoverage::CutOff),
            (None, None, 5, ViewCoverage::Complete),
            (None, None, 1000, ViewCoverage::CutOff),
            (None, Some("1000"), 1000, ViewCoverage::Complete),
            (Some("maybe"), Some("many"), 1000, ViewCoverage::CutOff),
        ] {
            assert_eq!(
                ViewCoverage::of(last, total, came),
                reach,
                "{last:?} {total:?} {came}"
            );
        }
    }

    #[test]
    fn items_are_read_and_other_classes_left_out() {
        let text = r#"<m:FindItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder TotalItemsInView="2" IncludesLastItemInRange="false"><t:Items><t:Message><t:ItemId Id="x"/></t:Message><t:CalendarItem><t:ItemId Id="AAMkAGNhbA1" ChangeKey="DwAA"/><t:Subject>Dentist</t:Subject></t:CalendarItem></t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>"#;
        let mut xml = Xml::new(text);
        xml.root().unwrap();
        let view = FindItem::read(&mut xml).unwrap().unwrap();
        assert_eq!(view.coverage, ViewCoverage::CutOff);
        assert_eq!(view.items.len(), 1);
        assert_eq!(view.items[0].subject.as_deref(), Some("Dentist"));
    }
}
