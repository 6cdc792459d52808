//! TCP: connects to the checked addresses of a route, one after the other.

use super::{
    error::OutboundError,
    limits::{TCP_LIMIT, remaining},
    route::Route,
};
use kalends_core::problem::Target;
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

/// An open TCP connection on its way to TLS.
#[derive(Debug)]
pub struct Dialled {
    pub(super) route: Route,
    pub(super) stream: TcpStream,
    /// The address that accepted.
    pub peer: SocketAddr,
    /// Our own address.
    pub local: SocketAddr,
    pub(super) took: Duration,
}

impl Dialled {
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

/// Connects to the first address that accepts, one after the other. The first failure is the one told.
pub(super) async fn dial(route: Route) -> Result<Dialled, OutboundError> {
    let mut failure = None;
    let last = route.addresses.last().copied();
    for &peer in &route.addresses {
        let started = Instant::now();
        let left = remaining(route.connect_by);
        let limit = if Some(peer) == last {
            left
        } else {
            TCP_LIMIT.min(left)
        };
        let error = match timeout(limit, connect_tcp(peer)).await {
            Ok(Ok((stream, local))) => {
                return Ok(Dialled {
                    route,
                    stream,
                    peer,
                    local,
                    took: started.elapsed(),
                });
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        failure.get_or_insert_with(|| dial_error(&route, peer, error.as_ref()));
    }
    let host = route.host;
    Err(failure.unwrap_or(OutboundError::NameNotFound { host }))
}

async fn connect_tcp(peer: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
    let stream = TcpStream::connect(peer).await?;
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    Ok((stream, local))
}

/// `None` stands for a timeout.
fn dial_error(route: &Route, peer: SocketAddr, error: Option<&io::Error>) -> OutboundError {
    let target = Target {
        host: route.host.clone(),
        port: peer.port(),
        address: peer.ip().to_string(),
        local: local_address(peer).map(|ip| ip.to_string()),
    };
    match error {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            OutboundError::Refused(target)
        }
        Some(error) if error.kind() != io::ErrorKind::TimedOut => OutboundError::Failed {
            target,
            reason: error.kind().to_string(),
        },
        _ => OutboundError::TimedOut(target),
    }
}

/// The address from which the system would call `peer`: connecting a UDP socket asks for it and sends nothing.
fn local_address(peer: SocketAddr) -> Option<IpAddr> {
    let any = if peer.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
