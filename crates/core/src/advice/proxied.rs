//! Words for proxies that part what NTLM needs together: it signs in one connection, from the caller to Exchange.

use super::{
    certificate,
    names::Names,
    powershell::quote_or,
    wording::{AdviceBuilder, Purpose, shown, words},
};
use crate::problem::{Certificate, CertificateBefore, Problem};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem, names: &Names) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::ProxyForbids { proxy } => forbids(proxy, names),
        Problem::AnsweredWithoutSignIn { proxy } => answered(proxy.as_deref(), names),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    vec![
        Problem::AnsweredWithoutSignIn {
            proxy: Some("nginx/1.22.1".to_owned()),
        },
        Problem::AnsweredWithoutSignIn { proxy: None },
        Problem::ProxyForbids {
            proxy: "cloudflare".to_owned(),
        },
    ]
}

const PASS_THROUGH: &str = "Have the proxy pass the connection through as it is (TCP), so that each caller has one of its own: in nginx the module stream in place of proxy_pass, in HAProxy mode tcp; Exchange then shows its own certificate.";
const OWN_CONNECTION: &str = "Or have it keep a connection of its own for each caller: nginx Plus by ntlm in the upstream, HAProxy by http-reuse never, F5 without OneConnect, NetScaler by -conMultiplex DISABLED, Squid by connection-auth=on, ARR without shared connections. nginx without Plus cannot, neither with keepalive nor without; nor can Apache.";
const AROUND: &str =
    "Or name an Exchange server that is reached without the proxy as the Exchange server.";

/// A bare 401 after the whole handshake, through a proxy.
pub(super) fn refused(
    proxy: &str,
    told: &str,
    changed: Option<(&Certificate, &CertificateBefore)>,
) -> AdviceBuilder {
    let proxy = shown(proxy);
    let advice = words(
        format!("The sign-in was refused behind {proxy}, and the password may well be right."),
        format!(
            "The answers come through a proxy, which their headers give away: {proxy}. NTLM signs in one connection, by two messages; a proxy that takes another connection to Exchange for the second, as nginx does with proxy_pass, has every password refused. {told}"
        ),
    );
    let advice = match changed {
        Some((now, before)) => advice.step(format!(
            "{} {}",
            certificate::change(now, before),
            certificate::SOMETHING_BETWEEN
        )),
        None => advice,
    };
    advice
    .step(PASS_THROUGH)
    .step(OWN_CONNECTION)
    .step(AROUND)
    .step("Or turn on Basic for EWS, which needs no such connection: Set-WebServicesVirtualDirectory with -BasicAuthentication $true. Kalends uses it once you allow it for the account, on the page of the failed test.")
}

/// For a password that worked before.
pub(super) fn changed_since(proxy: &str) -> String {
    format!(
        "If the password is the right one, ask whoever runs the proxy ({}) whether it was put there or changed since: one that takes another connection to Exchange for each request has every password refused.",
        shown(proxy)
    )
}

/// It refuses the call itself, or hands on that Exchange does.
fn forbids(proxy: &str, names: &Names) -> AdviceBuilder {
    let proxy = shown(proxy);
    let mailbox = quote_or(&names.mailbox, "MAILBOX");
    words(
        format!("The proxy {proxy} does not let Kalends in (403)."),
        format!(
            "{proxy} answered in its own name, and nothing in the answer is Exchange’s: a rule of it refuses the call, such as one on addresses, countries, programs or paths."
        ),
    )
    .step("Look into the log of that proxy for this time: it names the rule that refused the call.")
    .step("Let calls of Kalends pass to /EWS and /Autodiscover: by the address of its server, or by its name (User-Agent Kalends).")
    .step("Check whether EWS is on for the mailbox, if the proxy passed the call on: the command.")
    .find_out(format!("Get-CASMailbox {mailbox} | Format-List Ews*"))
}

/// A hole: it is told as one.
fn answered(proxy: Option<&str>, names: &Names) -> AdviceBuilder {
    let who = proxy.map_or_else(
        || "Something in front of Exchange, or Exchange itself,".to_owned(),
        |proxy| format!("The proxy in front of Exchange ({})", shown(proxy)),
    );
    let url = if names.endpoint.is_empty() {
        "https://mail.example.com/EWS/Exchange.asmx".to_owned()
    } else {
        shown(&names.endpoint)
    };
    words(
        "Security hole: calls without any sign-in are answered.",
        format!(
            "{who} lets callers in who have not signed in. Mostly a proxy keeps connections on which somebody has signed in by NTLM, and hands them to whoever calls next: anybody can then read what that person may read. Kalends sends no password there."
        ),
    )
    .step("Close this way from outside until it is mended; whoever could reach it may have read mailboxes.")
    .step("Turn off the pool of kept connections: in nginx remove keepalive from the upstream, in HAProxy set http-reuse never, in Apache set disablereuse=on. That alone closes the hole; NTLM needs one of the next steps, too.")
    .step(PASS_THROUGH)
    .step("Or have it keep a connection of its own for each caller: nginx Plus by ntlm in the upstream; nginx without Plus cannot.")
    .step("Without a proxy: turn off anonymous sign-in for EWS in IIS (site, EWS, Authentication).")
    .command(
        Purpose::FindOut,
        "In a shell; more than once: anything but 401 shows the hole",
        format!("curl -s -o /dev/null -w '%{{http_code}}\\n' -H 'Content-Type: text/xml' -d '<x/>' {}", quoted(&url)),
    )
}

/// For a shell: within quotes, without any.
fn quoted(url: &str) -> String {
    let plain: String = url.chars().filter(|c| *c != '\'').collect();
    format!("'{plain}'")
}
