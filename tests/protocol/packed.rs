//! Answers that come packed, whatever was asked for.

use crate::{
    office::{Office, service},
    problems::meet,
};
use kalends::connect::connection_test::TestRequest;
use kalends_core::problem::Problem;
use kalends_simulator::fault::{Encoding, FaultKind, FaultShape};

const PACKED: [Encoding; 6] = [
    Encoding::Gzip,
    Encoding::Zlib,
    Encoding::Deflate,
    Encoding::GzipGzip,
    Encoding::UntoldGzip,
    Encoding::OnlySaidGzip,
];

#[tokio::test]
async fn packed_answers_are_read_whatever_was_asked_for() {
    for encoding in PACKED {
        let office = Office::open().await;
        office.always(FaultKind::Encoded { encoding });
        let found = TestRequest {
            endpoint: None,
            ..service()
        };
        for request in [service(), found] {
            let (ladder, result) = office.test(request).await;
            assert!(result.is_ok(), "{encoding:?}: {result:?} {ladder:?}");
        }
        office.exchange.world().settings.pox = false;
        let found = TestRequest {
            endpoint: None,
            ..service()
        };
        let (_, result) = office.test(found).await;
        assert!(result.is_ok(), "{encoding:?}, SOAP alone: {result:?}");
    }
}

#[tokio::test]
async fn packed_faults_and_refusals_are_read_as_if_they_were_not() {
    for encoding in PACKED {
        let office = Office::open().await;
        office.always(FaultKind::Encoded { encoding });
        office.always(FaultKind::SoapFault {
            code: "ErrorImpersonationFailed".to_owned(),
            message: None,
            shape: FaultShape::Full,
        });
        let met = meet("fault", office, service()).await;
        assert_eq!(
            met.failure.problem,
            Problem::ImpersonationFailed,
            "{encoding:?}"
        );

        let office = Office::open().await;
        office.always(FaultKind::Encoded { encoding });
        let wrong = TestRequest {
            password: "wrong".to_owned().into(),
            ..service()
        };
        let met = meet("refusal", office, wrong).await;
        assert_eq!(
            met.failure.problem.code(),
            "sign-in-refused",
            "{encoding:?}"
        );
    }
}

#[tokio::test]
async fn answers_and_faults_in_utf_16_are_read() {
    for big_endian in [false, true] {
        for mark in [false, true] {
            let in_utf_16 = FaultKind::Utf16 { big_endian, mark };
            let office = Office::open().await;
            office.always(in_utf_16.clone());
            for endpoint in [None, service().endpoint] {
                let request = TestRequest {
                    endpoint,
                    ..service()
                };
                let (ladder, result) = office.test(request).await;
                assert!(result.is_ok(), "{in_utf_16:?}: {result:?} {ladder:?}");
            }
            for content_type in ["", "text/xml; charset=utf-16", "text/html"] {
                for encoding in [None, Some(Encoding::Gzip)] {
                    let office = Office::open().await;
                    office.always(in_utf_16.clone());
                    office.always(FaultKind::SoapFault {
                        code: "ErrorImpersonationFailed".to_owned(),
                        message: None,
                        shape: FaultShape::Full,
                    });
                    office.on_ews(FaultKind::ContentType {
                        content_type: content_type.to_owned(),
                    });
                    if let Some(encoding) = encoding {
                        office.always(FaultKind::Encoded { encoding });
                    }
                    let met = meet("letters", office, service()).await;
                    let problem = met.failure.problem;
                    assert_eq!(
                        problem,
                        Problem::ImpersonationFailed,
                        "{in_utf_16:?} {content_type} {encoding:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_told_and_a_bomb_is_not_unpacked() {
    for (encoding, code) in [
        (Encoding::Bomb, "answer-too-large"),
        (Encoding::TornGzip, "answer-cut-short"),
        (Encoding::Unknown, "answer-not-understood"),
    ] {
        let office = Office::open().await;
        office.on_ews(FaultKind::Encoded { encoding });
        let met = meet("packed", office, service()).await;
        assert_eq!(met.failure.problem.code(), code, "{encoding:?}");
    }
}

#[tokio::test]
async fn the_server_is_told_what_kalends_can_unpack() {
    let office = Office::open().await;
    office.test(service()).await.1.unwrap();
    let heard = office.exchange.world().counters().recent_input();
    assert!(heard.contains("\r\nAccept-Encoding: "), "{heard}");
}
