//! The simulator's own certificate authority and the leaves it serves.
//! The authority lies in a folder of the caller and is used again; leaves are made at each start.

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

use crate::{fault::Kind, ntlm};

/// Why no certificates could be made or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
}

/// Names of the ordinary leaf.
const NAMES: [&str; 12] = [
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

/// One acceptor for each leaf that may be served.
pub struct Leaves {
    good: TlsAcceptor,
    /// As valid as the good one, and another: what a proxy shows that ends TLS itself.
    proxy: TlsAcceptor,
    expired: TlsAcceptor,
    not_yet: TlsAcceptor,
    wrong_name: TlsAcceptor,
    unknown_issuer: TlsAcceptor,
    self_signed: TlsAcceptor,
    own_authority: TlsAcceptor,
    pub ca_pem_path: PathBuf,
    /// What a sign-in over the good leaf is bound to.
    pub binding: [u8; 16],
}

impl Leaves {
    /// Reads the authority in `folder`, or makes it there, and issues the leaves.
    pub fn prepare(folder: &Path) -> Result<Self, Error> {
        let ca_pem_path = folder.join("ca.pem");
        let issuer = authority(folder, &ca_pem_path)?;
        let stranger =
            CertifiedIssuer::self_signed(ca_params("Unknown Test CA"), KeyPair::generate()?)?;
        let good = (2020, 2049);
        let key = KeyPair::generate()?;
        let self_signed = leaf_params(&NAMES, good)?.self_signed(&key)?;
        let mut own_authority = leaf_params(&NAMES, good)?;
        own_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_authority = own_authority.self_signed(&key)?;
        let path = folder.join("own-authority.pem");
        fs::write(&path, own_authority.pem()).map_err(|source| Error::File { path, source })?;
        let exchange_key = KeyPair::generate()?;
        let exchange = leaf_params(&NAMES, good)?.signed_by(&exchange_key, &issuer)?;
        Ok(Self {
            good: acceptor(&exchange, &exchange_key)?,
            proxy: issued(&NAMES, good, &issuer)?,
            binding: ntlm::binding(exchange.der()),
            expired: issued(&NAMES, (2020, 2021), &issuer)?,
            not_yet: issued(&NAMES, (2048, 2049), &issuer)?,
            wrong_name: issued(&["other.example.test"], good, &issuer)?,
            unknown_issuer: issued(&NAMES, good, &stranger)?,
            self_signed: acceptor(&self_signed, &key)?,
            own_authority: acceptor(&own_authority, &key)?,
            ca_pem_path,
        })
    }

    /// The acceptor for a connection with this planned fault; a proxy may stand in between.
    pub fn pick(&self, fault: Option<&Kind>, proxied: bool) -> TlsAcceptor {
        match fault {
            Some(Kind::CertificateExpired) => &self.expired,
            Some(Kind::CertificateNotYetValid) => &self.not_yet,
            Some(Kind::CertificateWrongName) => &self.wrong_name,
            Some(Kind::CertificateUnknownIssuer) => &self.unknown_issuer,
            Some(Kind::CertificateSelfSigned) => &self.self_signed,
            Some(Kind::CertificateOwnAuthority) => &self.own_authority,
            _ if proxied => &self.proxy,
            _ => &self.good,
        }
        .clone()
    }
}

fn authority(folder: &Path, ca_pem_path: &Path) -> Result<Issuer<'static, KeyPair>, Error> {
    let key_path = folder.join("ca.key");
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
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

fn issued(
    names: &[&str],
    years: (i32, i32),
    issuer: &Issuer<'_, KeyPair>,
) -> Result<TlsAcceptor, Error> {
    let key = KeyPair::generate()?;
    let certificate = leaf_params(names, years)?.signed_by(&key, issuer)?;
    acceptor(&certificate, &key)
}

fn acceptor(certificate: &Certificate, key: &KeyPair) -> Result<TlsAcceptor, Error> {
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
