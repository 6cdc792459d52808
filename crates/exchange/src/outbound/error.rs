//! Why no connection came about, as the log says it; people read the advice on it.

use super::connect_limit::CONNECT_LIMIT;
use kalends_core::problem::{Certificate, CertificateFlaw, Target, TlsReason};
use std::net::{IpAddr, SocketAddr};

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("{address} is {kind}")]
    AddressNotAllowed {
        host: String,
        port: u16,
        address: IpAddr,
        kind: &'static str,
    },
    #[error("{host} not found")]
    NameNotFound { host: String },
    #[error("refused by {}", shown(.0))]
    Refused(Target),
    #[error("no answer from {}", shown(.0))]
    TimedOut(Target),
    #[error("{}: {reason}", shown(.target))]
    Failed { target: Target, reason: String },
    #[error("no TLS within {} s", CONNECT_LIMIT.as_secs())]
    TlsTimedOut,
    #[error("{fault}")]
    Certificate {
        host: String,
        fault: CertificateFault,
        certificate: Box<Certificate>,
        /// All that the server sent, its own first, at most ten.
        chain: Vec<Certificate>,
    },
    #[error("TLS failed")]
    Tls { host: String, reason: TlsReason },
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    #[error("unknown issuer")]
    UnknownIssuer,
    #[error("made out to other names")]
    WrongName,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYetValid,
    #[error("not to be used: {0}")]
    Unusable(CertificateFlaw),
}

fn shown(target: &Target) -> String {
    let address = match target.address.parse() {
        Ok(ip) => SocketAddr::new(ip, target.port).to_string(),
        Err(_) => format!("{}:{}", target.address, target.port),
    };
    match &target.local {
        Some(local) => format!("{address} from {local}"),
        None => address,
    }
}
