//! Everything that Kalends sends to a mail server leaves through here: a name is resolved, each of its addresses is
//! checked, and the very address that was checked is the one connected to. No proxy is taken from the environment
//! and no redirect is followed.

pub mod connection;
pub mod guard;
pub mod resolve;

pub(crate) mod plain;
pub(crate) mod proxy;
pub(crate) mod response;

mod config;
mod config_error;
mod decompress;
mod dial;
mod error;
mod limits;
mod retry_after;
mod route;
mod tls;

pub use config::OutboundConfig;
pub use config_error::OutboundConfigError;
pub use dial::Dialled;
pub use error::{CertificateFault, OutboundError};
pub use hyper::body::Bytes;
pub use limits::{CONNECT_LIMIT, TCP_LIMIT, TimeLimits};
pub use resolve::DNS_LIMIT;
pub use response::{ANSWER_LIMIT, BodyError, BodyStream, IncomingResponse};
pub use route::Route;

use crate::observer::{CallObserver, NoObserver};
use connection::HttpConnection;
use guard::{ConnectTo, bare_host};
use kalends_core::clock::Clock;
use limits::remaining;
use resolve::{Resolver, SrvRecord, SystemResolver};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::time::{Instant, timeout};

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
    tls: tls::TlsClient,
    resolver: Arc<dyn Resolver>,
}

impl Outbound {
    /// Reads the roots of the system and of `ca_file`.
    pub fn new(config: OutboundConfig, clock: Clock) -> Result<Self, OutboundConfigError> {
        Self::with_resolver(config, clock, Arc::new(SystemResolver::default()))
    }

    /// As [`Outbound::new`], asking another resolver than the system's.
    pub fn with_resolver(
        config: OutboundConfig,
        clock: Clock,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, OutboundConfigError> {
        let tls = tls::TlsClient::load(config.ca_file.as_deref(), clock.clone())?;
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                clock,
                tls,
                resolver,
            }),
            observer: Arc::new(NoObserver),
        })
    }

    /// The same way out, whose calls are told to an observer.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer, ..self }
    }

    /// The services behind a name (DNS SRV), the one to try first first: lowest priority, then highest weight.
    pub async fn services(&self, name: &str) -> Vec<SrvRecord> {
        let mut found = self.inner.resolver.services(&bare_host(name)).await;
        found.sort_by_key(|service| (service.priority, std::cmp::Reverse(service.weight)));
        found
    }

    /// How long a server may take.
    pub fn limits(&self) -> TimeLimits {
        self.inner.config.limits
    }

    /// The clock by which certificates and answers are judged.
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

    /// Whether the administrator listed this host as one of the organisation's Exchange servers: only then do they vouch
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
        dial::dial(route).await
    }

    /// TLS and HTTP/1.1 over an open TCP connection.
    pub async fn secure(&self, dialled: Dialled) -> Result<HttpConnection, OutboundError> {
        let Dialled {
            route,
            stream,
            peer,
            local,
            took,
        } = dialled;
        let started = Instant::now();
        let handshake = self.inner.tls.handshake(&route.host, stream);
        let secured = timeout(remaining(route.connect_by), handshake)
            .await
            .map_err(|_| OutboundError::TlsTimedOut)??;
        let facts = connection::ConnectionFacts {
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
        HttpConnection::start(
            secured.stream,
            facts,
            self.inner.clock.clone(),
            route.connect_by,
        )
        .await
    }

    /// Resolves, checks, connects and secures in one go.
    pub async fn connect(&self, host: &str, port: u16) -> Result<HttpConnection, OutboundError> {
        let route = self.route(host, port).await?;
        let dialled = self.dial(route).await?;
        self.secure(dialled).await
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbound")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::BoxFuture;
    use std::sync::Mutex;

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

    /// Answers each question with the next of its addresses.
    struct ChangingResolver(Mutex<Vec<Vec<SocketAddr>>>);

    impl Resolver for ChangingResolver {
        fn addresses<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Vec<SocketAddr>> {
            let next = self.0.lock().unwrap().pop().unwrap_or_default();
            Box::pin(std::future::ready(next))
        }

        fn services<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Vec<SrvRecord>> {
            Box::pin(std::future::ready(Vec::new()))
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_called_where_it_was_checked_or_not_at_all() {
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = inside.local_addr().unwrap();
        let outside: SocketAddr = "93.184.216.34:443".parse().unwrap();
        let names = ChangingResolver(Mutex::new(vec![
            vec![outside, inside],
            vec![inside],
            vec![outside],
        ]));
        let config = OutboundConfig::default();
        let outbound = Outbound::with_resolver(config, Clock::system(), Arc::new(names)).unwrap();
        let first = outbound.route("mail.rebound.test", 443).await.unwrap();
        // What was checked is what is dialled: nobody is asked again in between.
        assert_eq!(first.addresses(), [outside]);
        for _ in 0..2 {
            let error = outbound.connect("mail.rebound.test", 443).await.map(drop);
            assert!(
                matches!(error, Err(OutboundError::AddressNotAllowed { .. })),
                "{error:?}"
            );
        }
    }

    #[tokio::test]
    async fn odd_spellings_of_inner_addresses_are_refused() {
        let outbound = Outbound::new(OutboundConfig::default(), Clock::system()).unwrap();
        for host in [
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.1",
            "0",
            "[::ffff:7f00:1]",
            "[64:ff9b::127.0.0.1]",
            "127.0.0.1.",
            "localhost.",
        ] {
            let route = outbound.route(host, 443).await;
            assert!(
                matches!(
                    route,
                    Err(OutboundError::AddressNotAllowed { .. }
                        | OutboundError::NameNotFound { .. })
                ),
                "{host}: {route:?}"
            );
        }
    }
}
