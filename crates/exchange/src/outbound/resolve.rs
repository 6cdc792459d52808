//! Names to addresses and services. An argument of the way out, so that tests can play a name server that lies.

use futures::future::BoxFuture;
use hickory_resolver::{TokioResolver, proto::rr::RData};
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::OnceCell, time::timeout};

/// How long a name may take to resolve.
pub const DNS_LIMIT: Duration = Duration::from_secs(4);
/// The most records of one answer that are looked at.
const MAX_RECORDS: usize = 16;

/// A record of type SRV.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    pub target: String,
}

/// Looks names up; what is not found or not answered in time is an empty list.
pub trait Resolve: Send + Sync {
    fn addresses<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Vec<SocketAddr>>;

    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Vec<Service>>;
}

/// Addresses as the system resolves them (with its hosts file), services from its name servers.
#[derive(Default)]
pub struct SystemResolver {
    names: OnceCell<Option<TokioResolver>>,
}

impl Resolve for SystemResolver {
    fn addresses<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Vec<SocketAddr>> {
        Box::pin(async move {
            match timeout(DNS_LIMIT, tokio::net::lookup_host((name, port))).await {
                Ok(Ok(found)) => found.take(MAX_RECORDS).collect(),
                _ => Vec::new(),
            }
        })
    }

    fn services<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Vec<Service>> {
        Box::pin(async move {
            let made = self.names.get_or_init(|| async { made() }).await;
            let Some(resolver) = made else {
                return Vec::new();
            };
            // Absolute: the search list of the system must not turn one domain's question into another's.
            let name = format!("{}.", name.trim_end_matches('.'));
            let Ok(Ok(found)) = timeout(DNS_LIMIT, resolver.srv_lookup(name)).await else {
                return Vec::new();
            };
            let answers = found.answers().iter().take(MAX_RECORDS);
            answers
                .filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(Service {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_ascii().trim_end_matches('.').to_owned(),
                    }),
                    _ => None,
                })
                .collect()
        })
    }
}

/// `None` where the system names no name servers.
fn made() -> Option<TokioResolver> {
    TokioResolver::builder_tokio()
        .and_then(hickory_resolver::ResolverBuilder::build)
        .inspect_err(|error| tracing::warn!(%error, "DNS services cannot be looked up"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::{Outbound, OutboundConfig, OutboundError};
    use kalends_core::clock::Clock;
    use std::sync::{Arc, Mutex};

    /// Answers each question with the next of its addresses.
    struct Turncoat(Mutex<Vec<Vec<SocketAddr>>>);

    impl Resolve for Turncoat {
        fn addresses<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Vec<SocketAddr>> {
            let next = self.0.lock().unwrap().pop().unwrap_or_default();
            Box::pin(std::future::ready(next))
        }

        fn services<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Vec<Service>> {
            Box::pin(std::future::ready(Vec::new()))
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_is_called_where_it_was_checked_or_not_at_all() {
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = inside.local_addr().unwrap();
        let outside: SocketAddr = "93.184.216.34:443".parse().unwrap();
        let names = Turncoat(Mutex::new(vec![
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
