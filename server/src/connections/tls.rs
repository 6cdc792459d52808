//! TLS of our own: the certificate and key that the settings name.

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{fs, path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// Why a certificate cannot be served, in words with their cure.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Key(String),
}

/// Serves a certificate chain with its key (PEM), for HTTP/2 and HTTP/1.1.
pub fn acceptor(chain: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let bytes = read(chain).map_err(TlsError::Certificate)?;
    let chain = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| TlsError::Certificate(no_certificate(&bytes)))?;
    let bytes = read(key).map_err(TlsError::Key)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| TlsError::Key(no_key(&bytes)))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Certificate(format!("TLS cannot be set up ({error})")))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refused(&error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| {
        format!("the file cannot be used ({error}): name a file that Kalends can read")
    })
}

/// Binary files of keys and certificates begin with the sign of a sequence.
fn is_der(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x30])
}

fn no_certificate(bytes: &[u8]) -> String {
    if is_der(bytes) {
        return "the file cannot be used: it is in the binary form (DER). Convert it to PEM: openssl x509 -inform der -in FILE -out FILE.pem"
            .to_owned();
    }
    "the file cannot be used: it holds no whole certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"
        .to_owned()
}

fn no_key(bytes: &[u8]) -> String {
    if is_der(bytes) {
        return "the file cannot be used: it is in the binary form (DER). Convert it to PEM: openssl pkey -inform der -in FILE -out FILE.pem"
            .to_owned();
    }
    if String::from_utf8_lossy(bytes).contains("ENCRYPTED") {
        return "the file cannot be used: its key is sealed with a password. Take that off: openssl pkey -in FILE -out FILE.pem"
            .to_owned();
    }
    "the file cannot be used: it holds no whole private key in PEM, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----"
        .to_owned()
}

fn refused(error: &rustls::Error) -> TlsError {
    match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Key(
            "the key cannot be used: it belongs to another certificate than KALENDS_TLS_CERT names. Name the key that the certificate was made for".to_owned(),
        ),
        rustls::Error::InvalidCertificate(_) => TlsError::Certificate(
            "the certificate cannot be used: it cannot be read. Ask whoever made it for another".to_owned(),
        ),
        error => TlsError::Key(format!("certificate and key cannot be used ({error})")),
    }
}
