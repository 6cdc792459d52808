//! Accepts connections and serves each until it ends, waits too long, has to make room, or Kalends stops.

use super::{
    activity::Activity,
    observed::{AnswerBody, ObservedStream, request_body},
    places::{ConnectionPlace, Places},
};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use socket2::SockRef;
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// What a spare place answers.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];
/// How much of a header, or of what a peer sends ahead, is held.
const BUFFER: usize = 32 * 1024;
/// How long accepting rests where the system refuses.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// How often it is told that connections are refused.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Serves a router.
pub struct ConnectionServer {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

struct Shared {
    router: Router,
    places: Places,
    tls: Option<TlsAcceptor>,
    http: Builder<TokioExecutor>,
    stop: CancellationToken,
    told: Mutex<Option<Instant>>,
}

impl ConnectionServer {
    /// Serves until `stop` is cancelled.
    pub fn new(
        router: Router,
        places: Places,
        tls: Option<TlsAcceptor>,
        stop: CancellationToken,
    ) -> Self {
        let shared = Shared {
            router,
            places,
            tls,
            http: http(),
            stop: stop.clone(),
            told: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            stop,
        }
    }

    /// Accepts connections until told to stop, then gives those that are open `drain` to end.
    pub async fn serve(self, listener: TcpListener, drain: Duration) {
        let open = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match self.shared.places.take(peer.ip()) {
                    Some(place) => {
                        // Small answers are not held back.
                        let _ = stream.set_nodelay(true);
                        // A peer that is gone without a word is noticed by what is sent to it.
                        let stalled = self.shared.places.limits().stalled;
                        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(stalled));
                        let shared = Arc::clone(&self.shared);
                        open.spawn(async move { shared.connection(stream, peer, place).await });
                    }
                    None => self.shared.tell("there is no room for it"),
                },
                Err(error) => {
                    self.shared.tell(&error.to_string());
                    sleep(ACCEPT_RETRY_INTERVAL).await;
                }
            }
        }
        drop(listener);
        open.close();
        let _ = timeout(drain, open.wait()).await;
    }
}

/// HTTP/1.1 and HTTP/2, each held to what browsers and proxies need.
fn http() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    // How long headers may take, and connections wait, `Activity` decides.
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(16 * 1024)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(512 * 1024)
        .max_send_buf_size(256 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    http
}

impl Shared {
    /// Serves one connection. Dropping what it does closes it.
    async fn connection<S>(&self, stream: S, peer: SocketAddr, place: ConnectionPlace)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        tokio::select! {
            biased;
            () = place.leave.cancelled() => {}
            () = place.activity.overdue(self.places.limits()) => {}
            () = self.handshake_and_answer(stream, peer, &place) => {}
        }
    }

    async fn handshake_and_answer<S>(&self, stream: S, peer: SocketAddr, place: &ConnectionPlace)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(tls) = &self.tls else {
            return self.answer(stream, peer, place).await;
        };
        let accepted = tokio::select! {
            () = self.stop.cancelled() => return,
            accepted = tls.accept(stream) => accepted,
        };
        if let Ok(stream) = accepted {
            self.answer(stream, peer, place).await;
        }
    }

    async fn answer<S>(&self, stream: S, peer: SocketAddr, place: &ConnectionPlace)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::clone(&place.activity);
        let stream = TokioIo::new(ObservedStream {
            stream,
            activity: Arc::clone(&activity),
        });
        let is_spare = place.is_spare;
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (router, activity) = (router.clone(), Arc::clone(&activity));
            async move {
                Ok::<_, Infallible>(answered(router, request, peer, &activity, is_spare).await)
            }
        });
        let mut connection = pin!(self.http.serve_connection(stream, service));
        // A peer that goes away, or speaks something else, is no failure of ours.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    fn tell(&self, why: &str) {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| now.duration_since(at) >= TELL_EVERY) {
            *told = Some(now);
            tracing::warn!(why, "a connection was refused");
        }
    }
}

async fn answered(
    router: Router,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    activity: &Arc<Activity>,
    is_spare: bool,
) -> Response {
    let under_way = activity.request(request.version() == Version::HTTP_2);
    let mut request = request.map(|body| request_body(body, Arc::clone(activity)));
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut response = if is_spare && !HEALTH.contains(&request.uri().path()) {
        full()
    } else {
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(impossible) => match impossible {},
        }
    };
    if is_spare {
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| {
        Body::new(AnswerBody {
            body,
            request: under_way,
        })
    })
}

fn full() -> Response {
    let words = "Kalends has more to do than it can. Please try again in a moment.\n";
    let wait = [(header::RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, wait, words).into_response()
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
