//! Words for what passes by itself: busy servers, servers in trouble, answers that did not arrive.

use super::{
    names::Names,
    wording::{AdviceBuilder, shown, words},
};
use crate::problem::{MIN_PAUSE_MILLIS, Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::Throttled { wait_millis } => throttled(*wait_millis, names),
        Problem::ServerError {
            status,
            response_code,
            wait_millis,
        } => server_error(*status, response_code.as_deref(), *wait_millis),
        Problem::ProxyFailed {
            status,
            proxy,
            wait_millis,
        } => proxy_failed(*status, proxy.as_deref(), *wait_millis),
        Problem::OutOfStep { response_code } => out_of_step(response_code),
        Problem::AnswerTimedOut { seconds, operation } => timed_out(*seconds, operation.as_deref()),
        Problem::AnswerCutShort => cut_short(),
        Problem::AccountInUse => account_in_use(),
        Problem::Interrupted => interrupted(),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let server_error = |status, response_code: Option<&str>, wait_millis| Problem::ServerError {
        status,
        response_code: response_code.map(str::to_owned),
        wait_millis,
    };
    let proxy_failed = |status, proxy: Option<&str>, wait_millis| Problem::ProxyFailed {
        status,
        proxy: proxy.map(str::to_owned),
        wait_millis,
    };
    vec![
        Problem::Throttled {
            wait_millis: 300_000,
        },
        server_error(503, None, Some(120_000)),
        server_error(500, Some("ErrorADUnavailable"), None),
        proxy_failed(502, Some("nginx/1.26"), None),
        proxy_failed(504, None, Some(120_000)),
        Problem::OutOfStep {
            response_code: "ErrorInvalidSyncStateData".to_owned(),
        },
        Problem::AnswerTimedOut {
            seconds: 15,
            operation: Some("FindItem".to_owned()),
        },
        Problem::AnswerCutShort,
        Problem::AccountInUse,
        Problem::Interrupted,
    ]
}

fn humanize_wait(wait_millis: u64) -> String {
    let seconds = wait_millis.div_ceil(1000);
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// What is said of a pause, and how long it is. What is less than the shortest was not asked for as it is.
fn humanize_pause(wait_millis: Option<u64>) -> (String, String) {
    match wait_millis {
        Some(millis) if millis > MIN_PAUSE_MILLIS => {
            let wait = humanize_wait(millis);
            (format!(" It asks to be left alone for {wait}."), wait)
        }
        Some(millis) => (String::new(), humanize_wait(millis)),
        None => (String::new(), "a few minutes".to_owned()),
    }
}

fn throttled(wait_millis: u64, names: &Names) -> AdviceBuilder {
    let whose = if names.is_own {
        ""
    } else {
        " With a service account the limits of each mailbox count, not those of the account."
    };
    let wait = humanize_wait(wait_millis);
    words(
        "Exchange is busy and asks for a pause.",
        "The server limits how much one program may ask at a time.",
    )
    .step(format!("Wait {wait} and try again; saved connections go on by themselves."))
    .step("Look at the limits for EWS, if it happens every day: the first command shows those of the server.")
    .step(format!("Raise them for the organisation, if they are lower than usual: the second command.{whose}"))
    .find_out("Get-ThrottlingPolicy | Where-Object ThrottlingPolicyScope -eq 'Global' | Format-List Ews*")
    .run("New-ThrottlingPolicy -Name 'Kalends' -ThrottlingPolicyScope Organization -EwsMaxConcurrency 100 -EwsMaxSubscriptions 5000")
    .verify("Get-ThrottlingPolicy 'Kalends' | Format-List ThrottlingPolicyScope,Ews*")
    .undo("Remove-ThrottlingPolicy 'Kalends'")
}

fn server_error(
    status: u16,
    response_code: Option<&str>,
    wait_millis: Option<u64>,
) -> AdviceBuilder {
    let said = match response_code {
        Some(code) => shown(code),
        None => format!("HTTP {status}"),
    };
    let (asks, wait) = humanize_pause(wait_millis);
    words(
        "Exchange has trouble of its own.",
        format!("The server answered {said}. Restarts, maintenance and databases on the move look like this.{asks}"),
    )
    .step(format!("Wait {wait} and try again; saved connections go on by themselves."))
    .step("Check the services and the maintenance state of the server, if it stays.")
    .find_out("Test-ServiceHealth")
    .find_out("Get-ExchangeServer | Get-ServerComponentState | Where-Object State -ne 'Active'")
}

fn proxy_failed(status: u16, proxy: Option<&str>, wait_millis: Option<u64>) -> AdviceBuilder {
    let (who, title) = match proxy {
        Some(proxy) => {
            let proxy = shown(proxy);
            (
                proxy.clone(),
                format!("The proxy {proxy} does not reach Exchange."),
            )
        }
        None => (
            "A proxy or load balancer".to_owned(),
            "What stands in front of Exchange does not reach it.".to_owned(),
        ),
    };
    let (asks, wait) = humanize_pause(wait_millis);
    let why = match status {
        504 | 524 => "Exchange did not answer it in time",
        _ => "it got no usable answer from Exchange",
    };
    words(
        title,
        format!("{who} answered HTTP {status} in place of Exchange: {why}.{asks}"),
    )
    .step(format!("Wait {wait} and try again; saved connections go on by themselves."))
    .step("Look into the log of that proxy for this time: it names the Exchange server that it tried, and what went wrong.")
    .step("Let it wait 120 seconds for an answer of /EWS, if the calls are cut off by its time limit.")
    .step("Check that the Exchange server behind it runs and is one of those it passes calls on to.")
}

fn out_of_step(response_code: &str) -> AdviceBuilder {
    words(
        "Exchange lost track of what Kalends had read.",
        format!(
            "The server answered {}: a mark or an id from an earlier answer no longer counts. That happens when a mailbox is restored, moved or changed at the same moment. Kalends reads the calendar afresh.",
            shown(response_code)
        ),
    )
    .step("Wait a minute: nothing needs to be done.")
    .step("Tell the Exchange administrator, if it stays for hours; the mailbox may need a repair.")
}

fn timed_out(seconds: u64, operation: Option<&str>) -> AdviceBuilder {
    let to = operation.map_or_else(String::new, |it| {
        format!(" for the answer to {}", shown(it))
    });
    words(
        "Exchange took too long to answer.",
        format!("Kalends waited {seconds} seconds{to}. The server is slow or overloaded, or something on the way holds the answer back."),
    )
    .step("Try again in a few minutes.")
    .step("Check the load of the server and proxies in between, if it stays.")
    .find_out("Test-ServiceHealth")
}

fn cut_short() -> AdviceBuilder {
    words(
        "The connection broke while Exchange answered.",
        "The answer did not arrive as a whole, so Kalends threw it away. Restarts and proxies with short time limits cause this.",
    )
    .step("Try again; saved connections do so by themselves.")
    .step("Check the time limits of proxies and load balancers in between, if it stays.")
}

fn account_in_use() -> AdviceBuilder {
    words(
        "Another test or sync of this account is running.",
        "Only one at a time signs in with an account, so that a changed password is refused once. Nothing was sent for this test. Exchange is slow to answer the other one.",
    )
    .step("Try again in 60 seconds: a test ends after five minutes at the latest, and a sync lets people go first.")
}

fn interrupted() -> AdviceBuilder {
    words(
        "The test was cut off before its end.",
        "Kalends was stopped or restarted meanwhile, or could not use its own databases. A password that was typed was not kept. Exchange is not the cause.",
    )
    .step("Start the test again.")
    .step("Tell whoever runs Kalends, if it happens again: the log says why.")
}
