//! An entry as Exchange's MIME content tells it: iCalendar, with the zone's rules, the series and its exceptions.
//! Lines are folded at 75 octets and end in CRLF.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    soap::text::legal,
    world::{
        entry::{Draft, FreeBusy, MyResponse, Person, Sensitivity, instant},
        recurrence::{Day, End, Index, Pattern, Recurrence},
        view::{self, Instance, Kind},
        zone::windows_name,
    },
};

/// The document of a single entry, of a whole series, or of one occurrence.
pub fn calendar(line: &Instance<'_>) -> String {
    let draft = &line.entry.draft;
    let mut out = Lines(String::new());
    out.put("BEGIN:VCALENDAR");
    let method = match (draft.organizer.is_some(), draft.cancelled) {
        (true, true) => "CANCEL",
        (true, false) => "REQUEST",
        (false, _) => "PUBLISH",
    };
    out.put(&format!("METHOD:{method}"));
    out.put("PRODID:Microsoft Exchange Server 2010");
    out.put("VERSION:2.0");
    zone(&mut out, draft, line.start);
    event(&mut out, line);
    if line.kind == Kind::RecurringMaster {
        let lines = view::instances(line.entry, line.start);
        for exception in lines.iter().filter(|line| line.kind == Kind::Exception) {
            event(&mut out, exception);
        }
    }
    out.put("END:VCALENDAR");
    out.0
}

struct Lines(String);

impl Lines {
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
        let text = legal(text)
            .replace('\\', "\\\\")
            .replace(';', "\\;")
            .replace(',', "\\,")
            .replace("\r\n", "\\n")
            .replace(['\r', '\n'], "\\n");
        self.put(&format!("{name};LANGUAGE=en-US:{text}"));
    }
}

fn event(out: &mut Lines, line: &Instance<'_>) {
    let draft = &line.entry.draft;
    out.put("BEGIN:VEVENT");
    people(out, draft);
    out.text("SUMMARY", line.subject().unwrap_or_default());
    let tzid = windows_name(&draft.zone).0;
    let zone = draft.time_zone();
    let local = |at: Timestamp| stamp(at.to_zoned(zone.clone()).datetime());
    out.put(&format!("DTSTART;TZID={tzid}:{}", local(line.start)));
    out.put(&format!("DTEND;TZID={tzid}:{}", local(line.end)));
    out.put(&format!("UID:{}", line.entry.uid));
    if matches!(line.kind, Kind::Occurrence | Kind::Exception) {
        let original = stamp(line.original);
        out.put(&format!("RECURRENCE-ID;TZID={tzid}:{original}"));
    }
    if line.kind == Kind::RecurringMaster {
        series(out, draft, tzid);
    }
    let class = match draft.sensitivity {
        Sensitivity::Normal => "PUBLIC",
        Sensitivity::Personal | Sensitivity::Private => "PRIVATE",
        Sensitivity::Confidential => "CONFIDENTIAL",
    };
    out.put(&format!("CLASS:{class}"));
    out.put("PRIORITY:5");
    out.put(&format!("DTSTAMP:{}Z", utc(line.entry.modified)));
    let (shown, busy, status) = match line.free_busy() {
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
    if let Some(location) = line.location() {
        out.text("LOCATION", location);
    }
    if !draft.categories.is_empty() {
        out.put(&format!("CATEGORIES:{}", draft.categories.join(",")));
    }
    out.put("X-MICROSOFT-CDO-APPT-SEQUENCE:0");
    out.put(&format!("X-MICROSOFT-CDO-BUSYSTATUS:{busy}"));
    let all_day = if draft.all_day { "TRUE" } else { "FALSE" };
    out.put(&format!("X-MICROSOFT-CDO-ALLDAYEVENT:{all_day}"));
    let kind = match line.kind {
        Kind::Single => 0,
        Kind::RecurringMaster => 1,
        Kind::Occurrence => 2,
        Kind::Exception => 3,
    };
    out.put(&format!("X-MICROSOFT-CDO-INSTTYPE:{kind}"));
    out.put("END:VEVENT");
}

fn people(out: &mut Lines, draft: &Draft) {
    let named = |name: &str, person: &Person| {
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

fn series(out: &mut Lines, draft: &Draft, tzid: &str) {
    if let Some(recurrence) = &draft.recurrence {
        out.put(&format!("RRULE:{}", rule(recurrence, draft)));
    }
    for original in &draft.deleted {
        out.put(&format!("EXDATE;TZID={tzid}:{}", stamp(*original)));
    }
}

fn rule(recurrence: &Recurrence, draft: &Draft) -> String {
    let (frequency, interval, by) = match &recurrence.pattern {
        Pattern::Daily { interval } => ("DAILY", *interval, String::new()),
        Pattern::Weekly {
            interval,
            days: chosen,
            first_day,
        } => {
            let names: Vec<_> = chosen.iter().map(|day| days(*day)).collect();
            let by = format!(";BYDAY={};WKST={}", names.join(","), days(*first_day));
            ("WEEKLY", *interval, by)
        }
        Pattern::MonthlyAbsolute { interval, day } => {
            ("MONTHLY", *interval, format!(";BYMONTHDAY={day}"))
        }
        Pattern::MonthlyRelative {
            interval,
            day,
            index,
        } => ("MONTHLY", *interval, relative(*day, *index)),
        Pattern::YearlyAbsolute { day, month } => {
            ("YEARLY", 1, format!(";BYMONTHDAY={day};BYMONTH={month}"))
        }
        Pattern::YearlyRelative { day, index, month } => {
            let by = format!("{};BYMONTH={month}", relative(*day, *index));
            ("YEARLY", 1, by)
        }
    };
    let end = match recurrence.end {
        End::Never => String::new(),
        End::Count { number } => format!(";COUNT={number}"),
        End::Until { date } => {
            let last = date.to_datetime(draft.start.time());
            format!(";UNTIL={}Z", utc(instant(last, &draft.time_zone())))
        }
    };
    format!("FREQ={frequency}{end};INTERVAL={interval}{by}")
}

fn relative(day: Day, index: Index) -> String {
    let place = match index {
        Index::First => 1,
        Index::Second => 2,
        Index::Third => 3,
        Index::Fourth => 4,
        Index::Last => -1,
    };
    format!(";BYDAY={};BYSETPOS={place}", days(day))
}

fn days(day: Day) -> &'static str {
    match day {
        Day::Sunday => "SU",
        Day::Monday => "MO",
        Day::Tuesday => "TU",
        Day::Wednesday => "WE",
        Day::Thursday => "TH",
        Day::Friday => "FR",
        Day::Saturday => "SA",
        Day::Day => "SU,MO,TU,WE,TH,FR,SA",
        Day::Weekday => "MO,TU,WE,TH,FR",
        Day::WeekendDay => "SA,SU",
    }
}

/// The rules of the entry's zone: two observances, alike where clocks are never changed.
fn zone(out: &mut Lines, draft: &Draft, at: Timestamp) {
    let zone = draft.time_zone();
    out.put("BEGIN:VTIMEZONE");
    out.put(&format!("TZID:{}", windows_name(&draft.zone).0));
    let mut changes: Vec<_> = zone.following(at).take(2).collect();
    if changes.len() < 2 {
        changes.clear();
        let offset = offset_text(zone.to_offset(at).seconds());
        for name in ["STANDARD", "DAYLIGHT"] {
            observance(out, name, "16010101T000000", &offset, &offset, None);
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
        let from = offset_text(before.seconds());
        let to = offset_text(change.offset().seconds());
        observance(out, name, &start, &from, &to, Some(&rule));
    }
    out.put("END:VTIMEZONE");
}

fn offset_before(zone: &TimeZone, change: Timestamp) -> jiff::tz::Offset {
    let before = change - jiff::SignedDuration::from_secs(1);
    zone.to_offset(before)
}

fn observance(out: &mut Lines, name: &str, start: &str, from: &str, to: &str, rule: Option<&str>) {
    out.put(&format!("BEGIN:{name}"));
    out.put(&format!("DTSTART:{start}"));
    out.put(&format!("TZOFFSETFROM:{from}"));
    out.put(&format!("TZOFFSETTO:{to}"));
    if let Some(rule) = rule {
        out.put(rule);
    }
    out.put(&format!("END:{name}"));
}

fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

fn stamp(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(at: Timestamp) -> String {
    stamp(TimeZone::UTC.to_datetime(at))
}
