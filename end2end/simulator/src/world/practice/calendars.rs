//! The practice calendars: what an office has, and one of each oddity that Exchange sends.
//! Alice's holds most oddities, Bob's the series, Charlie's the foreign zones.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Weekday},
};

use crate::world::{
    Refused, World,
    entry::{Draft, Exception, FreeBusy, MyResponse, Person, Sensitivity},
    recurrence::{Day, End, Index, Pattern, Recurrence},
};

type Done = Result<(), Refused>;

const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";
const CHARLIE: &str = "charlie@example.test";

fn plus(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// The next working day from `day` on.
fn working(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => plus(day, 2),
        Weekday::Sunday => plus(day, 1),
        _ => day,
    }
}

fn clock(day: Date, hour: i8, minute: i8) -> DateTime {
    day.at(hour, minute, 0, 0)
}

fn timed(subject: &str, day: Date, from: (i8, i8), to: (i8, i8)) -> Draft {
    Draft::new(subject, clock(day, from.0, from.1), clock(day, to.0, to.1))
}

fn all_day(subject: &str, first: Date, days: i64) -> Draft {
    Draft {
        all_day: true,
        free_busy: FreeBusy::Free,
        ..Draft::new(subject, clock(first, 0, 0), clock(plus(first, days), 0, 0))
    }
}

fn repeated(draft: Draft, pattern: Pattern, end: End) -> Draft {
    Draft {
        recurrence: Some(Recurrence { pattern, end }),
        ..draft
    }
}

fn person(name: &str, address: &str) -> Person {
    Person {
        name: name.to_owned(),
        address: address.to_owned(),
    }
}

/// A meeting that Alice called and the others were asked to.
fn meeting(draft: Draft, response: MyResponse) -> Draft {
    Draft {
        my_response: response,
        organizer: Some(person("Alice Albers", ALICE)),
        attendees: vec![person("Bob Brandt", BOB), person("Charlie Cordes", CHARLIE)],
        location: Some("Room Danube".to_owned()),
        ..draft
    }
}

fn planning(today: Date) -> Draft {
    let first = plus(today, 1);
    repeated(
        timed("Weekly planning", first, (10, 0), (11, 0)),
        Pattern::Weekly {
            interval: 1,
            days: Day::WORKING.to_vec(),
            first_day: Day::Monday,
        },
        End::Never,
    )
}

pub fn alice(world: &mut World, today: Date, now: Timestamp) -> Done {
    let day = working(plus(today, 1));
    let mut drafts = vec![
        meeting(planning(today), MyResponse::Organizer),
        Draft {
            sensitivity: Sensitivity::Private,
            ..timed("Dentist", working(today), (8, 0), (9, 0))
        },
        Draft {
            free_busy: FreeBusy::Tentative,
            ..timed("Perhaps: supplier visit", day, (14, 0), (15, 30))
        },
        Draft {
            free_busy: FreeBusy::OOF,
            ..all_day("Holiday", plus(today, 12), 5)
        },
        Draft {
            free_busy: FreeBusy::WorkingElsewhere,
            ..all_day("Working from home", plus(day, 2), 1)
        },
        Draft {
            cancelled: true,
            free_busy: FreeBusy::Free,
            organizer: Some(person("Bob Brandt", BOB)),
            my_response: MyResponse::Accept,
            ..timed("Canceled: Budget review", day, (16, 0), (17, 0))
        },
        all_day("Trade fair", plus(today, 5), 3),
        Draft {
            zone: "America/New_York".to_owned(),
            ..all_day("New York office closed", plus(today, 8), 1)
        },
        Draft {
            zone: "America/New_York".to_owned(),
            meeting_url: Some("https://meet.example.test/j/42".to_owned()),
            ..timed("Call with New York", day, (9, 30), (10, 15))
        },
        timed(&long_subject(), plus(day, 1), (13, 0), (13, 30)),
        timed(
            "Copied\u{1} from an old \u{1f}program",
            plus(day, 1),
            (15, 0),
            (15, 30),
        ),
        Draft {
            subject: None,
            ..timed("", plus(day, 1), (8, 0), (8, 30))
        },
        timed("Reminder without length", plus(day, 1), (12, 0), (12, 0)),
        Draft {
            sensitivity: Sensitivity::Confidential,
            location: Some("Café <Größe & Söhne>".to_owned()),
            categories: vec!["Red Category".to_owned()],
            ..timed(
                "Salary talks “2027” – Zoë & Jörg 😀",
                day,
                (11, 30),
                (12, 0),
            )
        },
    ];
    // One night that crosses a day's end.
    drafts.push(Draft::new(
        "Server maintenance",
        clock(plus(day, 3), 22, 0),
        clock(plus(day, 4), 2, 0),
    ));
    for draft in drafts {
        world.add_entry(ALICE, draft, now)?;
    }
    let of = world.add_entry(ALICE, timed("Twin one", plus(day, 2), (9, 0), (9, 15)), now)?;
    world.add_twin(
        ALICE,
        &of,
        timed("Twin two", plus(day, 2), (9, 30), (9, 45)),
        now,
    )
}

/// A subject with half of a surrogate pair, as programs leave it that cut texts. Not every client survives it, so that
/// it is in no calendar from the start.
pub fn torn(today: Date) -> Draft {
    let day = working(plus(today, 1));
    Draft {
        subject: Some("Party \u{fffd} after work".to_owned()),
        subject_xml: Some("Party &#xD83D; after work".to_owned()),
        ..timed("", plus(day, 1), (18, 0), (20, 0))
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

pub fn bob(world: &mut World, today: Date, now: Timestamp) -> Done {
    let day = working(plus(today, 1));
    let first = working(plus(today, -28));
    let stand_up = |at: Date| clock(at, 9, 0);
    let drafts = [
        meeting(planning(today), MyResponse::Accept),
        Draft {
            exceptions: vec![Exception {
                original: stand_up(plus(first, 30)),
                start: Some(clock(plus(first, 30), 11, 0)),
                end: Some(clock(plus(first, 30), 11, 30)),
                subject: Some("Stand-up, moved".to_owned()),
                location: None,
                free_busy: None,
            }],
            deleted: vec![stand_up(plus(first, 32))],
            ..repeated(
                timed("Stand-up", first, (9, 0), (9, 15)),
                Pattern::Daily { interval: 2 },
                End::Count { number: 90 },
            )
        },
        repeated(
            timed("Month's end closing", plus(today, -60), (16, 0), (17, 0)),
            Pattern::MonthlyAbsolute {
                interval: 1,
                day: 31,
            },
            End::Never,
        ),
        repeated(
            timed("Works council", plus(today, -60), (13, 0), (15, 0)),
            Pattern::MonthlyRelative {
                interval: 1,
                day: Day::Weekday,
                index: Index::Last,
            },
            End::Never,
        ),
        repeated(
            all_day("Company anniversary", plus(today, -363), 1),
            Pattern::YearlyAbsolute {
                day: plus(today, 2).day(),
                month: plus(today, 2).month(),
            },
            End::Never,
        ),
        Draft {
            free_busy: FreeBusy::OOF,
            ..timed("Customer visit Hamburg", plus(day, 2), (7, 0), (18, 0))
        },
        Draft {
            sensitivity: Sensitivity::Private,
            ..timed("School concert", plus(day, 3), (17, 0), (19, 0))
        },
        timed("One-on-one with Charlie", day, (13, 0), (13, 30)),
    ];
    for draft in drafts {
        world.add_entry(BOB, draft, now)?;
    }
    Ok(())
}

pub fn charlie(world: &mut World, today: Date, now: Timestamp) -> Done {
    let day = working(plus(today, 1));
    let drafts = [
        meeting(planning(today), MyResponse::Tentative),
        Draft {
            zone: "Asia/Tokyo".to_owned(),
            ..timed("Handover to Tokyo", day, (17, 0), (17, 30))
        },
        Draft {
            zone: "America/New_York".to_owned(),
            ..repeated(
                timed("Sales call", plus(today, -14), (9, 0), (10, 0)),
                Pattern::Weekly {
                    interval: 1,
                    days: vec![Day::Tuesday, Day::Thursday],
                    first_day: Day::Sunday,
                },
                End::Never,
            )
        },
        Draft {
            zone: "Australia/Sydney".to_owned(),
            ..timed("Sydney release", plus(day, 1), (9, 0), (12, 0))
        },
        timed("One-on-one with Bob", day, (13, 0), (13, 30)),
        all_day("Training", plus(day, 4), 2),
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
) -> Done {
    let day = working(plus(today, 1 + i64::from(number % 5)));
    let hour = 8 + number % 8;
    let drafts = [
        timed("Project meeting", day, (hour, 0), (hour, 45)),
        timed("Focus time", plus(day, 1), (hour, 0), (hour + 1, 0)),
        repeated(
            timed("Team lunch", working(today), (12, 0), (12, 45)),
            Pattern::Weekly {
                interval: 1,
                days: vec![Day::Wednesday],
                first_day: Day::Monday,
            },
            End::Count { number: 26 },
        ),
    ];
    for draft in drafts {
        world.add_entry(address, draft, now)?;
    }
    Ok(())
}
