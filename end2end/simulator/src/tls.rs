//! The simulator's own certificate authority and the server certificates that it issues.
//! The authority is kept in a folder that the caller names; the server certificates are issued anew at each start.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::{fault::FaultKind, ntlm};

/// Why no certificates could be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
}

/// Names of the valid certificate.
const CERTIFICATE_NAMES: [&str; 12] = [
    "mail.example.test",
    "autodiscover.example.test",
    "example.test",
    "localhost",
    "127.0.0.1",
    "alt.example.test",
    "ex02.example.test",
    "mail.hosting.test",
    "autodiscover.hosting.test",
    // müller.example.test
    "xn--mller-kva.example.test",
    "mail.xn--mller-kva.example.test",
    "autodiscover.xn--mller-kva.example.test",
];

/// One acceptor for each certificate that may be served.
pub struct ServerCertificates {
    valid: TlsAcceptor,
    /// Another valid certificate: that of a proxy that terminates TLS.
    proxy: TlsAcceptor,
    expired: TlsAcceptor,
    not_yet_valid: TlsAcceptor,
    wrong_name: TlsAcceptor,
    unknown_issuer: TlsAcceptor,
    self_signed: TlsAcceptor,
    own_authority: TlsAcceptor,
    pub ca_pem_path: PathBuf,
    /// The channel binding of the valid certificate.
    pub binding: [u8; 16],
}

impl ServerCertificates {
    /// Reads the authority from `folder`, or creates it there, and issues the certificates.
    pub fn prepare(folder: &Path) -> Result<Self, CertificateError> {
        let ca_pem_path = folder.join("ca.pem");
        let issuer = load_or_create_authority(folder, &ca_pem_path)?;
        let stranger =
            CertifiedIssuer::self_signed(ca_params("Unknown Test CA"), KeyPair::generate()?)?;
        let valid_years = (2020, 2049);
        let key = KeyPair::generate()?;
        let self_signed = leaf_params(&CERTIFICATE_NAMES, valid_years)?.self_signed(&key)?;
        let mut own_authority = leaf_params(&CERTIFICATE_NAMES, valid_years)?;
        own_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_authority = own_authority.self_signed(&key)?;
        let path = folder.join("own-authority.pem");
        fs::write(&path, own_authority.pem())
            .map_err(|source| CertificateError::File { path, source })?;
        let exchange_key = KeyPair::generate()?;
        let exchange =
            leaf_params(&CERTIFICATE_NAMES, valid_years)?.signed_by(&exchange_key, &issuer)?;
        Ok(Self {
            valid: acceptor(&exchange, &exchange_key)?,
            proxy: issue(&CERTIFICATE_NAMES, valid_years, &issuer)?,
            binding: ntlm::channel_binding(exchange.der()),
            expired: issue(&CERTIFICATE_NAMES, (2020, 2021), &issuer)?,
            not_yet_valid: issue(&CERTIFICATE_NAMES, (2048, 2049), &issuer)?,
            wrong_name: issue(&["other.example.test"], valid_years, &issuer)?,
            unknown_issuer: issue(&CERTIFICATE_NAMES, valid_years, &stranger)?,
            self_signed: acceptor(&self_signed, &key)?,
            own_authority: acceptor(&own_authority, &key)?,
            ca_pem_path,
        })
    }

    /// The acceptor for a connection with this planned fault; a proxy may terminate TLS.
    pub fn pick(&self, fault: Option<&FaultKind>, proxied: bool) -> TlsAcceptor {
        match fault {
            Some(FaultKind::CertificateExpired) => &self.expired,
            Some(FaultKind::CertificateNotYetValid) => &self.not_yet_valid,
            Some(FaultKind::CertificateWrongName) => &self.wrong_name,
            Some(FaultKind::CertificateUnknownIssuer) => &self.unknown_issuer,
            Some(FaultKind::CertificateSelfSigned) => &self.self_signed,
            Some(FaultKind::CertificateOwnAuthority) => &self.own_authority,
            _ if proxied => &self.proxy,
            _ => &self.valid,
        }
        .clone()
    }
}

fn load_or_create_authority(
    folder: &Path,
    ca_pem_path: &Path,
) -> Result<Issuer<'static, KeyPair>, CertificateError> {
    let key_path = folder.join("ca.key");
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::File { path, source }
    };
    if ca_pem_path.exists() && key_path.exists() {
        let key = fs::read_to_string(&key_path).map_err(file(&key_path))?;
        let pem = fs::read_to_string(ca_pem_path).map_err(file(ca_pem_path))?;
        return Ok(Issuer::from_ca_cert_pem(&pem, KeyPair::from_pem(&key)?)?);
    }
    fs::create_dir_all(folder).map_err(file(folder))?;
    let key = KeyPair::generate()?;
    let params = ca_params("Kalends Practice CA");
    let certificate = params.self_signed(&key)?;
    write_private(&key_path, &key.serialize_pem()).map_err(file(&key_path))?;
    fs::write(ca_pem_path, certificate.pem()).map_err(file(ca_pem_path))?;
    Ok(Issuer::new(params, key))
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

fn leaf_params(names: &[&str], years: (i32, i32)) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names.clone())?;
    params
        .distinguished_name
        .push(DnType::CommonName, names[0].as_str());
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    Ok(params)
}

fn issue(
    names: &[&str],
    years: (i32, i32),
    issuer: &Issuer<'_, KeyPair>,
) -> Result<TlsAcceptor, CertificateError> {
    let key = KeyPair::generate()?;
    let certificate = leaf_params(names, years)?.signed_by(&key, issuer)?;
    acceptor(&certificate, &key)
}

fn acceptor(certificate: &Certificate, key: &KeyPair) -> Result<TlsAcceptor, CertificateError> {
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
