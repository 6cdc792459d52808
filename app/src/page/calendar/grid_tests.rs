//! The grid in words: which classes boxes get, also on days of 23 and of 25 hours.

use super::{
    super::samples::{at, event},
    *,
};
use jiff::civil::date;
use kalends_core::{
    calendar::DaySpan,
    clock::Timestamp,
    id::EventId,
    preferences::{HourClock, Preferences},
};

fn entry(subject: &str, start: &str, end: &str) -> StoredEntry {
    StoredEntry {
        id: EventId::new(Timestamp::from_millis(1), [0; 10]),
        event: event(subject, start, end),
    }
}

/// As looked at on Thursday, 26 March 2026, 09:07 in Berlin.
fn words(zone: &str) -> Formatter {
    Formatter::new(zone, at("2026-03-26T08:07:00Z"))
}

fn week(day: &str, hours: &str, entries: &[StoredEntry], words: &Formatter) -> GridView {
    let asked = AskedSpan::new("week", day, hours, words);
    grid(asked, asked.span(words), entries, None, words)
}

/// Subject, classes and time of every box, by day.
fn boxes(view: &GridView) -> Vec<(usize, String, String, String)> {
    let mut told = Vec::new();
    for (number, day) in view.days.iter().enumerate() {
        for boxed in &day.boxes {
            let class = boxed.class.trim().to_owned();
            told.push((
                number,
                boxed.entry.subject.clone(),
                class,
                boxed.entry.time.clone(),
            ));
        }
    }
    told
}

fn told(number: usize, subject: &str, class: &str, time: &str) -> (usize, String, String, String) {
    (
        number,
        subject.to_owned(),
        class.to_owned(),
        time.to_owned(),
    )
}

#[test]
fn boxes_stand_at_their_wall_clock_times() {
    let words = words("Europe/Berlin");
    let entries = [
        entry("Standup", "2026-03-23T08:00:00Z", "2026-03-23T08:15:00Z"),
        entry("Review", "2026-03-23T08:10:00Z", "2026-03-23T10:05:00Z"),
        entry("Moment", "2026-03-25T11:00:00Z", "2026-03-25T11:00:00Z"),
    ];
    let view = week("2026-03-25", "", &entries, &words);
    assert_eq!(
        (
            view.hours.len(),
            view.hours[0].text.as_str(),
            view.height.as_str()
        ),
        (13, "07:00", "lh13 lm0")
    );
    assert_eq!(
        boxes(&view),
        [
            told(
                0,
                "Standup",
                "slot slot-short h2 m0 lh0 lm4 n2 i0 s1 entry-past",
                "09:00 – 09:15"
            ),
            told(
                0,
                "Review",
                "slot h2 m2 lh1 lm11 n2 i1 s1 entry-past",
                "09:10 – 11:05"
            ),
            told(
                2,
                "Moment",
                "slot slot-short h5 m0 lh0 lm4 n1 i0 s1 entry-past",
                "12:00"
            ),
        ]
    );
    let now: Vec<_> = view.days.iter().filter_map(|day| day.now.clone()).collect();
    assert_eq!(now, [("h2 m1".to_owned(), "09:07".to_owned())]);
}

#[test]
fn the_hour_that_is_left_out_stays_empty() {
    let words = words("Europe/Berlin");
    let entries = [
        entry("Across", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
        entry("Noon", "2026-03-29T10:00:00Z", "2026-03-29T11:00:00Z"),
        entry("Evening", "2026-03-29T20:00:00Z", "2026-03-29T22:00:00Z"),
        // 30 hours on the wall clock of this week, but no more than a day.
        entry(
            "Day and night",
            "2026-03-28T11:00:00Z",
            "2026-03-29T10:30:00Z",
        ),
    ];
    let view = week("2026-03-25", "all", &entries, &words);
    let sunday = &view.days[6];
    assert_eq!(
        sunday.clocks.as_deref(),
        Some("Clocks go forward from 02:00 to 03:00.")
    );
    assert_eq!(sunday.left_out.as_deref(), Some("h2 m0 lh1 lm0"));
    assert_eq!(
        boxes(&view),
        [
            told(
                5,
                "Day and night",
                "slot h12 m0 lh12 lm0 n1 i0 s1 entry-long",
                "from 12:00"
            ),
            told(
                6,
                "Day and night",
                "slot h0 m0 lh12 lm6 n2 i0 s1 entry-long",
                "until 12:30"
            ),
            told(6, "Across", "slot h1 m6 lh2 lm0 n2 i1 s1", "01:30 – 03:30"),
            told(6, "Noon", "slot h12 m0 lh1 lm0 n2 i1 s1", "12:00 – 13:00"),
            told(
                6,
                "Evening",
                "slot h22 m0 lh2 lm0 n1 i0 s1",
                "22:00 – 00:00"
            ),
        ]
    );
    assert!(view.days[5].clocks.is_none() && view.days[5].left_out.is_none());
}

#[test]
fn the_hour_that_comes_twice_shows_both_and_names_them() {
    let words = words("Europe/Berlin");
    let entries = [
        entry("First", "2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
        entry("Second", "2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"),
        entry("Between", "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"),
        entry("Last hour", "2026-10-25T22:00:00Z", "2026-10-25T23:00:00Z"),
    ];
    let view = week("2026-10-25", "all", &entries, &words);
    assert_eq!(
        view.days[6].clocks.as_deref(),
        Some("Clocks go back from 03:00 to 02:00.")
    );
    assert_eq!(view.days[6].left_out, None);
    assert_eq!(
        boxes(&view),
        [
            told(
                6,
                "First",
                "slot slot-short h2 m3 lh0 lm6 n2 i0 s1",
                "02:15 CEST – 02:45 CEST"
            ),
            told(
                6,
                "Second",
                "slot slot-short h2 m3 lh0 lm6 n2 i1 s1",
                "02:15 CET – 02:45 CET"
            ),
            told(
                6,
                "Between",
                "slot slot-short h2 m9 lh0 lm6 n1 i0 s1",
                "02:45 CEST – 02:15 CET"
            ),
            told(
                6,
                "Last hour",
                "slot h23 m0 lh1 lm0 n1 i0 s1",
                "23:00 – 00:00"
            ),
        ]
    );
}

#[test]
fn a_day_that_begins_at_one_holds_what_begins_then() {
    // Cairo's clocks go forward from midnight to one.
    let words = words("Africa/Cairo");
    let entries = [
        entry("Last", "2026-04-23T21:00:00Z", "2026-04-23T22:00:00Z"),
        entry("First", "2026-04-23T22:00:00Z", "2026-04-23T23:00:00Z"),
    ];
    let view = week("2026-04-24", "all", &entries, &words);
    assert_eq!(
        view.days[4].clocks.as_deref(),
        Some("Clocks go forward from 00:00 to 01:00.")
    );
    assert_eq!(view.days[4].left_out.as_deref(), Some("h0 m0 lh1 lm0"));
    assert_eq!(
        boxes(&view),
        [
            told(3, "Last", "slot h23 m0 lh1 lm0 n1 i0 s1", "23:00 – 01:00"),
            told(4, "First", "slot h1 m0 lh1 lm0 n1 i0 s1", "01:00 – 02:00"),
        ]
    );
}

#[test]
fn hours_unfold_for_what_needs_them() {
    let words = words("Europe/Berlin");
    let early = [entry(
        "Early",
        "2026-03-24T04:40:00Z",
        "2026-03-24T05:00:00Z",
    )];
    let view = week("2026-03-25", "", &early, &words);
    assert_eq!(
        (view.hours[0].text.as_str(), view.hours.len()),
        ("05:00", 15)
    );
    let over = [entry(
        "Over midnight",
        "2026-03-24T22:30:00Z",
        "2026-03-25T00:30:00Z",
    )];
    let view = week("2026-03-25", "", &over, &words);
    let labels = |view: &GridView| -> Vec<String> {
        let label = |hour: &HourLabel| {
            format!(
                "{}{}",
                if hour.after_fold { "…" } else { "" },
                &hour.text[..2]
            )
        };
        view.hours.iter().map(label).collect()
    };
    assert_eq!(
        labels(&view).join(" "),
        "00 01 …07 08 09 10 11 12 13 14 15 16 17 18 19 …23"
    );
    assert_eq!(view.height, "lh16 lm0");
    let classes: Vec<_> = boxes(&view)
        .into_iter()
        .map(|(.., class, _)| class)
        .collect();
    assert!(
        classes[0].starts_with("slot slot-short h15 m6 lh0 lm6"),
        "{classes:?}"
    );
    assert!(classes[1].starts_with("slot h0 m0 lh1 lm6"), "{classes:?}");
    // A single hour is not worth folding, and the present is always shown.
    let six = [entry(
        "Five",
        "2026-03-24T04:00:00Z",
        "2026-03-24T05:00:00Z",
    )];
    assert_eq!(
        labels(&week("2026-03-25", "", &six, &words))[..3],
        ["05", "06", "07"]
    );
    let night = Formatter::new("Europe/Berlin", at("2026-03-26T02:07:00Z"));
    let view = week("2026-03-25", "", &[], &night);
    assert_eq!(labels(&view)[..2], ["03", "…07"]);
    assert_eq!(
        view.days[3].now.as_ref().map(|(class, _)| class.as_str()),
        Some("h0 m1")
    );
    let view = week("2026-03-25", "", &[], &words);
    assert_eq!(
        view.fold,
        Some((
            true,
            "/calendar?view=week&day=2026-03-25&hours=all".to_owned()
        ))
    );
    let view = week("2026-03-25", "all", &[], &words);
    assert_eq!(
        view.fold,
        Some((false, "/calendar?view=week&day=2026-03-25".to_owned()))
    );
}

#[test]
fn what_spans_new_year_shows_both_years() {
    let words = words("Europe/Berlin");
    let mut trip = entry("Trip", "2026-12-29T23:00:00Z", "2027-01-02T23:00:00Z");
    let first = super::super::span::days_between(date(1970, 1, 1), date(2026, 12, 30));
    trip.event.all_day = Some(DaySpan {
        first,
        end: first + 4,
    });
    let flight = entry("Flight", "2026-12-30T21:00:00Z", "2027-01-02T09:00:00Z");
    let view = week("2026-12-30", "", &[trip, flight], &words);
    let mut times: Vec<_> = view
        .lane
        .iter()
        .map(|one| one.entry.time.as_str())
        .collect();
    times.sort_unstable();
    assert_eq!(
        times,
        [
            "Wed 30 December 2026 22:00 – Sat 2 January 2027 10:00",
            "Wed 30 December 2026 – Sat 2 January 2027",
        ]
    );
}

#[test]
fn whole_days_stand_once_above_the_days_they_cover() {
    let words = words("America/New_York");
    let mut trip = entry("Trip", "2026-03-19T23:00:00Z", "2026-03-24T23:00:00Z");
    let first = super::super::span::days_between(date(1970, 1, 1), date(2026, 3, 20));
    trip.event.all_day = Some(DaySpan {
        first,
        end: first + 5,
    });
    let mut day_off = trip.clone();
    day_off.event.subject = Some("Day off".to_owned());
    day_off.event.all_day = Some(DaySpan {
        first: first + 9,
        end: first + 10,
    });
    let long = entry("Flight", "2026-03-25T20:00:00Z", "2026-03-27T14:00:00Z");
    let view = week("2026-03-25", "", &[trip, day_off, long], &words);
    assert!(boxes(&view).is_empty());
    let lane: Vec<_> = view
        .lane
        .iter()
        .map(|one| {
            (
                one.entry.subject.as_str(),
                one.class.trim(),
                one.entry.time.as_str(),
            )
        })
        .collect();
    assert_eq!(
        lane,
        [
            (
                "Trip",
                "lane-entry d0 w2 lane-before entry-past",
                "Fri 20 – Tue 24 March"
            ),
            (
                "Flight",
                "lane-entry d2 w3",
                "Wed 25 March 16:00 – Fri 27 March 10:00"
            ),
            ("Day off", "lane-entry d6 w1 entry-past", "Sun 29 March"),
        ]
    );
}

#[test]
fn more_than_can_be_read_side_by_side_is_counted() {
    let words = words("Europe/Berlin");
    let entries: Vec<_> = (0..9)
        .map(|number| {
            entry(
                &format!("At once {number}"),
                "2026-03-24T09:00:00Z",
                "2026-03-24T10:00:00Z",
            )
        })
        .collect();
    let view = week("2026-03-25", "", &entries, &words);
    let more = &view.days[1].more[0];
    assert_eq!((view.days[1].boxes.len(), more.count), (2, 7));
    assert_eq!(more.class, "slot slot-more h3 m0 lh1 lm0 n3 i2 s1");
    assert_eq!(
        more.href,
        "/calendar?view=day&day=2026-03-24#day-2026-03-24"
    );
}

#[test]
fn a_clock_of_twelve_hours_says_so_everywhere() {
    let words = words("Europe/Berlin").with(Preferences {
        clock: HourClock::Twelve,
        ..Preferences::default()
    });
    let entries = [
        entry("Morning", "2026-03-24T08:00:00Z", "2026-03-24T09:00:00Z"),
        entry("Lunch", "2026-03-24T10:30:00Z", "2026-03-24T12:00:00Z"),
    ];
    let view = week("2026-03-25", "all", &entries, &words);
    let times: Vec<_> = boxes(&view).into_iter().map(|(.., time)| time).collect();
    assert_eq!(times, ["9:00 – 10:00 AM", "11:30 AM – 1:00 PM"]);
    assert_eq!(view.hours[0].text, "12 AM");
    assert_eq!(view.hours[9].text, "9 AM");
    assert_eq!(view.hours[12].text, "12 PM");
    assert_eq!(view.hours[23].text, "11 PM");
}
