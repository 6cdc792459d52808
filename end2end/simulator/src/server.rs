//! The accept loop: TCP, TLS with the planned certificate, then HTTP/1.1 with bodies that may break off.
//! A reset is a TCP reset: the socket is closed and unsent data is discarded.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response,
    body::{Body, Bytes, Frame, Incoming as HyperBody},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::{
    connection_auth::ConnectionAuth,
    fault::{FaultKind, FaultStage, Framing, RequestTarget},
    http_response::{Delivery, HttpResponse},
    request_handler::{self, HttpRequest},
    shared_state::SharedState,
};

/// A larger request body is answered with 413.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;

/// Size of the chunks of a body. It is odd, so that chunks end within tags and within characters.
const CHUNK_SIZE: usize = 1013;

/// Accepts until `stop`.
pub async fn serve(listener: TcpListener, shared: Arc<SharedState>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            continue;
        };
        let shared = Arc::clone(&shared);
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve_connection(stream, shared) => {}
            }
        });
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<SharedState>) {
    // Answers of several small writes must not wait for the peer's acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let fault = shared.with(|world| {
        let fault = world
            .faults
            .take(FaultStage::Connection, RequestTarget::default());
        if fault.is_some() {
            world.counters_mut().fault();
        }
        fault
    });
    if fault == Some(FaultKind::NoTls) {
        return;
    }
    if !is_tls(&stream).await {
        return serve_plain_http(stream, shared).await;
    }
    let proxied = shared.with(|world| world.settings.tls_proxy);
    let Ok(stream) = shared
        .leaves
        .pick(fault.as_ref(), proxied)
        .accept(stream)
        .await
    else {
        return;
    };
    let reset = Arc::new(AtomicBool::new(false));
    let wire = ResettableStream {
        stream,
        reset: Arc::clone(&reset),
        shared: Arc::clone(&shared),
    };
    let connection_auth = Arc::new(Mutex::new(ConnectionAuth::default()));
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        let reset = Arc::clone(&reset);
        let connection_auth = Arc::clone(&connection_auth);
        async move { respond(request, shared, connection_auth, reset).await }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).title_case_headers(true);
    let served = builder.serve_connection(TokioIo::new(wire), service).await;
    // A broken connection is often the planned outcome, so its error is not reported.
    drop(served);
}

/// Whether the peer begins with a TLS record. The byte is only peeked at.
async fn is_tls(stream: &TcpStream) -> bool {
    const HANDSHAKE: u8 = 0x16;
    let mut first = [0];
    !matches!(stream.peek(&mut first).await, Ok(1) if first[0] != HANDSHAKE)
}

/// Answers plain http, one request.
async fn serve_plain_http(stream: TcpStream, shared: Arc<SharedState>) {
    let service = service_fn(move |request: Request<HyperBody>| {
        let has_authorization = request.headers().contains_key("authorization");
        let path = request.uri().path().to_owned();
        let (status, to) = shared
            .with(|world| request_handler::plain_http_answer(world, &path, has_authorization));
        async move {
            let mut answer = Response::builder().status(status);
            if let Some(to) = to {
                answer = answer.header("Location", to);
            }
            answer.body(http_body_util::Empty::<Bytes>::new())
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).keep_alive(false);
    drop(
        builder
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

/// Ends a connection on purpose; hyper alone sees it.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct ConnectionAborted;

async fn respond(
    request: Request<HyperBody>,
    shared: Arc<SharedState>,
    connection_auth: Arc<Mutex<ConnectionAuth>>,
    reset: Arc<AtomicBool>,
) -> Result<Response<StreamedBody>, ConnectionAborted> {
    let (head, body) = request.into_parts();
    let answer = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            let authority = head.uri.authority().map(http::uri::Authority::host);
            let host = authority
                .or_else(|| head.headers.get("host")?.to_str().ok())
                .unwrap_or_default();
            let incoming = HttpRequest {
                post: head.method == http::Method::POST,
                path: head.uri.path(),
                host: host.split(':').next().unwrap_or_default(),
                headers: &head.headers,
                body: &body,
                binding: shared.leaves.binding,
            };
            let mut connection_auth = connection_auth
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let now = shared.clock.now();
            shared
                .with(|world| request_handler::answer(world, &mut connection_auth, &incoming, now))
        }
        Err(_) => HttpResponse::empty(413),
    };
    sleep(Duration::from_millis(answer.delay_ms)).await;
    if answer.delivery == Delivery::ResetBefore {
        reset.store(true, Ordering::SeqCst);
        return Err(ConnectionAborted);
    }
    deliver(answer, reset)
}

fn deliver(
    answer: HttpResponse,
    reset: Arc<AtomicBool>,
) -> Result<Response<StreamedBody>, ConnectionAborted> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value.as_str());
    }
    let promised = match answer.delivery {
        Delivery::Cut(Framing::ContentLength) => Some(answer.body.len()),
        _ if answer.body.is_empty() => Some(0),
        _ => None,
    };
    if let Some(length) = promised {
        response = response.header("Content-Length", length);
    }
    let (sender, pieces) = mpsc::channel(4);
    tokio::spawn(send_body(answer, sender, reset));
    response
        .body(StreamedBody(pieces))
        .map_err(|_| ConnectionAborted)
}

async fn send_body(
    answer: HttpResponse,
    sender: mpsc::Sender<Result<Bytes, ConnectionAborted>>,
    reset: Arc<AtomicBool>,
) {
    let (size, pause) = match answer.delivery {
        Delivery::Drip { bytes, pause_ms } => (bytes, pause_ms),
        _ => (CHUNK_SIZE, 0),
    };
    let broken = matches!(answer.delivery, Delivery::ResetMidBody | Delivery::Cut(_));
    let end = if broken {
        answer.body.len() / 2
    } else {
        answer.body.len()
    };
    for piece in answer.body[..end].chunks(size) {
        if sender
            .send(Ok(Bytes::copy_from_slice(piece)))
            .await
            .is_err()
        {
            return;
        }
        if pause > 0 {
            sleep(Duration::from_millis(pause)).await;
        }
    }
    if broken {
        // Let the peer read the first half: a reset throws away what it has not read yet.
        sleep(Duration::from_millis(200)).await;
        reset.store(answer.delivery == Delivery::ResetMidBody, Ordering::SeqCst);
        // The receiver may be gone already; then the connection is broken without our help.
        drop(sender.send(Err(ConnectionAborted)).await);
    }
}

/// A body of unknown length, sent chunk by chunk.
struct StreamedBody(mpsc::Receiver<Result<Bytes, ConnectionAborted>>);

impl Body for StreamedBody {
    type Data = Bytes;
    type Error = ConnectionAborted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionAborted>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// A TLS stream that can be closed with a TCP reset.
struct ResettableStream {
    stream: TlsStream<TcpStream>,
    reset: Arc<AtomicBool>,
    shared: Arc<SharedState>,
}

impl Drop for ResettableStream {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            // If this fails the peer sees the connection close, which breaks the answer as well.
            drop(self.stream.get_ref().0.set_zero_linger());
        }
    }
}

impl AsyncRead for ResettableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(input) = buffer.filled().get(before..).filter(|it| !it.is_empty()) {
            self.shared
                .with(|world| world.counters_mut().record_input(input));
        }
        read
    }
}

impl AsyncWrite for ResettableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
