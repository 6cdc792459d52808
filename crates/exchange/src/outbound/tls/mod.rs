//! TLS with a memory: the verifier keeps the certificate it was shown, so that a handshake that failed can still be
//! told with issuer, names and dates. No switch turns verification off.

mod classify;

use super::{config_error::OutboundConfigError, error::OutboundError};
use kalends_core::{
    clock::{Clock, Timestamp},
    problem::{Certificate, TlsReason, capped},
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, ProtocolVersion,
    RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    sign::CertifiedKey,
    time_provider::TimeProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
pub(super) struct TlsClient {
    provider: Arc<CryptoProvider>,
    /// `None` where the system has no roots and no file was named: then no certificate is trusted.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    clock: Clock,
}

/// A finished handshake.
pub(super) struct TlsSession {
    /// The encrypted stream.
    pub stream: TlsStream<TcpStream>,
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// What the server sent, its own first, as far as it could be read.
    pub chain: Vec<Certificate>,
    /// The server's own certificate (DER).
    pub leaf: Vec<u8>,
    /// The server asked for a certificate of ours.
    pub wants_certificate: bool,
}

impl TlsClient {
    /// Reads the system's roots, and those of a file in PEM.
    pub fn load(ca_file: Option<&Path>, clock: Clock) -> Result<Self, OutboundConfigError> {
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

    /// Secures a stream to a host whose certificate must carry this name.
    pub async fn handshake(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsSession, OutboundError> {
        let failed = |reason| OutboundError::Tls {
            host: host.to_owned(),
            reason,
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            failed(TlsReason::Other(
                "no certificate can have such a name".to_owned(),
            ))
        })?;
        let verifier = Arc::new(RecordingVerifier {
            provider: Arc::clone(&self.provider),
            verifier: self.verifier.clone(),
            sent: Mutex::default(),
        });
        let request = Arc::new(ClientCertificateRequest::default());
        let config = self
            .config(Arc::clone(&verifier), Arc::clone(&request))
            .map_err(|error| failed(classify::tls_reason(&error, false)))?;
        let connected = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let sent = verifier.sent();
        let chain: Vec<Certificate> = sent
            .iter()
            .filter_map(|der| certificate_facts(der))
            .collect();
        let wants_certificate = request.0.load(Ordering::Relaxed);
        let stream = connected.map_err(|error| {
            let failed = FailedHandshake {
                sent: &sent,
                chain: chain.clone(),
                wants_certificate,
            };
            outbound_error(host, &error, failed)
        })?;
        let version = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        Ok(TlsSession {
            stream,
            version,
            chain,
            leaf: sent.into_iter().next().unwrap_or_default(),
            wants_certificate,
        })
    }

    fn config(
        &self,
        verifier: Arc<RecordingVerifier>,
        request: Arc<ClientCertificateRequest>,
    ) -> Result<ClientConfig, TlsError> {
        let time = Arc::new(TlsClock(self.clock.clone()));
        let mut config = ClientConfig::builder_with_details(Arc::clone(&self.provider), time)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(request);
        // NTLM and Negotiate do not work over HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), OutboundConfigError> {
    let bad = |reason: String| OutboundConfigError {
        setting: CA_FILE,
        value: path.display().to_string(),
        reason,
        cure: "Name a file that holds the issuing authority's certificate as PEM (-----BEGIN CERTIFICATE-----).",
    };
    let bytes =
        std::fs::read(path).map_err(|error| bad(format!("The file cannot be read: {error}.")))?;
    // The sign of a sequence.
    if bytes.starts_with(&[0x30]) {
        return Err(bad(
            "The file is in the binary form (DER): openssl x509 -inform der -in FILE -out FILE.pem converts it.".to_owned(),
        ));
    }
    let certificates = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| {
        bad("The file cannot be read: a certificate in it is not whole.".to_owned())
    })?;
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

/// What was seen of a handshake that failed.
struct FailedHandshake<'a> {
    sent: &'a [Vec<u8>],
    chain: Vec<Certificate>,
    wants_certificate: bool,
}

fn outbound_error(host: &str, error: &io::Error, failed: FailedHandshake<'_>) -> OutboundError {
    let host = host.to_owned();
    let FailedHandshake {
        sent,
        chain,
        wants_certificate,
    } = failed;
    let Some(tls) = library_error(error) else {
        let reason = if wants_certificate {
            TlsReason::ClientCertificate
        } else {
            TlsReason::Closed
        };
        return OutboundError::Tls { host, reason };
    };
    match (
        classify::certificate_fault(tls, chain.first(), sent),
        chain.first(),
    ) {
        (Some(fault), Some(certificate)) => OutboundError::Certificate {
            host,
            fault,
            certificate: Box::new(Certificate {
                above: classify::outside_validity(tls, &chain),
                ..certificate.clone()
            }),
            chain,
        },
        _ => OutboundError::Tls {
            host,
            reason: classify::tls_reason(tls, wants_certificate),
        },
    }
}

fn library_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}

/// Whether a connection ended because the server missed a certificate of ours: with TLS 1.3 it says so only after the
/// handshake.
pub(super) fn is_client_certificate_required(error: &io::Error) -> bool {
    library_error(error)
        .is_some_and(|tls| classify::tls_reason(tls, true) == TlsReason::ClientCertificate)
}

fn certificate_facts(der: &[u8]) -> Option<Certificate> {
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
        above: None,
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
struct RecordingVerifier {
    provider: Arc<CryptoProvider>,
    verifier: Option<Arc<WebPkiServerVerifier>>,
    sent: Mutex<Vec<Vec<u8>>>,
}

impl RecordingVerifier {
    fn sent(&self) -> Vec<Vec<u8>> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ServerCertVerifier for RecordingVerifier {
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

/// Has no certificate to show, and notes whether one was asked for.
#[derive(Debug, Default)]
struct ClientCertificateRequest(AtomicBool);

impl ResolvesClientCert for ClientCertificateRequest {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct TlsClock(Clock);

impl TimeProvider for TlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}
