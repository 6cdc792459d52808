//! Where a mailbox is said to be.

use kalends_simulator::fault::{FaultKind, Plan};

use crate::client::{Call, Practice};

fn ask(address: &str) -> Call {
    let body = format!(
        r#"<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"#
    );
    let mut call = Call::ews(body);
    call.host = "autodiscover.example.test";
    call.path = "/Autodiscover/Autodiscover.xml";
    call
}

#[tokio::test]
async fn a_known_mailbox_gets_settings_and_a_moved_one_a_redirect() {
    let practice = Practice::start().await;
    let mut anonymous = ask("alice@example.test");
    anonymous.account = None;
    assert_eq!(practice.ask(&anonymous).await.status, 401);
    let text = practice.ask(&ask("robert@example.test")).await.text();
    assert!(
        text.contains("<AutoDiscoverSMTPAddress>bob@example.test<"),
        "{text}"
    );
    assert!(text.contains("<Type>EXPR</Type><Server>mail.example.test</Server><SSL>On</SSL><AuthPackage>Ntlm</AuthPackage><ASUrl>https://mail.example.test/EWS/Exchange.asmx</ASUrl><EwsUrl>https://mail.example.test/EWS/Exchange.asmx</EwsUrl>"));
    let text = practice.ask(&ask("erik@example.test")).await.text();
    assert!(text.contains("<Action>redirectAddr</Action><RedirectAddr>erik@example.mail.onmicrosoft.com</RedirectAddr>"));
}

#[tokio::test]
async fn wrong_requests_and_unknown_addresses_get_error_blocks() {
    let practice = Practice::start().await;
    let text = practice.ask(&ask("nobody@example.test")).await.text();
    assert!(text.contains("<ErrorCode>500</ErrorCode>"));
    let mut call = ask("alice@example.test");
    call.body = call.body.replace("2006a", "2007");
    assert!(
        practice
            .ask(&call)
            .await
            .text()
            .contains("<ErrorCode>601</ErrorCode>")
    );
    call.method = "GET";
    call.body = String::new();
    assert!(
        practice
            .ask(&call)
            .await
            .text()
            .contains("<ErrorCode>600</ErrorCode>")
    );
    practice.plan(Plan::once(FaultKind::AutodiscoverError { code: 603 }));
    let text = practice.ask(&ask("alice@example.test")).await.text();
    assert!(text.contains("<ErrorCode>603</ErrorCode>"));
}

#[tokio::test]
async fn a_fault_can_be_planned_for_one_host_alone() {
    let practice = Practice::start().await;
    let mut plan = Plan::always(FaultKind::NotFound);
    plan.only_host = Some("example.test".to_owned());
    practice.plan(plan);
    let mut apex = ask("alice@example.test");
    apex.host = "example.test";
    assert_eq!(practice.ask(&apex).await.status, 404);
    assert_eq!(practice.ask(&ask("alice@example.test")).await.status, 200);
}
