//! Faults that the control endpoint plans: what goes wrong, for whom and how often.
//! The first plan that fits is used and counted down; one without a number stays until it is cleared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A planned fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    pub kind: Kind,
    /// How often; absent means until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// So many requests that fit pass unharmed first.
    #[serde(default)]
    pub after: u32,
    /// Only requests for this mailbox: the impersonated one, else `X-AnchorMailbox`. Never fits TLS faults.
    #[serde(default)]
    pub only_mailbox: Option<String>,
    /// Only paths that start with this, in any case.
    #[serde(default)]
    pub only_path: Option<String>,
    /// Only requests to this host name.
    #[serde(default)]
    pub only_host: Option<String>,
}

/// What goes wrong; the JSON name is the variant in kebab case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    // While TLS is set up
    /// Accept the TCP connection and close it without a byte.
    NoTls,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateWrongName,
    /// Signed by an authority that nobody was told about.
    CertificateUnknownIssuer,
    CertificateSelfSigned,
    /// Self-signed with CA:TRUE, as `openssl req -x509` makes it.
    CertificateOwnAuthority,

    // In front of Exchange, before the sign-in
    /// 503 with HTML.
    Unavailable {
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// 500 with HTML "Server Error in '/EWS' Application".
    ServerError,
    /// 200 with an HTML sign-in page.
    LoginPage,
    /// 401 of another web server, which takes Basic and knows nobody; no sign-in is counted.
    WebHost,
    /// 302 to `/owa/auth/logon.aspx`.
    OwaRedirect,
    /// 302 to `/adfs/ls/`.
    AdfsRedirect,
    NotFound,
    Forbidden,
    /// 302 to this address.
    Redirect {
        to: String,
    },
    /// 440.
    LoginTimeout,
    /// 401 although the credentials may be right; no sign-in is counted.
    Unauthorized,
    /// A proxy answers with this status in place of Exchange, and names itself as far as told.
    Proxy {
        status: u16,
        #[serde(default)]
        server: Option<String>,
        #[serde(default)]
        via: Option<String>,
    },
    /// A page with this status and whatever `Retry-After` says.
    RetryLater {
        status: u16,
        retry_after: String,
    },
    /// Exchange's own front end cannot route the signed-in request and says so in `X-CasErrorCode` alone.
    CasError {
        /// The server behind says it, in `X-BEServerException`.
        #[serde(default)]
        is_behind: bool,
        status: u16,
        code: String,
    },

    // Inside Exchange, after the impersonation check
    /// Fault `ErrorServerBusy`.
    Throttled {
        /// `BackOffMilliseconds`; absent means the value is missing.
        #[serde(default)]
        back_off: Option<u64>,
    },
    /// A fault with any code.
    SoapFault {
        code: String,
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        shape: FaultShape,
    },
    /// A response message of class Error with any code.
    ResponseCode {
        code: String,
        #[serde(default)]
        message: Option<String>,
    },
    /// A fault with any code and further values; `nested` puts them one level deeper.
    DetailedFault {
        code: String,
        values: BTreeMap<String, String>,
        #[serde(default)]
        nested: bool,
    },
    /// A response message of class Error with any code, a text, and further values.
    DetailedMessage {
        code: String,
        #[serde(default)]
        message: String,
        values: BTreeMap<String, String>,
        #[serde(default)]
        nested: bool,
    },
    /// Requests of a newer schema than `newest` are refused with this code, as by an older mailbox server of a farm.
    OldSchema {
        code: String,
        newest: String,
        #[serde(default)]
        as_fault: bool,
    },
    /// Requests that name this property are refused with this code.
    RefusedProperty {
        code: String,
        property: String,
    },
    /// POX Autodiscover answers with this error block.
    AutodiscoverError {
        code: u16,
    },

    // On the way back
    /// Wait before the first byte.
    Slow {
        milliseconds: u64,
    },
    /// Send a few bytes, pause, and so on.
    SlowDrip {
        bytes: usize,
        milliseconds: u64,
    },
    /// Half of the body, then a TCP reset.
    ResetMidBody,
    /// A TCP reset in place of an answer.
    ResetBeforeAnswer,
    /// Half of the body, then the end of the connection.
    Truncated {
        #[serde(default)]
        framing: Framing,
    },
    /// Not well-formed XML with status 200.
    Garbled,
    /// A body padded to at least this size.
    Oversized {
        bytes: usize,
    },
    /// A byte-order mark before the declaration.
    Bom,
    /// This text before everything else.
    Preceded {
        text: String,
    },
    /// In UTF-16, with a byte-order mark or without one.
    Utf16 {
        big_endian: bool,
        mark: bool,
    },
    /// Another content type than the right one; empty sends none.
    ContentType {
        content_type: String,
    },
    /// The body is packed, asked for or not.
    Encoded {
        encoding: Encoding,
    },
    /// Other prefixes for the same namespaces.
    PrefixShuffle,
    /// `ServerVersionInfo` of Exchange Online.
    ExchangeOnline,
}

/// How a body is packed, and what is said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    Gzip,
    /// `deflate` as the standard has it, within zlib.
    Zlib,
    /// `deflate` as some servers send it, without zlib.
    Deflate,
    /// Twice.
    GzipGzip,
    /// Packed, and no header says so.
    UntoldGzip,
    /// Said to be packed, and not.
    OnlySaidGzip,
    /// Packed, and cut off in the middle.
    TornGzip,
    /// A few kilobytes that unpack to 64 MiB.
    Bomb,
    /// A kind that nobody knows.
    Unknown,
}

/// How much of a fault is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultShape {
    #[default]
    Full,
    /// An empty `detail`.
    EmptyDetail,
    /// Only `faultcode` and `faultstring`.
    Bare,
    /// All of it, with HTTP status 200.
    Http200,
    /// All of it, with HTTP status 403.
    Http403,
    /// All of it as plain text, with HTTP status 500.
    Plain500,
    /// All of it as plain text, with HTTP status 503.
    Plain503,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// The last chunk never comes.
    #[default]
    Chunked,
    /// `Content-Length` promises more than is sent.
    ContentLength,
}

/// Where a fault takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Connection,
    Front,
    /// Between the sign-in and the operation.
    Routing,
    Operation,
    Answer,
}

/// What a plan is matched against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Target<'a> {
    pub path: &'a str,
    pub host: &'a str,
    pub mailbox: Option<&'a str>,
}

#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Plan>);

impl Kind {
    fn stage(&self) -> Stage {
        match self {
            Self::NoTls
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateWrongName
            | Self::CertificateUnknownIssuer
            | Self::CertificateSelfSigned
            | Self::CertificateOwnAuthority => Stage::Connection,
            Self::Unavailable { .. }
            | Self::ServerError
            | Self::LoginPage
            | Self::WebHost
            | Self::OwaRedirect
            | Self::AdfsRedirect
            | Self::NotFound
            | Self::Forbidden
            | Self::LoginTimeout
            | Self::Redirect { .. }
            | Self::Unauthorized
            | Self::Proxy { .. }
            | Self::RetryLater { .. } => Stage::Front,
            Self::CasError { .. } => Stage::Routing,
            Self::Throttled { .. }
            | Self::SoapFault { .. }
            | Self::ResponseCode { .. }
            | Self::DetailedFault { .. }
            | Self::DetailedMessage { .. }
            | Self::OldSchema { .. }
            | Self::RefusedProperty { .. }
            | Self::AutodiscoverError { .. } => Stage::Operation,
            Self::Slow { .. }
            | Self::SlowDrip { .. }
            | Self::ResetMidBody
            | Self::ResetBeforeAnswer
            | Self::Truncated { .. }
            | Self::Garbled
            | Self::Oversized { .. }
            | Self::Bom
            | Self::Preceded { .. }
            | Self::Utf16 { .. }
            | Self::ContentType { .. }
            | Self::Encoded { .. }
            | Self::PrefixShuffle
            | Self::ExchangeOnline => Stage::Answer,
        }
    }
}

impl Plan {
    /// Every request, until cleared.
    pub fn always(kind: Kind) -> Self {
        Self {
            kind,
            times: None,
            after: 0,
            only_mailbox: None,
            only_path: None,
            only_host: None,
        }
    }

    /// The next request alone.
    pub fn once(kind: Kind) -> Self {
        Self {
            times: Some(1),
            ..Self::always(kind)
        }
    }

    fn fits(&self, target: Target<'_>) -> bool {
        let path = self.only_path.as_ref().is_none_or(|path| {
            target
                .path
                .get(..path.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(path))
        });
        let host = self
            .only_host
            .as_ref()
            .is_none_or(|host| host.eq_ignore_ascii_case(target.host));
        let mailbox = self.only_mailbox.as_ref().is_none_or(|mailbox| {
            target
                .mailbox
                .is_some_and(|address| address.eq_ignore_ascii_case(mailbox))
        });
        path && host && mailbox && self.times != Some(0)
    }
}

impl Faults {
    pub fn plan(&mut self, plan: Plan) {
        self.0.push(plan);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn plans(&self) -> &[Plan] {
        &self.0
    }

    /// Takes the first fault of a stage that fits, and counts it down.
    pub(crate) fn take(&mut self, stage: Stage, target: Target<'_>) -> Option<Kind> {
        self.take_if(stage, target, |_| true)
    }

    /// As [`Faults::take`], for those of the stage that `wanted` accepts.
    pub(crate) fn take_if(
        &mut self,
        stage: Stage,
        target: Target<'_>,
        wanted: impl Fn(&Kind) -> bool,
    ) -> Option<Kind> {
        let plan = self.0.iter_mut().find_map(|plan| {
            if plan.kind.stage() != stage || !wanted(&plan.kind) || !plan.fits(target) {
                return None;
            }
            let passes = plan.after > 0;
            plan.after = plan.after.saturating_sub(1);
            (!passes).then_some(plan)
        })?;
        if let Some(times) = &mut plan.times {
            *times -= 1;
        }
        let kind = plan.kind.clone();
        self.0.retain(|plan| plan.times != Some(0));
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_used_as_often_as_it_says_and_only_where_it_fits() {
        let mut faults = Faults::default();
        faults.plan(Plan {
            only_path: Some("/ews".to_owned()),
            ..Plan::once(Kind::NotFound)
        });
        let ews = Target {
            path: "/EWS/Exchange.asmx",
            ..Target::default()
        };
        let other = Target {
            path: "/autodiscover/autodiscover.xml",
            ..Target::default()
        };
        assert_eq!(faults.take(Stage::Front, other), None);
        assert_eq!(faults.take(Stage::Answer, ews), None);
        assert_eq!(faults.take(Stage::Front, ews), Some(Kind::NotFound));
        assert_eq!(faults.take(Stage::Front, ews), None);
    }

    #[test]
    fn plans_are_read_from_flat_json() {
        let plan: Plan = serde_json::from_str(
            r#"{"kind":"soap-fault","code":"ErrorServerBusy","shape":"http200","times":2}"#,
        )
        .unwrap();
        assert_eq!(plan.times, Some(2));
        assert_eq!(
            plan.kind,
            Kind::SoapFault {
                code: "ErrorServerBusy".to_owned(),
                message: None,
                shape: FaultShape::Http200
            }
        );
    }
}
