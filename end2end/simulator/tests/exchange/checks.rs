//! Who is let through, and in which order the server says no.

use crate::client::{Call, GET_FOLDER, Practice, as_user, envelope, get_folder, version};

#[tokio::test]
async fn a_request_without_credentials_gets_an_empty_401_with_three_offers() {
    let practice = Practice::start().await;
    let mut call = Call::ews(get_folder("alice@example.test"));
    call.account = None;
    let reply = practice.ask(&call).await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.values("WWW-Authenticate"),
        ["Negotiate", "NTLM", r#"Basic realm="mail.example.test""#]
    );
    assert!(reply.body.is_empty());
    assert_eq!(practice.running.world().counters().anonymous(), 1);
}

#[tokio::test]
async fn the_calendar_folder_of_an_impersonated_mailbox_is_told() {
    let practice = Practice::start().await;
    let mut call = Call::ews(get_folder("alice@example.test"));
    call.path = "/ews/EXCHANGE.asmx";
    call.headers.push(("client-request-id", "b0b0".to_owned()));
    call.headers
        .push(("return-client-request-id", "true".to_owned()));
    let reply = practice.ask(&call).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(
        reply
            .text()
            .contains("<t:DisplayName>Calendar</t:DisplayName>")
    );
    assert!(reply.text().contains(
        r#"<t:ExtendedFieldURI PropertyTag="0x670b" PropertyType="Integer"/><t:Value>0</t:Value>"#
    ));
    assert!(
        reply
            .text()
            .contains(r#"MinorVersion="2" MajorBuildNumber="1748""#)
    );
    assert!(
        reply
            .head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
    );
    assert_eq!(reply.values("client-request-id"), ["b0b0"]);
    assert_eq!(reply.values("X-FEServer"), ["EX01"]);
    assert_eq!(reply.values("request-id").len(), 1);
}

#[tokio::test]
async fn checks_come_in_the_servers_order() {
    let practice = Practice::start().await;
    let bad_body = "<m:GetFolder><m:FolderIds/></m:GetFolder>";
    let bad_version = r#"<t:RequestServerVersion Version="V2_23"/>"#;
    let stranger = as_user("PrimarySmtpAddress", "nobody@example.test");
    let stranger_and_bad_version = stranger.replace("Exchange2013_SP1", "V2_23");

    let mut anonymous = Call::ews("no XML");
    anonymous.account = None;
    assert_eq!(practice.ask(&anonymous).await.status, 401);

    let reply = practice
        .ews(envelope(&stranger_and_bad_version, bad_body))
        .await;
    assert!(
        reply.text().contains(">ErrorSchemaValidation<"),
        "{}",
        reply.text()
    );

    let reply = practice
        .ews(envelope(&stranger_and_bad_version, GET_FOLDER))
        .await;
    assert!(
        reply.text().contains(">ErrorInvalidServerVersion<"),
        "{}",
        reply.text()
    );
    assert!(reply.text().contains("addressing/none"));

    let refused = r#"<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:FractionalPageItemView Numerator="0" Denominator="1"/><m:ParentFolderIds><t:DistinguishedFolderId Id="calendar"/></m:ParentFolderIds></m:FindItem>"#;
    let reply = practice.ews(envelope(&stranger, refused)).await;
    assert!(
        reply.text().contains(">ErrorNonExistentMailbox<"),
        "{}",
        reply.text()
    );

    let alice = as_user("PrimarySmtpAddress", "alice@example.test");
    let reply = practice.ews(envelope(&alice, refused)).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.text().contains(">ErrorInvalidOperation<"),
        "{}",
        reply.text()
    );

    let reply = practice.ews(envelope(bad_version, GET_FOLDER)).await;
    assert_eq!(reply.status, 500);
}

#[tokio::test]
async fn impersonation_takes_all_four_kinds_of_identity() {
    let practice = Practice::start().await;
    let sid = practice
        .running
        .world()
        .mailbox("bob@example.test")
        .unwrap()
        .sid
        .clone();
    for (kind, value) in [
        ("PrimarySmtpAddress", "Bob@Example.test"),
        ("SmtpAddress", "robert@example.test"),
        ("PrincipalName", "bob@example.test"),
        ("SID", sid.as_str()),
    ] {
        let reply = practice
            .ews(envelope(&as_user(kind, value), GET_FOLDER))
            .await;
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
    }
    let world = practice.running.world();
    assert_eq!(world.counters().calls("bob@example.test", "GetFolder"), 4);
}

#[tokio::test]
async fn an_alias_as_primary_address_is_refused_with_the_primary_one_or_taken_by_a_switch() {
    let practice = Practice::start().await;
    let body = get_folder("robert@example.test");
    let reply = practice.ews(body.clone()).await;
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains("a:ErrorNonPrimarySmtpAddress"));
    assert!(
        reply
            .text()
            .contains(r#"<t:Value Name="Primary">bob@example.test</t:Value>"#)
    );
    practice.running.world().settings.accept_alias_as_primary = true;
    assert_eq!(practice.ews(body).await.status, 200);
}

#[tokio::test]
async fn impersonation_is_denied_without_the_role_and_outside_the_scope() {
    let practice = Practice::start().await;
    let mut call = Call::ews(get_folder("alice@example.test"));
    call.account = Some(("svc-norole@example.test", "Practice-2026!"));
    let reply = practice.ask(&call).await;
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains(">ErrorImpersonateUserDenied<"));

    let reply = practice.ews(get_folder("dora@example.test")).await;
    assert!(reply.text().contains(">ErrorImpersonateUserDenied<"));

    for gone in ["nobody@example.test", "erik@example.test"] {
        let reply = practice.ews(get_folder(gone)).await;
        assert!(reply.text().contains(">ErrorNonExistentMailbox<"), "{gone}");
    }
    let reply = practice.ews(get_folder("nonsense")).await;
    assert!(reply.text().contains(">ErrorInvalidSmtpAddress<"));
    let reply = practice.ews(get_folder("  ")).await;
    assert!(
        reply
            .text()
            .contains(">ErrorInvalidExchangeImpersonationHeaderData<")
    );
}

#[tokio::test]
async fn without_impersonation_a_caller_reads_the_own_mailbox_or_is_asked_for_an_address() {
    let practice = Practice::start().await;
    let mut call = Call::ews(envelope(version(), GET_FOLDER));
    call.account = Some(("alice@example.test", "Alice-2026!"));
    let reply = practice.ask(&call).await;
    assert!(
        reply.text().contains("<m:ResponseCode>NoError<"),
        "{}",
        reply.text()
    );
    let reply = practice.ews(envelope(version(), GET_FOLDER)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains(">ErrorMissingEmailAddress<"));
    assert!(reply.text().contains("<m:Folders/>"));
}

#[tokio::test]
async fn only_posted_xml_reaches_an_operation() {
    let practice = Practice::start().await;
    let mut call = Call::ews("");
    call.method = "GET";
    assert!(practice.ask(&call).await.text().contains("Service"));
    let mut call = Call::ews(get_folder("alice@example.test"));
    call.headers = vec![("Content-Type", "application/soap+xml".to_owned())];
    assert_eq!(practice.ask(&call).await.status, 415);
    call.path = "/owa/";
    assert_eq!(practice.ask(&call).await.status, 404);
}
