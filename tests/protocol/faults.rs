//! Faults that say little: without a code, with one of SOAP alone, and in headers only.

use crate::problems::with_fault;
use kalends_core::{
    advice::{Names, advice},
    check::Step,
};
use kalends_simulator::fault::{FaultKind, FaultShape};

#[tokio::test]
async fn a_front_end_that_could_not_pass_a_call_on_had_taken_the_sign_in() {
    for status in [400, 500, 502, 503] {
        let kind = FaultKind::CasError {
            is_behind: false,
            status,
            code: "ServerNotFound".to_owned(),
        };
        let met = with_fault("front end", kind).await;
        assert!(met.step.unwrap() > Step::SignIn, "{status}: {:?}", met.step);
    }
}

#[tokio::test]
async fn codes_of_soap_itself_and_none_are_told_as_what_they_are() {
    for (code, shape, expected) in [
        ("Client", FaultShape::Bare, "request-rejected"),
        ("Server", FaultShape::Bare, "server-error"),
        (
            "InternalServiceFault",
            FaultShape::EmptyDetail,
            "server-error",
        ),
        ("", FaultShape::Full, "answer-not-understood"),
        ("", FaultShape::Bare, "answer-not-understood"),
        ("", FaultShape::Plain503, "server-error"),
    ] {
        let kind = FaultKind::SoapFault {
            code: code.to_owned(),
            message: None,
            shape,
        };
        let problem = with_fault("fault", kind).await.failure.problem;
        let told = advice(&problem, &Names::default());
        let text = format!("{} {}", told.title, told.meaning);
        assert_eq!(problem.code(), expected, "{code}: {text}");
        assert!(
            !text.contains("list of") && !text.contains("answered ."),
            "{text}"
        );
        assert!(text.contains(code), "{code}: {text}");
    }
    let kind = FaultKind::ResponseCode {
        code: String::new(),
        message: None,
    };
    let problem = with_fault("message", kind).await.failure.problem;
    let told = advice(&problem, &Names::default()).title;
    assert_eq!(told, "Exchange answered with an error without a code.");
}
