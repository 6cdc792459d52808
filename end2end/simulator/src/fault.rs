//! Faults that the control endpoint plans: what goes wrong, for whom and how often.
//! The first plan that matches is used and counted down; one without a number stays until it is cleared.

mod wire_form;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use wire_form::{Encoding, FaultShape, Framing};

/// A planned fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How often; absent means until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many matching requests pass without the fault first.
    #[serde(default)]
    pub after: u32,
    /// Only requests for this mailbox: the impersonated one, else `X-AnchorMailbox`. Never matches TLS faults.
    #[serde(default)]
    pub only_mailbox: Option<String>,
    /// Only paths that start with this, ignoring case.
    #[serde(default)]
    pub only_path: Option<String>,
    /// Only requests to this host name.
    #[serde(default)]
    pub only_host: Option<String>,
}

/// What goes wrong; the JSON name is the variant in kebab case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    // While TLS is set up
    /// Accept the TCP connection and close it without a byte.
    NoTls,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateWrongName,
    /// Signed by an authority that no client trusts.
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
    /// A proxy answers with this status in place of Exchange, with these headers, if any.
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
    /// Send a few bytes at a time, with a pause between them.
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
    /// The body is compressed, whether or not the request asked for it.
    Encoded {
        encoding: Encoding,
    },
    /// Other prefixes for the same namespaces.
    PrefixShuffle,
    /// `ServerVersionInfo` of Exchange Online.
    ExchangeOnline,
}

/// Where a fault takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultStage {
    Connection,
    Front,
    /// Between the sign-in and the operation.
    Routing,
    Operation,
    Answer,
}

/// What a plan is matched against.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestTarget<'a> {
    pub path: &'a str,
    pub host: &'a str,
    pub mailbox: Option<&'a str>,
}

#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Plan>);

impl FaultKind {
    fn stage(&self) -> FaultStage {
        match self {
            Self::NoTls
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateWrongName
            | Self::CertificateUnknownIssuer
            | Self::CertificateSelfSigned
            | Self::CertificateOwnAuthority => FaultStage::Connection,
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
            | Self::RetryLater { .. } => FaultStage::Front,
            Self::CasError { .. } => FaultStage::Routing,
            Self::Throttled { .. }
            | Self::SoapFault { .. }
            | Self::ResponseCode { .. }
            | Self::DetailedFault { .. }
            | Self::DetailedMessage { .. }
            | Self::OldSchema { .. }
            | Self::RefusedProperty { .. }
            | Self::AutodiscoverError { .. } => FaultStage::Operation,
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
            | Self::ExchangeOnline => FaultStage::Answer,
        }
    }
}

impl Plan {
    /// Every request, until cleared.
    pub fn always(kind: FaultKind) -> Self {
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
    pub fn once(kind: FaultKind) -> Self {
        Self {
            times: Some(1),
            ..Self::always(kind)
        }
    }

    fn matches(&self, target: RequestTarget<'_>) -> bool {
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

    /// Takes the first matching fault of a stage, and counts it down.
    pub(crate) fn take(
        &mut self,
        stage: FaultStage,
        target: RequestTarget<'_>,
    ) -> Option<FaultKind> {
        self.take_if(stage, target, |_| true)
    }

    /// As [`Faults::take`], for those of the stage that `wanted` accepts.
    pub(crate) fn take_if(
        &mut self,
        stage: FaultStage,
        target: RequestTarget<'_>,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        let plan = self.0.iter_mut().find_map(|plan| {
            if plan.kind.stage() != stage || !wanted(&plan.kind) || !plan.matches(target) {
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
            ..Plan::once(FaultKind::NotFound)
        });
        let ews = RequestTarget {
            path: "/EWS/Exchange.asmx",
            ..RequestTarget::default()
        };
        let other = RequestTarget {
            path: "/autodiscover/autodiscover.xml",
            ..RequestTarget::default()
        };
        assert_eq!(faults.take(FaultStage::Front, other), None);
        assert_eq!(faults.take(FaultStage::Answer, ews), None);
        assert_eq!(
            faults.take(FaultStage::Front, ews),
            Some(FaultKind::NotFound)
        );
        assert_eq!(faults.take(FaultStage::Front, ews), None);
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
            FaultKind::SoapFault {
                code: "ErrorServerBusy".to_owned(),
                message: None,
                shape: FaultShape::Http200
            }
        );
    }
}
