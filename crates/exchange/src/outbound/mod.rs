//! Everything that Kalends sends to a mail server leaves through here: a name is resolved, each of its addresses is
//! checked, and the very address that was checked is the one connected to. No proxy is taken from the environment
//! and no redirect is followed.

pub mod connection;
pub mod front;
pub mod guard;
pub mod plain;
pub mod resolve;
pub mod tls;

mod body;
mod config;
mod connect_limit;
mod error;
mod retry_after;
mod setting_error;
mod unpack;

pub use body::{BodyError, BodyStream};
pub use config::{Limits, OutboundConfig};
pub use connect_limit::CONNECT_LIMIT;
pub use error::{CertificateFault, OutboundError};
pub use hyper::body::Bytes;
pub use resolve::DNS_LIMIT;
pub use setting_error::SettingError;

use crate::observer::{CallObserver, Unobserved};
use connect_limit::left;
use connection::Connection;
use guard::{ConnectTo, bare_host};
use kalends_core::{clock::Clock, problem::Target};
use resolve::{Resolve, Service, SystemResolver};
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

/// How long one of several addresses may take to accept a connection.
pub const TCP_LIMIT: Duration = Duration::from_secs(4);
/// The most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 6;

/// The one way out. Clones share the roots and the lists.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
    observer: Arc<dyn CallObserver>,
}

struct Inner {
    config: OutboundConfig,
    clock: Clock,
    tls: tls::Roots,
    resolver: Arc<dyn Resolve>,
}

/// Where a host is reached: addresses that may be called.
///
/// Only [`Outbound::route`] makes one, so that no unchecked address is ever dialled.
#[derive(Debug, Clone)]
pub struct Route {
    /// The name that the certificate must carry, without brackets.
    host: String,
    /// The port of the URL, which `connect_to` may send elsewhere.
    port: u16,
    addresses: Vec<SocketAddr>,
    /// By when the server must have asked for a sign-in.
    connect_by: Instant,
}

impl Route {
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

/// An open TCP connection on its way to TLS.
#[derive(Debug)]
pub struct Dialled {
    route: Route,
    stream: TcpStream,
    pub peer: SocketAddr,
    pub local: SocketAddr,
    took: Duration,
}

impl Outbound {
    /// Reads the roots of the system and of `ca_file`.
    pub fn new(config: OutboundConfig, clock: Clock) -> Result<Self, SettingError> {
        Self::with_resolver(config, clock, Arc::new(SystemResolver::default()))
    }

    /// As [`Outbound::new`], asking another resolver than the system's.
    pub fn with_resolver(
        config: OutboundConfig,
        clock: Clock,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, SettingError> {
        let tls = tls::Roots::load(config.ca_file.as_deref(), clock.clone())?;
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                clock,
                tls,
                resolver,
            }),
            observer: Arc::new(Unobserved),
        })
    }

    /// The same way out, whose calls are told to an observer.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer, ..self }
    }

    /// The services behind a name (DNS SRV), the one to try first first: lowest priority, then highest weight.
    pub async fn services(&self, name: &str) -> Vec<Service> {
        let mut found = self.inner.resolver.services(&bare_host(name)).await;
        found.sort_by_key(|service| (service.priority, std::cmp::Reverse(service.weight)));
        found
    }

    pub fn limits(&self) -> Limits {
        self.inner.config.limits
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Whoever is told of calls.
    pub fn observer(&self) -> &Arc<dyn CallObserver> {
        &self.observer
    }

    /// Whether the administrator named this host, so that it may be called at any address.
    pub fn is_listed(&self, host: &str, port: u16) -> bool {
        let host = bare_host(host);
        self.inner.config.allowed_hosts.contains(&host, port)
            || self.connect_to(&host, port).is_some()
    }

    /// Whether the administrator listed this host as one of the organisation's Exchange servers: only then does he vouch
    /// for it. A rule of where to connect says nothing about who answers there.
    pub fn is_vouched_for(&self, host: &str, port: u16) -> bool {
        self.inner
            .config
            .allowed_hosts
            .contains(&bare_host(host), port)
    }

    /// The hosts that the administrator listed, each with its port if only that one is meant.
    pub fn listed_hosts(&self) -> impl Iterator<Item = (&str, Option<u16>)> {
        self.inner.config.allowed_hosts.iter()
    }

    fn connect_to(&self, host: &str, port: u16) -> Option<&ConnectTo> {
        let mut rules = self.inner.config.connect_to.iter();
        rules.find(|rule| rule.host == host && rule.port == port)
    }

    /// Resolves a host and checks every address. One refused address refuses the host: a name that points
    /// both outside and inside is what a rebinding attack looks like.
    pub async fn route(&self, host: &str, port: u16) -> Result<Route, OutboundError> {
        let connect_by = Instant::now() + self.inner.config.limits.connect;
        let host = bare_host(host);
        let listed = self.is_listed(&host, port);
        let (name, target_port) = match self.connect_to(&host, port) {
            Some(rule) => (rule.to_host.as_str(), rule.to_port),
            None => (host.as_str(), port),
        };
        let addresses = self.resolve(name, target_port).await;
        if addresses.is_empty() {
            return Err(OutboundError::NameNotFound { host });
        }
        if !listed {
            for address in &addresses {
                if let Some(kind) = guard::refused(address.ip()) {
                    return Err(OutboundError::AddressNotAllowed {
                        host,
                        port,
                        address: address.ip(),
                        kind,
                    });
                }
            }
        }
        Ok(Route {
            host,
            port,
            addresses,
            connect_by,
        })
    }

    async fn resolve(&self, name: &str, port: u16) -> Vec<SocketAddr> {
        if let Ok(ip) = name.parse::<IpAddr>() {
            return vec![SocketAddr::new(ip, port)];
        }
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for address in self.inner.resolver.addresses(name, port).await {
            if !addresses.contains(&address) && addresses.len() < MAX_ADDRESSES {
                addresses.push(address);
            }
        }
        addresses
    }

    /// Connects to the first address that accepts, one after the other. The first failure is the one told.
    pub async fn dial(&self, route: Route) -> Result<Dialled, OutboundError> {
        let mut failure = None;
        let last = route.addresses.last().copied();
        for &peer in &route.addresses {
            let started = Instant::now();
            let left = left(route.connect_by);
            let limit = if Some(peer) == last {
                left
            } else {
                TCP_LIMIT.min(left)
            };
            let error = match timeout(limit, open(peer)).await {
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

    /// TLS and HTTP/1.1 over an open TCP connection.
    pub async fn secure(&self, dialled: Dialled) -> Result<Connection, OutboundError> {
        let Dialled {
            route,
            stream,
            peer,
            local,
            took,
        } = dialled;
        let started = Instant::now();
        let handshake = self.inner.tls.handshake(&route.host, stream);
        let secured = timeout(left(route.connect_by), handshake)
            .await
            .map_err(|_| OutboundError::TlsTimedOut)??;
        let facts = connection::Facts {
            host: route.host,
            port: route.port,
            peer,
            local,
            tls_version: secured.version,
            certificate: secured.chain.first().cloned(),
            chain: secured.chain,
            leaf: secured.leaf,
            wants_certificate: secured.wants_certificate,
            tcp_took: took,
            tls_took: started.elapsed(),
        };
        Connection::start(
            secured.stream,
            facts,
            self.inner.clock.clone(),
            route.connect_by,
        )
        .await
    }

    /// Resolves, checks, connects and secures in one go.
    pub async fn connect(&self, host: &str, port: u16) -> Result<Connection, OutboundError> {
        let route = self.route(host, port).await?;
        let dialled = self.dial(route).await?;
        self.secure(dialled).await
    }
}

impl Dialled {
    fn into_stream(self) -> TcpStream {
        self.stream
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbound")
    }
}

async fn open(peer: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_core::clock::Clock;

    fn outbound(hosts: &str, connect_to: &str) -> Outbound {
        let config = OutboundConfig::parse(hosts, connect_to, None).unwrap();
        Outbound::new(config, Clock::system()).unwrap()
    }

    #[tokio::test]
    async fn an_inner_address_is_refused_unless_the_administrator_named_the_host() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "169.254.169.254",
            "localhost",
        ] {
            let error = outbound("", "").route(host, 443).await.unwrap_err();
            assert!(
                matches!(error, OutboundError::AddressNotAllowed { .. }),
                "{host}: {error:?}"
            );
        }
        let route = outbound("localhost", "").route("LOCALHOST", 8443).await;
        assert!(!route.unwrap().addresses().is_empty());
        assert!(
            outbound("localhost:443", "")
                .route("localhost", 8443)
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn connect_to_sends_a_name_to_the_address_that_the_administrator_chose() {
        let outbound = outbound("", "mail.example.test:443=127.0.0.1:8443");
        let route = outbound.route("mail.example.test", 443).await.unwrap();
        assert_eq!(route.addresses, ["127.0.0.1:8443".parse().unwrap()]);
        assert_eq!(route.host, "mail.example.test");
    }

    #[tokio::test]
    async fn a_host_with_other_letters_is_listed_and_called_by_its_name_in_ascii() {
        let ascii = "mail.xn--mller-kva.test";
        for (hosts, rule) in [
            ("Mail.Müller.test", "mail.müller.test:443=127.0.0.1:8443"),
            (ascii, "mail.xn--mller-kva.test:443=127.0.0.1:8443"),
        ] {
            let outbound = outbound(hosts, rule);
            for host in [ascii, "mail.müller.test", "MAIL.XN--MLLER-KVA.TEST."] {
                assert!(outbound.is_vouched_for(host, 443), "{host}");
                let route = outbound.route(host, 443).await.unwrap();
                assert_eq!(route.addresses, ["127.0.0.1:8443".parse().unwrap()]);
                assert_eq!(route.host, ascii);
            }
        }
    }

    #[tokio::test]
    async fn a_closed_port_names_the_address_called_and_our_own() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let outbound = outbound("127.0.0.1", "");
        let route = outbound.route("127.0.0.1", port).await.unwrap();
        let OutboundError::Refused(target) = outbound.dial(route).await.unwrap_err() else {
            panic!("refused")
        };
        assert_eq!((target.address.as_str(), target.port), ("127.0.0.1", port));
        assert_eq!(target.local.as_deref(), Some("127.0.0.1"));
    }
}
