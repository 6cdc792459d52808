//! What only the master of a series tells: its recurrence, its exceptions and its deleted occurrences.
//! One pattern, then one range, in the order of the schema.

use super::{
    folder::Folder,
    item_writer::{Out, item_id, written},
};
use crate::{
    soap::text::element,
    world::{
        entry::instant,
        recurrence::{Day, End, Pattern, Recurrence},
        view::{self, Instance, Kind},
    },
};

/// Recurrence, exceptions and deleted occurrences: of masters alone.
pub(super) fn part(out: &mut Out<'_>, line: &Instance<'_>, folder: Folder<'_>) {
    let draft = &line.entry.draft;
    let (Kind::RecurringMaster, Some(recurrence)) = (line.kind, &draft.recurrence) else {
        return;
    };
    if out.wanted.has("calendar:Recurrence", false) {
        out.xml += &recurrence_xml(recurrence, line);
    }
    let lines = view::instances(line.entry, line.start);
    let changed = lines
        .iter()
        .filter(|each| each.kind == Kind::Exception)
        .map(|each| {
            let original = instant(each.original, &draft.time_zone());
            format!(
                "<t:Occurrence>{}{}{}{}</t:Occurrence>",
                item_id(&folder.mailbox.address, each),
                element("t:Start", &written(each.start, out.zone)),
                element("t:End", &written(each.end, out.zone)),
                element("t:OriginalStart", &written(original, out.zone)),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if !changed.is_empty() && out.wanted.has("calendar:ModifiedOccurrences", false) {
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
                element("t:Start", &written(at, out.zone))
            )
        })
        .collect::<Vec<_>>()
        .concat();
    if !deleted.is_empty() && out.wanted.has("calendar:DeletedOccurrences", false) {
        out.raw(format_args!(
            "<t:DeletedOccurrences>{deleted}</t:DeletedOccurrences>"
        ));
    }
}

fn recurrence_xml(recurrence: &Recurrence, line: &Instance<'_>) -> String {
    let number = |name: &str, value: i32| element(name, &value.to_string());
    let interval = |value: u16| number("t:Interval", i32::from(value));
    let day_name = |day: &Day| format!("{day:?}");
    let days = |day: &Day| element("t:DaysOfWeek", &day_name(day));
    let month_name = |month: i8| {
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
    };
    let (name, inner) = match &recurrence.pattern {
        Pattern::Daily { interval: every } => ("DailyRecurrence", interval(*every)),
        Pattern::Weekly {
            interval: every,
            days,
            first_day,
        } => {
            let names: Vec<_> = days.iter().map(day_name).collect();
            let inner = interval(*every)
                + &element("t:DaysOfWeek", &names.join(" "))
                + &element("t:FirstDayOfWeek", &day_name(first_day));
            ("WeeklyRecurrence", inner)
        }
        Pattern::MonthlyAbsolute {
            interval: every,
            day,
        } => (
            "AbsoluteMonthlyRecurrence",
            interval(*every) + &number("t:DayOfMonth", i32::from(*day)),
        ),
        Pattern::MonthlyRelative {
            interval: every,
            day,
            index,
        } => (
            "RelativeMonthlyRecurrence",
            interval(*every) + &days(day) + &element("t:DayOfWeekIndex", &format!("{index:?}")),
        ),
        Pattern::YearlyAbsolute { day, month } => (
            "AbsoluteYearlyRecurrence",
            number("t:DayOfMonth", i32::from(*day)) + &month_name(*month),
        ),
        Pattern::YearlyRelative { day, index, month } => (
            "RelativeYearlyRecurrence",
            days(day) + &element("t:DayOfWeekIndex", &format!("{index:?}")) + &month_name(*month),
        ),
    };
    let zone = line.entry.draft.time_zone();
    let start = line
        .start
        .to_zoned(zone)
        .strftime("%Y-%m-%d%:z")
        .to_string();
    let start = element("t:StartDate", &start);
    let range = match recurrence.end {
        End::Never => format!("<t:NoEndRecurrence>{start}</t:NoEndRecurrence>"),
        End::Until { date } => format!(
            "<t:EndDateRecurrence>{start}{}</t:EndDateRecurrence>",
            element("t:EndDate", &date.to_string())
        ),
        End::Count { number: count } => format!(
            "<t:NumberedRecurrence>{start}{}</t:NumberedRecurrence>",
            number("t:NumberOfOccurrences", i32::from(count))
        ),
    };
    format!("<t:Recurrence><t:{name}>{inner}</t:{name}>{range}</t:Recurrence>")
}
