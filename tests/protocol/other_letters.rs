//! Domains with letters beyond ASCII: people type and read them, the wire and DNS have their ASCII form.

use crate::office::{NOW, Office, seen, service};
use kalends::connect::connection_test::TestRequest;
use kalends_core::check::Step;

const ASCII: &str = "xn--mller-kva.example.test";

/// An office whose mail domain is müller.example.test, with the service account of the other domain.
async fn office() -> Office {
    Office::open_for(&[
        ("mail.Müller.example.test", 443),
        ("autodiscover.müller.example.test", 443),
        ("autodiscover.müller.example.test", 80),
    ])
    .await
}

fn request(mailbox: &str, endpoint: Option<&str>) -> TestRequest {
    TestRequest {
        mailbox: mailbox.parse().unwrap(),
        endpoint: endpoint.map(|typed| typed.parse().unwrap()),
        ..service()
    }
}

#[tokio::test]
async fn mailboxes_and_servers_are_named_in_ascii_on_the_wire() {
    let office = office().await;
    let address = format!("info@{ASCII}");
    let now = jiff::Timestamp::from_millisecond(NOW.millis()).unwrap();
    let url = "https://mail.müller.example.test/EWS/Exchange.asmx".to_owned();
    {
        let mut world = office.exchange.world();
        world.add_mailbox(&address, "Info", now).unwrap();
        world.settings.ews_url.clone_from(&url);
    }
    for mailbox in [
        "info@müller.example.test",
        "Info@XN--MLLER-KVA.example.test",
    ] {
        for endpoint in [
            Some(url.as_str()),
            Some("MAIL.XN--MLLER-KVA.example.test"),
            None,
        ] {
            let (ladder, result) = office.test(request(mailbox, endpoint)).await;
            let success = result.unwrap_or_else(|failure| panic!("{endpoint:?}: {failure:?}"));
            assert_eq!(success.endpoint.host(), format!("mail.{ASCII}"));
            assert_eq!(success.endpoint.to_string(), url);
            if endpoint.is_none() {
                let told = seen(&ladder, Step::Autodiscover).seen.unwrap();
                assert!(told.contains("mail.müller.example.test"), "{told}");
            }
        }
    }
    let world = office.exchange.world();
    let sent = world
        .counters()
        .last_request(&address, "GetFolder")
        .unwrap();
    assert!(sent.is_ascii() && sent.contains(&address), "{sent}");
}

#[tokio::test]
async fn a_redirect_may_name_its_host_with_any_letters() {
    let office = Office::open_for(&[
        ("mail.Müller.example.test", 443),
        ("autodiscover.müller.example.test", 80),
    ])
    .await;
    let address = format!("info@{ASCII}");
    let now = jiff::Timestamp::from_millisecond(NOW.millis()).unwrap();
    {
        let mut world = office.exchange.world();
        world.add_mailbox(&address, "Info", now).unwrap();
        let url = "https://mail.MÜLLER.example.test/autodiscover/autodiscover.xml";
        world.settings.http_redirect = Some(url.to_owned());
        world.settings.ews_url = "https://mail.müller.example.test/EWS/Exchange.asmx".to_owned();
    }
    let (_, result) = office.test(request("info@müller.example.test", None)).await;
    let success = result.unwrap();
    assert_eq!(success.endpoint.host(), format!("mail.{ASCII}"));
}
