//! What keeps an encrypted connection from coming about, told apart.

use crate::{
    office::{Office, service},
    problems::{Met, meet, with_endpoint, with_fault},
};
use kalends::connect::connection_test::TestRequest;
use kalends_core::{
    advice::{Names, advice},
    problem::{Problem, TlsReason},
};
use kalends_exchange::outbound::{Outbound, OutboundConfig};
use kalends_simulator::fault::FaultKind;

async fn plain_port(name: &'static str) -> Met {
    let office = Office::open_with("127.0.0.1", "").await;
    let endpoint = office.exchange.control_addr.to_string().parse().unwrap();
    meet(
        name,
        office,
        TestRequest {
            endpoint: Some(endpoint),
            ..service()
        },
    )
    .await
}

async fn old_tls(name: &'static str) -> Met {
    // A server that answers every greeting with the alert "protocol version".
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            if stream.read(&mut hello).await.is_ok() {
                drop(stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await);
            }
        }
    });
    let met = with_endpoint(name, "127.0.0.1", "", &at.to_string()).await;
    server.abort();
    met
}

#[tokio::test]
async fn tls_failures_are_told_apart() {
    let reason = |met: Met| match met.failure.problem {
        Problem::TlsFailed { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(with_fault("no tls", FaultKind::NoTls).await),
        TlsReason::Closed
    );
    assert_eq!(reason(plain_port("plain").await), TlsReason::NotTls);
    assert_eq!(reason(old_tls("old").await), TlsReason::NoCommonVersion);
    let met = with_fault("self-signed", FaultKind::CertificateSelfSigned).await;
    let Problem::CertificateUnknownIssuer { certificate, .. } = met.failure.problem else {
        panic!()
    };
    assert_eq!(certificate.issuer, certificate.subject);
    assert!(certificate.names.contains(&"mail.example.test".to_owned()));
}

#[tokio::test]
async fn an_authoritys_certificate_is_no_servers_even_where_it_is_named_as_trusted() {
    let mut office = Office::open().await;
    let file = office
        .exchange
        .ca_pem_path
        .with_file_name("own-authority.pem");
    let rule = format!("mail.example.test:443={}", office.exchange.ews_addr);
    let config = OutboundConfig::parse("", &rule, Some(file)).unwrap();
    office.tools.outbound = Outbound::new(config, office.tools.clock.clone()).unwrap();
    office.always(FaultKind::CertificateOwnAuthority);
    let met = meet("own authority", office, service()).await;
    let told = advice(&met.failure.problem, &Names::default());
    let Problem::CertificateUnknownIssuer { certificate, .. } = met.failure.problem else {
        panic!("{:?}", met.failure.problem)
    };
    assert!(certificate.is_authority && certificate.is_self_signed());
    assert!(
        told.title.contains("self-signed and its own authority"),
        "{told:?}"
    );
    assert!(
        told.commands
            .iter()
            .any(|it| it.text.starts_with("New-ExchangeCertificate"))
    );

    let met = with_fault("self-signed", FaultKind::CertificateSelfSigned).await;
    let told = advice(&met.failure.problem, &Names::default());
    assert!(told.title.contains("self-signed"), "{told:?}");
    assert!(
        told.steps[1].contains("KALENDS_EXCHANGE_CA_FILE"),
        "{told:?}"
    );
}
