//! Servers whose certificates cannot be used, or that want one of the caller: each is told for what it is.

use crate::{
    office::{Office, service},
    problems::{Met, meet},
};
use kalends::connect::connection_test::TestRequest;
use kalends_core::{
    advice::{Names, advice},
    clock::{Clock, Timestamp},
    problem::{CertificateFlaw, Problem, TlsReason},
};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, NameConstraints, PKCS_ED25519,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub const HOST: &str = "mail.example.test";
/// Within the days of every certificate here: 1 January 2028.
const NOW: Timestamp = Timestamp::from_seconds(1_830_297_600);

fn fixture(name: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/exchange/tests/fixtures/certificates"
    );
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

/// A server that shows these certificates and answers nothing.
pub async fn server(config: ServerConfig) -> SocketAddr {
    server_saying(config, String::new()).await
}

/// A server that shows these certificates and always says the same.
pub async fn server_saying(config: ServerConfig, answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    at
}

pub fn showing(chain: &str, key: &str) -> ServerConfig {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap);
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let key = ring::sign::any_supported_type(&key).unwrap();
    // Not looked at before it is shown.
    let certified = SingleCertAndKey::from(CertifiedKey::new(chain.collect(), key));
    let config = builder().with_no_client_auth();
    config.with_cert_resolver(Arc::new(certified))
}

/// An office with this server, where this file is trusted.
async fn office(at: SocketAddr, trusted: &str) -> Office {
    let mut office = Office::open().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, trusted).unwrap();
    office.tools.clock = Clock::held(NOW);
    office.tools.outbound = outbound(at, &file, &office.tools.clock);
    office
}

fn request() -> TestRequest {
    TestRequest {
        endpoint: Some(HOST.parse().unwrap()),
        ..service()
    }
}

/// One whose certificate is signed with SHA-1.
pub async fn unusable(name: &'static str) -> Met {
    let at = server(showing(&fixture("sha1.pem"), &fixture("sha1.key"))).await;
    meet(name, office(at, &fixture("sha1.pem")).await, request()).await
}

/// What comes of a check there.
pub async fn met(at: SocketAddr, trusted: &str) -> Problem {
    let office = office(at, trusted).await;
    let problem = office.test(request()).await.1.unwrap_err().problem;
    // Nothing of the password went out.
    assert_eq!(office.heard(), Vec::<String>::new());
    problem
}

fn outbound(at: SocketAddr, file: &Path, clock: &Clock) -> Outbound {
    let rule = format!("{HOST}:443={at}");
    let config = OutboundConfig::parse("", &rule, Some(file.to_owned())).unwrap();
    Outbound::new(config, clock.clone()).unwrap()
}

fn told(problem: &Problem) -> String {
    let told = advice(problem, &Names::default());
    let commands: Vec<String> = told.commands.into_iter().map(|it| it.text).collect();
    let parts = [
        told.title,
        told.meaning,
        told.steps.join(" "),
        commands.join(" "),
    ];
    parts.join(" ")
}

#[track_caller]
fn flaw(problem: &Problem) -> CertificateFlaw {
    let Problem::CertificateUnusable { flaw, .. } = problem else {
        panic!("{problem:?}")
    };
    let told = told(problem);
    assert!(
        told.contains("does not change that") && !told.contains("Kalends does not know it"),
        "{told}"
    );
    flaw.clone()
}

#[tokio::test]
async fn sha_1_is_named_with_how_to_issue_anew_whoever_signed() {
    let sha1 = || CertificateFlaw::Signature("SHA-1 with RSA".to_owned());
    for (shown, trusted) in [
        ("sha1.pem", "sha1.pem"),
        ("sha1.pem", "ca.pem"),
        ("sha1-by-ca.pem", "ca.pem"),
    ] {
        let at = server(showing(&fixture(shown), &fixture("sha1.key"))).await;
        let problem = met(at, &fixture(trusted)).await;
        assert_eq!(flaw(&problem), sha1(), "{shown}");
        let told = told(&problem);
        for words in [
            "SHA-1 with RSA",
            "-HashAlgorithm SHA256",
            "openssl req -x509",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}

/// A certificate of a known authority.
async fn issued(of: impl Fn(&mut CertificateParams), authority: CertificateParams) -> Problem {
    let mut authority = authority;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, HOST);
    of(&mut params);
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let at = server(showing(&leaf.pem(), &key.serialize_pem())).await;
    met(at, &issuer.pem()).await
}

#[tokio::test]
async fn names_purposes_and_conditions_are_told_apart() {
    let plain = || CertificateParams::new(Vec::new()).unwrap();
    let problem = issued(|it| it.subject_alt_names.clear(), plain()).await;
    assert_eq!(flaw(&problem), CertificateFlaw::NoAlternativeName);
    let words = told(&problem);
    assert!(
        words.contains("a subject alternative name is missing"),
        "{words}"
    );
    assert!(
        words.contains("New-SelfSignedCertificate -DnsName 'mail.example.test'"),
        "{words}"
    );
    assert!(!words.contains("Type a name"), "{words}");

    let client = |it: &mut CertificateParams| {
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let problem = issued(client, plain()).await;
    assert_eq!(flaw(&problem), CertificateFlaw::NotForServers);

    let critical = |it: &mut CertificateParams| {
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(true);
        it.custom_extensions.push(extension);
    };
    let problem = issued(critical, plain()).await;
    assert_eq!(flaw(&problem), CertificateFlaw::CriticalExtension);

    let mut limited = plain();
    limited.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let problem = issued(|_| {}, limited).await;
    assert_eq!(flaw(&problem), CertificateFlaw::Constraint);
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_the_caller_is_told_as_one() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let leaf = params.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    let ca = fixture("ca.pem");
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    for version in [&TLS12, &TLS13] {
        let verifier = WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots.clone()),
            Arc::clone(&provider),
        );
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap());
        let shown = vec![leaf.der().clone()];
        let secret = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let at = server(config.with_single_cert(shown, secret).unwrap()).await;
        let problem = met(at, &leaf.pem()).await;
        let expected = Problem::TlsFailed {
            host: HOST.to_owned(),
            reason: TlsReason::ClientCertificate,
        };
        assert_eq!(problem, expected, "{version:?}");
        assert!(told(&problem).contains("wants a certificate of the caller"));
    }
}

#[tokio::test]
async fn a_server_without_a_cipher_in_common_is_told_with_honest_ways_out() {
    // The alert "handshake failure", as old Windows sends it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            if stream.read(&mut hello).await.is_ok() {
                let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]).await;
            }
        }
    });
    let problem = met(at, &fixture("ca.pem")).await;
    let told = told(&problem);
    for words in [
        "2012 R2",
        "ECDSA certificate",
        "reverse proxy",
        "2016 or newer",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[tokio::test]
async fn keys_and_signatures_that_are_not_taken_are_named_whoever_trusts_them() {
    let signature = |how: &str| CertificateFlaw::Signature(how.to_owned());
    let key = |what: &str| CertificateFlaw::Key(what.to_owned());
    for (shown, expected) in [
        ("md5.pem", signature("MD5 with RSA")),
        ("dsa.pem", signature("DSA")),
        ("ed448.pem", signature("Ed448")),
        ("rsa512.pem", key("RSA with 512 bits")),
        ("rsa1024.pem", key("RSA with 1024 bits")),
        ("p521.pem", key("ECDSA on the curve P-521")),
        ("secp256k1.pem", key("ECDSA on the curve secp256k1")),
    ] {
        // The certificate is judged before it is looked at whose key the server has.
        let at = server(showing(&fixture(shown), &fixture("sha1.key"))).await;
        for trusted in [shown, "ca.pem"] {
            let problem = met(at, &fixture(trusted)).await;
            assert_eq!(flaw(&problem), expected, "{shown}, {trusted} trusted");
            let told = told(&problem);
            let (CertificateFlaw::Signature(named) | CertificateFlaw::Key(named)) = &expected
            else {
                panic!()
            };
            for words in [named.as_str(), "openssl req -x509"] {
                assert!(told.contains(words), "{shown}: {words}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn ed25519_is_taken() {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let leaf = params.self_signed(&key).unwrap();
    let at = server(showing(&leaf.pem(), &key.serialize_pem())).await;
    let problem = met(at, &leaf.pem()).await;
    let code = problem.code();
    assert!(
        !code.starts_with("certificate") && code != "tls-failed",
        "{problem:?}"
    );
}

#[tokio::test]
async fn certificates_beyond_their_days_are_told_with_both_days() {
    let day = |year| rcgen::date_time_ymd(year, 1, 1);
    for (from, to, code) in [
        (2020, 2027, "certificate-expired"),
        (2029, 2035, "certificate-not-yet-valid"),
    ] {
        let dated = |it: &mut CertificateParams| {
            (it.not_before, it.not_after) = (day(from), day(to));
        };
        let plain = CertificateParams::new(Vec::new()).unwrap();
        let problem = issued(dated, plain).await;
        assert_eq!(problem.code(), code);
        let told = told(&problem);
        assert!(told.contains(&format!("1 January {from}")), "{told}");
        assert!(told.contains(&format!("1 January {to}")), "{told}");
    }
}
