//! An entry as the MIME content of Exchange: iCalendar, with the zone's rules, the series and its exceptions.
//! Lines are folded at 75 octets and end in CRLF.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    soap::text::replace_forbidden,
    world::{
        entry::{EntryDraft, EntrySensitivity, FreeBusy, MyResponse, Participant, instant},
        recurrence::{DayOfWeek, DayOfWeekIndex, Recurrence, RecurrenceEnd, RecurrencePattern},
        view::{self, CalendarItemType, ItemInstance},
        zone::windows_name,
    },
};

/// The document of a single entry, of a whole series, or of one occurrence.
pub fn icalendar_document(item: &ItemInstance<'_>) -> String {
    let draft = &item.entry.draft;
    let mut out = ContentLines(String::new());
    out.put("BEGIN:VCALENDAR");
    let method = match (draft.organizer.is_some(), draft.cancelled) {
        (true, true) => "CANCEL",
        (true, false) => "REQUEST",
        (false, _) => "PUBLISH",
    };
    out.put(&format!("METHOD:{method}"));
    out.put("PRODID:Microsoft Exchange Server 2010");
    out.put("VERSION:2.0");
    write_time_zone(&mut out, draft, item.start);
    write_event(&mut out, item);
    if item.kind == CalendarItemType::RecurringMaster {
        let instances = view::existing_instances(item.entry, item.start);
        for exception in instances
            .iter()
            .filter(|item| item.kind == CalendarItemType::Exception)
        {
            write_event(&mut out, exception);
        }
    }
    out.put("END:VCALENDAR");
    out.0
}

struct ContentLines(String);

impl ContentLines {
    /// One content line, folded.
    fn put(&mut self, line: &str) {
        let mut width = 0;
        for letter in line.chars() {
            if width + letter.len_utf8() > 75 {
                self.0 += "\r\n ";
                width = 1;
            }
            self.0.push(letter);
            width += letter.len_utf8();
        }
        self.0 += "\r\n";
    }

    fn text(&mut self, name: &str, text: &str) {
        let text = replace_forbidden(text)
            .replace('\\', "\\\\")
            .replace(';', "\\;")
            .replace(',', "\\,")
            .replace("\r\n", "\\n")
            .replace(['\r', '\n'], "\\n");
        self.put(&format!("{name};LANGUAGE=en-US:{text}"));
    }
}

fn write_event(out: &mut ContentLines, item: &ItemInstance<'_>) {
    let draft = &item.entry.draft;
    out.put("BEGIN:VEVENT");
    write_people(out, draft);
    out.text("SUMMARY", item.subject().unwrap_or_default());
    let tzid = windows_name(&draft.zone).0;
    let zone = draft.time_zone();
    let local = |at: Timestamp| format_local(at.to_zoned(zone.clone()).datetime());
    out.put(&format!("DTSTART;TZID={tzid}:{}", local(item.start)));
    out.put(&format!("DTEND;TZID={tzid}:{}", local(item.end)));
    out.put(&format!("UID:{}", item.entry.uid));
    if matches!(
        item.kind,
        CalendarItemType::Occurrence | CalendarItemType::Exception
    ) {
        let original = format_local(item.original);
        out.put(&format!("RECURRENCE-ID;TZID={tzid}:{original}"));
    }
    if item.kind == CalendarItemType::RecurringMaster {
        write_series(out, draft, tzid);
    }
    let class = match draft.sensitivity {
        EntrySensitivity::Normal => "PUBLIC",
        EntrySensitivity::Personal | EntrySensitivity::Private => "PRIVATE",
        EntrySensitivity::Confidential => "CONFIDENTIAL",
    };
    out.put(&format!("CLASS:{class}"));
    out.put("PRIORITY:5");
    out.put(&format!("DTSTAMP:{}Z", format_utc(item.entry.modified)));
    let (shown, busy, status) = match item.free_busy() {
        FreeBusy::Free | FreeBusy::NoData => ("TRANSPARENT", "FREE", "CONFIRMED"),
        FreeBusy::Tentative => ("OPAQUE", "TENTATIVE", "TENTATIVE"),
        FreeBusy::Busy => ("OPAQUE", "BUSY", "CONFIRMED"),
        FreeBusy::OOF => ("OPAQUE", "OOF", "CONFIRMED"),
        FreeBusy::WorkingElsewhere => ("TRANSPARENT", "WORKINGELSEWHERE", "CONFIRMED"),
    };
    let status = if draft.cancelled { "CANCELLED" } else { status };
    out.put(&format!("TRANSP:{shown}"));
    out.put(&format!("STATUS:{status}"));
    out.put("SEQUENCE:0");
    if let Some(location) = item.location() {
        out.text("LOCATION", location);
    }
    if !draft.categories.is_empty() {
        out.put(&format!("CATEGORIES:{}", draft.categories.join(",")));
    }
    out.put("X-MICROSOFT-CDO-APPT-SEQUENCE:0");
    out.put(&format!("X-MICROSOFT-CDO-BUSYSTATUS:{busy}"));
    let all_day = if draft.all_day { "TRUE" } else { "FALSE" };
    out.put(&format!("X-MICROSOFT-CDO-ALLDAYEVENT:{all_day}"));
    let kind = match item.kind {
        CalendarItemType::Single => 0,
        CalendarItemType::RecurringMaster => 1,
        CalendarItemType::Occurrence => 2,
        CalendarItemType::Exception => 3,
    };
    out.put(&format!("X-MICROSOFT-CDO-INSTTYPE:{kind}"));
    out.put("END:VEVENT");
}

fn write_people(out: &mut ContentLines, draft: &EntryDraft) {
    let named = |name: &str, person: &Participant| {
        let shown = person.name.replace('"', "'");
        format!("{name};CN=\"{shown}\":mailto:{}", person.address)
    };
    if let Some(organizer) = &draft.organizer {
        out.put(&named("ORGANIZER", organizer));
    }
    let answered = match draft.my_response {
        MyResponse::Accept => "ACCEPTED",
        MyResponse::Tentative => "TENTATIVE",
        MyResponse::Decline => "DECLINED",
        _ => "NEEDS-ACTION",
    };
    for attendee in &draft.attendees {
        let parameters = format!("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT={answered};RSVP=TRUE");
        out.put(&named(&parameters, attendee));
    }
}

fn write_series(out: &mut ContentLines, draft: &EntryDraft, tzid: &str) {
    if let Some(recurrence) = &draft.recurrence {
        out.put(&format!("RRULE:{}", recurrence_rule(recurrence, draft)));
    }
    for original in &draft.deleted {
        out.put(&format!("EXDATE;TZID={tzid}:{}", format_local(*original)));
    }
}

fn recurrence_rule(recurrence: &Recurrence, draft: &EntryDraft) -> String {
    let (frequency, interval, by) = match &recurrence.pattern {
        RecurrencePattern::Daily { interval } => ("DAILY", *interval, String::new()),
        RecurrencePattern::Weekly {
            interval,
            days: chosen,
            first_day,
        } => {
            let names: Vec<_> = chosen.iter().map(|day| day_codes(*day)).collect();
            let by = format!(";BYDAY={};WKST={}", names.join(","), day_codes(*first_day));
            ("WEEKLY", *interval, by)
        }
        RecurrencePattern::MonthlyAbsolute { interval, day } => {
            ("MONTHLY", *interval, format!(";BYMONTHDAY={day}"))
        }
        RecurrencePattern::MonthlyRelative {
            interval,
            day,
            index,
        } => ("MONTHLY", *interval, nth_day_of_month(*day, *index)),
        RecurrencePattern::YearlyAbsolute { day, month } => {
            ("YEARLY", 1, format!(";BYMONTHDAY={day};BYMONTH={month}"))
        }
        RecurrencePattern::YearlyRelative { day, index, month } => {
            let by = format!("{};BYMONTH={month}", nth_day_of_month(*day, *index));
            ("YEARLY", 1, by)
        }
    };
    let end = match recurrence.end {
        RecurrenceEnd::Never => String::new(),
        RecurrenceEnd::Count { number } => format!(";COUNT={number}"),
        RecurrenceEnd::Until { date } => {
            let last = date.to_datetime(draft.start.time());
            format!(";UNTIL={}Z", format_utc(instant(last, &draft.time_zone())))
        }
    };
    format!("FREQ={frequency}{end};INTERVAL={interval}{by}")
}

fn nth_day_of_month(day: DayOfWeek, index: DayOfWeekIndex) -> String {
    let place = match index {
        DayOfWeekIndex::First => 1,
        DayOfWeekIndex::Second => 2,
        DayOfWeekIndex::Third => 3,
        DayOfWeekIndex::Fourth => 4,
        DayOfWeekIndex::Last => -1,
    };
    format!(";BYDAY={};BYSETPOS={place}", day_codes(day))
}

fn day_codes(day: DayOfWeek) -> &'static str {
    match day {
        DayOfWeek::Sunday => "SU",
        DayOfWeek::Monday => "MO",
        DayOfWeek::Tuesday => "TU",
        DayOfWeek::Wednesday => "WE",
        DayOfWeek::Thursday => "TH",
        DayOfWeek::Friday => "FR",
        DayOfWeek::Saturday => "SA",
        DayOfWeek::Day => "SU,MO,TU,WE,TH,FR,SA",
        DayOfWeek::Weekday => "MO,TU,WE,TH,FR",
        DayOfWeek::WeekendDay => "SA,SU",
    }
}

/// The rules of the entry's zone: two observances, which are the same where clocks never change.
fn write_time_zone(out: &mut ContentLines, draft: &EntryDraft, at: Timestamp) {
    let zone = draft.time_zone();
    out.put("BEGIN:VTIMEZONE");
    out.put(&format!("TZID:{}", windows_name(&draft.zone).0));
    let mut changes: Vec<_> = zone.following(at).take(2).collect();
    if changes.len() < 2 {
        changes.clear();
        let offset = format_offset(zone.to_offset(at).seconds());
        for name in ["STANDARD", "DAYLIGHT"] {
            write_observance(out, name, "16010101T000000", &offset, &offset, None);
        }
    }
    for change in changes {
        let before = offset_before(&zone, change.timestamp());
        let local = before.to_datetime(change.timestamp());
        let name = if change.dst().is_dst() {
            "DAYLIGHT"
        } else {
            "STANDARD"
        };
        let week = (local.day() - 1) / 7 + 1;
        let week = if local.day() + 7 > local.date().days_in_month() {
            -1
        } else {
            week
        };
        let day = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
            [usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
        let rule = format!(
            "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY={week}{day};BYMONTH={}",
            local.month()
        );
        let start = format!("16010101T{}", local.strftime("%H%M%S"));
        let from = format_offset(before.seconds());
        let to = format_offset(change.offset().seconds());
        write_observance(out, name, &start, &from, &to, Some(&rule));
    }
    out.put("END:VTIMEZONE");
}

fn offset_before(zone: &TimeZone, change: Timestamp) -> jiff::tz::Offset {
    let before = change - jiff::SignedDuration::from_secs(1);
    zone.to_offset(before)
}

fn write_observance(
    out: &mut ContentLines,
    name: &str,
    start: &str,
    from: &str,
    to: &str,
    rule: Option<&str>,
) {
    out.put(&format!("BEGIN:{name}"));
    out.put(&format!("DTSTART:{start}"));
    out.put(&format!("TZOFFSETFROM:{from}"));
    out.put(&format!("TZOFFSETTO:{to}"));
    if let Some(rule) = rule {
        out.put(rule);
    }
    out.put(&format!("END:{name}"));
}

fn format_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

fn format_local(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

fn format_utc(at: Timestamp) -> String {
    format_local(TimeZone::UTC.to_datetime(at))
}
