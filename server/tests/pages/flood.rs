//! Many connections, few files: whoever asks for nothing makes room, and health is always answered.

use crate::program::{ALICE, BOB, Kalends, Place};
use http::StatusCode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// A Kalends that may open few files.
async fn kalends(files: u64) -> (Place, Kalends) {
    // This program holds the other ends.
    let mut own = getrlimit(Resource::Nofile);
    own.current = own.maximum;
    setrlimit(Resource::Nofile, own).unwrap();
    let place = Place::of(&[BOB]);
    let few = Rlimit {
        current: Some(files / 2),
        maximum: Some(files),
    };
    let kalends = place.start_with_files(few).await;
    (place, kalends)
}

async fn begun(kalends: &Kalends, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(kalends.authority()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

async fn is_alive(kalends: &Kalends) -> bool {
    let answer = kalends.browser().get("/healthz").await;
    answer.status == StatusCode::OK && answer.body == "alive\n"
}

#[tokio::test]
async fn the_limit_of_files_is_raised_and_told_where_it_is_low() {
    let (_place, kalends) = kalends(600).await;
    let log = kalends.log();
    assert!(
        log.contains("may open only 600 files") && log.contains("LimitNOFILE"),
        "{log}"
    );
}

#[tokio::test]
async fn half_requests_beyond_all_files_shut_nobody_out() {
    let (_place, kalends) = kalends(400).await;
    let mut half = Vec::new();
    for _ in 0..1127 {
        half.push(begun(&kalends, b"GET / HTTP/1.1\r\nhost: x\r\n").await);
    }
    assert!(is_alive(&kalends).await);
    let page = kalends.browser_of(&BOB).await.open("/profile").await;
    assert_eq!(page.heading(), "Profile Settings");
    assert!(is_alive(&kalends).await);
}

#[tokio::test]
async fn bodies_that_never_come_leave_room_for_health() {
    let (_place, kalends) = kalends(400).await;
    let head = "POST /api/sign_in HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\
                expect: 100-continue\r\n\r\n";
    let mut busy = Vec::new();
    let mut refused = 0;
    for _ in 0..500 {
        let mut stream = begun(&kalends, head.as_bytes()).await;
        // Under way once the body is asked for; without a place it is closed, or told to come back.
        let mut said = [0; 12];
        let read = timeout(Duration::from_secs(20), stream.read_exact(&mut said)).await;
        match read.unwrap() {
            Ok(_) if said == *b"HTTP/1.1 100" => busy.push(stream),
            _ => refused += 1,
        }
    }
    assert!(busy.len() > 200 && refused > 100, "{}", busy.len());
    assert!(is_alive(&kalends).await);
    let answer = kalends.browser().get("/sign-in").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.header("retry-after").is_empty());
    drop(busy);
    while kalends.browser().get("/sign-in").await.status != StatusCode::OK {
        tokio::task::yield_now().await;
    }
}

/// The status of a raw request; 0 where the connection is closed without one.
async fn status_of(kalends: &Kalends, request: &str) -> u16 {
    let mut stream = begun(kalends, request.as_bytes()).await;
    let mut said = Vec::new();
    let closed = timeout(Duration::from_secs(30), stream.read_to_end(&mut said)).await;
    let _ = closed.unwrap();
    let said = String::from_utf8_lossy(&said);
    let status = said
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status.map_or(0, |status| status.parse().unwrap())
}

#[tokio::test]
async fn what_is_no_http_and_no_form_is_the_senders_mistake() {
    let place = Place::of(&[ALICE]);
    let kalends = place.start().await;
    let alice = kalends.browser_of(&ALICE).await;
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let parts = "content-type: multipart/form-data; boundary=";
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    for (path, rest) in [
        ("sign_in", format!("{form}{chunked}zz\r\n")),
        ("sign_in", format!("{form}{chunked}5\r\nabcdefgh\r\n")),
        ("sign_in", format!("{form}{chunked}-1\r\n")),
        ("sign_in", format!("{form}{chunked}ffffffffffffffffff\r\n")),
        ("sign_in", format!("{form}content-length: x\r\n\r\n")),
        ("sign_in", format!("{form}content-length: -1\r\n\r\n")),
        (
            "sign_in",
            format!("{form}content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
        ),
        (
            "sign_in",
            format!("{form}content-length: 8\r\n\r\nemail=%\u{fffd}"),
        ),
        (
            "read_import",
            format!("{parts}\r\ncontent-length: 3\r\n\r\n--x"),
        ),
        (
            "read_import",
            format!("{parts}\"\"\r\ncontent-length: 3\r\n\r\n--x"),
        ),
        ("check_scope", format!("{parts}x\r\n{chunked}zz\r\n")),
        (
            "check_scope",
            format!("{parts}x\r\ncontent-length: 9\r\n\r\n--x\r\nnope"),
        ),
    ] {
        for (accept, cookie) in [
            ("text/html", String::new()),
            ("application/json", String::new()),
            ("text/html", alice.cookie()),
            ("application/json", alice.cookie()),
        ] {
            let request = format!(
                "POST /api/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
                 accept: {accept}\r\ncookie: {cookie}\r\n{rest}"
            );
            let status = status_of(&kalends, &request).await;
            // Whoever is not signed in is led to the sign-in page, or told so, before anything is read.
            let is_fine = (400..500).contains(&status)
                || status == 303
                    && cookie.is_empty()
                    && ["read_import", "check_scope"].contains(&path);
            assert!(is_fine, "{status} {request}");
        }
    }
}
