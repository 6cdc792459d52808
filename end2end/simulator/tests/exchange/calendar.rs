//! Calendar views: expansion, edges, limits, and the strings that need care.

use jiff::civil::datetime;
use kalends_simulator::world::{
    entry::{EntryDraft, Exception},
    practice,
    recurrence::{DayOfWeek, Recurrence, RecurrenceEnd, RecurrencePattern},
};

use crate::client::{Practice, find_item, instant};

fn weekly(subject: &str) -> EntryDraft {
    let mut draft = EntryDraft::new(
        subject,
        datetime(2026, 3, 24, 10, 0, 0, 0),
        datetime(2026, 3, 24, 11, 0, 0, 0),
    );
    draft.recurrence = Some(Recurrence {
        pattern: RecurrencePattern::Weekly {
            interval: 1,
            days: vec![DayOfWeek::Tuesday],
            first_day: DayOfWeek::Monday,
        },
        end: RecurrenceEnd::Count { number: 4 },
    });
    draft
}

async fn alone(draft: EntryDraft) -> Practice {
    let practice = Practice::start().await;
    let now = practice.running.clock.now();
    let mut world = practice.running.world();
    world
        .add_mailbox("frida@example.test", "Frida", now)
        .unwrap();
    world.add_entry("frida@example.test", draft, now).unwrap();
    drop(world);
    practice
}

fn starts(practice: &Practice, start: &str, end: &str) -> Vec<String> {
    practice
        .expected_items("frida@example.test", start, end)
        .iter()
        .map(|item| item.start.to_string())
        .collect()
}

#[tokio::test]
async fn a_series_keeps_its_wall_time_when_summer_begins() {
    let practice = alone(weekly("Choir")).await;
    let told = starts(&practice, "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
    assert_eq!(
        told,
        [
            "2026-03-24T09:00:00Z",
            "2026-03-31T08:00:00Z",
            "2026-04-07T08:00:00Z",
            "2026-04-14T08:00:00Z"
        ]
    );
}

#[tokio::test]
async fn exceptions_move_across_the_window_and_deleted_occurrences_stay_away() {
    let mut draft = weekly("Choir");
    draft.exceptions = vec![Exception {
        original: datetime(2026, 4, 14, 10, 0, 0, 0),
        start: Some(datetime(2026, 3, 25, 20, 0, 0, 0)),
        end: None,
        subject: Some("Concert".to_owned()),
        location: None,
        free_busy: None,
    }];
    draft.deleted = vec![datetime(2026, 3, 31, 10, 0, 0, 0)];
    let practice = alone(draft).await;
    let items = practice.expected_items(
        "frida@example.test",
        "2026-03-23T00:00:00Z",
        "2026-04-06T00:00:00Z",
    );
    let told: Vec<_> = items
        .iter()
        .map(|item| (item.start.to_string(), item.subject.clone().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-03-24T09:00:00Z".to_owned(), "Choir".to_owned()),
            ("2026-03-25T19:00:00Z".to_owned(), "Concert".to_owned()),
        ]
    );
    assert_eq!(items[1].end, instant("2026-03-25T20:00:00Z"));
    assert!(starts(&practice, "2026-04-13T00:00:00Z", "2026-04-20T00:00:00Z").is_empty());
}

#[tokio::test]
async fn entries_in_the_spring_gap_and_in_the_autumn_fold_have_one_instant_each() {
    let gap = EntryDraft::new(
        "Gap",
        datetime(2026, 3, 29, 2, 30, 0, 0),
        datetime(2026, 3, 29, 4, 0, 0, 0),
    );
    let practice = alone(gap).await;
    let now = practice.running.clock.now();
    let fold = EntryDraft::new(
        "Fold",
        datetime(2026, 10, 25, 2, 30, 0, 0),
        datetime(2026, 10, 25, 4, 0, 0, 0),
    );
    practice
        .running
        .world()
        .add_entry("frida@example.test", fold, now)
        .unwrap();
    let told = starts(&practice, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(told, ["2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z"]);
}

#[tokio::test]
async fn all_day_entries_run_from_midnight_to_midnight_of_their_own_zone() {
    let mut draft = EntryDraft::new(
        "Closed",
        datetime(2026, 3, 28, 0, 0, 0, 0),
        datetime(2026, 3, 30, 0, 0, 0, 0),
    );
    draft.all_day = true;
    let practice = alone(draft.clone()).await;
    let item = &practice.expected_items(
        "frida@example.test",
        "2026-03-01T00:00:00Z",
        "2026-04-01T00:00:00Z",
    )[0];
    assert_eq!(item.start, instant("2026-03-27T23:00:00Z"));
    assert_eq!(item.end, instant("2026-03-29T22:00:00Z"));
    draft.end = datetime(2026, 3, 29, 12, 0, 0, 0);
    let now = practice.running.clock.now();
    let stored = practice
        .running
        .world()
        .add_entry("frida@example.test", draft, now);
    assert!(stored.is_err());
}

#[tokio::test]
async fn entries_that_only_touch_the_edges_are_out_and_zero_length_ones_at_the_start_are_in() {
    let practice = alone(EntryDraft::new(
        "Touching",
        datetime(2026, 3, 4, 9, 0, 0, 0),
        datetime(2026, 3, 4, 10, 0, 0, 0),
    ))
    .await;
    assert!(starts(&practice, "2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z").is_empty());
    assert!(starts(&practice, "2026-03-04T07:00:00Z", "2026-03-04T08:00:00Z").is_empty());
    assert_eq!(
        starts(&practice, "2026-03-04T08:30:00Z", "2026-03-04T08:31:00Z").len(),
        1
    );
    let now = practice.running.clock.now();
    let moment = datetime(2026, 3, 5, 10, 0, 0, 0);
    practice
        .running
        .world()
        .add_entry(
            "frida@example.test",
            EntryDraft::new("Moment", moment, moment),
            now,
        )
        .unwrap();
    assert_eq!(
        starts(&practice, "2026-03-05T09:00:00Z", "2026-03-05T10:00:00Z").len(),
        1
    );
    assert!(starts(&practice, "2026-03-05T08:00:00Z", "2026-03-05T09:00:00Z").is_empty());
}

#[tokio::test]
async fn find_item_sends_the_expected_items() {
    let practice = Practice::start().await;
    for address in [
        "alice@example.test",
        "bob@example.test",
        "charlie@example.test",
    ] {
        let (start, end) = ("2026-02-01T00:00:00Z", "2026-05-01T00:00:00Z");
        let reply = practice.ews(find_item(address, start, end, "")).await;
        let text = reply.text();
        let expected = practice.expected_items(address, start, end);
        assert!(expected.len() > 20, "{address} has {}", expected.len());
        let sent: Vec<_> = text.split("<t:CalendarItem>").skip(1).collect();
        assert_eq!(sent.len(), expected.len());
        for (xml, item) in sent.iter().zip(&expected) {
            assert!(xml.contains(&format!(
                r#"Id="{}" ChangeKey="{}""#,
                item.id, item.change_key
            )));
            assert!(xml.contains(&format!(
                "<t:Start>{}</t:Start><t:End>{}</t:End>",
                item.start, item.end
            )));
            assert!(xml.contains(&format!(">{:?}</t:CalendarItemType>", item.kind)));
        }
        let all = format!(
            r#"TotalItemsInView="{}" IncludesLastItemInRange="true""#,
            expected.len()
        );
        assert!(text.contains(&all));
        assert!(!text.contains("RecurringMaster"));
        assert!(!text.contains("EmailAddress"));
    }
}

#[tokio::test]
async fn long_and_forbidden_subjects_are_sent_as_exchange_sends_them() {
    let practice = Practice::start().await;
    let (start, end) = ("2026-03-01T00:00:00Z", "2026-03-20T00:00:00Z");
    let asked = || find_item("alice@example.test", start, end, "");
    // Clients of others die of it.
    assert!(!practice.ews(asked()).await.text().contains("&#xD8"));
    let now = practice.running.clock.now();
    practice::add_unpaired_surrogate_subject(&mut practice.running.world(), now).unwrap();
    let text = practice.ews(asked()).await.text();
    assert!(text.contains("<t:Subject>Copied&#x1; from an old &#x1F;program</t:Subject>"));
    assert!(text.contains("<t:Subject>Party &#xD83D; after work</t:Subject>"));
    let subjects: Vec<_> = text
        .split("<t:Subject>")
        .skip(1)
        .map(|rest| rest.split("</t:Subject>").next().unwrap().to_owned())
        .collect();
    assert!(subjects.iter().any(|subject| subject.len() == 255));
    let expected = practice.expected_items("alice@example.test", start, end);
    assert_eq!(
        subjects.len() + 1,
        expected.len(),
        "one entry has no subject"
    );
    assert!(
        expected
            .iter()
            .any(|item| item.subject.as_deref()
                == Some("Copied\u{fffd} from an old \u{fffd}program"))
    );
    let twins: Vec<_> = expected
        .iter()
        .filter(|item| {
            item.subject
                .as_deref()
                .is_some_and(|subject| subject.starts_with("Twin"))
        })
        .collect();
    assert_ne!(twins[0].id, twins[1].id);
    assert_eq!(
        twins[0].id.to_ascii_lowercase(),
        twins[1].id.to_ascii_lowercase()
    );
}

#[tokio::test]
async fn limits_of_range_and_number_are_told_by_their_codes() {
    let practice = Practice::start().await;
    let alice = "alice@example.test";
    let (start, end) = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    let cases = [
        (find_item(alice, start, "2028-03-02T00:00:00Z", ""), "ErrorCalendarViewRangeTooBig"),
        (find_item(alice, end, start, ""), "ErrorCalendarEndDateIsEarlierThanStartDate"),
        (find_item(alice, start, end, r#"MaxEntriesReturned="0""#), "ErrorInvalidPagingMaxRows"),
        (
            find_item(alice, start, end, "").replace(
                "<m:ParentFolderIds>",
                r#"<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="calendar:Start"/></t:FieldOrder></m:SortOrder><m:ParentFolderIds>"#,
            ),
            "ErrorInvalidOperation",
        ),
        (
            find_item(alice, start, end, "").replace("<m:ParentFolderIds>", r#"<m:Restriction><t:Exists><t:FieldURI FieldURI="calendar:Start"/></t:Exists></m:Restriction><m:ParentFolderIds>"#),
            "ErrorInvalidOperation",
        ),
        (
            find_item(alice, start, end, "").replace(r#"Id="calendar""#, r#"Id="inbox""#),
            "ErrorCalendarFolderIsInvalidForCalendarView",
        ),
        (
            find_item(alice, start, end, "").replace("calendar:UID", "calendar:RequiredAttendees"),
            "ErrorInvalidPropertyRequest",
        ),
    ];
    for (body, code) in cases {
        let reply = practice.ews(body).await;
        assert_eq!(reply.status, 200, "{code}: {}", reply.text());
        assert!(
            reply.text().contains(&format!("<m:ResponseCode>{code}<")),
            "{code}: {}",
            reply.text()
        );
    }
    practice.running.world().settings.find_limit = 3;
    let reply = practice.ews(find_item(alice, start, end, "")).await;
    assert!(reply.text().contains(">ErrorExceededFindCountLimit<"));
    assert!(
        reply
            .text()
            .contains(r#"<t:Value Name="PolicyLimit">3</t:Value>"#)
    );
    let reply = practice
        .ews(find_item(alice, start, end, r#"MaxEntriesReturned="2""#))
        .await;
    assert!(reply.text().contains(r#"IncludesLastItemInRange="false""#));
    assert_eq!(reply.text().matches("<t:CalendarItem>").count(), 2);
}

#[tokio::test]
async fn a_time_zone_context_changes_how_times_are_read_and_written() {
    let practice = Practice::start().await;
    let body = find_item("bob@example.test", "2026-03-03T10:00:00", "2026-03-03T10:01:00", "").replace(
        "</soap:Header>",
        r#"<t:TimeZoneContext><t:TimeZoneDefinition Id="W. Europe Standard Time"/></t:TimeZoneContext></soap:Header>"#,
    );
    let text = practice.ews(body).await.text();
    assert!(
        text.contains("<t:Subject>Weekly planning</t:Subject>"),
        "{text}"
    );
    assert!(text.contains("<t:Start>2026-03-03T10:00:00+01:00</t:Start>"));
}

#[tokio::test]
async fn a_time_zone_context_may_name_every_zone_that_windows_knows() {
    let practice = Practice::start().await;
    for (zone, start) in [
        ("Greenwich Standard Time", "2026-03-03T09:00:00Z"),
        ("Line Islands Standard Time", "2026-03-03T23:00:00+14:00"),
        ("Nepal Standard Time", "2026-03-03T14:45:00+05:45"),
        ("UTC-11", "2026-03-02T22:00:00-11:00"),
    ] {
        let (from, to) = ("2026-03-03T09:00:00Z", "2026-03-03T09:01:00Z");
        let context = format!(
            r#"<t:TimeZoneContext><t:TimeZoneDefinition Id="{zone}"/></t:TimeZoneContext></soap:Header>"#
        );
        let body = find_item("bob@example.test", from, to, "").replace("</soap:Header>", &context);
        let text = practice.ews(body).await.text();
        assert!(
            text.contains("<t:Subject>Weekly planning</t:Subject>"),
            "{zone}: {text}"
        );
        let told = format!("<t:Start>{start}</t:Start>");
        assert!(
            text.contains(&told) || zone.starts_with("Greenwich"),
            "{zone}: {text}"
        );
    }
    let context = r#"<t:TimeZoneContext><t:TimeZoneDefinition Id="Nowhere Standard Time"/></t:TimeZoneContext></soap:Header>"#;
    let body = find_item(
        "bob@example.test",
        "2026-03-03T09:00:00Z",
        "2026-03-03T09:01:00Z",
        "",
    );
    let text = practice
        .ews(body.replace("</soap:Header>", context))
        .await
        .text();
    assert!(text.contains(">ErrorTimeZone<"), "{text}");
}
