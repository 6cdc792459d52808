//! Words for what passes by itself: busy servers, servers in trouble, answers that did not arrive.

use super::{Words, shown, words};

pub(super) fn throttled(wait_millis: u64) -> Words {
    let seconds = wait_millis.div_ceil(1000);
    let wait = match seconds {
        0..=1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    words(
        "Exchange is busy and asks for a pause.",
        format!("The server limits how much one program may ask. Kalends waits {wait}, as it was told, and goes on then."),
    )
    .step(format!("Wait {wait}: nothing needs to be done."))
    .step("Look at the limits for EWS, if it happens every day.")
    .exchange("Get-ThrottlingPolicy | Where-Object ThrottlingPolicyScope -eq 'Global' | Format-List Ews*")
}

pub(super) fn server_error(status: u16, response_code: Option<&str>) -> Words {
    let said = match response_code {
        Some(code) => shown(code),
        None => format!("HTTP {status}"),
    };
    words(
        "Exchange has trouble of its own.",
        format!("The server answered {said}. Restarts, maintenance and databases on the move look like this."),
    )
    .step("Wait a few minutes and try again; saved connections go on by themselves.")
    .step("Check the services and the maintenance state of the server, if it stays.")
    .exchange("Test-ServiceHealth")
    .exchange("Get-ExchangeServer | Get-ServerComponentState | Where-Object State -ne 'Active'")
}

pub(super) fn timed_out(seconds: u64) -> Words {
    words(
        "Exchange took too long to answer.",
        format!("Kalends waited {seconds} seconds. The server is slow or overloaded, or something on the way holds the answer back."),
    )
    .step("Try again in a few minutes.")
    .step("Check the load of the server and proxies in between, if it stays.")
    .exchange("Test-ServiceHealth")
}

pub(super) fn cut_short() -> Words {
    words(
        "The connection broke while Exchange answered.",
        "The answer did not arrive as a whole, so Kalends threw it away. Restarts and proxies with short time limits cause this.",
    )
    .step("Try again; saved connections do so by themselves.")
    .step("Check the time limits of proxies and load balancers in between, if it stays.")
}

pub(super) fn interrupted() -> Words {
    words(
        "Kalends was restarted during the test.",
        "The test did not come to its end, and the password was not kept. Exchange is not the cause.",
    )
    .step("Start the test again.")
}
