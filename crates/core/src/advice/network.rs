//! Words for what happens before anybody says a word of TLS: addresses, names and TCP.

use super::{
    powershell::quote,
    wording::{AdviceBuilder, OPERATOR, Purpose, SERVER, shown, words},
};
use crate::problem::{Problem, Target};
use std::net::IpAddr;

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::AddressNotAllowed {
            host,
            port,
            address,
        } => not_allowed(host, *port, address),
        Problem::NameNotFound { host } => name_not_found(host),
        Problem::ConnectionRefused { target } => refused(target),
        Problem::ConnectionTimedOut { target } => timed_out(target),
        Problem::ConnectionFailed { target, reason } => failed(target, reason),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let host = || "mail.example.test".to_owned();
    let target = || Target {
        host: host(),
        port: 443,
        address: "192.0.2.10".to_owned(),
        local: Some("192.0.2.1".to_owned()),
    };
    vec![
        Problem::AddressNotAllowed {
            host: host(),
            port: 443,
            address: "10.0.0.5".to_owned(),
        },
        Problem::NameNotFound { host: host() },
        Problem::ConnectionRefused { target: target() },
        Problem::ConnectionTimedOut { target: target() },
        Problem::ConnectionFailed {
            target: target(),
            reason: "host unreachable".to_owned(),
        },
    ]
}

fn not_allowed(host: &str, port: u16, address: &str) -> AdviceBuilder {
    let (host, address) = (shown(host), shown(address));
    let bare = host.trim_matches(['[', ']']);
    let entry = match (bare.contains(':'), port) {
        (true, 443) => format!("[{bare}]"),
        (true, port) => format!("[{bare}]:{port}"),
        (false, 443) => bare.to_owned(),
        (false, port) => format!("{bare}:{port}"),
    };
    if is_never_exchange(&address) {
        return words(
            format!("Kalends does not call {host}."),
            format!("{address} is an address of the machine itself or of its immediate surroundings. No Exchange server is reached under it."),
        )
        .step("Type the name of the Exchange server, such as mail.example.com.")
        .step("Check where the name leads, if it is the right one.");
    }
    let leads = if address.is_empty() {
        format!("{host} leads to an address inside a network.")
    } else if bare == address.trim_matches(['[', ']']) {
        format!("{address} is an address inside a network.")
    } else {
        format!("{host} leads to {address}, an address inside a network.")
    };
    words(
        format!("Kalends may not call {host} yet."),
        format!(
            "{leads} Kalends calls such addresses only for servers that a Kalends administrator has named, so that nobody can use it to look around in the network."
        ),
    )
    .step(format!(
        "Add {entry} to the setting KALENDS_EXCHANGE_HOSTS and restart Kalends; what stands there already takes the place of HOSTS."
    ))
    .step("Check the server's name if it was not meant to lead there.")
    .command(Purpose::Run, OPERATOR, format!("KALENDS_EXCHANGE_HOSTS=HOSTS,{entry}"))
}

/// This machine, or what it reaches without a router, such as the metadata service of a cloud.
fn is_never_exchange(address: &str) -> bool {
    match address.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            v4.is_link_local()
                || v4.is_loopback()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
        }
        Ok(IpAddr::V6(v6)) => {
            let mapped = v6.to_ipv4_mapped();
            mapped.is_some_and(|v4| v4.is_link_local() || v4.is_loopback())
                || v6.is_unicast_link_local()
                || v6.is_loopback()
                || v6.is_unspecified()
        }
        Err(_) => false,
    }
}

fn name_not_found(host: &str) -> AdviceBuilder {
    let host = shown(host);
    words(
        format!("There is no server named {host}."),
        format!(
            "The name service (DNS) that Kalends asks knows no address for {host}, or did not answer in time."
        ),
    )
    .step("Check the spelling of the Exchange server, or leave it out and let Autodiscover find it.")
    .step("Ask the Exchange administrator for the name that Kalends' machine can resolve; names for the office network may be unknown outside.")
    .command(Purpose::FindOut, "On the machine that runs Kalends", format!("nslookup {}", name_only(&host)))
}

fn refused(target: &Target) -> AdviceBuilder {
    let host = shown(&target.host);
    words(
        format!("{host} refused the connection."),
        format!(
            "{} The machine answered that nothing accepts calls there.",
            called(target)
        ),
    )
    .step("Check the server's name and port; EWS usually answers at port 443.")
    .step("Start the web server (IIS) on the Exchange server if it is stopped.")
    .step(format!(
        "Allow the call in firewalls in between: {}.",
        route(target)
    ))
    .command(Purpose::FindOut, SERVER, "Get-Service W3SVC")
    .command(
        Purpose::FindOut,
        "In PowerShell near Kalends",
        test_connection(target),
    )
}

fn timed_out(target: &Target) -> AdviceBuilder {
    let host = shown(&target.host);
    words(
        format!("{host} did not answer."),
        format!(
            "{} Nothing came back: usually a firewall drops such calls, or the machine is off.",
            called(target)
        ),
    )
    .step("Try again in a few minutes; the server may be starting.")
    .step(format!("Open the firewall for {}.", route(target)))
    .step("Check that the Exchange server runs and has this address.")
    .command(
        Purpose::FindOut,
        "In PowerShell near Kalends",
        test_connection(target),
    )
}

fn failed(target: &Target, reason: &str) -> AdviceBuilder {
    let host = shown(&target.host);
    words(
        format!("{host} could not be reached."),
        format!("{} The network said: {}.", called(target), shown(reason)),
    )
    .step("Try again in a few minutes; networks recover.")
    .step(format!("Check the route: {}.", route(target)))
    .command(
        Purpose::FindOut,
        "In PowerShell near Kalends",
        test_connection(target),
    )
}

fn called(target: &Target) -> String {
    let (address, port) = (shown(&target.address), target.port);
    match &target.local {
        Some(local) => format!(
            "Kalends called {address}, port {port}, from {}.",
            shown(local)
        ),
        None => format!("Kalends called {address}, port {port}."),
    }
}

fn route(target: &Target) -> String {
    let (address, port) = (shown(&target.address), target.port);
    match &target.local {
        Some(local) => format!("TCP from {} to {address}, port {port}", shown(local)),
        None => format!("TCP to {address}, port {port}"),
    }
}

fn test_connection(target: &Target) -> String {
    format!(
        "Test-NetConnection -ComputerName {} -Port {}",
        quote(&target.address),
        target.port
    )
}

/// A host name for a command line: only the characters that a name can have.
fn name_only(host: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
    let name: String = host.chars().filter(kept).collect();
    name.trim_start_matches('-').to_owned()
}
