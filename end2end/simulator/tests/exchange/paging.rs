//! Stored items by pages: what a restriction lets through, in which order, and how an item looks as MIME.

use base64::{Engine, engine::general_purpose::STANDARD};
use kalends_simulator::world::entry::EntryDraft;

use crate::client::{Practice, as_user, envelope};

const ALL: &str =
    r#"<m:IndexedPageItemView MaxEntriesReturned="500" Offset="0" BasePoint="Beginning"/>"#;
const START: &str = r#"<t:FieldURI FieldURI="calendar:Start"/>"#;
const SUBJECT: &str = r#"<t:FieldURI FieldURI="item:Subject"/>"#;
const LOCATION: &str = r#"<t:FieldURI FieldURI="calendar:Location"/>"#;
const RECURRING: &str = r#"<t:ExtendedFieldURI DistinguishedPropertySetId="Appointment" PropertyId="33315" PropertyType="Boolean"/>"#;
const ARTICLE: &str = r#"<t:ExtendedFieldURI PropertyTag="0xe23" PropertyType="Integer"/>"#;
const BUSY: &str = r#"<t:ExtendedFieldURI PropertySetId="00062002-0000-0000-C000-000000000046" PropertyId="33285" PropertyType="Integer"/>"#;

/// Which drafts a restriction lets through.
type Fits<'a> = Box<dyn Fn(&EntryDraft) -> bool + 'a>;

fn find(view: &str, restriction: &str, order: &str) -> String {
    let restriction = match restriction {
        "" => String::new(),
        inner => format!("<m:Restriction>{inner}</m:Restriction>"),
    };
    let order = match order {
        "" => String::new(),
        inner => format!("<m:SortOrder>{inner}</m:SortOrder>"),
    };
    format!(
        r#"<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{SUBJECT}{START}<t:FieldURI FieldURI="calendar:CalendarItemType"/>{ARTICLE}{RECURRING}<t:ExtendedFieldURI PropertyTag="0x3008" PropertyType="SystemTime"/></t:AdditionalProperties></m:ItemShape>{view}{restriction}{order}<m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>"#
    )
}

async fn ask(practice: &Practice, body: &str) -> String {
    let header = as_user("PrimarySmtpAddress", "bob@example.test");
    practice.ews(envelope(&header, body)).await.text()
}

/// The subjects that came, in their order.
fn subjects(text: &str) -> Vec<&str> {
    let parts = text.split("<t:Subject>").skip(1);
    parts
        .map(|part| part.split_once("</t:Subject>").unwrap().0)
        .collect()
}

fn drafts(practice: &Practice) -> Vec<EntryDraft> {
    let world = practice.running.world();
    let mailbox = world.mailbox("bob@example.test").unwrap();
    let entries = mailbox.entries().iter();
    entries.map(|entry| entry.draft.clone()).collect()
}

/// The subjects of the stored entries that fit.
fn fitting(practice: &Practice, fits: impl Fn(&EntryDraft) -> bool) -> Vec<String> {
    let drafts = drafts(practice).into_iter().filter(|draft| fits(draft));
    drafts.map(|draft| draft.subject.unwrap()).collect()
}

fn compare(name: &str, path: &str, value: &str) -> String {
    format!(
        r#"<t:{name}>{path}<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant></t:{name}>"#
    )
}

#[tokio::test]
async fn without_a_view_of_the_calendar_series_stay_one_item_each() {
    let practice = Practice::start().await;
    let either = format!(
        "<t:Or><t:Or>{}{}</t:Or>{}</t:Or>",
        compare("IsEqualTo", RECURRING, "true"),
        compare("IsEqualTo", RECURRING, "false"),
        compare(
            "IsEqualTo",
            r#"<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="urn:schemas:calendar:instancetype" PropertyType="Integer"/>"#,
            "1"
        )
    );
    let order = format!(r#"<t:FieldOrder Order="Ascending">{ARTICLE}</t:FieldOrder>"#);
    let text = ask(&practice, &find(ALL, &either, &order)).await;
    let stored = fitting(&practice, |_| true);
    assert_eq!(subjects(&text), stored);
    let count = stored.len();
    let root = format!(
        r#"<m:RootFolder IndexedPagingOffset="{count}" TotalItemsInView="{count}" IncludesLastItemInRange="true">"#
    );
    assert!(text.contains(&root), "{text}");
    let masters = fitting(&practice, |draft| draft.recurrence.is_some()).len();
    assert_eq!(text.matches(">RecurringMaster<").count(), masters);
    let told = text.matches("<t:Value>true</t:Value>").count();
    assert_eq!(told, masters, "the extended property tells it as well");
    assert_eq!(
        text.matches("<t:Value>2026-03-02T08:00:00Z</t:Value>")
            .count(),
        count
    );
}

#[tokio::test]
async fn pages_follow_each_other_from_either_end() {
    let practice = Practice::start().await;
    let all = subjects(&ask(&practice, &find(ALL, "", "")).await).join("|");
    for base in ["Beginning", "End"] {
        let (mut offset, mut came) = (0, Vec::new());
        loop {
            let view = format!(
                r#"<m:IndexedPageItemView MaxEntriesReturned="3" Offset="{offset}" BasePoint="{base}"/>"#
            );
            let text = ask(&practice, &find(&view, "", "")).await;
            let page: Vec<String> = subjects(&text).iter().map(|it| (*it).to_owned()).collect();
            came.push(page);
            let (_, rest) = text.split_once("IndexedPagingOffset=\"").unwrap();
            let next = rest.split_once('"').unwrap().0.parse().unwrap();
            let is_last = text.contains(r#"IncludesLastItemInRange="true""#);
            assert!(is_last || next == offset + 3, "{text}");
            offset = next;
            if is_last {
                break;
            }
        }
        if base == "End" {
            came.reverse();
        }
        assert!(came.len() > 1);
        assert_eq!(came.concat().join("|"), all, "{base}");
    }
    let beyond = r#"<m:IndexedPageItemView Offset="5000" BasePoint="Beginning"/>"#;
    let text = ask(&practice, &find(beyond, "", "")).await;
    assert!(
        text.contains("<t:Items/>") && text.contains(r#"Range="true""#),
        "{text}"
    );
}

#[tokio::test]
async fn a_page_holds_the_limit_of_objects_and_no_page_at_all_is_refused_beyond_it() {
    let practice = Practice::start().await;
    practice.running.world().settings.find_limit = 2;
    let text = ask(&practice, &find(ALL, "", "")).await;
    assert_eq!(subjects(&text).len(), 2);
    assert!(text.contains(r#"IncludesLastItemInRange="false""#));
    let text = ask(&practice, &find("", "", "")).await;
    assert!(
        text.contains("ErrorExceededFindCountLimit") && text.contains(">2</t:Value>"),
        "{text}"
    );
    practice.running.world().settings.find_limit = 1000;
    let text = ask(&practice, &find("", "", "")).await;
    assert_eq!(subjects(&text).len(), drafts(&practice).len());
    assert!(!text.contains("IndexedPagingOffset"), "{text}");
}

#[tokio::test]
async fn restrictions_are_asked_of_the_data_of_the_mailbox() {
    let practice = Practice::start().await;
    let contains = |mode: &str, comparison: &str, value: &str| {
        format!(
            r#"<t:Contains ContainmentMode="{mode}" ContainmentComparison="{comparison}">{SUBJECT}<t:Constant Value="{value}"/></t:Contains>"#
        )
    };
    let is_series = |draft: &EntryDraft| draft.recurrence.is_some();
    let subject = |draft: &EntryDraft| draft.subject.clone().unwrap_or_default();
    let late = compare("IsGreaterThanOrEqualTo", START, "2026-03-02T00:00:00Z");
    let after = |draft: &EntryDraft| {
        let start = draft.start.to_zoned(draft.time_zone()).unwrap();
        start.timestamp() >= "2026-03-02T00:00:00Z".parse().unwrap()
    };
    let cases: Vec<(String, Fits<'_>)> = vec![
        (late.clone(), Box::new(after)),
        (
            compare("IsLessThan", START, "2026-03-02T00:00:00Z"),
            Box::new(|draft| !after(draft)),
        ),
        (format!("<t:Not>{late}</t:Not>"), Box::new(|draft| !after(draft))),
        (
            format!(
                "<t:And>{late}{}</t:And>",
                compare("IsEqualTo", RECURRING, "1")
            ),
            Box::new(|draft| after(draft) && is_series(draft)),
        ),
        (
            compare("IsEqualTo", SUBJECT, "STAND-UP"),
            Box::new(|draft| subject(draft) == "Stand-up"),
        ),
        (
            compare("IsNotEqualTo", SUBJECT, "Stand-up"),
            Box::new(|draft| subject(draft) != "Stand-up"),
        ),
        (
            contains("Substring", "IgnoreCase", "PLAN"),
            Box::new(|draft| subject(draft).to_lowercase().contains("plan")),
        ),
        (contains("Substring", "Exact", "PLAN"), Box::new(|_| false)),
        (
            contains("Prefixed", "Exact", "Weekly"),
            Box::new(|draft| subject(draft).starts_with("Weekly")),
        ),
        (
            contains("PrefixOnWords", "Exact", "plan"),
            Box::new(|draft| subject(draft) == "Weekly planning"),
        ),
        (contains("FullString", "Exact", "Weekly"), Box::new(|_| false)),
        (
            format!("<t:Exists>{LOCATION}</t:Exists>"),
            Box::new(|draft| draft.location.is_some()),
        ),
        (
            format!(r#"<t:Excludes>{BUSY}<t:Bitmask Value="0x2"/></t:Excludes>"#),
            Box::new(|draft| matches!(format!("{:?}", draft.free_busy).as_str(), "Free" | "Tentative" | "WorkingElsewhere" | "NoData")),
        ),
        (
            format!(
                r#"<t:IsLessThan>{START}<t:FieldURIOrConstant><t:FieldURI FieldURI="calendar:End"/></t:FieldURIOrConstant></t:IsLessThan>"#
            ),
            Box::new(|draft| draft.start < draft.end),
        ),
        // Nobody has this one, and another type than the property's own is another property.
        (
            r#"<t:Exists><t:ExtendedFieldURI PropertyTag="0x10f3" PropertyType="String"/></t:Exists>"#.to_owned(),
            Box::new(|_| false),
        ),
        (
            r#"<t:Exists><t:ExtendedFieldURI PropertyTag="0x37" PropertyType="Integer"/></t:Exists>"#.to_owned(),
            Box::new(|_| false),
        ),
    ];
    for (restriction, fits) in cases {
        let text = ask(&practice, &find(ALL, &restriction, "")).await;
        assert!(text.contains(">NoError<"), "{restriction}: {text}");
        assert_eq!(
            subjects(&text),
            fitting(&practice, fits),
            "{restriction}: {text}"
        );
    }
    let view = r#"<m:FindItem Traversal="Associated">"#;
    let body = find(ALL, "", "").replacen(r#"<m:FindItem Traversal="Shallow">"#, view, 1);
    assert!(ask(&practice, &body).await.contains("<t:Items/>"));
    let body = find(ALL, "", "").replacen(r#"Id="calendar""#, r#"Id="inbox""#, 1);
    assert!(ask(&practice, &body).await.contains("<t:Items/>"));
}

#[tokio::test]
async fn items_come_in_the_order_that_is_asked_for() {
    let practice = Practice::start().await;
    for (order, descending) in [("Ascending", false), ("Descending", true)] {
        let by = format!(
            r#"<t:FieldOrder Order="{order}">{RECURRING}</t:FieldOrder><t:FieldOrder Order="{order}">{SUBJECT}</t:FieldOrder>"#
        );
        let text = ask(&practice, &find(ALL, "", &by)).await;
        let mut wanted: Vec<_> = drafts(&practice)
            .into_iter()
            .map(|draft| (draft.recurrence.is_some(), draft.subject.unwrap()))
            .collect();
        wanted.sort_by_key(|(series, subject)| (*series, subject.to_lowercase()));
        if descending {
            wanted.reverse();
        }
        let wanted: Vec<_> = wanted.into_iter().map(|(_, subject)| subject).collect();
        assert_eq!(subjects(&text), wanted, "{order}");
    }
}

async fn is_refused(practice: &Practice, view: &str, restriction: &str, order: &str, code: &str) {
    let body = find(view, restriction, order);
    let text = ask(practice, &body).await;
    assert!(text.contains(&format!(">{code}<")), "{body}: {text}");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused_by_its_code() {
    let practice = Practice::start().await;
    let uid = r#"<t:FieldURI FieldURI="calendar:UID"/>"#;
    let sensitivity = r#"<t:FieldURI FieldURI="item:Sensitivity"/>"#;
    let deep = format!(
        "{}<t:Exists>{START}</t:Exists>{}",
        "<t:Not>".repeat(255),
        "</t:Not>".repeat(255)
    );
    let property = |attributes: &str| {
        format!(r#"<t:Exists><t:ExtendedFieldURI {attributes} PropertyType="String"/></t:Exists>"#)
    };
    for (restriction, code) in [
        (
            compare("IsEqualTo", uid, "1"),
            "ErrorUnsupportedPathForQuery",
        ),
        (
            compare("IsLessThan", START, "tomorrow"),
            "ErrorInvalidValueForProperty",
        ),
        (
            compare("IsEqualTo", sensitivity, "Secret"),
            "ErrorInvalidValueForProperty",
        ),
        (
            format!(r#"<t:Contains>{START}<t:Constant Value="2026"/></t:Contains>"#),
            "ErrorContainsFilterWrongType",
        ),
        (
            format!(r#"<t:Excludes>{BUSY}<t:Bitmask Value="0"/></t:Excludes>"#),
            "ErrorInvalidExcludesRestriction",
        ),
        (deep, "ErrorRestrictionTooComplex"),
        (
            property(r#"PropertyTag="0x37" PropertyName="Subject""#),
            "ErrorInvalidExtendedProperty",
        ),
        (
            property(r#"DistinguishedPropertySetId="Common""#),
            "ErrorInvalidExtendedProperty",
        ),
        (
            property(r#"PropertyTag="0x8223""#),
            "ErrorInvalidExtendedProperty",
        ),
        // What the schema does not know.
        ("<t:And></t:And>".to_owned(), "ErrorSchemaValidation"),
        (
            format!("<t:IsEqualTo>{START}</t:IsEqualTo>"),
            "ErrorSchemaValidation",
        ),
        (
            format!("<t:IsLike>{START}</t:IsLike>"),
            "ErrorSchemaValidation",
        ),
        (
            format!("<t:Exists>{START}</t:Exists>").repeat(2),
            "ErrorSchemaValidation",
        ),
        (
            format!(
                r#"<t:Contains ContainmentMode="Fuzzy">{SUBJECT}<t:Constant Value="a"/></t:Contains>"#
            ),
            "ErrorSchemaValidation",
        ),
    ] {
        is_refused(&practice, ALL, &restriction, "", code).await;
    }
    let order = format!(r#"<t:FieldOrder Order="Ascending">{uid}</t:FieldOrder>"#);
    is_refused(
        &practice,
        ALL,
        "",
        &order,
        "ErrorUnsupportedPathForSortGroup",
    )
    .await;
}

#[tokio::test]
async fn pages_that_cannot_be_are_refused_and_so_is_mime_in_a_list() {
    let practice = Practice::start().await;
    for (view, code) in [
        (
            r#"<m:IndexedPageItemView Offset="-1" BasePoint="Beginning"/>"#,
            "ErrorInvalidIndexedPagingParameters",
        ),
        (
            r#"<m:IndexedPageItemView MaxEntriesReturned="0" Offset="0" BasePoint="Beginning"/>"#,
            "ErrorInvalidPagingMaxRows",
        ),
        (
            r#"<m:FractionalPageItemView Numerator="0" Denominator="1"/>"#,
            "ErrorInvalidOperation",
        ),
    ] {
        is_refused(&practice, view, "", "", code).await;
    }
    let body = find(ALL, "", "").replacen(
        "<t:BaseShape>IdOnly</t:BaseShape>",
        "<t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>",
        1,
    );
    let text = ask(&practice, &body).await;
    assert!(text.contains(">ErrorInvalidPropertyRequest<"), "{text}");
}

#[tokio::test]
async fn an_item_as_mime_tells_its_zone_its_series_and_its_exceptions() {
    let practice = Practice::start().await;
    let id = {
        let world = practice.running.world();
        let mailbox = world.mailbox("bob@example.test").unwrap();
        let stored = mailbox.entries().iter();
        let mut stand_up = stored.filter(|it| it.draft.subject.as_deref() == Some("Stand-up"));
        stand_up.next().unwrap().id.as_str().to_owned()
    };
    let body = format!(
        r#"<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape><m:ItemIds><t:ItemId Id="{id}"/></m:ItemIds></m:GetItem>"#
    );
    let text = ask(&practice, &body).await;
    let (_, rest) = text
        .split_once(r#"<t:CalendarItem><t:MimeContent CharacterSet="UTF-8">"#)
        .unwrap();
    let (content, rest) = rest.split_once("</t:MimeContent>").unwrap();
    assert!(rest.starts_with("<t:ItemId "), "{rest}");
    let mime = String::from_utf8(STANDARD.decode(content).unwrap()).unwrap();
    assert!(mime.lines().all(|line| line.len() <= 75), "{mime}");
    assert!(mime.ends_with("END:VCALENDAR\r\n"));
    for line in [
        "TZID:W. Europe Standard Time",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
        "DTSTART;TZID=W. Europe Standard Time:20260202T090000",
        "SUMMARY;LANGUAGE=en-US:Stand-up",
        "X-MICROSOFT-CDO-INSTTYPE:1",
        "X-MICROSOFT-CDO-INSTTYPE:3",
    ] {
        assert!(mime.lines().any(|told| told == line), "{line}: {mime}");
    }
    assert_eq!(mime.matches("BEGIN:VEVENT").count(), 2);
    assert_eq!(mime.matches("\r\nEXDATE;").count(), 1);
    assert_eq!(mime.matches("\r\nRECURRENCE-ID;").count(), 1);
    assert!(mime.contains("\r\nRRULE:FREQ=DAILY;COUNT="), "{mime}");
}
