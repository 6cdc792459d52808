//! Settings of the server that the control endpoint and tests change.
//! The defaults are those of the practice start.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::LockoutPolicy;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub struct Settings {
    pub offer: AuthOffer,
    /// Domain of bare account names; without one they are refused.
    pub default_domain: Option<String>,
    pub lock_out: LockoutPolicy,
    /// No domain controller is reached: every password is refused, and none is counted as wrong.
    pub directory_down: bool,
    /// How long the answer to a wrong password is delayed.
    pub slow_refusal_milliseconds: u64,
    /// Take an alias in `PrimarySmtpAddress`, as some builds do, in place of `ErrorNonPrimarySmtpAddress`.
    pub accept_alias_as_primary: bool,
    /// The URL that Autodiscover gives.
    pub ews_url: String,
    /// Objects that one `FindItem` may return.
    pub find_limit: usize,
    /// Longer views end with `ErrorTimeoutExpired`.
    pub slow_view: Option<SignedDuration>,
    /// At these instants lies a damaged entry: every view that covers one ends with its code.
    pub damaged: Vec<(Timestamp, String)>,
    /// What `TotalItemsInView` says.
    pub total_items_in_view: ReportedValue,
    /// What `IncludesLastItemInRange` says.
    pub includes_last_item: ReportedValue,
    pub product: Product,
    pub extended_protection: ExtendedProtection,
    /// The connection closes after the challenge, as behind proxies that keep no connection open.
    pub close_after_challenge: bool,
    /// The NTLM challenge is truncated, so that no client can answer it.
    pub garbled_challenge: bool,
    /// A proxy with a certificate of its own terminates TLS in front of Exchange.
    pub tls_proxy: bool,
    /// A reverse proxy that does not keep one connection to Exchange for each client.
    pub reverse_proxy: Option<ReverseProxy>,
    /// The name of a second server, which answers everything but the NTLM challenge.
    pub second_front_end: Option<String>,
    /// Headers that the reverse proxy adds to answers, instead of naming itself nginx.
    pub reverse_proxy_headers: Vec<(&'static str, &'static str)>,
    /// Where plain http on the same port redirects Autodiscover; without one it answers 404.
    pub http_redirect: Option<String>,
    /// The URL of another Autodiscover host that knows everybody.
    pub autodiscover_url: Option<String>,
    /// Whether the plain-XML form of Autodiscover is served.
    pub pox: bool,
    /// Whether its SOAP form is.
    pub soap_autodiscover: bool,
}

/// How a reverse proxy uses its connections to Exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReverseProxy {
    /// Each request gets a new connection.
    ConnectionPerRequest,
    /// Requests of all clients share the idle connections.
    SharedConnections,
}

/// What an attribute of an answer reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportedValue {
    Truth,
    /// The attribute is left out.
    Nothing,
    /// This text, whether true or not.
    Always(String),
}

/// How channel bindings are checked (Extended Protection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtendedProtection {
    None,
    /// A binding that is sent must be right.
    Allow,
    /// Without the right binding nobody signs in by NTLM.
    Require,
}

/// The authentication schemes that a 401 offers and the server accepts; Bearer is offered but never accepted.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as in IIS"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthOffer {
    pub basic: bool,
    pub ntlm: bool,
    pub negotiate: bool,
    /// `Negotiate` accepts Kerberos alone, no NTLM.
    #[serde(default)]
    pub kerberos_only: bool,
    #[serde(default)]
    pub bearer: bool,
}

/// The product that the simulator claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Product {
    Exchange2013,
    Exchange2016,
    Exchange2019,
    ExchangeSE,
    ExchangeOnline,
}

/// What `ServerVersionInfo` and `X-OWA-Version` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    pub minor: u16,
    pub major_build: u16,
    pub minor_build: u16,
    pub schema: &'static str,
}

impl Product {
    pub fn build(self) -> Build {
        let (minor, major_build, minor_build, schema) = match self {
            Self::Exchange2013 => (0, 1497, 48, "V2_23"),
            Self::Exchange2016 => (1, 2507, 6, "V2017_07_11"),
            Self::Exchange2019 => (2, 1748, 10, "V2017_07_11"),
            Self::ExchangeSE => (2, 2562, 17, "V2017_07_11"),
            Self::ExchangeOnline => (20, 8293, 15, "V2018_01_08"),
        };
        Build {
            minor,
            major_build,
            minor_build,
            schema,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            offer: AuthOffer {
                basic: true,
                ntlm: true,
                negotiate: true,
                kerberos_only: false,
                bearer: false,
            },
            default_domain: None,
            lock_out: LockoutPolicy {
                threshold: Some(5),
                window: SignedDuration::from_mins(30),
            },
            directory_down: false,
            slow_refusal_milliseconds: 0,
            accept_alias_as_primary: false,
            ews_url: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
            find_limit: 1000,
            slow_view: None,
            damaged: Vec::new(),
            total_items_in_view: ReportedValue::Truth,
            includes_last_item: ReportedValue::Truth,
            product: Product::Exchange2019,
            // As set up by Exchange 2019 CU14 and later.
            extended_protection: ExtendedProtection::Allow,
            close_after_challenge: false,
            garbled_challenge: false,
            tls_proxy: false,
            reverse_proxy: None,
            second_front_end: None,
            reverse_proxy_headers: Vec::new(),
            http_redirect: None,
            autodiscover_url: None,
            pox: true,
            soap_autodiscover: true,
        }
    }
}
