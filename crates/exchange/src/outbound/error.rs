//! Why no connection came about, as the log says it; people read the advice on it.

use super::limits::CONNECT_LIMIT;
use kalends_core::problem::{Certificate, CertificateFlaw, Target, TlsReason};
use std::net::{IpAddr, SocketAddr};

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not public, and the administrator did not list the host.
    #[error("{address} is {kind}")]
    AddressNotAllowed {
        /// The host that was called.
        host: String,
        /// The port that was called.
        port: u16,
        /// The address it leads to.
        address: IpAddr,
        /// What sort of address that is, in words.
        kind: &'static str,
    },
    /// The name leads to no address.
    #[error("{host} not found")]
    NameNotFound {
        /// The host that was called.
        host: String,
    },
    /// Nothing listens there, or a firewall says no.
    #[error("refused by {}", display_target(.0))]
    Refused(Target),
    /// No answer came to the attempt to connect.
    #[error("no answer from {}", display_target(.0))]
    TimedOut(Target),
    /// The system could not connect, for another reason.
    #[error("{}: {reason}", display_target(.target))]
    Failed {
        /// Where it was tried.
        target: Target,
        /// What the system says.
        reason: String,
    },
    /// TCP stood, and TLS did not come about in time.
    #[error("no TLS within {} s", CONNECT_LIMIT.as_secs())]
    TlsTimedOut,
    /// The certificate is not trusted.
    #[error("{fault}")]
    Certificate {
        /// The host that was called.
        host: String,
        /// What is wrong.
        fault: CertificateFault,
        /// The server's own.
        certificate: Box<Certificate>,
        /// All that the server sent, its own first, at most ten.
        chain: Vec<Certificate>,
    },
    /// No encrypted connection came about, for another reason than a certificate.
    #[error("TLS failed")]
    Tls {
        /// The host that was called.
        host: String,
        /// Why.
        reason: TlsReason,
    },
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// No known authority issued it.
    #[error("unknown issuer")]
    UnknownIssuer,
    /// It does not name the host.
    #[error("made out to other names")]
    WrongName,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It is not valid yet.
    #[error("not valid yet")]
    NotYetValid,
    /// It cannot be used by a server, whoever issued it.
    #[error("not to be used: {0}")]
    Unusable(CertificateFlaw),
}

fn display_target(target: &Target) -> String {
    let address = match target.address.parse() {
        Ok(ip) => SocketAddr::new(ip, target.port).to_string(),
        Err(_) => format!("{}:{}", target.address, target.port),
    };
    match &target.local {
        Some(local) => format!("{address} from {local}"),
        None => address,
    }
}
