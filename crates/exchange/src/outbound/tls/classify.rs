//! What a failed handshake means, from the library's error and the certificates that were shown: total over the
//! library's errors as far as they are told apart, in words of ours for the rest.

use crate::outbound::error::CertificateFault;
use kalends_core::problem::{Certificate, CertificateFlaw, Issuing, TlsReason, capped};
use rustls::{AlertDescription, CertificateError, Error as TlsError, PeerIncompatible};
use x509_parser::{
    certificate::X509Certificate, prelude::parse_x509_certificate, public_key::PublicKey,
};

/// What is wrong with the certificate; `None` where the handshake failed for another reason.
pub(super) fn certificate_fault(
    error: &TlsError,
    certificate: Option<&Certificate>,
    chain: &[Vec<u8>],
) -> Option<CertificateFault> {
    let certificate = certificate?;
    let TlsError::InvalidCertificate(error) = error else {
        return None;
    };
    let unusable = |flaw| Some(CertificateFault::Unusable(flaw));
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(CertificateFault::Expired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(CertificateFault::NotYetValid)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            if certificate.names.is_empty() {
                unusable(CertificateFlaw::NoAlternativeName)
            } else {
                Some(CertificateFault::WrongName)
            }
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            unusable(CertificateFlaw::NotForServers)
        }
        CertificateError::UnhandledCriticalExtension => {
            unusable(CertificateFlaw::CriticalExtension)
        }
        CertificateError::Revoked
        | CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. }
        | CertificateError::InvalidOcspResponse => unusable(CertificateFlaw::Revoked),
        #[expect(deprecated, reason = "the library still has it")]
        CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            unusable(weakness(chain).unwrap_or_else(|| odd_signature(chain)))
        }
        // Another authority of the same name signed it, or a key is of no use for its signatures.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let flaw = weakness(chain).or_else(|| no_authority(chain));
            let flaw = flaw.map(CertificateFault::Unusable);
            Some(flaw.unwrap_or(CertificateFault::UnknownIssuer))
        }
        other => Some(other_fault(other, certificate, chain)),
    }
}

/// A certificate that signs itself is refused under several names, depending on its extensions; an authority's is none
/// of a server, even where the authority is known.
fn other_fault(
    error: &CertificateError,
    certificate: &Certificate,
    chain: &[Vec<u8>],
) -> CertificateFault {
    if let Some(flaw) = weakness(chain).or_else(|| no_authority(chain)) {
        return CertificateFault::Unusable(flaw);
    }
    if certificate.is_authority {
        return CertificateFault::UnknownIssuer;
    }
    // The library names what it found in one word.
    let word = error.to_string();
    let is_limit = ["Constraint", "Maximum", "EndEntityUsedAsCa"]
        .iter()
        .any(|limit| word.contains(limit));
    if is_limit {
        return CertificateFault::Unusable(CertificateFlaw::Constraint);
    }
    if word.contains("CriticalExtension") {
        return CertificateFault::Unusable(CertificateFlaw::CriticalExtension);
    }
    if certificate.names.is_empty() {
        return CertificateFault::Unusable(CertificateFlaw::NoAlternativeName);
    }
    if certificate.is_self_signed() {
        return CertificateFault::UnknownIssuer;
    }
    CertificateFault::Unusable(CertificateFlaw::Malformed)
}

/// Why no encrypted connection came about. `is_certificate_requested`: the server asked for a certificate of ours.
pub(super) fn tls_reason(error: &TlsError, is_certificate_requested: bool) -> TlsReason {
    let other = |because: &str| TlsReason::Other(because.to_owned());
    match error {
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => {
            TlsReason::ClientCertificate
        }
        TlsError::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::NoCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) if is_certificate_requested => TlsReason::ClientCertificate,
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => TlsReason::NoCommonVersion,
        TlsError::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )
        | TlsError::PeerIncompatible(_) => TlsReason::NoCommonCipher,
        TlsError::AlertReceived(AlertDescription::UnrecognisedName) => TlsReason::NameNotServed,
        TlsError::AlertReceived(AlertDescription::CloseNotify) => TlsReason::Closed,
        TlsError::AlertReceived(AlertDescription::InternalError) => {
            other("the server reported trouble of its own")
        }
        TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)
        | TlsError::NoApplicationProtocol => other("the server does not speak HTTP/1.1"),
        TlsError::AlertReceived(_) => other("the server broke it off without a reason of use"),
        TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } => TlsReason::NotTls,
        TlsError::NoCertificatesPresented => other("the server showed no certificate"),
        TlsError::InvalidCertificate(_) => other("the server's certificate cannot be read"),
        TlsError::PeerMisbehaved(_)
        | TlsError::InappropriateHandshakeMessage { .. }
        | TlsError::PeerSentOversizedRecord
        | TlsError::DecryptError => other("the server does not keep to the protocol"),
        TlsError::UnsupportedNameType => other("certificates do not know names like this one"),
        _ => other("of trouble within Kalends"),
    }
}

/// What in a chain is too weak to be taken, the server's own first. The signature of an authority's own certificate is
/// not looked at by anybody.
fn weakness(chain: &[Vec<u8>]) -> Option<CertificateFlaw> {
    chain.iter().enumerate().find_map(|(place, der)| {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let is_root = place > 0 && certificate.subject() == certificate.issuer();
        let signature = (!is_root).then(|| weak_signature(&certificate)).flatten();
        let key = || weak_key(&certificate).map(CertificateFlaw::Key);
        let signature = signature.map(|how| CertificateFlaw::Signature(how.to_owned()));
        let flaw = signature.or_else(key)?;
        Some(of(place, &certificate, flaw))
    })
}

/// The flaw of the certificate at this place of a chain.
fn of(place: usize, certificate: &X509Certificate<'_>, flaw: CertificateFlaw) -> CertificateFlaw {
    if place == 0 {
        return flaw;
    }
    CertificateFlaw::Above {
        subject: capped(&certificate.subject().to_string()),
        flaw: Box::new(flaw),
    }
}

/// The certificate that signed the one before it in a chain, and is none of an authority.
fn no_authority(chain: &[Vec<u8>]) -> Option<CertificateFlaw> {
    let read = |der: &'_ Vec<u8>| -> Option<(String, String, bool)> {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let subject = certificate.subject().to_string();
        Some((
            subject,
            certificate.issuer().to_string(),
            certificate.is_ca(),
        ))
    };
    let chain: Vec<_> = chain.iter().filter_map(read).collect();
    let (below, above) = (chain.iter(), chain.iter().skip(1));
    let (_, (subject, ..)) = below
        .zip(above)
        .find(|((own, issuer, _), (subject, _, is_ca))| {
            issuer == subject && own != subject && !is_ca
        })?;
    Some(CertificateFlaw::NotAnAuthority {
        subject: capped(subject),
    })
}

/// The certificate above the server's that has ended, or has not begun, where the library found it to be that one.
pub(super) fn outside_validity(error: &TlsError, chain: &[Certificate]) -> Option<Issuing> {
    let TlsError::InvalidCertificate(error) = error else {
        return None;
    };
    let is_meant = |certificate: &Certificate| {
        let seconds = |at: kalends_core::clock::Timestamp| u64::try_from(at.millis() / 1000).ok();
        match error {
            CertificateError::ExpiredContext { not_after, .. } => {
                seconds(certificate.not_after) == Some(not_after.as_secs())
            }
            CertificateError::NotValidYetContext { not_before, .. } => {
                seconds(certificate.not_before) == Some(not_before.as_secs())
            }
            _ => false,
        }
    };
    let (own, above) = chain.split_first()?;
    let found = above.iter().find(|certificate| is_meant(certificate))?;
    (!is_meant(own)).then(|| Issuing {
        subject: found.subject.clone(),
        not_before: found.not_before,
        not_after: found.not_after,
    })
}

/// How the first certificate is signed whose signature was refused though it is not weak.
fn odd_signature(chain: &[Vec<u8>]) -> CertificateFlaw {
    /// RSA with SHA-256, 384 and 512, ECDSA with SHA-256 and 384, Ed25519.
    const ACCEPTED_SIGNATURES: [&str; 6] = [
        "1.2.840.113549.1.1.11",
        "1.2.840.113549.1.1.12",
        "1.2.840.113549.1.1.13",
        "1.2.840.10045.4.3.2",
        "1.2.840.10045.4.3.3",
        "1.3.101.112",
    ];
    let id = |certificate: &X509Certificate<'_>| {
        certificate.signature_algorithm.algorithm.to_id_string()
    };
    let named = |id: &str| {
        CertificateFlaw::Signature(match id {
            "1.2.840.113549.1.1.10" => "RSASSA-PSS in an unusual form".to_owned(),
            "1.2.840.10045.4.3.4" => "ECDSA with SHA-512".to_owned(),
            _ => format!("an algorithm that is not known (OID {id})"),
        })
    };
    let odd = chain.iter().enumerate().find_map(|(place, der)| {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let id = id(&certificate);
        let is_root = place > 0 && certificate.subject() == certificate.issuer();
        (!is_root && !ACCEPTED_SIGNATURES.contains(&id.as_str()))
            .then(|| of(place, &certificate, named(&id)))
    });
    let own = || {
        let own = parse_x509_certificate(chain.first()?).ok();
        own.map(|(_, certificate)| named(&id(&certificate)))
    };
    odd.or_else(own).unwrap_or(CertificateFlaw::Malformed)
}

fn weak_signature(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let id = certificate.signature_algorithm.algorithm.to_id_string();
    Some(match id.as_str() {
        "1.2.840.113549.1.1.2" => "MD2 with RSA",
        "1.2.840.113549.1.1.3" => "MD4 with RSA",
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA-1 with RSA",
        "1.2.840.113549.1.1.14" => "SHA-224 with RSA",
        "1.2.840.10045.4.1" => "SHA-1 with ECDSA",
        "1.2.840.10045.4.3.1" => "SHA-224 with ECDSA",
        "1.2.840.10040.4.3" | "2.16.840.1.101.3.4.3.1" | "2.16.840.1.101.3.4.3.2" => "DSA",
        "1.3.101.113" => "Ed448",
        _ => return None,
    })
}

fn weak_key(certificate: &X509Certificate<'_>) -> Option<String> {
    let info = certificate.public_key();
    let id = info.algorithm.algorithm.to_id_string();
    match (id.as_str(), info.parsed().ok()) {
        (_, Some(PublicKey::RSA(rsa))) => {
            // The leading zero of a positive number is none of its bits.
            let digits = rsa.modulus.iter().skip_while(|byte| **byte == 0).count();
            let bits = digits * 8;
            (!(2048..=8192).contains(&bits)).then(|| format!("RSA with {bits} bits"))
        }
        ("1.2.840.10045.2.1", _) => {
            let curve = info.algorithm.parameters.as_ref()?.as_oid().ok();
            let curve = curve.map(|curve| curve.to_id_string()).unwrap_or_default();
            match curve.as_str() {
                "1.2.840.10045.3.1.7" | "1.3.132.0.34" => None,
                "1.3.132.0.35" => Some("ECDSA on the curve P-521".to_owned()),
                "1.3.132.0.10" => Some("ECDSA on the curve secp256k1".to_owned()),
                _ => Some("ECDSA on a curve that is not taken".to_owned()),
            }
        }
        ("1.2.840.10040.4.1", _) => Some("DSA".to_owned()),
        ("1.3.101.113", _) => Some("Ed448".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
