//! The practice calendars: what an office has, and one of each oddity that Exchange sends.
//! Alice's holds most oddities, Bob's the series, Charlie's the foreign zones.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
};

use crate::world::{
    World, WorldError,
    entry::{EntryDraft, EntrySensitivity, Exception, FreeBusy, MyResponse, Participant},
    recurrence::{DayOfWeek, DayOfWeekIndex, Recurrence, RecurrenceEnd, RecurrencePattern},
};

type AddResult = Result<(), WorldError>;

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";
const CHARLIE: &str = "charlie@example.test";

fn days_after(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// The next working day from `day` on.
fn next_working_day(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => days_after(day, 2),
        Weekday::Sunday => days_after(day, 1),
        _ => day,
    }
}

fn wall_time(day: Date, hour: i8, minute: i8) -> DateTime {
    day.at(hour, minute, 0, 0)
}

fn timed(subject: &str, day: Date, from: (i8, i8), to: (i8, i8)) -> EntryDraft {
    EntryDraft::new(
        subject,
        wall_time(day, from.0, from.1),
        wall_time(day, to.0, to.1),
    )
}

fn all_day(subject: &str, first: Date, days: i64) -> EntryDraft {
    EntryDraft {
        all_day: true,
        free_busy: FreeBusy::Free,
        ..EntryDraft::new(
            subject,
            wall_time(first, 0, 0),
            wall_time(days_after(first, days), 0, 0),
        )
    }
}

fn recurring(draft: EntryDraft, pattern: RecurrencePattern, end: RecurrenceEnd) -> EntryDraft {
    EntryDraft {
        recurrence: Some(Recurrence { pattern, end }),
        ..draft
    }
}

fn person(name: &str, address: &str) -> Participant {
    Participant {
        name: name.to_owned(),
        address: address.to_owned(),
    }
}

/// A meeting that Alice organises and the others are invited to.
fn meeting(draft: EntryDraft, response: MyResponse) -> EntryDraft {
    EntryDraft {
        my_response: response,
        organizer: Some(person("Alice Albers", ALICE)),
        attendees: vec![person("Bob Brandt", BOB), person("Charlie Cordes", CHARLIE)],
        location: Some("Room Danube".to_owned()),
        ..draft
    }
}

fn weekly_planning(today: Date) -> EntryDraft {
    let first = days_after(today, 1);
    recurring(
        timed("Weekly planning", first, (10, 0), (11, 0)),
        RecurrencePattern::Weekly {
            interval: 1,
            days: DayOfWeek::WORKING.to_vec(),
            first_day: DayOfWeek::Monday,
        },
        RecurrenceEnd::Never,
    )
}

pub fn alice(world: &mut World, today: Date, now: Timestamp) -> AddResult {
    let ordinary = ordinary_entries(today);
    for draft in ordinary.into_iter().chain(unusual_entries(today)) {
        world.add_entry(ALICE, draft, now)?;
    }
    let day = next_working_day(days_after(today, 1));
    let of = world.add_entry(
        ALICE,
        timed("Twin one", days_after(day, 2), (9, 0), (9, 15)),
        now,
    )?;
    world.add_entry_differing_in_case(
        ALICE,
        &of,
        timed("Twin two", days_after(day, 2), (9, 30), (9, 45)),
        now,
    )
}

fn ordinary_entries(today: Date) -> Vec<EntryDraft> {
    let day = next_working_day(days_after(today, 1));
    vec![
        meeting(weekly_planning(today), MyResponse::Organizer),
        EntryDraft {
            sensitivity: EntrySensitivity::Private,
            ..timed("Dentist", next_working_day(today), (8, 0), (9, 0))
        },
        EntryDraft {
            free_busy: FreeBusy::Tentative,
            ..timed("Perhaps: supplier visit", day, (14, 0), (15, 30))
        },
        EntryDraft {
            free_busy: FreeBusy::OOF,
            ..all_day("Holiday", days_after(today, 12), 5)
        },
        EntryDraft {
            free_busy: FreeBusy::WorkingElsewhere,
            ..all_day("Working from home", days_after(day, 2), 1)
        },
        EntryDraft {
            cancelled: true,
            free_busy: FreeBusy::Free,
            organizer: Some(person("Bob Brandt", BOB)),
            my_response: MyResponse::Accept,
            ..timed("Canceled: Budget review", day, (16, 0), (17, 0))
        },
        all_day("Trade fair", days_after(today, 5), 3),
        EntryDraft {
            zone: "America/New_York".to_owned(),
            ..all_day("New York office closed", days_after(today, 8), 1)
        },
        EntryDraft {
            zone: "America/New_York".to_owned(),
            meeting_url: Some("https://meet.example.test/j/42".to_owned()),
            ..timed("Call with New York", day, (9, 30), (10, 15))
        },
    ]
}

/// Entries whose subjects or times are unlike those of others: long, empty, forbidden characters, no length.
fn unusual_entries(today: Date) -> Vec<EntryDraft> {
    let day = next_working_day(days_after(today, 1));
    vec![
        timed(&long_subject(), days_after(day, 1), (13, 0), (13, 30)),
        timed(
            "Copied\u{1} from an old \u{1f}program",
            days_after(day, 1),
            (15, 0),
            (15, 30),
        ),
        EntryDraft {
            subject: None,
            ..timed("", days_after(day, 1), (8, 0), (8, 30))
        },
        timed(
            "Reminder without length",
            days_after(day, 1),
            (12, 0),
            (12, 0),
        ),
        EntryDraft {
            sensitivity: EntrySensitivity::Confidential,
            location: Some("Café <Größe & Söhne>".to_owned()),
            categories: vec!["Red Category".to_owned()],
            ..timed(
                "Salary talks “2027” – Zoë & Jörg 😀",
                day,
                (11, 30),
                (12, 0),
            )
        },
        EntryDraft::new(
            "Server maintenance",
            wall_time(days_after(day, 3), 22, 0),
            wall_time(days_after(day, 4), 2, 0),
        ),
    ]
}

/// A subject with half of a surrogate pair, as left by programs that truncate texts. Some clients crash on it, so no
/// calendar has it from the start.
pub fn unpaired_surrogate(today: Date) -> EntryDraft {
    let day = next_working_day(days_after(today, 1));
    EntryDraft {
        subject: Some("Party \u{fffd} after work".to_owned()),
        subject_xml: Some("Party &#xD83D; after work".to_owned()),
        ..timed("", days_after(day, 1), (18, 0), (20, 0))
    }
}

fn long_subject() -> String {
    let mut subject = "Agenda: ".to_owned();
    while subject.len() < 300 {
        subject += "figures, questions, next steps; ";
    }
    subject.truncate(300);
    subject
}

pub fn bob(world: &mut World, today: Date, now: Timestamp) -> AddResult {
    let day = next_working_day(days_after(today, 1));
    let singles = [
        EntryDraft {
            free_busy: FreeBusy::OOF,
            ..timed(
                "Customer visit Hamburg",
                days_after(day, 2),
                (7, 0),
                (18, 0),
            )
        },
        EntryDraft {
            sensitivity: EntrySensitivity::Private,
            ..timed("School concert", days_after(day, 3), (17, 0), (19, 0))
        },
        timed("One-on-one with Charlie", day, (13, 0), (13, 30)),
    ];
    for draft in series_of_bob(today).into_iter().chain(singles) {
        world.add_entry(BOB, draft, now)?;
    }
    Ok(())
}

fn series_of_bob(today: Date) -> Vec<EntryDraft> {
    let first = next_working_day(days_after(today, -28));
    let stand_up = |at: Date| wall_time(at, 9, 0);
    vec![
        meeting(weekly_planning(today), MyResponse::Accept),
        EntryDraft {
            exceptions: vec![Exception {
                original: stand_up(days_after(first, 30)),
                start: Some(wall_time(days_after(first, 30), 11, 0)),
                end: Some(wall_time(days_after(first, 30), 11, 30)),
                subject: Some("Stand-up, moved".to_owned()),
                location: None,
                free_busy: None,
            }],
            deleted: vec![stand_up(days_after(first, 32))],
            ..recurring(
                timed("Stand-up", first, (9, 0), (9, 15)),
                RecurrencePattern::Daily { interval: 2 },
                RecurrenceEnd::Count { number: 90 },
            )
        },
        recurring(
            timed(
                "Month's end closing",
                days_after(today, -60),
                (16, 0),
                (17, 0),
            ),
            RecurrencePattern::MonthlyAbsolute {
                interval: 1,
                day: 31,
            },
            RecurrenceEnd::Never,
        ),
        recurring(
            timed("Works council", days_after(today, -60), (13, 0), (15, 0)),
            RecurrencePattern::MonthlyRelative {
                interval: 1,
                day: DayOfWeek::Weekday,
                index: DayOfWeekIndex::Last,
            },
            RecurrenceEnd::Never,
        ),
        recurring(
            all_day("Company anniversary", days_after(today, -363), 1),
            RecurrencePattern::YearlyAbsolute {
                day: days_after(today, 2).day(),
                month: days_after(today, 2).month(),
            },
            RecurrenceEnd::Never,
        ),
    ]
}

pub fn charlie(world: &mut World, today: Date, now: Timestamp) -> AddResult {
    let day = next_working_day(days_after(today, 1));
    let drafts = [
        meeting(weekly_planning(today), MyResponse::Tentative),
        EntryDraft {
            zone: "Asia/Tokyo".to_owned(),
            ..timed("Handover to Tokyo", day, (17, 0), (17, 30))
        },
        EntryDraft {
            zone: "America/New_York".to_owned(),
            ..recurring(
                timed("Sales call", days_after(today, -14), (9, 0), (10, 0)),
                RecurrencePattern::Weekly {
                    interval: 1,
                    days: vec![DayOfWeek::Tuesday, DayOfWeek::Thursday],
                    first_day: DayOfWeek::Sunday,
                },
                RecurrenceEnd::Never,
            )
        },
        EntryDraft {
            zone: "Australia/Sydney".to_owned(),
            ..timed("Sydney release", days_after(day, 1), (9, 0), (12, 0))
        },
        timed("One-on-one with Bob", day, (13, 0), (13, 30)),
        all_day("Training", days_after(day, 4), 2),
    ];
    for draft in drafts {
        world.add_entry(CHARLIE, draft, now)?;
    }
    Ok(())
}

/// A few entries at times that differ from colleague to colleague.
pub fn colleague(
    world: &mut World,
    address: &str,
    number: i8,
    today: Date,
    now: Timestamp,
) -> AddResult {
    let day = next_working_day(days_after(today, 1 + i64::from(number % 5)));
    let hour = 8 + number % 8;
    let drafts = [
        timed("Project meeting", day, (hour, 0), (hour, 45)),
        timed("Focus time", days_after(day, 1), (hour, 0), (hour + 1, 0)),
        recurring(
            timed("Team lunch", next_working_day(today), (12, 0), (12, 45)),
            RecurrencePattern::Weekly {
                interval: 1,
                days: vec![DayOfWeek::Wednesday],
                first_day: DayOfWeek::Monday,
            },
            RecurrenceEnd::Count { number: 26 },
        ),
    ];
    for draft in drafts {
        world.add_entry(address, draft, now)?;
    }
    Ok(())
}
