//! TLS of our own, and the end: what is under way is finished, nothing new begins.

use crate::{
    connect::service_form,
    program::{BOB, Place},
};
use http::StatusCode;
use kalends_simulator::fault::{FaultKind, Plan};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use std::{fs, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// A place that serves TLS, and a client that trusts its certificate alone.
fn place_with_certificate() -> (Place, ClientConfig) {
    let mut place = Place::of(&[BOB]);
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    for (setting, file, content) in [
        ("KALENDS_TLS_CERT", "tls.pem", cert.pem()),
        ("KALENDS_TLS_KEY", "tls.key", signing_key.serialize_pem()),
    ] {
        let path = place.path().join(file);
        fs::write(&path, content).unwrap();
        place.set(setting, &path.display().to_string());
    }
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(cert.der().to_vec()))
        .unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (place, client)
}

#[tokio::test]
async fn with_a_certificate_pages_come_over_tls_and_cookies_stay_there() {
    let (mut place, client) = place_with_certificate();
    // Beyond loopback is allowed with TLS.
    place.set("KALENDS_LISTEN", "0.0.0.0:0");
    let kalends = place.start().await;
    assert!(kalends.url.starts_with("https://"), "{}", kalends.url);
    let origin = kalends.url.replace("0.0.0.0", "localhost");
    let mut browser = crate::browser::Browser::new(&origin).trusting(client);
    let page = browser.open("/sign-in").await;
    let form = page.form("Sign in");
    let form = form.fill("Email", BOB.email).fill("Password", BOB.password);
    let answer = browser.post_body(&form.action, &form.body()).await;
    assert_eq!(answer.leads_to(), "/");
    let cookie = answer.header("set-cookie");
    for part in ["__Host-kalends=", "Secure", "HttpOnly", "Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let hsts = answer.header("strict-transport-security");
    assert!(hsts.starts_with("max-age=31536000"), "{hsts}");
    kalends.stop();
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let (mut place, _) = place_with_certificate();
    let key = place.settings["KALENDS_TLS_KEY"].clone();
    place.set("KALENDS_TLS_CERT", &key);
    let ended = place.run(&["serve"], "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in [
        "KALENDS_TLS_CERT",
        &key,
        "cannot be used",
        "BEGIN CERTIFICATE",
    ] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
    assert!(!ended.out.contains("listens"), "{}", ended.out);
    place.settings.remove("KALENDS_TLS_CERT");
    let ended = place.run(&["serve"], "");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for part in ["KALENDS_TLS_KEY", "set KALENDS_TLS_CERT as well"] {
        assert!(ended.err.contains(part), "{}", ended.err);
    }
}

#[test]
fn what_is_wrong_with_certificate_or_key_is_told_at_its_own_setting() {
    let (other, _) = place_with_certificate();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let der = file("cert.der", &[0x30, 0x82, 1, 2]);
    let cut = file("cut.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n");
    let missing = folder.path().join("none").display().to_string();
    let key_of_another = other.settings["KALENDS_TLS_KEY"].clone();
    for (setting, value, part) in [
        ("KALENDS_TLS_CERT", &der, "openssl x509 -inform der"),
        ("KALENDS_TLS_CERT", &cut, "no whole certificate"),
        ("KALENDS_TLS_CERT", &missing, "name a file"),
        ("KALENDS_TLS_KEY", &missing, "name a file"),
        ("KALENDS_TLS_KEY", &der, "openssl pkey"),
        ("KALENDS_TLS_KEY", &key_of_another, "another certificate"),
    ] {
        let mut place = place_with_certificate().0;
        place.set(setting, value);
        let ended = place.run(&["serve"], "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for part in [setting, value, part] {
            assert!(ended.err.contains(part), "{part}: {}", ended.err);
        }
        for raw in ["KeyMismatch", "no items", "[67", "Usage"] {
            assert!(!ended.err.contains(raw), "{}", ended.err);
        }
    }
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_is_under_way_and_begins_nothing() {
    let mut place = Place::of(&[BOB]);
    let exchange = place.exchange().await;
    let mut kalends = place.start().await;
    let mut browser = kalends.browser_of(&BOB).await;
    let slow = FaultKind::Slow {
        milliseconds: 1_500,
    };
    exchange.world().faults.plan(Plan::once(slow));
    let form = service_form(&mut browser, "bob@example.test").await;
    let answer = browser.post_body(&form.action, &form.body()).await;
    let check = answer.leads_to().to_owned();

    let waiting = tokio::spawn(async move { browser.get(&check).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    kalends.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        TcpStream::connect(kalends.authority()).await.is_err(),
        "nothing new begins"
    );
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.page().heading(), "Connected", "{}", answer.body);
    let code = tokio::task::spawn_blocking(move || (kalends.end(), kalends.log()));
    let (code, log) = code.await.unwrap();
    assert_eq!(code, Some(0), "{log}");
}
