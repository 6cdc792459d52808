//! TLS with a memory: the verifier keeps the certificate it was shown, so that a handshake that failed can still be
//! told with issuer, names and dates. No switch turns verification off.

use super::{CertificateFault, OutboundError, SettingError};
use crate::{
    clock::{Clock, Timestamp},
    problem::{Certificate, TlsReason, capped},
};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError,
    ProtocolVersion, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    time_provider::TimeProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::{extensions::GeneralName, prelude::parse_x509_certificate};

const CA_FILE: &str = "KALENDS_EXCHANGE_CA_FILE";
const MAX_NAMES: usize = 20;
/// The most certificates of a chain that are kept.
const MAX_CHAIN: usize = 10;

/// Whom a certificate must be issued by.
pub(super) struct Roots {
    provider: Arc<CryptoProvider>,
    /// `None` where the system has no roots and no file was named: then no certificate is trusted.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    clock: Clock,
}

/// A finished handshake.
pub(super) struct Secured {
    pub stream: TlsStream<TcpStream>,
    pub version: &'static str,
    /// What the server sent, its own first, as far as it could be read.
    pub chain: Vec<Certificate>,
    pub leaf: Vec<u8>,
}

impl Roots {
    pub fn load(ca_file: Option<&Path>, clock: Clock) -> Result<Self, SettingError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            add_file(&mut roots, path)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .ok();
        Ok(Self {
            provider,
            verifier,
            clock,
        })
    }

    pub async fn handshake(&self, host: &str, stream: TcpStream) -> Result<Secured, OutboundError> {
        let failed = |reason| OutboundError::Tls {
            host: host.to_owned(),
            reason,
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(TlsReason::Other(capped(&error.to_string()))))?;
        let recorder = Arc::new(Recorder {
            provider: Arc::clone(&self.provider),
            verifier: self.verifier.clone(),
            sent: Mutex::default(),
        });
        let config = self
            .config(Arc::clone(&recorder))
            .map_err(|error| failed(TlsReason::Other(capped(&error.to_string()))))?;
        let connected = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let sent = recorder.sent();
        let chain: Vec<Certificate> = sent.iter().filter_map(|der| facts(der)).collect();
        let stream = connected.map_err(|error| told(host, &error, chain.clone()))?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        Ok(Secured {
            stream,
            version,
            chain,
            leaf: sent.into_iter().next().unwrap_or_default(),
        })
    }

    fn config(&self, recorder: Arc<Recorder>) -> Result<ClientConfig, TlsError> {
        let time = Arc::new(Time(self.clock.clone()));
        let mut config = ClientConfig::builder_with_details(Arc::clone(&self.provider), time)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(recorder)
            .with_no_client_auth();
        // NTLM and Negotiate do not work over HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), SettingError> {
    let bad = |reason: String| SettingError {
        setting: CA_FILE,
        value: path.display().to_string(),
        reason,
        cure: "Name a file that holds the issuing authority's certificate as PEM (-----BEGIN CERTIFICATE-----).",
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| bad(format!("The file cannot be read: {error}.")))?;
    if certificates.is_empty() {
        return Err(bad("The file holds no certificate.".to_owned()));
    }
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| bad(format!("A certificate in it cannot be used: {error}.")))?;
    }
    Ok(())
}

fn told(host: &str, error: &io::Error, chain: Vec<Certificate>) -> OutboundError {
    let host = host.to_owned();
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    let Some(tls) = tls else {
        return OutboundError::Tls {
            host,
            reason: TlsReason::Closed,
        };
    };
    match (fault(tls, chain.first()), chain.first()) {
        (Some(fault), Some(certificate)) => OutboundError::Certificate {
            host,
            fault,
            certificate: Box::new(certificate.clone()),
            chain,
        },
        _ => OutboundError::Tls {
            host,
            reason: reason(tls),
        },
    }
}

fn fault(error: &TlsError, certificate: Option<&Certificate>) -> Option<CertificateFault> {
    let TlsError::InvalidCertificate(error) = error else {
        return None;
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(CertificateFault::Expired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(CertificateFault::NotYetValid)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(CertificateFault::WrongName)
        }
        // Another authority of the same name signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Some(CertificateFault::UnknownIssuer)
        }
        // A certificate that signs itself is refused under several names, depending on its extensions; an authority's
        // is none of a server, even where the authority is known.
        _ => certificate
            .is_some_and(|certificate| certificate.is_self_signed() || certificate.is_authority)
            .then_some(CertificateFault::UnknownIssuer),
    }
}

fn reason(error: &TlsError) -> TlsReason {
    match error {
        TlsError::PeerIncompatible(_)
        | TlsError::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => TlsReason::NoCommonVersion,
        TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } => TlsReason::NotTls,
        other => TlsReason::Other(capped(&other.to_string())),
    }
}

fn facts(der: &[u8]) -> Option<Certificate> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let names = certificate
        .subject_alternative_name()
        .ok()
        .flatten()
        .map(|extension| {
            let names = extension.value.general_names.iter();
            names.filter_map(name).take(MAX_NAMES).collect()
        });
    let validity = certificate.validity();
    Some(Certificate {
        subject: capped(&certificate.subject().to_string()),
        issuer: capped(&certificate.issuer().to_string()),
        names: names.unwrap_or_default(),
        not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
        fingerprint: Sha256::digest(der)
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
        is_authority: certificate.is_ca(),
        before: None,
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(capped(name)),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

/// Verifies as rustls does and keeps what was sent, whatever comes of it.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    verifier: Option<Arc<WebPkiServerVerifier>>,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl Recorder {
    fn sent(&self) -> Vec<Vec<u8>> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) =
            sent.take(MAX_CHAIN).map(|der| der.to_vec()).collect();
        let Some(verifier) = &self.verifier else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[derive(Debug)]
struct Time(Clock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}
