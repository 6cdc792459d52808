//! The many ways to say that a server is busy.

use crate::{
    problems::with_fault,
    wire::{told, values, wait},
};
use kalends_core::problem::Problem;
use kalends_simulator::fault::FaultKind;
use std::time::Duration;

const FLOOR: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_busy_server_is_never_asked_again_within_seconds() {
    for back_off in [
        "1",
        "999",
        "0",
        "-1",
        "-60000",
        "soon",
        "",
        "1.5",
        "18446744073709551616",
    ] {
        let kind = FaultKind::DetailedFault {
            code: "ErrorServerBusy".to_owned(),
            values: values(&[("BackOffMilliseconds", back_off)]),
            nested: false,
        };
        let met = with_fault("busy", kind).await;
        let wait = wait(&met.failure.problem);
        assert_eq!(met.failure.problem.code(), "throttled", "{back_off}");
        assert!(
            wait >= FLOOR && wait <= Duration::from_hours(1),
            "{back_off}: {wait:?}"
        );
    }
    for retry_after in ["0", "1", "-5", "soon", "", "1e9", "99999999999999999999"] {
        for status in [429, 503] {
            let kind = FaultKind::RetryLater {
                status,
                retry_after: retry_after.to_owned(),
            };
            let wait = wait(&with_fault("busy", kind).await.failure.problem);
            assert!(
                wait >= FLOOR && wait <= Duration::from_hours(1),
                "{status} {retry_after}: {wait:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_date_in_retry_after_is_honoured() {
    // It is Monday, 2 March 2026, 08:00 UTC.
    for (text, seconds) in [
        ("Mon, 02 Mar 2026 08:12:00 GMT", 720),
        ("Monday, 02-Mar-26 08:12:00 GMT", 720),
        ("Mon Mar  2 08:12:00 2026", 720),
        ("Tue, 03 Mar 2026 08:00:00 GMT", 3600),
        ("720", 720),
        (" 720 ", 720),
    ] {
        for status in [429, 503] {
            let kind = FaultKind::RetryLater {
                status,
                retry_after: text.to_owned(),
            };
            let met = with_fault("date", kind).await;
            assert_eq!(
                wait(&met.failure.problem).as_secs(),
                seconds,
                "{status} {text}"
            );
        }
    }
    for past in [
        "Mon, 02 Mar 2026 07:59:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        let kind = FaultKind::RetryLater {
            status: 503,
            retry_after: past.to_owned(),
        };
        let wait = wait(&with_fault("past", kind).await.failure.problem);
        assert!(
            wait >= FLOOR && wait < Duration::from_mins(10),
            "{past}: {wait:?}"
        );
    }
}

#[tokio::test]
async fn an_inner_error_that_says_busy_is_busy() {
    for code in [
        "ErrorServerBusy",
        "ErrorExceededConnectionCount",
        "ErrorTooManyObjectsOpened",
        "ErrorExceededSubscriptionCount",
    ] {
        for inner in [
            values(&[
                ("InnerErrorResponseCode", code),
                ("BackOffMilliseconds", "90000"),
            ]),
            values(&[
                (
                    "InnerErrorMessageText",
                    &format!("The call failed: {code}, try again later."),
                ),
                ("BackOffMilliseconds", "90000"),
            ]),
        ] {
            for (nested, outer) in [
                (false, "ErrorInternalServerError"),
                (true, "ErrorInternalServerError"),
                (false, "ErrorInternalServerTransientError"),
            ] {
                let as_message = FaultKind::DetailedMessage {
                    code: outer.to_owned(),
                    message: "An internal server error occurred.".to_owned(),
                    values: inner.clone(),
                    nested,
                };
                let as_fault = FaultKind::DetailedFault {
                    code: outer.to_owned(),
                    values: inner.clone(),
                    nested,
                };
                for kind in [as_message, as_fault] {
                    let met = with_fault("inner", kind.clone()).await;
                    let busy = Problem::Throttled {
                        wait_millis: 90_000,
                    };
                    assert_eq!(met.failure.problem, busy, "{kind:?}");
                }
            }
        }
    }
    // Other inner errors are told in place of the outer one, and no error of one's own making becomes another.
    let inner = |outer: &str, code: &str| FaultKind::DetailedMessage {
        code: outer.to_owned(),
        message: String::new(),
        values: values(&[("InnerErrorResponseCode", code)]),
        nested: false,
    };
    let met = with_fault(
        "inner",
        inner("ErrorInternalServerError", "ErrorMailboxStoreUnavailable"),
    )
    .await;
    assert_eq!(met.failure.problem.code(), "server-error");
    assert!(told(&met.failure.problem).contains("ErrorMailboxStoreUnavailable"));
    let met = with_fault("inner", inner("ErrorAccessDenied", "ErrorServerBusy")).await;
    assert_eq!(met.failure.problem, Problem::AccessDenied);
}
