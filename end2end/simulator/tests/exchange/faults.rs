//! Each kind of fault, as it looks from the other end of the wire.

use std::time::{Duration, Instant};

use kalends_simulator::fault::{FaultKind, FaultShape, Framing, Plan};

use crate::client::{Call, Practice, Reply, find_item, get_folder};

async fn once(practice: &Practice, kind: FaultKind) -> Reply {
    practice.plan(Plan::once(kind));
    let (start, end) = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    let reply = practice
        .ews(find_item("alice@example.test", start, end, ""))
        .await;
    assert!(practice.running.world().faults.plans().is_empty());
    reply
}

#[tokio::test]
async fn every_certificate_fault_ends_the_handshake_and_the_next_one_works() {
    let practice = Practice::start().await;
    let call = Call::ews(get_folder("alice@example.test"));
    for (kind, sign) in [
        (FaultKind::CertificateExpired, "xpired"),
        (FaultKind::CertificateNotYetValid, "NotValidYet"),
        (FaultKind::CertificateWrongName, "not valid for"),
        (FaultKind::CertificateUnknownIssuer, "UnknownIssuer"),
        (FaultKind::CertificateSelfSigned, "UnknownIssuer"),
        (FaultKind::CertificateOwnAuthority, "CaUsedAsEndEntity"),
        (FaultKind::NoTls, ""),
    ] {
        practice.plan(Plan::once(kind.clone()));
        let error = practice.try_ask(&call).await.unwrap_err();
        let told = format!("{error} {error:?}").replace("not valid yet", "NotValidYet");
        assert!(told.contains(sign), "{kind:?}: {told}");
        assert_eq!(practice.ask(&call).await.status, 200);
    }
}

#[tokio::test]
async fn what_stands_in_front_answers_before_the_sign_in() {
    let practice = Practice::start().await;
    let reply = once(
        &practice,
        FaultKind::Unavailable {
            retry_after: Some(7),
        },
    )
    .await;
    assert_eq!(
        (reply.status, reply.values("Retry-After")),
        (503, vec!["7"])
    );
    let reply = once(&practice, FaultKind::Unavailable { retry_after: None }).await;
    assert!(reply.values("Retry-After").is_empty());
    let reply = once(&practice, FaultKind::ServerError).await;
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains("Server Error in '/EWS' Application"));
    let reply = once(&practice, FaultKind::LoginPage).await;
    assert_eq!(reply.status, 200);
    assert!(reply.values("Content-Type")[0].starts_with("text/html"));
    let reply = once(&practice, FaultKind::OwaRedirect).await;
    assert_eq!(reply.status, 302);
    assert!(
        reply.values("Location")[0]
            .contains("/owa/auth/logon.aspx?url=https%3a%2f%2fmail.example.test")
    );
    let reply = once(&practice, FaultKind::AdfsRedirect).await;
    assert!(reply.values("Location")[0].starts_with("https://adfs.example.test/adfs/ls/?"));
    for (kind, status) in [
        (FaultKind::NotFound, 404),
        (FaultKind::Forbidden, 403),
        (FaultKind::LoginTimeout, 440),
        (FaultKind::Unauthorized, 401),
    ] {
        assert_eq!(once(&practice, kind).await.status, status);
    }
    assert_eq!(practice.running.world().counters().refused(), 0);
    assert_eq!(practice.running.world().counters().accepted(), 0);
    assert_eq!(practice.running.world().counters().faults(), 10);
}

#[tokio::test]
async fn throttling_and_named_faults_come_in_every_shape() {
    let practice = Practice::start().await;
    for (back_off, sign) in [(Some(0), ">0<"), (Some(60_000), ">60000<")] {
        let reply = once(&practice, FaultKind::Throttled { back_off }).await;
        assert_eq!(reply.status, 500);
        assert!(
            reply
                .text()
                .contains(&format!(r#"<t:Value Name="BackOffMilliseconds"{sign}"#))
        );
    }
    let reply = once(&practice, FaultKind::Throttled { back_off: None }).await;
    assert!(reply.text().contains(">ErrorServerBusy<") && !reply.text().contains("BackOff"));
    let fault = |shape| FaultKind::SoapFault {
        code: "ErrorPasswordExpired".to_owned(),
        message: None,
        shape,
    };
    let reply = once(&practice, fault(FaultShape::Http200)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("<faultcode"));
    let reply = once(&practice, fault(FaultShape::Bare)).await;
    assert!(reply.text().contains("a:ErrorPasswordExpired") && !reply.text().contains("<detail"));
    let reply = once(&practice, fault(FaultShape::EmptyDetail)).await;
    assert!(reply.text().contains("<detail/>"));
    let code = FaultKind::ResponseCode {
        code: "ErrorAccessDenied".to_owned(),
        message: None,
    };
    let reply = once(&practice, code).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("<m:ResponseCode>ErrorAccessDenied<"));
}

#[tokio::test]
async fn broken_bodies_end_as_planned() {
    let practice = Practice::start().await;
    let reply = once(&practice, FaultKind::ResetMidBody).await;
    assert!(!reply.complete);
    assert_eq!(reply.broken, Some(std::io::ErrorKind::ConnectionReset));
    let chunked = FaultKind::Truncated {
        framing: Framing::Chunked,
    };
    let reply = once(&practice, chunked).await;
    assert!(!reply.complete && !reply.body.is_empty());
    assert_ne!(reply.broken, Some(std::io::ErrorKind::ConnectionReset));
    let length = FaultKind::Truncated {
        framing: Framing::ContentLength,
    };
    let reply = once(&practice, length).await;
    assert!(!reply.complete);
    assert!(reply.values("Content-Length")[0].parse::<usize>().unwrap() > reply.body.len());
    practice.plan(Plan::once(FaultKind::ResetBeforeAnswer));
    let error = practice
        .try_ask(&Call::ews(get_folder("alice@example.test")))
        .await;
    assert_eq!(
        error.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn odd_bodies_are_odd_in_one_way_only() {
    let practice = Practice::start().await;
    let reply = once(&practice, FaultKind::Garbled).await;
    assert_eq!(reply.status, 200);
    assert!(roxmltree::Document::parse(&reply.text()).is_err());
    let reply = once(&practice, FaultKind::Oversized { bytes: 3_000_000 }).await;
    assert!(reply.complete && reply.body.len() >= 3_000_000);
    practice.plan(Plan::once(FaultKind::Bom));
    let reply = practice.ews(get_folder("alice@example.test")).await;
    assert!(reply.body.starts_with(b"\xef\xbb\xbf<?xml"));
    practice.plan(Plan::once(FaultKind::PrefixShuffle));
    let text = practice.ews(get_folder("alice@example.test")).await.text();
    let document = roxmltree::Document::parse(&text).unwrap();
    let types = "http://schemas.microsoft.com/exchange/services/2006/types";
    assert!(
        document
            .descendants()
            .any(|node| node.has_tag_name((types, "CalendarFolder")))
    );
    assert!(text.contains("<m:CalendarFolder>"));
    let reply = once(&practice, FaultKind::ExchangeOnline).await;
    assert!(reply.text().contains(r#"MinorVersion="20""#));
}

#[tokio::test]
async fn slow_answers_take_their_time_and_arrive_whole() {
    let practice = Practice::start().await;
    let begun = Instant::now();
    let reply = once(&practice, FaultKind::Slow { milliseconds: 200 }).await;
    assert!(reply.complete && begun.elapsed() >= Duration::from_millis(200));
    practice.plan(Plan::once(FaultKind::SlowDrip {
        bytes: 200,
        milliseconds: 10,
    }));
    let begun = Instant::now();
    let reply = practice.ews(get_folder("alice@example.test")).await;
    assert!(reply.complete && begun.elapsed() >= Duration::from_millis(30));
}
