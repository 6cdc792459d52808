use super::*;
use kalends_core::{
    advice::{Names, advice},
    clock::Timestamp,
    problem::Problem,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    CertRevocationListError, InconsistentKeys, InvalidMessage, OtherError, PeerMisbehaved,
    pki_types::{ServerName, UnixTime, pem::PemObject as _},
};
use std::{sync::Arc, time::Duration};

fn certificate(names: &[&str]) -> (Certificate, Vec<Vec<u8>>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(names.clone()).unwrap();
    let made = params.self_signed(&key).unwrap();
    let seen = Certificate {
        subject: "CN=mail.example.test".to_owned(),
        issuer: "CN=Example CA".to_owned(),
        names,
        not_before: Timestamp::from_seconds(0),
        not_after: Timestamp::from_seconds(4_000_000_000),
        fingerprint: String::new(),
        is_authority: false,
        before: None,
        above: None,
    };
    (seen, vec![made.der().to_vec()])
}

/// What the library may say of a certificate.
fn all_of_certificates() -> Vec<CertificateError> {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(1));
    let other = |word: &'static str| {
        CertificateError::Other(OtherError(Arc::new(std::io::Error::other(word))))
    };
    #[expect(deprecated, reason = "the library still has it")]
    let unsupported = CertificateError::UnsupportedSignatureAlgorithm;
    let mut all = vec![
        CertificateError::BadEncoding,
        CertificateError::Expired,
        CertificateError::ExpiredContext {
            time,
            not_after: time,
        },
        CertificateError::NotValidYet,
        CertificateError::NotValidYetContext {
            time,
            not_before: time,
        },
        CertificateError::Revoked,
        CertificateError::UnhandledCriticalExtension,
        CertificateError::UnknownIssuer,
        CertificateError::UnknownRevocationStatus,
        CertificateError::ExpiredRevocationList,
        CertificateError::ExpiredRevocationListContext {
            time,
            next_update: time,
        },
        CertificateError::BadSignature,
        unsupported,
        CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![1],
            supported_algorithms: vec![],
        },
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![1],
            public_key_algorithm_id: vec![2],
        },
        CertificateError::NotValidForName,
        CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("mail.example.test").unwrap(),
            presented: vec!["DnsName(\"x\")".to_owned()],
        },
        CertificateError::InvalidPurpose,
        CertificateError::InvalidPurposeContext {
            required: rustls::ExtendedKeyPurpose::ServerAuth,
            presented: vec![],
        },
        CertificateError::InvalidOcspResponse,
        CertificateError::ApplicationVerificationFailure,
    ];
    let words = [
        "CaUsedAsEndEntity",
        "EmptyEkuExtension",
        "EndEntityUsedAsCa",
        "ExtensionValueInvalid",
        "InvalidSerialNumber",
        "MalformedDnsIdentifier",
        "MalformedExtensions",
        "MalformedNameConstraint",
        "MaximumPathDepthExceeded",
        "NameConstraintViolation",
        "PathLenConstraintViolated",
        "SignatureAlgorithmMismatch",
        "UnsupportedCertVersion",
        "UnsupportedNameType",
    ];
    all.extend(words.map(other));
    all
}

/// What it may say of a handshake, with every alert.
fn all_of_handshakes() -> Vec<TlsError> {
    let mut all: Vec<TlsError> = (0..=u8::MAX)
        .map(|code| TlsError::AlertReceived(code.into()))
        .collect();
    all.extend([
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType),
        TlsError::InappropriateMessage {
            expect_types: vec![],
            got_type: rustls::ContentType::Alert,
        },
        TlsError::InappropriateHandshakeMessage {
            expect_types: vec![],
            got_type: rustls::HandshakeType::Finished,
        },
        TlsError::NoCertificatesPresented,
        TlsError::UnsupportedNameType,
        TlsError::DecryptError,
        TlsError::EncryptError,
        TlsError::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
        TlsError::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
        TlsError::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon),
        TlsError::PeerMisbehaved(PeerMisbehaved::BadCertChainExtensions),
        TlsError::InvalidCertRevocationList(CertRevocationListError::BadSignature),
        TlsError::General("raw: Foo(Bar { x: [1] })".to_owned()),
        TlsError::FailedToGetCurrentTime,
        TlsError::FailedToGetRandomBytes,
        TlsError::HandshakeNotComplete,
        TlsError::PeerSentOversizedRecord,
        TlsError::NoApplicationProtocol,
        TlsError::BadMaxFragmentSize,
        TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch),
        TlsError::Other(OtherError(Arc::new(std::io::Error::other("Raw(Debug)")))),
    ]);
    all
}

/// Everything that people read of a problem, but for commands.
fn words_of(problem: &Problem) -> String {
    let told = advice(problem, &Names::default());
    [told.title, told.meaning, told.steps.join(" ")].join(" ")
}

fn is_plain(text: &str) -> bool {
    let signs = [
        "{",
        "}",
        "::",
        "Context",
        "Error",
        "DnsName",
        "Some(",
        "Other(",
        "\"",
        "Alert",
        "Raw",
        "[1",
        "invalid peer",
        "received fatal",
        "Violat",
        "Unsupported",
    ];
    !signs.iter().any(|sign| text.contains(sign))
}

fn problem_of(error: &TlsError, certificate: Option<&Certificate>, chain: &[Vec<u8>]) -> Problem {
    let host = "mail.example.test".to_owned();
    let (Some(fault), Some(certificate)) =
        (certificate_fault(error, certificate, chain), certificate)
    else {
        let reason = tls_reason(error, false);
        return Problem::TlsFailed { host, reason };
    };
    let certificate = Box::new(certificate.clone());
    match fault {
        CertificateFault::UnknownIssuer => Problem::CertificateUnknownIssuer { host, certificate },
        CertificateFault::WrongName => Problem::CertificateWrongName { host, certificate },
        CertificateFault::Expired => Problem::CertificateExpired { host, certificate },
        CertificateFault::NotYetValid => Problem::CertificateNotYetValid { host, certificate },
        CertificateFault::Unusable(flaw) => Problem::CertificateUnusable {
            host,
            certificate,
            flaw,
        },
    }
}

#[test]
fn nothing_that_the_library_says_reaches_people_as_it_is() {
    for names in [vec!["mail.example.test"], vec![]] {
        let (seen, chain) = certificate(&names);
        let of_certificates = all_of_certificates().into_iter();
        let of_certificates = of_certificates.map(TlsError::InvalidCertificate);
        for error in of_certificates.chain(all_of_handshakes()) {
            for shown in [Some(&seen), None] {
                let told = words_of(&problem_of(&error, shown, &chain));
                assert!(is_plain(&told), "{error:?}: {told}");
            }
        }
    }
}

#[test]
fn a_certificate_without_alternative_names_is_told_as_one() {
    let (seen, chain) = certificate(&[]);
    let error = TlsError::InvalidCertificate(CertificateError::NotValidForName);
    let told = words_of(&problem_of(&error, Some(&seen), &chain));
    assert!(
        told.contains("a subject alternative name is missing"),
        "{told}"
    );
    assert!(!told.contains("made out to CN="), "{told}");
}

#[test]
fn a_demand_for_a_certificate_of_ours_is_told_only_where_there_was_one() {
    let failure = TlsError::AlertReceived(AlertDescription::HandshakeFailure);
    assert_eq!(tls_reason(&failure, false), TlsReason::NoCommonCipher);
    assert_eq!(tls_reason(&failure, true), TlsReason::ClientCertificate);
    let required = TlsError::AlertReceived(AlertDescription::CertificateRequired);
    assert_eq!(tls_reason(&required, false), TlsReason::ClientCertificate);
}

#[test]
fn what_is_too_weak_is_named() {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/certificates");
        let file = std::fs::File::open(format!("{folder}/{name}.pem")).unwrap();
        let mut lines = std::io::BufReader::new(file);
        let pem = rustls::pki_types::CertificateDer::from_pem_reader(&mut lines);
        pem.unwrap().to_vec()
    };
    let signature = |how: &str| Some(CertificateFlaw::Signature(how.to_owned()));
    let key = |what: &str| Some(CertificateFlaw::Key(what.to_owned()));
    for (name, flaw) in [
        ("sha1", signature("SHA-1 with RSA")),
        ("sha1-by-ca", signature("SHA-1 with RSA")),
        ("md5", signature("MD5 with RSA")),
        ("rsa1024", key("RSA with 1024 bits")),
        ("p521", key("ECDSA on the curve P-521")),
        ("ca", None),
    ] {
        assert_eq!(weakness(&[read(name)]), flaw, "{name}");
    }
    // An authority's own signature is of no matter, what it signs is.
    let good = certificate(&["mail.example.test"]).1.remove(0);
    assert_eq!(weakness(&[good.clone(), read("sha1")]), None);
    let above = weakness(&[good, read("sha1-by-ca")]);
    assert_eq!(
        above,
        signature("SHA-1 with RSA").map(|flaw| CertificateFlaw::Above {
            subject: "CN=mail.example.test".to_owned(),
            flaw: Box::new(flaw),
        })
    );
    // Windows signs so where it is told to use a format of its own.
    let unsupported =
        TlsError::InvalidCertificate(CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![],
            supported_algorithms: vec![],
        });
    let (seen, _) = certificate(&["mail.example.test"]);
    let Some(CertificateFault::Unusable(CertificateFlaw::Signature(how))) =
        certificate_fault(&unsupported, Some(&seen), &[read("pss")])
    else {
        panic!()
    };
    assert!(how.starts_with("RSASSA-PSS"), "{how}");
}
