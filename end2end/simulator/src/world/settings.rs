//! Switches of the server that the control endpoint turns.
//! The defaults are those of the practice start.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::LockOut;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub struct Settings {
    pub offer: AuthOffer,
    /// Domain of bare account names; without one they are refused.
    pub default_domain: Option<String>,
    pub lock_out: LockOut,
    /// No domain controller is reached: every password is refused, and none is counted as wrong.
    pub directory_down: bool,
    /// How long a password is looked at before it is refused.
    pub slow_refusal_milliseconds: u64,
    /// Take an alias in `PrimarySmtpAddress`, as some builds do, in place of `ErrorNonPrimarySmtpAddress`.
    pub accept_alias_as_primary: bool,
    /// The URL that Autodiscover gives.
    pub ews_url: String,
    /// Objects that one `FindItem` may return.
    pub find_limit: usize,
    /// Longer views end with `ErrorTimeoutExpired`.
    pub slow_view: Option<SignedDuration>,
    /// An entry lies here that makes every view of it end with this code.
    pub damaged: Vec<(Timestamp, String)>,
    /// What a view says about how many entries it holds.
    pub total_items_in_view: Told,
    /// What a view says about being complete.
    pub includes_last_item: Told,
    pub product: Product,
    pub extended_protection: Protection,
    /// The connection ends with the challenge, as behind proxies that keep none.
    pub close_after_challenge: bool,
    /// The challenge of NTLM is cut short, so that nobody can answer it.
    pub garbled_challenge: bool,
    /// A proxy with a certificate of its own ends TLS in front of Exchange.
    pub tls_proxy: bool,
    /// A proxy in front that parts connections.
    pub front: Option<Front>,
    /// Everything but the challenge of NTLM is answered by this server.
    pub second_front_end: Option<String>,
    /// Headers of answers by which the proxy in front gives itself away, in the place of nginx.
    pub front_headers: Vec<(&'static str, &'static str)>,
    /// Where plain http on the same port redirects Autodiscover; without one it answers 404.
    pub http_redirect: Option<String>,
    /// The URL of another Autodiscover host that knows everybody.
    pub autodiscover_url: Option<String>,
    /// Whether the plain-XML form of Autodiscover is served.
    pub pox: bool,
    /// Whether its SOAP form is.
    pub soap_autodiscover: bool,
}

/// What a proxy in front does with its connections to Exchange; it calls itself nginx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Front {
    /// Each request goes over a new one.
    Splits,
    /// Requests of all callers share those that are idle.
    Shares,
}

/// What an attribute of an answer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    Truth,
    /// It is left out.
    Nothing,
    /// This text, whatever is true.
    Always(String),
}

/// What is done about channel bindings (Extended Protection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    None,
    /// A binding that is sent must be right.
    Allow,
    /// Without the right binding nobody signs in by NTLM.
    Require,
}

/// Which authentication schemes a 401 offers, and so takes; Bearer is offered only.
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
    /// `Negotiate` takes no NTLM.
    #[serde(default)]
    pub kerberos_only: bool,
    #[serde(default)]
    pub bearer: bool,
}

/// The Exchange that the simulator says it is.
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
            lock_out: LockOut {
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
            total_items_in_view: Told::Truth,
            includes_last_item: Told::Truth,
            product: Product::Exchange2019,
            // As set up by Exchange 2019 CU14 and later.
            extended_protection: Protection::Allow,
            close_after_challenge: false,
            garbled_challenge: false,
            tls_proxy: false,
            front: None,
            second_front_end: None,
            front_headers: Vec::new(),
            http_redirect: None,
            autodiscover_url: None,
            pox: true,
            soap_autodiscover: true,
        }
    }
}
