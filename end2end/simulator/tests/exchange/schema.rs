//! How strictly a request is read.

use crate::client::{Practice, as_user, envelope, find_item, view};

async fn violation(practice: &Practice, body: &str) -> String {
    let header = as_user("PrimarySmtpAddress", "alice@example.test");
    let reply = practice.ews(envelope(&header, body)).await;
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(reply.text().contains("<e:ResponseCode xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\">ErrorSchemaValidation<"), "{}", reply.text());
    assert!(reply.text().contains("<t:LineNumber>1</t:LineNumber>"));
    assert!(reply.text().contains("<t:LinePosition>"));
    let text = reply.text();
    let (_, rest) = text.split_once("<t:Violation>").unwrap();
    rest.split_once("</t:Violation>").unwrap().0.to_owned()
}

#[tokio::test]
async fn order_names_enumerations_empty_lists_and_missing_attributes_are_checked() {
    let practice = Practice::start().await;
    let good = view("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z", "");
    for (from, to, expected) in [
        (
            "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>",
            "<m:ItemShape><t:AdditionalProperties>",
            "invalid child element",
        ),
        (
            "<t:BaseShape>IdOnly</t:BaseShape>",
            "<t:BaseShape>Everything</t:BaseShape>",
            "The value 'Everything' is invalid",
        ),
        (
            r#" Traversal="Shallow""#,
            "",
            "required attribute 'Traversal' is missing",
        ),
        (
            r#" Traversal="Shallow""#,
            r#" Traversal="Shallow" Depth="1""#,
            "'Depth' attribute is not declared",
        ),
        (
            r#"<t:DistinguishedFolderId Id="calendar"/>"#,
            "",
            "incomplete content",
        ),
        (
            r#"Id="calendar""#,
            r#"Id="Calendar""#,
            "'Id' attribute is invalid",
        ),
        (
            "calendar:Start\"",
            "calendar:Begin\"",
            "'FieldURI' attribute is invalid",
        ),
        (
            "2026-03-01T00:00:00Z",
            "2026-03-01",
            "'StartDate' attribute is invalid",
        ),
        (
            "</m:ItemShape>",
            "</m:ItemShape><m:Extra/>",
            "invalid child element 'Extra'",
        ),
        (
            "<m:CalendarView",
            "<m:IndexedPageItemView Offset=\"0\" BasePoint=\"Beginning\"/><m:CalendarView",
            "invalid child element 'CalendarView'",
        ),
    ] {
        let body = good.replacen(from, to, 1);
        assert_ne!(body, good, "{from}");
        let told = violation(&practice, &body).await;
        assert!(told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn foreign_namespaces_unknown_operations_and_broken_xml_are_faults() {
    let practice = Practice::start().await;
    let good = find_item(
        "alice@example.test",
        "2026-03-01T00:00:00Z",
        "2026-03-08T00:00:00Z",
        "",
    );
    for namespace in [
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://schemas.microsoft.com/exchange/services/2006/messages",
        "http://schemas.microsoft.com/exchange/services/2006/types",
    ] {
        let body = good.replace(namespace, &namespace.replace("http:", "https:"));
        let reply = practice.ews(body).await;
        assert_eq!(reply.status, 500, "{namespace}: {}", reply.text());
    }
    let told = violation(&practice, "<m:FindEverything/>").await;
    assert!(told.contains("FindEverything"));
    let reply = practice.ews(good.replace("Shallow", "&#x1;")).await;
    assert!(reply.text().contains("ErrorSchemaValidation"));
    let reply = practice.ews("<soap:Envelope").await;
    assert!(reply.text().contains("ErrorSchemaValidation"));
    let header = as_user("PrimarySmtpAddress", "alice@example.test");
    let reply = practice.ews(envelope(&header, "<m:GetUserPhoto/>")).await;
    assert!(reply.text().contains(">ErrorInvalidRequest<"));
    let reply = practice.ews(envelope(&header, "")).await;
    assert!(reply.text().contains(">ErrorInvalidRequest<"));
    let twice = format!("{header}{header}");
    let reply = practice.ews(envelope(&twice, "<m:GetUserPhoto/>")).await;
    assert!(reply.text().contains(">ErrorDuplicateSOAPHeader<"));
}

#[tokio::test]
async fn versions_are_those_of_the_schema_and_of_the_product() {
    use kalends_simulator::world::settings::Product;
    let practice = Practice::start().await;
    let good = find_item(
        "alice@example.test",
        "2026-03-01T00:00:00Z",
        "2026-03-08T00:00:00Z",
        "",
    );
    for (name, product, status) in [
        ("Exchange2010_SP2", Product::Exchange2019, 200),
        ("V2017_07_11", Product::ExchangeSE, 200),
        ("Exchange2016", Product::Exchange2013, 500),
        ("Exchange2013_SP1", Product::Exchange2013, 200),
        ("V2018_01_08", Product::ExchangeSE, 500),
    ] {
        practice.running.world().settings.product = product;
        let reply = practice.ews(good.replace("Exchange2013_SP1", name)).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
    }
    let newer = good
        .replace("Exchange2013_SP1", "Exchange2010_SP2")
        .replace("calendar:UID", "calendar:StartTimeZoneId");
    let reply = practice.ews(newer).await;
    assert!(reply.text().contains(">ErrorInvalidPropertyRequest<"));
}
