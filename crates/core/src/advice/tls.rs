//! Words for encryption that did not come about before a certificate was judged.

use super::{
    certificate::CERTIFICATES,
    wording::{AdviceBuilder, Purpose, SERVER, shown, words},
};
use crate::problem::{Problem, TlsReason};

/// The words for a problem, if this file has them.
pub(super) fn words_of(problem: &Problem) -> Option<AdviceBuilder> {
    Some(match problem {
        Problem::TlsFailed { host, reason } => failed(host, reason),
        _ => return None,
    })
}

/// One example or more of each problem above.
pub(super) fn examples() -> Vec<Problem> {
    let failed = |reason| Problem::TlsFailed {
        host: "mail.example.test".to_owned(),
        reason,
    };
    vec![
        failed(TlsReason::NoCommonVersion),
        failed(TlsReason::NoCommonCipher),
        failed(TlsReason::ClientCertificate),
        failed(TlsReason::NameNotServed),
        failed(TlsReason::Closed),
        failed(TlsReason::NotTls),
        failed(TlsReason::Other("the server broke it off".to_owned())),
    ]
}

const CIPHERS: &str =
    "Get-TlsCipherSuite | Where-Object Name -like 'TLS_ECDHE_*GCM*' | Format-Table Name";
/// `Get-TlsCipherSuite` came with Windows Server 2016, and so did ciphers for RSA certificates that are taken.
const WINDOWS: &str = "Get-CimInstance Win32_OperatingSystem | Format-List Caption,Version";
const OLD_WINDOWS: &str = "Windows Server 2012 R2 and older cannot do it with an RSA certificate: they have no cipher with ECDHE and GCM for one, whatever is turned on. There are three ways out: give Exchange an ECDSA certificate (curve P-256), for which they have such ciphers; put a reverse proxy in front that speaks TLS 1.2 with ECDHE and passes connections on one by one; or move to Windows Server 2016 or newer.";

fn failed(host: &str, reason: &TlsReason) -> AdviceBuilder {
    let host = shown(host);
    match reason {
        TlsReason::NoCommonVersion => words(
            format!("{host} offers no encryption that is safe today."),
            "Kalends speaks TLS 1.2 and 1.3. The server offers only earlier versions, as old Windows servers do until they are configured.",
        )
        .step("Turn on TLS 1.2 on the server, as Microsoft describes for Exchange.")
        .step("Check the load balancer or proxy in front, if there is one: its settings count.")
        .step(OLD_WINDOWS)
        .command(Purpose::FindOut, SERVER, WINDOWS),
        TlsReason::NoCommonCipher => words(
            format!("{host} and Kalends have no cipher in common."),
            "Kalends speaks TLS 1.2 and 1.3, with ECDHE and AES-GCM or ChaCha20 alone. The server takes none of them: it is too old for them, they are turned off, or its certificate has a key for which there are none (DSA, or a curve other than P-256 and P-384).",
        )
        .step("Turn on ciphers with ECDHE and GCM on Windows Server 2016 or newer: the first command shows those that are on.")
        .step(OLD_WINDOWS)
        .step("Check the load balancer or proxy in front, if there is one: its settings count.")
        .step("Check the key of the certificate: the last command. RSA with at least 2048 bits, or ECDSA on P-256 or P-384.")
        .command(Purpose::FindOut, SERVER, CIPHERS)
        .command(Purpose::FindOut, SERVER, WINDOWS)
        .find_out("Get-ExchangeCertificate | Format-List Subject,Services,PublicKeySize,@{n='Key';e={$_.PublicKey.Oid.FriendlyName}}"),
        TlsReason::ClientCertificate => words(
            format!("{host} wants a certificate of the caller."),
            "The server, or a proxy in front of it, lets in only callers that show a certificate of their own (client certificate). Kalends has none, and signs in by user name and password.",
        )
        .step("Turn the demand off for EWS: in IIS (site, EWS, SSL Settings) set client certificates to Ignore, or turn off mutual TLS on the proxy for /EWS and /Autodiscover; let the proxy take calls from Kalends' address alone, if you like.")
        .step("Or name an address of Exchange that asks for none as the Exchange server.")
        .command(
            Purpose::FindOut,
            SERVER,
            "Get-WebConfigurationProperty -PSPath 'IIS:\\Sites\\Default Web Site\\EWS' -Filter system.webServer/security/access -Name sslFlags",
        ),
        TlsReason::NameNotServed => words(
            format!("What answers there serves nothing under the name {host}."),
            "The server or proxy picks what it shows by the name that is called (SNI), and has nothing for this one.",
        )
        .step("Check the Exchange server's name: it must be one that the proxy or IIS is set up for.")
        .step("Add the name to the proxy, or to the https binding of the web site.")
        .command(Purpose::FindOut, SERVER, "Get-WebBinding -Protocol https"),
        TlsReason::Closed => words(
            format!("{host} closed the connection before it was encrypted."),
            "The server accepted the call and hung up at once. Load balancers do that when no server behind them is healthy, firewalls when they dislike the caller, and Windows Server 2012 R2 and older where no cipher is in common.",
        )
        .step("Check the web server (IIS) and its https binding on the Exchange server.")
        .step("Check load balancers and firewalls between Kalends and the server.")
        .step(OLD_WINDOWS)
        .command(Purpose::FindOut, SERVER, "Get-WebBinding -Protocol https"),
        TlsReason::NotTls => words(
            format!("What answers at {host} is not encrypted."),
            "The port speaks another protocol than TLS, such as plain http. Passwords are never sent that way.",
        )
        .step("Check the port of the Exchange server; EWS usually answers at 443.")
        .command(Purpose::FindOut, SERVER, "Get-WebBinding -Protocol https"),
        TlsReason::Other(because) => words(
            format!("No encrypted connection to {host} came about."),
            format!("The encryption (TLS) failed because {}.", shown(because)),
        )
        .step("Check which certificate the server or the proxy in front of it uses, and whether it is meant for servers.")
        .step("Try again later, and ask whoever runs Kalends for its log if it stays.")
        .find_out(CERTIFICATES),
    }
}
