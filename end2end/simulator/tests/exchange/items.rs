//! `GetItem`, `ResolveNames` and `ConvertId`.

use crate::client::{Practice, as_user, envelope};

fn get_item(ids: &str) -> String {
    let fields: Vec<_> = [
        "item:Subject",
        "calendar:Start",
        "calendar:CalendarItemType",
        "calendar:Recurrence",
        "calendar:ModifiedOccurrences",
        "calendar:DeletedOccurrences",
        "calendar:StartTimeZone",
        "calendar:RequiredAttendees",
        "calendar:Organizer",
    ]
    .iter()
    .map(|path| format!(r#"<t:FieldURI FieldURI="{path}"/>"#))
    .collect();
    let body = format!(
        "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{}</t:AdditionalProperties></m:ItemShape><m:ItemIds>{ids}</m:ItemIds></m:GetItem>",
        fields.concat()
    );
    envelope(&as_user("PrimarySmtpAddress", "bob@example.test"), &body)
}

fn entry_id(practice: &Practice, subject: &str) -> String {
    let world = practice.running.world();
    let entry = world
        .mailbox("bob@example.test")
        .unwrap()
        .entries()
        .iter()
        .find(|entry| entry.draft.subject.as_deref() == Some(subject))
        .unwrap();
    entry.id.as_str().to_owned()
}

#[tokio::test]
async fn a_master_tells_its_series_its_exceptions_and_what_was_deleted() {
    let practice = Practice::start().await;
    let id = entry_id(&practice, "Stand-up");
    let text = practice
        .ews(get_item(&format!(r#"<t:ItemId Id="{id}"/>"#)))
        .await
        .text();
    assert!(text.contains(">RecurringMaster<"), "{text}");
    assert!(text.contains("<t:DailyRecurrence><t:Interval>2</t:Interval></t:DailyRecurrence><t:NumberedRecurrence><t:StartDate>2026-02-02+01:00</t:StartDate>"), "{text}");
    assert_eq!(text.matches("<t:OriginalStart>").count(), 1);
    assert_eq!(text.matches("<t:DeletedOccurrence>").count(), 1);
    assert!(text.contains(r#"Id="W. Europe Standard Time""#));
}

#[tokio::test]
async fn occurrences_are_reached_by_their_id_by_index_and_lead_to_their_master() {
    let practice = Practice::start().await;
    let master = entry_id(&practice, "Stand-up");
    let item = practice
        .expected_items(
            "bob@example.test",
            "2026-03-01T00:00:00Z",
            "2026-03-04T00:00:00Z",
        )
        .into_iter()
        .find(|item| item.subject.as_deref() == Some("Stand-up"))
        .unwrap();
    let ids = format!(
        r#"<t:ItemId Id="{0}"/><t:RecurringMasterItemId OccurrenceId="{0}"/><t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="1"/><t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="17"/><t:OccurrenceItemId RecurringMasterId="{master}" InstanceIndex="91"/><t:ItemId Id="AAMkAGNhbA7"/><t:ItemId Id="{1}"/>"#,
        item.id,
        master.to_ascii_lowercase()
    );
    let text = practice.ews(get_item(&ids)).await.text();
    let messages: Vec<_> = text.split("<m:GetItemResponseMessage ").skip(1).collect();
    let expected = [
        format!("<t:Start>{}</t:Start>", item.start),
        ">RecurringMaster<".to_owned(),
        "<t:Start>2026-02-02T08:00:00Z</t:Start>".to_owned(),
        "ErrorCalendarOccurrenceIsDeletedFromRecurrence".to_owned(),
        "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange".to_owned(),
        "ErrorInvalidIdMalformed".to_owned(),
        "ErrorI".to_owned(),
    ];
    assert_eq!(messages.len(), expected.len());
    for (message, expected) in messages.iter().zip(&expected) {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[tokio::test]
async fn attendees_and_addresses_come_with_get_item() {
    let practice = Practice::start().await;
    let id = entry_id(&practice, "Weekly planning");
    let text = practice
        .ews(get_item(&format!(r#"<t:ItemId Id="{id}"/>"#)))
        .await
        .text();
    assert!(text.contains(
        "<t:Organizer><t:Mailbox><t:Name>Alice Albers</t:Name><t:EmailAddress>alice@example.test<"
    ));
    assert_eq!(text.matches("<t:Attendee>").count(), 2);
}

#[tokio::test]
async fn names_resolve_to_primary_addresses_and_dummy_ids_are_malformed() {
    let practice = Practice::start().await;
    let header = as_user("PrimarySmtpAddress", "alice@example.test");
    let resolve = |entry: &str| {
        envelope(
            &header,
            &format!(
                r#"<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>{entry}</m:UnresolvedEntry></m:ResolveNames>"#
            ),
        )
    };
    let text = practice
        .ews(resolve("smtp:robert@example.test"))
        .await
        .text();
    assert!(text.contains("<t:EmailAddress>bob@example.test<"), "{text}");
    let text = practice.ews(resolve("colleague")).await.text();
    assert!(text.contains(r#"ResponseClass="Warning""#));
    let text = practice.ews(resolve("zoe")).await.text();
    assert!(text.contains(">ErrorNameResolutionNoResults<"));
    let probe = r#"<m:ConvertId DestinationFormat="EntryId"><m:SourceIds><t:AlternateId Format="EwsId" Id="DUMMY" Mailbox="DUMMY"/></m:SourceIds></m:ConvertId>"#;
    let text = practice.ews(envelope(&header, probe)).await.text();
    assert!(text.contains(">ErrorInvalidIdMalformed<"));

    // An id of one's own mailbox tells whose it is.
    let folder = |name: &str| {
        envelope(
            &header,
            &format!(
                r#"<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="{name}"/></m:FolderIds></m:GetFolder>"#
            ),
        )
    };
    for name in [
        "root",
        "msgfolderroot",
        "inbox",
        "calendar",
        "contacts",
        "tasks",
        "drafts",
        "sentitems",
        "deleteditems",
        "junkemail",
        "outbox",
    ] {
        let text = practice.ews(folder(name)).await.text();
        let id = text
            .split("FolderId Id=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let id = id.unwrap_or_else(|| panic!("{name}: {text}"));
        for format in [
            "EwsLegacyId",
            "EwsId",
            "EntryId",
            "HexEntryId",
            "StoreId",
            "OwaId",
        ] {
            let convert = format!(
                r#"<m:ConvertId DestinationFormat="{format}"><m:SourceIds><t:AlternateId Format="EwsId" Id="{id}" Mailbox="nobody@example.test"/></m:SourceIds></m:ConvertId>"#
            );
            let text = practice.ews(envelope(&header, &convert)).await.text();
            assert!(
                text.contains(r#"Mailbox="alice@example.test""#),
                "{name} {format}: {text}"
            );
        }
    }
}
