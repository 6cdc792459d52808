use super::*;
use crate::connections::limits::ConnectionLimits;
use axum::routing::{get, post};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const SOON: Duration = Duration::from_millis(50);
/// Longer than any test runs.
const NEVER: Duration = Duration::from_hours(1);

/// Limits of which none ends anything while a test runs.
fn patient() -> ConnectionLimits {
    ConnectionLimits {
        first_header: NEVER,
        header: NEVER,
        idle: NEVER,
        stalled: NEVER,
        may_make_room: NEVER,
        ..ConnectionLimits::for_files(1024)
    }
}

/// Where a server listens that says "here", takes bodies, and sends more than a peer reads unasked.
async fn server(
    limits: ConnectionLimits,
    tls: Option<TlsAcceptor>,
) -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let router = Router::new()
        .route("/", get(async || "here\n"))
        .route("/healthz", get(async || "alive\n"))
        .route("/body", post(async |body: String| body))
        .route("/long", get(async || "x".repeat(64 * 1024 * 1024)));
    let stop = CancellationToken::new();
    let server = ConnectionServer::new(router, Places::new(limits, [].into()), tls, stop.clone());
    tokio::spawn(server.serve(listener, Duration::ZERO));
    (address, stop)
}

/// A connection on which something was sent.
async fn sent(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(bytes).await.expect("sent");
    stream
}

/// Everything until the other side closes; fails where it never does.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let closed = timeout(Duration::from_secs(20), stream.read_to_end(&mut all));
    // A reset is an end as well.
    let _ = closed.await.expect("the connection is closed");
    String::from_utf8_lossy(&all).into_owned()
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut all = String::new();
    while !all.ends_with("here\n") {
        let byte = stream.read_u8().await.expect("an answer");
        all.push(char::from(byte));
    }
    all
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_first_header_that_never_ends_is_given_up() {
    let limits = ConnectionLimits {
        first_header: SOON,
        ..patient()
    };
    let (address, _stop) = server(limits, None).await;
    for begun in [
        "",
        "G",
        "GET / HTTP/1.1\r\nhost: x\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = sent(address, begun.as_bytes()).await;
        assert!(!rest(&mut stream).await.contains("here"), "{begun:?}");
    }
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_given_up() {
    let limits = ConnectionLimits {
        first_header: SOON,
        ..patient()
    };
    let folder = tempfile::tempdir().expect("folder");
    let names = ["localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("cert");
    let (chain, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&chain, cert.pem()).expect("written");
    std::fs::write(&key, signing_key.serialize_pem()).expect("written");
    let tls = crate::connections::acceptor(&chain, &key).expect("certificate");
    let (address, _stop) = server(limits, Some(tls)).await;
    for begun in [&b""[..], &[22, 3, 1], &[22, 3, 1, 2, 0, 1, 0]] {
        assert_eq!(rest(&mut sent(address, begun).await).await, "", "{begun:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_idle_between_requests_is_closed() {
    let limits = ConnectionLimits {
        idle: SOON,
        ..patient()
    };
    let (address, _stop) = server(limits, None).await;
    let mut stream = sent(address, REQUEST).await;
    let said = rest(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
}

#[tokio::test]
async fn a_later_header_that_never_ends_is_given_up() {
    let limits = ConnectionLimits {
        header: SOON,
        ..patient()
    };
    let (address, _stop) = server(limits, None).await;
    let mut stream = sent(address, REQUEST).await;
    answer(&mut stream).await;
    stream.write_all(REQUEST).await.expect("in use");
    answer(&mut stream).await;
    stream.write_all(b"GET / HT").await.expect("half");
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_never_comes_and_an_answer_that_nobody_reads_are_given_up() {
    let limits = ConnectionLimits {
        stalled: SOON,
        ..patient()
    };
    let (address, stop) = server(limits, None).await;
    let half = b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    assert_eq!(rest(&mut sent(address, half).await).await, "");
    let unread = sent(address, b"GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // Its other end is gone although nothing was read.
    unread.readable().await.expect("an answer");
    let mut closed = sent(address, b"").await;
    stop.cancel();
    rest(&mut closed).await;
}

#[tokio::test]
async fn an_http2_connection_without_requests_is_closed() {
    let limits = ConnectionLimits {
        idle: SOON,
        ..patient()
    };
    let (address, _stop) = server(limits, None).await;
    let stream = TcpStream::connect(address).await.expect("connected");
    let io = TokioIo::new(stream);
    let made = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (mut sender, connection) = made.expect("handshake");
    let driven = tokio::spawn(connection);
    let request = hyper::Request::get("http://x/").body(Body::empty());
    let answer = sender.send_request(request.expect("request")).await;
    assert_eq!(answer.expect("answer").status(), 200);
    // The sender is kept: this side would go on.
    let ended = timeout(Duration::from_secs(20), driven).await;
    assert!(ended.is_ok(), "the connection is closed");
    drop(sender);
}

#[tokio::test]
async fn half_requests_shut_nobody_out_and_busy_ones_leave_room_for_health() {
    let limits = ConnectionLimits {
        total: 20,
        ..patient()
    };
    let (address, _stop) = server(limits, None).await;
    let mut half = Vec::new();
    for _ in 0..200 {
        half.push(sent(address, b"GET / HTTP/1.1\r\n").await);
        tokio::task::yield_now().await;
    }
    assert!(
        answer(&mut sent(address, REQUEST).await)
            .await
            .contains("200")
    );
    let mut busy = Vec::new();
    let begun =
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n";
    for _ in 0..20 {
        let mut stream = sent(address, begun).await;
        // It is under way once the body is asked for.
        stream.read_u8().await.expect("continue");
        busy.push(stream);
    }
    let said = rest(&mut sent(address, REQUEST).await).await;
    assert!(
        said.starts_with("HTTP/1.1 503") && said.contains("retry-after"),
        "{said}"
    );
    let health = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let said = rest(&mut sent(address, health).await).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.ends_with("alive\n"),
        "{said}"
    );
}
