//! Servers whose issuing certificate is what is wrong, and those that want a certificate of the caller by HTTP alone.

use crate::certificates::{HOST, met, server, server_saying, showing};
use kalends_core::{
    advice::{Names, advice},
    problem::{Problem, TlsReason},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A server's certificate from an authority below a known one.
async fn issued_below(of: impl Fn(&mut CertificateParams)) -> Problem {
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.distinguished_name
        .push(DnType::CommonName, "Example Root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
    let mut middle = CertificateParams::new(Vec::new()).unwrap();
    middle
        .distinguished_name
        .push(DnType::CommonName, "Example Issuing");
    middle.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    of(&mut middle);
    let middle = CertifiedIssuer::signed_by(middle, KeyPair::generate().unwrap(), &root).unwrap();
    let mut leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    leaf.distinguished_name.push(DnType::CommonName, HOST);
    (leaf.not_before, leaf.not_after) = (
        rcgen::date_time_ymd(2026, 1, 1),
        rcgen::date_time_ymd(2033, 1, 1),
    );
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &middle).unwrap();
    let chain = leaf.pem() + &middle.pem();
    let at = server(showing(&chain, &key.serialize_pem())).await;
    met(at, &root.pem()).await
}

#[tokio::test]
async fn what_is_wrong_with_an_issuing_certificate_is_told_of_that_one() {
    let day = |year| rcgen::date_time_ymd(year, 1, 1);
    for (from, to, code, end) in [
        (
            2020,
            2024,
            "certificate-expired",
            "expired on 1 January 2024",
        ),
        (
            2030,
            2040,
            "certificate-not-yet-valid",
            "only from 1 January 2030",
        ),
    ] {
        let problem = issued_below(|it| (it.not_before, it.not_after) = (day(from), day(to))).await;
        assert_eq!(problem.code(), code);
        let title = advice(&problem, &Names::default()).title;
        assert!(
            title.contains("Example Issuing") && title.contains(end),
            "{title}"
        );
    }
    for no_authority in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let problem = issued_below(|it| it.is_ca = no_authority).await;
        let title = advice(&problem, &Names::default()).title;
        assert!(
            title.contains("CN=Example Issuing is no certificate authority"),
            "{no_authority:?}: {title}: {problem:?}"
        );
    }
    let good = issued_below(|_| {}).await;
    assert!(!good.code().starts_with("certificate"), "{good:?}");
}

#[tokio::test]
async fn a_certificate_that_is_wanted_by_http_alone_is_told_as_one() {
    let nginx = "400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html";
    let iis = "403 Forbidden\r\nServer: Microsoft-IIS/10.0\r\nContent-Type: text/html";
    for (head, page, is_wanted) in [
        (
            nginx,
            "<html><center>No required SSL certificate was sent</center></html>",
            true,
        ),
        (
            nginx,
            "<html><center>The SSL certificate error</center></html>",
            true,
        ),
        (
            iis,
            "<html><h2>HTTP Error 403.7 - Forbidden</h2></html>",
            true,
        ),
        (
            iis,
            "<html><h2>403 - Forbidden: Access is denied.</h2></html>",
            false,
        ),
        (
            nginx,
            "<html><center>Request Header Or Cookie Too Large</center></html>",
            false,
        ),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        params.is_ca = IsCa::ExplicitNoCa;
        let leaf = params.self_signed(&key).unwrap();
        let answer = format!(
            "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        );
        let config = showing(&leaf.pem(), &key.serialize_pem());
        let problem = met(server_saying(config, answer).await, &leaf.pem()).await;
        let expected = Problem::TlsFailed {
            host: HOST.to_owned(),
            reason: TlsReason::ClientCertificate,
        };
        assert_eq!(problem == expected, is_wanted, "{page}: {problem:?}");
    }
}
