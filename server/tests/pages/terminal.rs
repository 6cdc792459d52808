//! What a certificate says reaches the terminal as text: nothing in it moves, colours or turns around what stands beside
//! it.

use crate::program::{ALICE, BOB, Ended, Place};
use kalends_simulator::world::practice::SERVICE_PASSWORD;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{fs, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Clears the screen, turns the direction of writing, and the same by their single characters.
const TRICKS: &str = "first\u{1b}[2J\u{202e}second\u{9b}31m\u{2067}third\u{7}\rlast";

/// A server that shows a certificate with such a name, and nothing else.
async fn server_with_a_name(name: &str) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["mail.example.test".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The client turns away.
            drop(acceptor.accept(stream).await);
        }
    });
    at
}

/// Everything that the doctor says and writes.
fn doctor(place: &Place) -> String {
    let report = place.path().join("report.txt");
    let _ = fs::remove_file(&report);
    let words = [
        "doctor",
        "--mailbox",
        BOB.email,
        "--account",
        "svc-kalends@example.test",
        "--endpoint",
        "mail.example.test",
        "--report",
        report.to_str().unwrap(),
    ];
    let Ended { out, err, .. } = place.run(&words, SERVICE_PASSWORD);
    out + &err + &fs::read_to_string(report).unwrap()
}

fn assert_is_text(said: &str) {
    assert!(said.contains("first"), "{said:?}");
    let moves = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let found = said.chars().find(|c| moves(*c) || turns(*c));
    assert_eq!(found, None, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_in_a_certificate_is_shown_without_what_moves_or_turns() {
    let mut place = Place::of(&[ALICE]);
    let at = server_with_a_name(TRICKS).await;
    place.set("KALENDS_EXCHANGE_HOSTS", "mail.example.test");
    let rule = format!("mail.example.test:443={at}");
    place.set("KALENDS_EXCHANGE_CONNECT_TO", &rule);
    assert_is_text(&doctor(&place));
}
