//! What only the master of a series shows: its recurrence, its exceptions and its deleted occurrences.
//! One pattern, then one range, in the order of the schema.

use super::{
    folder::Folder,
    item_writer::{ItemWriter, format_instant, item_id_xml},
};
use crate::{
    soap::text::element,
    world::{
        entry::instant,
        recurrence::{DayOfWeek, DayOfWeekIndex, Recurrence, RecurrenceEnd, RecurrencePattern},
        view::{self, CalendarItemType, ItemInstance},
    },
};

/// Recurrence, exceptions and deleted occurrences: of masters alone.
pub(super) fn write_series(out: &mut ItemWriter<'_>, item: &ItemInstance<'_>, folder: Folder<'_>) {
    let draft = &item.entry.draft;
    let (CalendarItemType::RecurringMaster, Some(recurrence)) = (item.kind, &draft.recurrence)
    else {
        return;
    };
    if out.shape.has("calendar:Recurrence", false) {
        out.xml += &recurrence_xml(recurrence, item);
    }
    let items = view::existing_instances(item.entry, item.start);
    let changed = items
        .iter()
        .filter(|each| each.kind == CalendarItemType::Exception)
        .map(|each| {
            let original = instant(each.original, &draft.time_zone());
            format!(
                "<t:Occurrence>{}{}{}{}</t:Occurrence>",
                item_id_xml(&folder.mailbox.address, each),
                element("t:Start", &format_instant(each.start, out.zone)),
                element("t:End", &format_instant(each.end, out.zone)),
                element("t:OriginalStart", &format_instant(original, out.zone)),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if !changed.is_empty() && out.shape.has("calendar:ModifiedOccurrences", false) {
        out.raw(format_args!(
            "<t:ModifiedOccurrences>{changed}</t:ModifiedOccurrences>"
        ));
    }
    let deleted = draft
        .deleted
        .iter()
        .map(|original| {
            let at = instant(*original, &draft.time_zone());
            format!(
                "<t:DeletedOccurrence>{}</t:DeletedOccurrence>",
                element("t:Start", &format_instant(at, out.zone))
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if !deleted.is_empty() && out.shape.has("calendar:DeletedOccurrences", false) {
        out.raw(format_args!(
            "<t:DeletedOccurrences>{deleted}</t:DeletedOccurrences>"
        ));
    }
}

fn recurrence_xml(recurrence: &Recurrence, item: &ItemInstance<'_>) -> String {
    let pattern = pattern_xml(&recurrence.pattern);
    let range = range_xml(recurrence.end, item);
    format!("<t:Recurrence>{pattern}{range}</t:Recurrence>")
}

fn pattern_xml(pattern: &RecurrencePattern) -> String {
    let (name, parts) = match pattern {
        RecurrencePattern::Daily { interval } => ("DailyRecurrence", interval_xml(*interval)),
        RecurrencePattern::Weekly {
            interval,
            days,
            first_day,
        } => {
            let names: Vec<_> = days.iter().map(|day| format!("{day:?}")).collect();
            let parts = interval_xml(*interval)
                + &element("t:DaysOfWeek", &names.join(" "))
                + &element("t:FirstDayOfWeek", &format!("{first_day:?}"));
            ("WeeklyRecurrence", parts)
        }
        RecurrencePattern::MonthlyAbsolute { interval, day } => (
            "AbsoluteMonthlyRecurrence",
            interval_xml(*interval) + &element("t:DayOfMonth", &day.to_string()),
        ),
        RecurrencePattern::MonthlyRelative {
            interval,
            day,
            index,
        } => (
            "RelativeMonthlyRecurrence",
            interval_xml(*interval) + &relative_day_xml(*day, *index),
        ),
        RecurrencePattern::YearlyAbsolute { day, month } => (
            "AbsoluteYearlyRecurrence",
            element("t:DayOfMonth", &day.to_string()) + &month_xml(*month),
        ),
        RecurrencePattern::YearlyRelative { day, index, month } => (
            "RelativeYearlyRecurrence",
            relative_day_xml(*day, *index) + &month_xml(*month),
        ),
    };
    format!("<t:{name}>{parts}</t:{name}>")
}

fn interval_xml(interval: u16) -> String {
    element("t:Interval", &interval.to_string())
}

fn relative_day_xml(day: DayOfWeek, index: DayOfWeekIndex) -> String {
    element("t:DaysOfWeek", &format!("{day:?}"))
        + &element("t:DayOfWeekIndex", &format!("{index:?}"))
}

fn month_xml(month: i8) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let index = usize::try_from(month - 1).unwrap_or(0);
    element("t:Month", MONTHS[index % 12])
}

fn range_xml(end: RecurrenceEnd, item: &ItemInstance<'_>) -> String {
    let start = item
        .start
        .to_zoned(item.entry.draft.time_zone())
        .strftime("%Y-%m-%d%:z")
        .to_string();
    let start = element("t:StartDate", &start);
    match end {
        RecurrenceEnd::Never => format!("<t:NoEndRecurrence>{start}</t:NoEndRecurrence>"),
        RecurrenceEnd::Until { date } => format!(
            "<t:EndDateRecurrence>{start}{}</t:EndDateRecurrence>",
            element("t:EndDate", &date.to_string())
        ),
        RecurrenceEnd::Count { number } => format!(
            "<t:NumberedRecurrence>{start}{}</t:NumberedRecurrence>",
            element("t:NumberOfOccurrences", &number.to_string())
        ),
    }
}
