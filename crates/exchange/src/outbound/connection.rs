//! One HTTP/1.1 connection over TLS to one checked address: what was measured on the way, the requests that go over
//! it, and answers that are read under a limit. NTLM signs in a connection, so nothing here ever moves a request to
//! another one.

use super::{
    decompress::{ACCEPTED_ENCODINGS, decompressed},
    error::OutboundError,
    limits::remaining,
    response::{BodyError, IncomingResponse},
    tls::is_client_certificate_required,
};
use futures::StreamExt as _;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Bytes,
    client::conn::http1::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use kalends_core::{
    clock::Clock,
    problem::{Certificate, TlsReason},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, sync::Mutex, time::Instant};
use tokio_rustls::client::TlsStream;
use tokio_util::task::AbortOnDropHandle;

/// What was seen while the connection was made.
#[derive(Debug, Clone)]
pub struct ConnectionFacts {
    /// The host of the URL.
    pub host: String,
    /// The port of the URL.
    pub port: u16,
    /// The address that was called.
    pub peer: SocketAddr,
    /// Our own address.
    pub local: SocketAddr,
    /// `TLS 1.2` or `TLS 1.3`.
    pub tls_version: &'static str,
    /// `None` only where it could not be read although it verified.
    pub certificate: Option<Certificate>,
    /// All certificates that the server sent, its own first, at most ten.
    pub chain: Vec<Certificate>,
    /// The server's certificate as sent (DER): channel binding hashes it.
    pub leaf: Vec<u8>,
    /// The server asked for a certificate of ours, and may want one.
    pub wants_certificate: bool,
    /// How long TCP took.
    pub tcp_took: Duration,
    /// How long the handshake of TLS took.
    pub tls_took: Duration,
}

/// A pinned connection. Dropping it, and every clone of it, closes it.
#[derive(Clone)]
pub struct HttpConnection(Arc<Shared>);

struct Shared {
    /// One request at a time.
    sender: Mutex<SendRequest<Full<Bytes>>>,
    _driver: AbortOnDropHandle<()>,
    facts: ConnectionFacts,
    clock: Clock,
    used: AtomicBool,
    connect_by: Instant,
}

/// Why a request brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection was closed while idle, before the request went out.
    #[error("the idle connection was closed")]
    Stale,
    /// The request went out on a connection used before, which was closed without a byte of an answer: mostly it was
    /// idle for too long. A fresh connection may repeat a read.
    #[error("the connection was closed in place of an answer")]
    Dropped,
    /// The connection broke before or within the head of the answer.
    #[error("the connection broke before the answer")]
    Broken,
    /// The connection ended because the server missed a certificate of ours.
    #[error("the server wants a certificate of the caller")]
    ClientCertificate,
    /// What answered is not HTTP.
    #[error("not HTTP")]
    NotHttp,
}

impl HttpConnection {
    pub(super) async fn start(
        stream: TlsStream<TcpStream>,
        facts: ConnectionFacts,
        clock: Clock,
        connect_by: Instant,
    ) -> Result<Self, OutboundError> {
        // Some balancers know the names of headers in their usual case alone.
        let mut builder = Builder::new();
        builder.title_case_headers(true);
        let started = builder.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = started.map_err(|_| OutboundError::Tls {
            host: facts.host.clone(),
            reason: TlsReason::Closed,
        })?;
        // How the connection ends is told by the call that was under way.
        let driver = tokio::spawn(async move { drop(driver.await) });
        Ok(Self(Arc::new(Shared {
            sender: Mutex::new(sender),
            _driver: AbortOnDropHandle::new(driver),
            facts,
            clock,
            used: AtomicBool::new(false),
            connect_by,
        })))
    }

    /// What was seen while the connection was made.
    pub fn facts(&self) -> &ConnectionFacts {
        &self.0.facts
    }

    /// How long the server may still take to ask for a sign-in.
    pub fn remaining_connect_time(&self) -> Duration {
        remaining(self.0.connect_by)
    }

    /// Sends one request and reads the head of its answer. `uri` is the path alone; the host header is set here.
    /// At most `limit` bytes of the body are read. The caller bounds the time.
    pub async fn send(
        &mut self,
        mut request: Request<Bytes>,
        limit: usize,
    ) -> Result<IncomingResponse, SendError> {
        let mut sender = self.0.sender.lock().await;
        if sender.ready().await.is_err() {
            return Err(SendError::Stale);
        }
        let used = self.0.used.swap(true, Ordering::Relaxed);
        if let Ok(host) = HeaderValue::try_from(self.authority()) {
            request.headers_mut().insert(HOST, host);
        }
        let accepted = HeaderValue::from_static(ACCEPTED_ENCODINGS);
        request.headers_mut().insert(ACCEPT_ENCODING, accepted);
        if request.body().is_empty() && request.method() == Method::POST {
            // Not written by itself for an empty body, and IIS answers 411 without it.
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let answer = sender.send_request(request.map(Full::new)).await;
        let answer = answer.map_err(|error| match () {
            () if error.is_parse() => SendError::NotHttp,
            () if is_missing_client_certificate(&error) => SendError::ClientCertificate,
            () if error.is_canceled() => SendError::Stale,
            () if used && (error.is_incomplete_message() || is_reset(&error)) => SendError::Dropped,
            () => SendError::Broken,
        })?;
        let (head, body) = answer.into_parts();
        let body = body
            .into_data_stream()
            .map(|chunk| chunk.map_err(|_| BodyError::CutShort));
        Ok(IncomingResponse {
            status: head.status,
            version: head.version,
            at: self.0.clock.now(),
            body: decompressed(Box::pin(body), &head.headers, limit),
            headers: head.headers,
        })
    }

    fn authority(&self) -> String {
        let host = &self.facts().host;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        match self.facts().port {
            443 => host,
            port => format!("{host}:{port}"),
        }
    }
}

fn is_missing_client_certificate(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(is_client_certificate_required)
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    })
}
